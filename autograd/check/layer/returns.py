"""What the values of a return statement are called: `return dx, (dh, dc)` names each of them."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from .attributes import Path, Step

LIBRARIES = {"np", "numpy", "cp", "cupy", "xp", "jnp"}
SAME = {  # attributes, methods and functions that leave the thing what it is
    "T", "real", "flat", "copy", "reshape", "transpose", "astype", "ravel", "flatten", "squeeze",
    "tolist", "view", "array", "asarray", "stack", "vstack", "hstack", "concatenate", "list",
    "tuple", "dict", "swapaxes",
}  # fmt: skip


def names(function: Callable[..., Any], count: int) -> dict[Path, str]:
    """path in what is returned -> name, by the last return statement of `count` values.

    A value is named by the variable that it is made of; without source there are no names.
    """
    return _names(getattr(function, "__func__", function), count)


@lru_cache(maxsize=256)
def _names(function: Callable[..., Any], count: int) -> dict[Path, str]:
    """The same for a function that is no method; kept, as each forward asks for it."""
    fitting = [s for s in _statements(inspect.unwrap(function)) if len(_values(s)) == count]
    return dict(_named(fitting[-1], ())) if fitting else {}


def _statements(function: Callable[..., Any]) -> tuple[ast.expr, ...]:
    """What a function's return statements return, those of functions inside left out."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ()
    inside = [tree.body[0]] if tree.body else []
    return tuple(s.value for node in inside for s in _returns(node) if s.value is not None)


def _returns(node: ast.AST) -> Iterator[ast.Return]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield from _returns(child)


def _values(expression: ast.expr) -> list[ast.expr]:
    return expression.elts if isinstance(expression, ast.Tuple) else [expression]


def _named(expression: ast.expr, path: Path) -> Iterator[tuple[Path, str]]:
    """Each part of an expression that has a name."""
    if isinstance(expression, ast.Tuple | ast.List):
        for k, part in enumerate(expression.elts):
            yield from _named(part, (*path, Step(False, k)))
    else:
        name = _name(expression)
        if name:
            yield path, name


def _name(expression: ast.expr) -> str | None:
    """The variable that an expression is made of, as far as it is one."""
    match expression:
        case ast.Name(id=name):
            return None if name == "self" else name
        case ast.Attribute(value=value, attr=name):
            return _name(value) if name in SAME else name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(value=value):
            return _name(value)
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=owner), attr=method), args=[first, *_]
        ) if owner in LIBRARIES:
            return _name(first) if method in SAME else None
        case ast.Call(func=ast.Attribute(value=value, attr=method)):
            return _name(value) if method in SAME else None
        case ast.Call(func=ast.Name(id=function), args=[first]):
            return _name(first) if function in SAME else None
    return None
