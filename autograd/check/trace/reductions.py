"""Sums, means, extremes over axes, and what is made of them."""

import math
from typing import Any

import numpy as np

from .calls import FUNCTIONS, UFUNCS
from .nodes import Node, Scatter
from .products import LETTERS, contract, matmul
from .traced import Rule, current, move, node_of, plain, spread
from .ufuncs import log_add_exp, row


def axes_of(axis: Any, n: int) -> tuple[int, ...]:
    """The axes of a reduction as numbers from 0 on."""
    if axis is None:
        return tuple(range(n))
    several = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(int(a) % n for a in several) if n else ()


def kept(x: Node, axes: tuple[int, ...], keepdims: Any) -> Node:
    """A reduced array with its axes of length 1, if they are kept."""
    return (
        move(lambda v: np.expand_dims(v, axes), x, what="reshape")
        if keepdims is True and axes
        else x
    )


def masked(x: Any, where: Any) -> Any:
    """x, and 0 where a mask leaves it out."""
    return x if where is True or where is np._NoValue else row("where", plain(where), x, 0.0)


def total(x: Any, axis: Any = None, keepdims: Any = False, initial: Any = 0,
          where: Any = True) -> Node:  # fmt: skip
    """np.sum."""
    x = node_of(masked(x, where))
    axes, letters = axes_of(axis, x.value.ndim), LETTERS[: x.value.ndim]
    left = "".join(letter for k, letter in enumerate(letters) if k not in axes)
    found = kept(contract([letters], left, x), axes, keepdims) if letters else x
    return found if initial is np._NoValue or _is_zero(initial) else row("add", found, initial)


def _is_zero(x: Any) -> bool:
    return isinstance(x, int | float) and type(x) in (int, float) and x == 0


def count(x: Any, axis: Any, where: Any = True, keepdims: Any = False) -> Any:
    """How many entries a mean is over."""
    shape = node_of(x).value.shape
    if where is True or where is np._NoValue:
        return float(math.prod(shape[a] for a in axes_of(axis, len(shape))))
    mask = np.broadcast_to(plain(where), shape)
    return np.sum(mask, axis=axis, keepdims=keepdims is True).astype(np.float64)


def mean(x: Any, axis: Any = None, keepdims: Any = False,
         where: Any = True) -> Node:  # fmt: skip
    """np.mean."""
    x = node_of(x)
    summed = total(x, axis, keepdims=keepdims, where=where)
    return row("div", summed, count(x, axis, where, keepdims))


def variance(x: Any, axis: Any = None, ddof: float = 0, keepdims: Any = False,
             where: Any = True, mean: Any = None, correction: Any = None) -> Node:  # fmt: skip
    """np.var."""
    x = node_of(x)
    middle = _mean(x, axis, keepdims=True, where=where) if _is_missing(mean) else mean
    off = row("sub", x, middle)
    freedom = ddof if _is_missing(correction) else correction
    return row("div", total(row("mul", off, off), axis, keepdims=keepdims, where=where),
               count(x, axis, where, keepdims) - freedom)  # fmt: skip


_mean = mean


def _is_missing(x: Any) -> bool:
    return x is None or x is np._NoValue


def deviation(x: Any, *args: Any, **named: Any) -> Node:
    """np.std."""
    return row("sqrt", variance(x, *args, **named))


def extreme(arg: Any, what: str, row_name: str) -> Rule:
    """np.max or np.min: the first entry that is the largest."""

    def rule(x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None,
             where: Any = True) -> Node:  # fmt: skip
        x = node_of(x)
        if where is not True and where is not np._NoValue:
            lowest = -np.inf if row_name == "maximum" else np.inf
            x = row("where", plain(where), x, lowest)
        n = x.value.ndim
        axes = axes_of(axis, n)
        order = [*(a for a in range(n) if a not in axes), *axes]
        shape = [x.value.shape[a] for a in order[: n - len(axes)]]

        def last(v: Any) -> Any:
            return np.transpose(v, order).reshape(*shape, -1)

        best = arg(last(x.value), axis=-1)[..., None]
        found = move(lambda v: np.take_along_axis(last(v), best, -1)[..., 0], x, what=what)
        found = kept(found, axes, keepdims)
        return found if _is_missing(initial) else row(row_name, found, initial)

    return rule


largest = extreme(np.argmax, "max", "maximum")
smallest = extreme(np.argmin, "min", "minimum")


def product(x: Any, axis: Any = None, keepdims: Any = False, **_: Any) -> Node:
    """np.prod, factor by factor."""
    x = node_of(x)
    axes = axes_of(axis, x.value.ndim)
    left = [a for a in range(x.value.ndim) if a not in axes]
    shape = [x.value.shape[a] for a in left]

    def factor(k: int) -> Node:
        return move(lambda v: v.transpose([*axes, *left]).reshape(-1, *shape)[k], x)

    found = factor(0)
    for k in range(1, math.prod(x.value.shape[a] for a in axes)):
        found = row("mul", found, factor(k))
    return kept(found, axes, keepdims)


def running(x: Any, axis: Any = None) -> Node:
    """np.cumsum."""
    x = node_of(x)
    if axis is None:
        x, axis = move(np.ravel, x, what="ravel"), 0
    moved = move(lambda v: np.moveaxis(v, axis, -1), x, what="transpose")
    summed = matmul(moved, np.triu(np.ones((moved.value.shape[-1],) * 2)))
    return move(lambda v: np.moveaxis(v, -1, axis), summed, what="transpose")


def running_row(name: str) -> Rule:
    """np.cumprod, np.maximum.accumulate and their like: entry by entry."""

    def rule(x: Any, axis: Any = 0) -> Node:
        x = node_of(x)
        if axis is None:
            x, axis = move(np.ravel, x, what="ravel"), 0
        found = [move(lambda v: np.take(v, 0, axis), x)]
        for k in range(1, x.value.shape[axis]):
            found.append(row(name, found[-1], move(lambda v, k=k: np.take(v, k, axis), x)))
        return move(lambda *v: np.stack(v, axis), *found, what="stack")

    return rule


def average(x: Any, axis: Any = None, weights: Any = None, *,
            keepdims: Any = False) -> Node:  # fmt: skip
    """np.average."""
    if weights is None:
        return mean(x, axis, keepdims=keepdims)
    x, w = node_of(x), node_of(weights)
    if w.value.ndim < x.value.ndim:
        n = x.value.ndim
        place = axes_of(axis, n)[0]
        w = move(lambda v: np.reshape(v, [-1 if k == place else 1 for k in range(n)]), w)
    w = spread(w, x.value.shape)
    return row("div", total(row("mul", x, w), axis, keepdims=keepdims),
               total(w, axis, keepdims=keepdims))  # fmt: skip


def norm(
    x: Any,
    ord: Any = None,  # noqa: A002 (NumPy's name)
    axis: Any = None,
    keepdims: bool = False,
) -> Node | None:
    """np.linalg.norm: of vectors, and Frobenius'."""
    x = node_of(x)
    is_vector = x.value.ndim == 1 if axis is None else not isinstance(axis, tuple)
    if ord in (None, "fro", "f") or (ord == 2 and is_vector):
        return row("sqrt", total(row("mul", x, x), axis, keepdims=keepdims))
    if not is_vector:
        return None
    size = row("abs", x)
    if np.isinf(ord):
        return (largest if ord > 0 else smallest)(size, axis, keepdims=keepdims)
    powers = size if ord == 1 else row("pow", size, float(ord))
    summed = total(powers, axis, keepdims=keepdims)
    return summed if ord == 1 else row("pow", summed, 1.0 / ord)


def vector_norm(x: Any, *, axis: Any = None, **named: Any) -> Node | None:
    """np.linalg.vector_norm."""
    flat = move(np.ravel, x, what="ravel") if axis is None else x
    return norm(flat, axis=axis, **named)


def sort(x: Any, axis: Any = -1, **_: Any) -> Node:
    """np.sort."""
    x = node_of(x)
    if axis is None:
        x, axis = move(np.ravel, x, what="ravel"), -1
    order = np.argsort(x.value, axis, kind="stable")
    return move(lambda v: np.take_along_axis(v, order, axis), x, what="sort")


def median(x: Any, axis: Any = None, keepdims: Any = False, **_: Any) -> Node:
    """np.median: the mean of the middle two."""
    x = node_of(x)
    axes = axes_of(axis, x.value.ndim)
    left = [a for a in range(x.value.ndim) if a not in axes]
    shape = [x.value.shape[a] for a in left]
    rows = move(lambda v: v.transpose([*left, *axes]).reshape(*shape, -1), x, what="reshape")
    n = rows.value.shape[-1]
    middle = move(lambda v: v[..., (n - 1) // 2 : n // 2 + 1], sort(rows))
    return kept(mean(middle, -1), axes, keepdims)


def spread_of(x: Any, axis: Any = None, keepdims: Any = False) -> Node:
    """np.ptp: max - min."""
    return row("sub", largest(x, axis, keepdims=keepdims), smallest(x, axis, keepdims=keepdims))


def without_nan(rule: Rule) -> Rule:
    """np.nansum and its like."""
    return lambda x, *args, **named: rule(x, *args, **named, where=~np.isnan(plain(x)))


def _reduced(name: str) -> Rule:
    """A method `reduce`, whose axis is 0 unless it is given."""
    rules: dict[str, Rule] = {"add": total, "multiply": product, "maximum": largest,
                              "minimum": smallest, "fmax": largest, "fmin": smallest}  # fmt: skip
    return lambda x, axis=0, **named: rules[name](x, axis, **named)


def _log_add_exp(x: Any, axis: Any = 0, **_: Any) -> Node:
    x = node_of(x)
    found = move(lambda v: np.take(v, 0, axis), x)
    for k in range(1, x.value.shape[axis]):
        found = log_add_exp(found, move(lambda v, k=k: np.take(v, k, axis), x))
    return found


def counted(at: Any, weights: Any = None, minlength: int = 0) -> Node:
    """np.bincount with weights."""
    places = np.asarray(plain(at))
    size = max(int(places.max(initial=-1)) + 1, minlength)
    return current().add(Scatter("sum at addresses", places, (size,)), node_of(weights))


UFUNCS.update({(name, "reduce"): _reduced(name)
               for name in ("add", "multiply", "maximum", "minimum", "fmax", "fmin")})  # fmt: skip
UFUNCS.update({
    ("logaddexp", "reduce"): _log_add_exp,
    ("add", "accumulate"): lambda x, axis=0: running(x, axis),
    ("multiply", "accumulate"): running_row("mul"),
    ("maximum", "accumulate"): running_row("maximum"),
    ("minimum", "accumulate"): running_row("minimum"),
})  # fmt: skip
FUNCTIONS.update({
    np.sum: total, np.mean: mean, np.var: variance, np.std: deviation, np.prod: product,
    np.max: largest, np.min: smallest, np.amax: largest, np.amin: smallest, np.cumsum: running,
    np.cumprod: lambda x, axis=None: running_row("mul")(x, axis),
    np.average: average, np.linalg.norm: norm, np.sort: sort, np.median: median,
    np.ptp: spread_of, np.bincount: counted, np.nansum: without_nan(total),
    np.nanmean: without_nan(mean), np.nanmax: without_nan(largest),
    np.nanmin: without_nan(smallest), np.nanvar: without_nan(variance),
    np.nanstd: without_nan(deviation), np.linalg.vector_norm: vector_norm,
    np.trace: lambda x, *args, **named: total(move(
        lambda v: np.diagonal(v, *args, **named), x, what="diagonal"), -1),
})  # fmt: skip
