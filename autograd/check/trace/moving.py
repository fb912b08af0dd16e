"""NumPy's functions and methods that only move entries, join arrays, or write to a part of one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .calls import FUNCTIONS, WRITERS
from .nodes import Node
from .traced import Rule, joined, move, node_of, plain
from .ufuncs import row

MOVING = [
    "reshape", "transpose", "swapaxes", "moveaxis", "rollaxis", "squeeze", "expand_dims", "ravel",
    "flip", "fliplr", "flipud", "rot90", "roll", "tile", "repeat", "broadcast_to", "tril", "triu",
    "diag", "diagflat", "diagonal", "delete", "resize", "trim_zeros", "permute_dims",
    "matrix_transpose", "atleast_1d", "atleast_2d", "atleast_3d", "concatenate", "stack",
    "hstack", "vstack", "dstack", "column_stack", "block", "array", "asarray", "asanyarray",
    "ascontiguousarray", "asfortranarray", "copy", "take", "take_along_axis", "real",
    "asarray_chkfinite", "require", "concat",
]  # fmt: skip


def moves(function: Callable[..., Any], *positions: int) -> Rule:
    """The rule of a function that only moves the entries of the arguments at some positions."""
    what = function.__name__

    def rule(*args: Any, **named: Any) -> Node:
        return joined(what, function, args, named, positions)

    return rule


def writes(function: Callable[..., Any], *positions: int) -> Rule:
    """The rule of a function that moves entries into its first argument."""

    def written(target: Any, *args: Any, **named: Any) -> Any:
        function(target, *args, **named)
        return target

    def rule(*args: Any, **named: Any) -> Node:
        return joined("assignment", written, args, named, (0, *positions))

    return rule


def compress(condition: Any, x: Any, axis: Any = None) -> Node:
    """np.compress."""
    return move(lambda v: np.compress(plain(condition), v, axis), x)


def where(condition: Any, *choices: Any) -> Node:
    """np.where with three arguments."""
    return move(lambda *v: np.where(plain(condition), *v), *choices, what="where")


def select(conditions: Any, choices: Any, default: Any = 0) -> Node:
    """np.select."""
    masks = [plain(c) for c in conditions]
    return move(lambda *v: np.select(masks, v[1:], v[0]), default, *choices, what="where")


def piecewise(x: Any, conditions: Any, functions: Any, *args: Any, **named: Any) -> Node:
    """np.piecewise: a function of the user for each condition."""
    recorded = np.asanyarray(x)
    masks = [plain(c) for c in conditions]
    if len(functions) == len(masks) + 1:
        masks.append(~np.any(masks, axis=0))
    found = node_of(np.zeros(recorded.shape))
    for mask, f in zip(masks, functions, strict=True):
        part = f(recorded[mask], *args, **named) if callable(f) else f
        numbers = np.zeros(recorded.shape, np.intp)
        numbers[mask] = np.arange(np.count_nonzero(mask))
        spread = node_of(part + np.zeros(np.count_nonzero(mask)))
        filled = move(lambda v, numbers=numbers: v[numbers], spread)
        found = row("where", mask, filled, found) if filled.value.size else found
    return found


def along_axis(function: Callable[..., Any], axis: int, x: Any, *args: Any, **named: Any) -> Node:
    """np.apply_along_axis: a function of the user on each row."""
    rows = np.moveaxis(x, axis, -1)
    found = [function(rows[k], *args, **named) for k in np.ndindex(rows.shape[:-1])]
    stacked = move(lambda *v: np.stack(v).reshape(*rows.shape[:-1], *np.shape(v[0])), *found)
    last = np.shape(found[0])
    return move(lambda v: np.moveaxis(v, -1, axis), stacked) if last else stacked


def clip(x: Any, low: Any = None, high: Any = None, **named: Any) -> Node:
    """np.clip."""
    low = named.get("a_min", named.get("min", low))
    high = named.get("a_max", named.get("max", high))
    found = node_of(x)
    found = found if low is None or low is np._NoValue else row("maximum", found, low)
    return found if high is None or high is np._NoValue else row("minimum", found, high)


def pad(x: Any, width: Any, mode: Any = "constant", **named: Any) -> Node | None:
    """np.pad; a margin of other numbers than 0 is added, one of means has no rule."""
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap", "empty"):
        return None
    value = plain(named.pop("constant_values", 0))
    padded = move(lambda v: np.pad(v, width, mode, **named), x, what="pad")
    if not np.any(value):
        return padded
    margin = np.pad(np.zeros(node_of(x).value.shape), width, mode, constant_values=value)
    return row("add", padded, margin)


def difference(x: Any, n: int = 1, axis: int = -1) -> Node:
    """np.diff."""
    found = move(lambda v: np.moveaxis(v, axis, 0), x, what="transpose")
    for _ in range(n):
        found = row("sub", move(lambda v: v[1:], found), move(lambda v: v[:-1], found))
    return move(lambda v: np.moveaxis(v, 0, axis), found, what="transpose")


def finite(x: Any, *_: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
           ) -> Node:  # fmt: skip
    """np.nan_to_num."""
    value = plain(x)
    return where(np.isfinite(value), x, np.nan_to_num(value, True, nan, posinf, neginf))


FUNCTIONS.update({getattr(np, name): moves(getattr(np, name), 0) for name in MOVING
                  if hasattr(np, name)})  # fmt: skip
FUNCTIONS[np.lib.stride_tricks.sliding_window_view] = moves(
    np.lib.stride_tricks.sliding_window_view, 0
)
FUNCTIONS.update({
    np.append: moves(np.append, 0, 1), np.insert: moves(np.insert, 0, 2),
    np.extract: lambda mask, x: move(lambda v: np.extract(plain(mask), v), x),
    np.compress: compress, np.where: where, np.select: select, np.pad: pad, np.clip: clip,
    np.choose: lambda at, choices: move(lambda *v: np.choose(plain(at), v), *choices, what="where"),
    np.diff: difference, np.ediff1d: lambda x: difference(move(np.ravel, x)),
    np.nan_to_num: finite, np.piecewise: piecewise,
    np.apply_along_axis: along_axis,
    np.full: moves(np.full, 1), np.full_like: moves(np.full_like, 1),

})  # fmt: skip
FUNCTIONS.update({
    np.copyto: writes(np.copyto, 1), np.put: writes(np.put, 2), np.place: writes(np.place, 2),
    np.putmask: writes(np.putmask, 2), np.fill_diagonal: writes(np.fill_diagonal, 1),
    np.put_along_axis: writes(np.put_along_axis, 2),
})  # fmt: skip
WRITERS |= {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
