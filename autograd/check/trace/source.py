"""Where in the user's source an operation stands, and what the source calls its result."""

import ast
import dis
import linecache
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import TypeGuard

import numpy as np

Span = tuple[int, int, int, int]  # first line, last line, first column, column after the last

NUMPY = Path(np.__file__).parent
HIDDEN = (  # whose frames are not the user's
    f"{Path(__file__).parents[2]}/", f"{NUMPY}/", f"{NUMPY.parent}/scipy/", "<__array_function__",
)  # fmt: skip
STANDARD = f"{Path(ast.__file__).parent}/"


@dataclass(frozen=True, eq=False)
class Place:
    """An expression of the user's source: its code object and the instruction that ran it."""

    code: CodeType
    instruction: int

    @cached_property
    def span(self) -> Span:
        """Where it begins and ends; zeros if unknown."""
        positions = islice(self.code.co_positions(), self.instruction // 2, None)
        line, last, start, end = (n or 0 for n in next(positions, (0, 0, 0, 0)))
        return line, last, start, end

    @property
    def source(self) -> "Source":
        """The file that it stands in, read."""
        return _read(tuple(linecache.getlines(self.code.co_filename)))

    @property
    def line(self) -> int:
        """The line in the file."""
        return self.span[0]

    @property
    def function(self) -> str:
        """The function that it stands in."""
        return self.code.co_name

    @cached_property
    def text(self) -> str:
        """The expression as the user wrote it, on one line; nothing where it cannot be read."""
        return self.source.text(self.span)

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """What the expression is made of: both sides of an operator, the arguments of a call."""
        expression = self.source.expressions.get(self.span)
        if isinstance(expression, ast.BinOp):
            return self.source.written(expression.left), self.source.written(expression.right)
        if isinstance(expression, ast.AugAssign):
            return self.source.written(expression.target), self.source.written(expression.value)
        if isinstance(expression, ast.Call):
            return tuple(map(self.source.written, expression.args))
        return ()

    @cached_property
    def target(self) -> str:
        """What an assignment of just this expression calls the result."""
        return self.targets[0] if len(self.targets) == 1 else ""

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """What an assignment calls the results, one name for each: `h, c = ...`."""
        return self.source.targets.get(self.span, ())

    @cached_property
    def returned(self) -> int | None:
        """Which of the things that its function returns it is; None if it is none of them.

        Returned is also what is called by a name that is returned.
        """
        known = self.source.returned.get(self.span)
        if known is None and self.target:
            return self.source.names_returned.get((self.function, self.target, self.line))
        return known

    @property
    def spot(self) -> str:
        """`lstm.py:14`."""
        return f"{Path(self.code.co_filename).name}:{self.line}" if self.line else ""


@dataclass(frozen=True, eq=False)
class Site:
    """Where an operation was called, from the user's forward inwards."""

    places: tuple[Place, ...]

    @property
    def inner(self) -> Place:
        """The expression of the operation itself."""
        return self.places[-1]

    @cached_property
    def name(self) -> str:
        """What the user calls the result: the target of an assignment, or the expression itself.

        What a function returns is called as its caller calls it.
        """
        name, which = "", None
        for place in reversed(self.places):
            targets = place.targets
            if which is not None and which < len(targets):
                name = targets[which]
            else:
                name = place.target or (place.text if len(targets) < 2 else "") or name
            which = place.returned
            if which is None:
                break
        return name


class Sites:
    """The sites of one run: one object for each."""

    def __init__(self, outermost: FrameType | None) -> None:
        self.outermost = outermost
        self.known: dict[tuple[tuple[int, int], ...], Site] = {}
        self.places: dict[tuple[int, int], Place] = {}

    def of(self, frame: FrameType | None) -> Site:
        """The site of the operation that is being called, out to the call of the forward."""
        found: list[tuple[int, int]] = []
        while frame is not None and frame is not self.outermost:
            code = frame.f_code
            if not is_hidden(code.co_filename):
                key = id(code), _start(code, frame.f_lasti)
                if key not in self.places:
                    self.places[key] = Place(code, key[1])
                found.append(key)
            frame = frame.f_back
        where = tuple(found)
        if where not in self.known:
            self.known[where] = Site(tuple(self.places[key] for key in reversed(found)))
        return self.known[where]


def _start(code: CodeType, offset: int) -> int:
    """Where the instruction begins: one that is often run may be left in its inline cache."""
    starts = _starts(code)
    return starts[bisect_right(starts, offset) - 1]


@lru_cache(maxsize=256)
def _starts(code: CodeType) -> list[int]:
    return [instruction.offset for instruction in dis.get_instructions(code)]


@lru_cache(maxsize=1024)
def is_hidden(file: str) -> bool:
    """Whether a file is the checker's or a library's, and not the user's."""
    return file.startswith(HIDDEN) or (file.startswith(STANDARD) and "-packages" not in file)


@lru_cache(maxsize=64)
def _read(lines: tuple[str, ...]) -> "Source":
    return Source("".join(lines))


class Source:
    """The text of a file, and its expressions by their spans."""

    def __init__(self, text: str) -> None:
        self.whole = text
        try:
            self.tree: ast.AST = ast.parse(text)
        except (SyntaxError, ValueError):
            self.tree = ast.Module(body=[], type_ignores=[])

    def text(self, span: Span) -> str:
        """What is written there; several lines as one."""
        node = self.expressions.get(span)
        return "" if node is None else self.written(node)

    def written(self, node: ast.AST) -> str:
        """An expression as it is written, or on one line."""
        text = ast.get_source_segment(self.whole, node) or ""
        return text if text and "\n" not in text else ast.unparse(node)

    @cached_property
    def expressions(self) -> dict[Span, ast.AST]:
        """Every expression, and what `+=` assigns, by its span."""
        kinds = ast.expr | ast.AugAssign
        return {_span(node): node for node in ast.walk(self.tree) if isinstance(node, kinds)}

    @cached_property
    def targets(self) -> dict[Span, tuple[str, ...]]:
        """What is assigned or appended as it stands, by the span of its value: its names."""
        found: dict[Span, tuple[str, ...]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                found |= _assigned(node.targets[0], node.value)
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                found |= _assigned(node.target, node.value)
            elif isinstance(node, ast.AugAssign):
                found |= _assigned(node.target, node)
            elif isinstance(node, ast.Call) and _is_append(node.func) and node.args:
                found |= _assigned(node.func.value, node.args[0])
        return found

    @cached_property
    def returned(self) -> dict[Span, int]:
        """The spans of what functions return as it stands, and its place in a returned tuple."""
        nodes = list(ast.walk(self.tree))
        values = [node.value for node in nodes if isinstance(node, ast.Return) and node.value]
        values += [node.body for node in nodes if isinstance(node, ast.Lambda)]
        return {_span(part): k for value in values for k, part in enumerate(_parts(value))}

    @cached_property
    def names_returned(self) -> "_Names":
        """Which of the things that a function returns a name of it is."""
        return _Names(self.tree)


def _is_append(function: ast.AST) -> TypeGuard[ast.Attribute]:
    """Whether a list's append is called."""
    return isinstance(function, ast.Attribute) and function.attr == "append"


class _Names:
    """The names that functions return: by function, name and a line within."""

    def __init__(self, tree: ast.AST) -> None:
        kinds = ast.FunctionDef | ast.AsyncFunctionDef
        self.functions = [node for node in ast.walk(tree) if isinstance(node, kinds)]

    def get(self, key: tuple[str, str, int]) -> int | None:
        """The place of the name among what the innermost function of this line returns."""
        function, name, line = key
        inside = [f for f in self.functions
                  if f.name == function and f.lineno <= line <= (f.end_lineno or 0)]  # fmt: skip
        for node in _within(inside[-1]) if inside else ():
            if isinstance(node, ast.Return) and node.value is not None:
                for k, part in enumerate(_parts(node.value)):
                    if ast.unparse(part) == name:
                        return k
        return None


def _within(function: ast.AST) -> Iterator[ast.AST]:
    """The statements of a function, without those of functions within it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from _within(node)


def _assigned(target: ast.expr, value: ast.AST) -> dict[Span, tuple[str, ...]]:
    """The names of a value, and of each of its parts where a tuple is written out."""
    names = tuple(map(ast.unparse, _parts(target)))
    found = {_span(value): names}
    parts = _parts(value) if isinstance(value, ast.expr) else []
    if len(names) == len(parts) > 1:
        found |= {_span(part): (name,) for part, name in zip(parts, names, strict=True)}
    return found


def _parts(value: ast.expr) -> list[ast.expr]:
    return list(value.elts) if isinstance(value, ast.Tuple | ast.List) else [value]


def _span(node: ast.AST) -> Span:
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return first, last or 0, getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
