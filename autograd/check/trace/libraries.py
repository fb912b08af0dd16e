"""Functions that do not ask their arguments how to work on them: of `math`, and of SciPy.

SciPy is no requirement: its functions have rules where it was imported already.
"""

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .calls import UFUNCS
from .nodes import Node
from .products import correlate
from .reductions import axes_of, total
from .traced import Rule, move, node_of
from .ufuncs import row

SAME = [
    "exp", "log", "sqrt", "tanh", "sin", "cos", "tan", "sinh", "cosh", "log1p", "expm1", "log2",
    "log10", "erf", "erfc", "hypot", "fabs", "copysign",
]  # fmt: skip
SCALAR = {name: name for name in SAME} | {
    "pow": "power", "atan": "arctan", "asin": "arcsin", "acos": "arccos", "asinh": "arcsinh",
    "acosh": "arccosh", "atanh": "arctanh",
}  # fmt: skip


def scalar(name: str) -> Rule:
    """A function of `math`, of numbers and of arrays that hold one."""

    def rule(*x: Any) -> Node | None:
        nodes = [node_of(each) for each in x]
        numbers = [move(lambda v: v.reshape(()), n) if n.value.ndim else n for n in nodes]
        if name == "log" and len(numbers) == 2:
            return row("div", row("log", numbers[0]), row("log", numbers[1]))
        return UFUNCS[(SCALAR[name], "__call__")](*numbers)

    return rule


def log_sum_exp(x: Any, axis: Any = None, b: Any = None, keepdims: bool = False
                ) -> Node:  # fmt: skip
    """log Σ b·eˣ, with the largest taken out."""
    x = node_of(x)
    most = np.max(x.value, axis=axis_given(axis), keepdims=True)
    powers = row("exp", row("sub", x, most))
    weighted = powers if b is None else row("mul", powers, b)
    summed = row("add", row("log", total(weighted, axis, keepdims=True)), most)
    if keepdims:
        return summed
    axes = axes_of(axis, x.value.ndim)
    return move(lambda v: np.squeeze(v, axes), summed, what="reshape")


def axis_given(axis: Any) -> Any:
    """An axis as NumPy takes it."""
    return tuple(axis) if isinstance(axis, list) else axis


def softmax(x: Any, axis: Any = None) -> Node:
    """eˣ / Σ eˣ, with the largest taken out."""
    x = node_of(x)
    most = np.max(x.value, axis=axis_given(axis), keepdims=True)
    powers = row("exp", row("sub", x, most))
    return row("div", powers, total(powers, axis, keepdims=True))


def log_softmax(x: Any, axis: Any = None) -> Node:
    """x - log Σ eˣ."""
    return row("sub", x, log_sum_exp(x, axis, keepdims=True))


def correlation(flip: bool, early: bool = False) -> Rule:
    """scipy.signal's correlations, whose margin is of zeros."""

    def rule(a: Any, v: Any, mode: str = "full", *args: Any, **named: Any) -> Node | None:
        plainly = not args and not any(named.get(k, w) != w for k, w in
                                       (("boundary", "fill"), ("fillvalue", 0)))  # fmt: skip
        return correlate(a, v, mode, flip, early) if plainly else None

    return rule


def functions() -> Iterator[tuple[Callable[..., Any], Rule]]:
    """Each such function that is there, and its rule."""
    for name in SCALAR:
        yield getattr(math, name), scalar(name)
    yield math.fsum, lambda x: total(x)
    special, signal = (sys.modules.get(f"scipy.{room}") for room in ("special", "signal"))
    if special is not None:
        yield from ((special.softmax, softmax), (special.log_softmax, log_softmax),
                    (special.logsumexp, log_sum_exp))  # fmt: skip
    if signal is not None:
        for name in ("convolve", "convolve2d", "fftconvolve", "oaconvolve"):
            yield getattr(signal, name), correlation(True)
        yield signal.correlate, correlation(False)
        yield signal.correlate2d, correlation(False, early=True)
