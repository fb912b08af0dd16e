"""The table of primitives: the only derivatives in the project.

A row says what a primitive computes, y = forward(*x), and its partial derivatives,
partials(y, *x) -> (∂y/∂x₀, ∂y/∂x₁, ...). Rows are generic in the number: the same line runs on
floats (`backward`), on `Fraction`s and SymPy expressions (exact and symbolic gradients), on
`Value`s (derivatives of derivatives) and on NumPy arrays (whole batches).

A partial that is a bool is not multiplied: True hands the upstream adjoint on, False stops it.
An operand of `sum`, `dot`, `max`, `min` and the first of `gather` are sequences (`SEQUENCES`), and
so are their partials.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .numbers import choosing as c
from .numbers import piecewise as k
from .numbers import smooth as e
from .numbers.kinds import AnyNumber


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Primitive:
    """A differentiable operation: its name, its symbol in drawings, y = forward(*x), and
    partials(y, *x) -> (∂y/∂x, ...).
    """

    name: str
    symbol: str
    forward: Callable[..., AnyNumber]
    partials: Callable[..., tuple[AnyNumber, ...]]

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle rows of the table by name, others by their functions."""
        if PRIMITIVES.get(self.name) is self:
            return _named, (self.name,)
        return Primitive, (self.name, self.symbol, self.forward, self.partials)

    def __deepcopy__(self, memo: object) -> "Primitive":
        """A copy of a graph has the same rows."""
        return self


def _named(name: str) -> Primitive:
    return PRIMITIVES[name]


# fmt: off
_ROWS: list[tuple[Any, ...]] = [
    # name         symbol    y = f(*x)        (∂y/∂x, ...)
    ("add",        "+",      operator.add,    lambda y, a, b: (True, True)),
    ("sub",        "-",      operator.sub,    lambda y, a, b: (True, -1)),
    ("mul",        "*",      operator.mul,    lambda y, a, b: (b, a)),
    ("div",        "/",      e.divide,        lambda y, a, b: (e.divide(e.one(y), b),
                                                               -e.divide(y, b))),
    ("pow",        "**",     e.power,         lambda y, x, n: (e.power_base_partial(x, n),
                                                               e.power_exponent_partial(y, x, n))),
    ("neg",        "-",      operator.neg,    lambda y, x: (-1,)),
    ("abs",        "abs",    abs,             lambda y, x: (k.sign(x),)),
    ("floor",      "floor",  e.floor,         lambda y, x: (False,)),
    ("ceil",       "ceil",   e.ceil,          lambda y, x: (False,)),
    ("round",      "round",  e.rounded,       lambda y, x: (False,)),
    ("exp",        "exp",    e.exp,           lambda y, x: (y,)),
    ("log",        "log",    e.log,           lambda y, x: (e.divide(1, x),)),
    ("sqrt",       "sqrt",   e.sqrt,          lambda y, x: (e.divide(1, 2 * y),)),
    ("sin",        "sin",    e.sin,           lambda y, x: (e.cos(x),)),
    ("cos",        "cos",    e.cos,           lambda y, x: (-e.sin(x),)),
    ("tanh",       "tanh",   e.tanh,          lambda y, x: (1 - y * y,)),
    ("sigmoid",    "σ",      e.sigmoid,       lambda y, x: (y * (1 - y),)),
    ("softplus",   "softplus", e.softplus,    lambda y, x: (e.sigmoid(x),)),
    ("erf",        "erf",    e.erf,           lambda y, x: (2 / math.pi**0.5 * e.exp(-x * x),)),
    ("relu",       "ReLU",   k.relu,          lambda y, x: (k.step(y),)),
    ("leaky_relu", "LeakyReLU", k.leaky_relu, lambda y, x, a: (k.select(x > 0, True, a),
                                                               k.select(x > 0, False, x))),
    ("maximum",    "max",    k.maximum,       lambda y, a, b: (k.slope(k.negate(k.exceeds(b, a))),
                                                               k.slope(k.exceeds(b, a)))),
    ("minimum",    "min",    k.minimum,       lambda y, a, b: (k.slope(k.negate(k.undercuts(b, a))),
                                                               k.slope(k.undercuts(b, a)))),
    ("where",      "where",  k.select,        lambda y, c, a, b: (False,
                                                                  k.slope(k.is_true(c)),
                                                                  k.slope(k.negate(k.is_true(c))))),
    ("greater",    ">",      k.greater,       lambda y, a, b: (False, False)),
    ("at_least",   "≥",      k.at_least,      lambda y, a, b: (False, False)),
    ("equal",      "=",      k.equal,         lambda y, a, b: (False, False)),
    ("stop",       "stop",   operator.pos,    lambda y, x: (False,)),
    ("sum",        "Σ",      k.total,         lambda y, x: ((True,) * len(x),)),
    ("dot",        "·",      k.dot,           lambda y, a, b: (b, a)),
    ("max",        "max",    k.largest,       lambda y, x: (k.winners(y, x),)),
    ("min",        "min",    k.smallest,      lambda y, x: (k.winners(y, x),)),
    ("gather",     "[·]",    c.pick,          lambda y, x, i: (c.picked(x, i), False)),
]
# fmt: on

PRIMITIVES = {row[0]: Primitive(*row) for row in _ROWS}

SEQUENCES = {  # for each operand of a row, whether it is a sequence; of other rows none is
    PRIMITIVES[name]: operands
    for name, operands in {
        "sum": (True,),
        "dot": (True, True),
        "max": (True,),
        "min": (True,),
        "gather": (True, False),
    }.items()
}
