"""NumPy's (and SciPy's) universal functions, in rows of the table of primitives."""

from functools import partial
from typing import Any

import numpy as np

from .calls import UFUNCS
from .nodes import Elementwise, Node, Scatter, constant
from .traced import Rule, current, node_of, plain, spread


def row(name: str, *operands: Any) -> Node:
    """A row of the table on operands that are brought to one shape."""
    nodes = [node_of(x) for x in operands]
    shapes = {node.value.shape for node in nodes}
    if len(shapes) > 1:
        shape = np.broadcast_shapes(*shapes)
        nodes = [spread(node, shape) for node in nodes]
    if name == "mul" and nodes[0] is nodes[1]:  # one operand, and so one gradient
        name, nodes = "pow", [nodes[0], constant(np.full(nodes[0].value.shape, 2.0))]
    return current().add(Elementwise(name), *nodes)


def root_of_squares(a: Any, b: Any) -> Node:
    """np.hypot."""
    return row("sqrt", row("add", row("mul", a, a), row("mul", b, b)))


def log_add_exp(a: Any, b: Any) -> Node:
    """log(eᵃ + eᵇ)."""
    return row("add", a, row("softplus", row("sub", b, a)))


def _remainder(a: Any, b: Any) -> Node:
    return row("sub", a, row("mul", b, np.floor_divide(plain(a), plain(b))))


def _hyperbolic(name: str, x: Any) -> Node:
    """(eˣ ± e⁻ˣ) / 2."""
    return row("div", row(name, row("exp", x), row("exp", row("neg", x))), 2.0)


def _inverse_hyperbolic(x: Any, sign: float) -> Node:
    """log(x + √(x² ± 1))."""
    return row("log", row("add", x, row("sqrt", row("add", row("mul", x, x), sign))))


def _x_log_y(x: Any, y: Any) -> Node:
    there = plain(x) != 0
    return row("mul", x, row("log", row("where", there, y, 1.0)))


def _cube_root(x: Any) -> Node:
    return row("mul", np.sign(plain(x)), row("pow", row("abs", x), 1 / 3))


def _add_at(target: Any, key: Any, value: Any) -> Node:
    """np.add.at: repeated places add up."""
    whole = node_of(target)
    shape = whole.value.shape
    at = np.asarray(np.arange(whole.value.size).reshape(shape)[plain(key)])
    added = current().add(Scatter("sum at addresses", at, shape), spread(value, at.shape))
    return row("add", whole, added)


NAMES = [
    "tanh", "exp", "log", "sqrt", "sin", "cos", "erf", "maximum", "minimum", "arctan", "arcsin",
    "arccos",
]  # fmt: skip
SAME = {name: name for name in NAMES} | {  # rows by another name
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow",
    "negative": "neg", "absolute": "abs", "fabs": "abs", "float_power": "pow", "expit": "sigmoid",
    "fmax": "maximum", "fmin": "minimum",
}  # fmt: skip
UFUNCS.update({(name, "__call__"): partial(row, r) for name, r in SAME.items()})
FURTHER: dict[str, Rule] = {
    "square": lambda x: row("mul", x, x),
    "reciprocal": lambda x: row("div", 1.0, x),
    "log1p": lambda x: row("log", row("add", x, 1.0)),
    "expm1": lambda x: row("sub", row("exp", x), 1.0),
    "exp2": lambda x: row("pow", 2.0, x),
    "log2": lambda x: row("div", row("log", x), np.log(2.0)),
    "log10": lambda x: row("div", row("log", x), np.log(10.0)),
    "cbrt": lambda x: _cube_root(x),
    "tan": lambda x: row("div", row("sin", x), row("cos", x)),
    "sinh": lambda x: _hyperbolic("sub", x),
    "cosh": lambda x: _hyperbolic("add", x),
    "arcsinh": lambda x: _inverse_hyperbolic(x, 1.0),
    "arccosh": lambda x: _inverse_hyperbolic(x, -1.0),
    "arctanh": lambda x: row("div", row("log", row("div", row("add", 1.0, x),
                                                           row("sub", 1.0, x))), 2.0),
    "logaddexp": lambda a, b: log_add_exp(a, b),
    "positive": lambda x: node_of(x),
    "conjugate": lambda x: node_of(x),
    "hypot": lambda a, b: root_of_squares(a, b),
    "remainder": lambda a, b: _remainder(a, b),
    "copysign": lambda a, b: row("mul", row("abs", a), np.copysign(1.0, plain(b))),
    "deg2rad": lambda x: row("mul", x, np.pi / 180),
    "radians": lambda x: row("mul", x, np.pi / 180),
    "rad2deg": lambda x: row("mul", x, 180 / np.pi),
    "degrees": lambda x: row("mul", x, 180 / np.pi),
    # scipy.special
    "log_expit": lambda x: row("neg", row("softplus", row("neg", x))),
    "erfc": lambda x: row("sub", 1.0, row("erf", x)),
    "ndtr": lambda x: row("div", row("add", 1.0, row("erf", row("div", x, np.sqrt(2)))), 2.0),
    "xlogy": lambda x, y: _x_log_y(x, y),
    "entr": lambda x: row("neg", _x_log_y(x, x)),
    "rel_entr": lambda x, y: _x_log_y(x, row("div", x, y)),
}  # fmt: skip
UFUNCS.update({(name, "__call__"): rule for name, rule in FURTHER.items()})
UFUNCS[("add", "at")] = _add_at
UFUNCS[("subtract", "at")] = lambda target, key, value: _add_at(target, key, row("neg", value))
