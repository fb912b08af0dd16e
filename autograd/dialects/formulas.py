"""Rows of the table as formulas: a row runs once on unknown Values, and what it does is kept.

So every dialect computes and differentiates by the same line of the table, and its reverse pass is
written in the same primitives as its forward pass. A formula is a Value; its leaves are unknown
Values, which the dialect gives names, and constants.
"""

import operator
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from typing import Any

from ..conditional import Conditional
from ..custom import Custom
from ..graph import order
from ..primitives import PRIMITIVES, SEQUENCES, Primitive
from ..scopes import tracing
from ..value import Value, apply, unknown

WHERE, MUL = PRIMITIVES["where"], PRIMITIVES["mul"]
GREATER, AT_LEAST = PRIMITIVES["greater"], PRIMITIVES["at_least"]


@dataclass(frozen=True)
class Row:
    """y = op(*x), and ∂y/∂x for each x: True (the adjoint passes), False (it stops), a number, or
    a formula of y and the x. Of tanh, `of_x` is (1 - y·y,).
    """

    y: Value
    x: tuple[Value, ...]
    forward: Value
    of_x: tuple[Any, ...]


def row(op: Primitive, constants: tuple[float | None, ...]) -> Row:
    """A row of the table for operands that are known constants or unknown (None).

    Of `max` and `min`, `constants` are the entries of their one operand, a sequence.
    """
    return _row(op, constants, tuple(map(str, constants)))


@lru_cache(512)
def _row(op: Primitive, constants: tuple[float | None, ...], _: tuple[str, ...]) -> Row:
    """The row; the texts of the constants tell 0.0 from -0.0, which are equal."""
    sequence = op.name in ("max", "min") and PRIMITIVES[op.name] is op
    with tracing([]):
        y = unknown()
        x = tuple(unknown() if c is None else Value(c) for c in constants)
        if sequence:
            return Row(y, x, y, tuple(map(_simplified, op.partials(y, x)[0])))
        return Row(y, x, apply(op, *x), tuple(map(_simplified, op.partials(y, *x))))


def entry(op: Primitive) -> Row:
    """A row of sequences for one entry of each: of dot, with x = (a, b), `of_x` is (b, a).

    Of max and min, `of_x` tells whether the entry is y; the first that is gets the adjoint. Of
    gather it tells whether the entry is the first.
    """
    kinds = SEQUENCES[op]
    y, x = unknown(), [(unknown(), unknown()) if several else unknown() for several in kinds]
    with tracing([]):
        partials = op.partials(y, *x)
    firsts = (tuple(_first(x) for x in xs) for xs in (x, partials))
    return Row(y, next(firsts), y, next(firsts))


def _first(x: Any) -> Any:
    return x[0] if isinstance(x, tuple) else x


def named_row(op: Primitive) -> tuple[dict[Value, str], Row]:
    """A row, and what its operands are called: {x: "x"}."""
    names = letters(op)
    of = entry(op) if op in SEQUENCES else row(op, (None,) * len(names))
    if len(of.of_x) != len(names):
        raise ValueError(f"it has {len(of.of_x)} partials of {len(names)} operands")
    return dict(zip(of.x, names, strict=True)), of


def letters(op: Primitive) -> list[str]:
    """How the operands of a row are called: as in its partials, or x, or a, b, c, ...

    Raises TypeError for a row of one's own that takes any number of operands, and for what was made
    by hand.
    """
    if isinstance(op, Custom):
        raise TypeError("it was computed by hand; a row, autograd.Primitive, has formulas")
    names, called = _parameters(op.forward), _parameters(op.partials)
    if called and (names is None or len(called) == len(names) + 1):
        names = called[1:]
    if names is None:
        raise TypeError("it takes any number of operands")
    if all(re.fullmatch("[a-xz]", name) for name in names):
        return names
    return ["x"] if len(names) == 1 else list(string.ascii_lowercase.replace("y", "")[: len(names)])


def _parameters(function: Callable[..., Any]) -> list[str] | None:
    """The names of what a function must be given; None where they may be any number, or it does not
    tell.
    """
    try:
        found = signature(function).parameters.values()
    except ValueError:
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    return [p.name for p in found if p.default is p.empty]


def _simplified(p: Any) -> Any:
    """A formula of known numbers as a number, a factor of 1 as True."""
    if isinstance(p, Value) and not p.unknown:
        p = p.data
    if isinstance(p, Value | bool):
        return p
    return True if p == 1 else float(p)


def handed_on(upstream: Value, p: Any, stopped: bool = False) -> Value:
    """ȳ·∂y/∂x as a formula. Where the partial is a choice, the adjoint is chosen, not multiplied:
    what was not taken gets 0, whatever stands there (0·nan and 0·inf never arise). So it is where
    the adjoint may have been `stopped` by a choice before: 0 is handed on as 0.
    """
    if p is True:
        return upstream
    if p is False:
        return Value(0.0)
    handed: Value = (Conditional(upstream, upstream if stopped else True) * p).value
    return handed


def leaves(*formulas: Value) -> set[Value]:
    """The unknown leaves of formulas."""
    nodes = {v for node in order(*formulas) for v in node.inputs} | set(formulas)
    return {v for v in nodes if isinstance(v, Value) and v.op is None and v.unknown}


def chooses(formula: Value) -> bool:
    """Whether a formula has a choice in it."""
    return any(isinstance(node, Value) and node.op is WHERE for node in order(formula))


def ordered(root: Value) -> Value:
    """A shorter formula of the same number where nothing is nan or infinite: x >= x holds, and
    x > a or a >= x; an adjoint of 0 may be multiplied, as it gives 0.

    Of relu's slope, where(x > 0, 1, where(0 >= x, 0, x)), it leaves where(x > 0, 1, 0).
    """
    shorter: dict[Value, Value] = {}
    with tracing([]):
        for node in order(root):
            inputs = [shorter.get(x, x) for x in node.inputs]
            if node.op is WHERE and (decided := _decided(*inputs)) is not None:
                shorter[node] = decided
                continue
            if node.op is WHERE and _opposite(inputs[0], inputs[2]):
                inputs[2] = inputs[2].inputs[1]
            if any(map(operator.is_not, inputs, node.inputs)):
                shorter[node] = apply(node.op, *inputs)
    return shorter.get(root, root)


def _decided(condition: Value, a: Value, b: Value) -> Value | None:
    """`a` if it is where(x >= x, a, b), or where(x, x·p, 0)."""
    same = condition.op is AT_LEAST and condition.inputs[0] is condition.inputs[1]
    product = a.op is MUL and a.inputs[0] is condition and b.op is None and b.data == 0.0
    return a if same or product else None


def _opposite(condition: Value, other: Value) -> bool:
    """Whether they are x > a and where(a >= x, ...)."""
    if condition.op is not GREATER or other.op is not WHERE or other.inputs[0].op is not AT_LEAST:
        return False
    (x, a), (b, y) = condition.inputs, other.inputs[0].inputs
    return x is y and (a is b or (not a.unknown and not b.unknown and a.data == b.data))
