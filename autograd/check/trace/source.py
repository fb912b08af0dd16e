"""Where in the user's source an operation stands, and what the source calls its result."""

import ast
import linecache
import sys
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from types import CodeType, FrameType

HIDDEN = ("autograd.", "numpy.", "scipy.")  # whose frames are not the user's


@dataclass(frozen=True, eq=False)
class Place:
    """An expression of the user's source: its code object and the instruction that ran it."""

    code: CodeType
    instruction: int

    @cached_property
    def span(self) -> tuple[int, int, int, int]:
        """(first line, last line, first column, column after the last); zeros if unknown."""
        return _span(self.code, self.instruction)

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
        expression = _expressions(self.code.co_filename).get(self.span)
        return ast.unparse(expression) if expression is not None else ""

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """What the expression is made of: both sides of an operator, the arguments of a call."""
        expression = _expressions(self.code.co_filename).get(self.span)
        if isinstance(expression, ast.BinOp):
            return ast.unparse(expression.left), ast.unparse(expression.right)
        if isinstance(expression, ast.Call):
            return tuple(map(ast.unparse, expression.args))
        return ()

    @cached_property
    def target(self) -> str:
        """What a plain assignment of just this expression calls the result."""
        return _targets(self.code.co_filename).get(self.span, "")

    @cached_property
    def is_returned(self) -> bool:
        """Whether a function returns just this expression."""
        return self.span in _returned(self.code.co_filename)

    @property
    def spot(self) -> str:
        """`lstm.py:14`."""
        return f"{self.code.co_filename.rpartition('/')[2]}:{self.line}" if self.line else ""


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
        for place in reversed(self.places):
            if place.target:
                return place.target
            if not place.is_returned:
                return place.text
        return self.inner.text


_PLACES: dict[tuple[int, int], Place] = {}
_SITES: dict[tuple[int, ...], Site] = {}


def here(outermost: FrameType | None) -> Site:
    """The site of the operation that is being called, as far out as a frame of ours."""
    frame: FrameType | None = sys._getframe(1)
    found: list[Place] = []
    while frame is not None and frame is not outermost:
        if not is_ours(frame):
            found.append(_place(frame.f_code, frame.f_lasti))
        frame = frame.f_back
    key = tuple(map(id, found))
    if key not in _SITES:
        _SITES[key] = Site(tuple(reversed(found)))
    return _SITES[key]


def is_ours(frame: FrameType) -> bool:
    """Whether a frame is the checker's or a library's, and not the user's."""
    return f"{frame.f_globals.get('__name__', '')}.".startswith(HIDDEN)


def _place(code: CodeType, instruction: int) -> Place:
    """One object for each place, which keeps its code alive."""
    key = id(code), instruction
    if key not in _PLACES:
        _PLACES[key] = Place(code, instruction)
    return _PLACES[key]


def _span(code: CodeType, instruction: int) -> tuple[int, int, int, int]:
    found = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    line, last, start, end = (n or 0 for n in found)
    return line, last, start, end


@lru_cache(maxsize=64)
def _tree(file: str) -> ast.AST:
    """The source of a file; an empty module where it cannot be had."""
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _span_of(node: ast.expr) -> tuple[int, int, int, int]:
    return (node.lineno, node.end_lineno or 0, node.col_offset, node.end_col_offset or 0)


@lru_cache(maxsize=64)
def _expressions(file: str) -> dict[tuple[int, int, int, int], ast.expr]:
    """Every expression of a file by its span."""
    return {_span_of(e): e for e in ast.walk(_tree(file)) if isinstance(e, ast.expr)}


@lru_cache(maxsize=64)
def _targets(file: str) -> dict[tuple[int, int, int, int], str]:
    """What is assigned as it stands, or by `+=`, by the span of its value: its name."""
    found = {}
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if not isinstance(target, ast.Tuple | ast.List):
                found[_span_of(node.value)] = ast.unparse(target)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            found[_span_of(node.value)] = ast.unparse(node.target)
    return found


@lru_cache(maxsize=64)
def _returned(file: str) -> set[tuple[int, int, int, int]]:
    """The spans of what functions return as it stands."""
    nodes = list(ast.walk(_tree(file)))
    values = [node.value for node in nodes if isinstance(node, ast.Return) and node.value]
    values += [node.body for node in nodes if isinstance(node, ast.Lambda)]
    return {_span_of(value) for value in values}
