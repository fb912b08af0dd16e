"""Where the entries of a tensor lie: shapes, strides and addresses, integers only.

A tensor is a flat row-major sequence. A view of it is a box: a shape, a stride for each axis (0
repeats), and an offset; its entry at index (i, j, ...) is at offset + i·stride₀ + j·stride₁ + ...
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import lru_cache
from operator import itemgetter
from typing import Any, Protocol

Shape = tuple[int, ...]
Axis = int | Sequence[int] | None


class Array(Protocol):
    """A NumPy array, and what is like one: it has a shape, and gives nested lists."""

    @property
    def shape(self) -> Shape:
        """The number of entries on each axis."""

    def tolist(self) -> Any:
        """The entries as nested lists."""


def whole(number: Any, what: str) -> int:
    """An int, Python's or NumPy's, as Python's; TypeError for a bool and what else is none."""
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(f"{what} must be an int, got {number!r:.60}")
    return operator.index(number)


def wholes(numbers: Any, what: str) -> tuple[int, ...]:
    """One int, or several in their order; TypeError for what has none, a set or a dict."""
    if isinstance(numbers, tuple) and {*map(type, numbers)} == {int}:
        return numbers  # as nearly always
    if getattr(numbers, "shape", None) == () or not isinstance(numbers, Iterable):
        return (whole(numbers, what),)
    if isinstance(numbers, Set | Mapping | str):
        raise TypeError(f"{what}: ints must stand in a list or a tuple, got {numbers!r:.60}")
    return tuple([whole(n, what) for n in numbers])


def sizes(shape: Shape) -> Shape:
    """A new tensor's shape; ValueError where no tensor has it."""
    if not shape or min(shape) < 0:
        raise ValueError(f"shape {shape}: a tensor has at least one axis, of sizes >= 0")
    return shape


def strides(shape: Shape) -> Shape:
    """Row-major strides: the last axis is contiguous."""
    steps = [1]
    for n in reversed(shape[1:]):
        steps.append(steps[-1] * n)
    return tuple(reversed(steps))[: len(shape)] if shape else ()


def addresses(shape: Shape, steps: Shape, offset: int = 0) -> list[int]:
    """The addresses of a box in row-major order."""
    found = [offset]
    for n, step in zip(shape, steps, strict=True):
        if n != 1:
            spread = range(0, n * step, step) if step else [0] * n
            found = [a + k for a in found for k in spread]
    return found


def gather(addresses: Sequence[int]) -> Callable[[Any], Any]:
    """A function that reads these addresses of a flat sequence, as a tuple."""
    if len(addresses) > 1:
        return itemgetter(*addresses)
    return lambda flat: tuple([flat[a] for a in addresses])


def axis_of(axis: int, ndim: int, what: str = "axis") -> int:
    """A possibly negative axis as 0 <= axis < ndim; ValueError outside."""
    axis = whole(axis, what)
    if not -ndim <= axis < ndim:
        raise ValueError(f"{what} {axis} is outside of a tensor with {ndim} axes")
    return axis % ndim


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, None all of them; ValueError outside and for repeats."""
    if axis is None:
        return tuple(range(ndim))
    given = wholes(axis, "axis")
    axes = tuple([axis_of(a, ndim) for a in given])
    if len(set(axes)) < len(axes):
        raise ValueError(f"axis {given} names an axis twice")
    return axes


def broadcast(*shapes: Shape) -> Shape:
    """The common shape by NumPy's rule: axes align from the right, a 1 stretches."""
    ndim = max(map(len, shapes))
    padded = [(1,) * (ndim - len(s)) + s for s in shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        wide = {n for n in sizes if n != 1}
        if len(wide) > 1:
            raise ValueError(f"shapes {' and '.join(map(str, shapes))} do not broadcast")
        result.append(wide.pop() if wide else 1)
    return tuple(result)


@lru_cache(64)
def stretched(shape: Shape, target: Shape) -> list[int]:
    """Addresses that read a tensor of `shape` as if it had the broadcast shape `target`."""
    missing = len(target) - len(shape)
    own = [0 if n == 1 else step for n, step in zip(shape, strides(shape), strict=True)]
    if missing < 0 or any(n not in (1, m) for n, m in zip(shape, target[missing:], strict=True)):
        raise ValueError(f"shape {shape} does not broadcast to {target}")
    return addresses(target, (0,) * missing + tuple(own))


def reshaped(shape: Shape, new: Shape) -> Shape:
    """The new shape with its -1 filled in; ValueError where the sizes differ."""
    size = math.prod(shape)
    known = math.prod(n for n in new if n != -1)
    filled = new
    if new.count(-1) == 1 and known and size % known == 0:
        filled = tuple(size // known if n == -1 else n for n in new)
    if any(n < 0 for n in filled) or math.prod(filled) != size:
        raise ValueError(f"shape {shape} ({size} entries) cannot become {new}")
    return filled


@lru_cache(64)
def permuted(shape: Shape, axes: tuple[int, ...]) -> tuple[Shape, list[int]]:
    """Shape and addresses with the axes in another order."""
    if sorted(axes) != list(range(len(shape))):
        raise ValueError(
            f"permute{tuple(axes)}: a tensor of shape {shape} has axes 0 to {len(shape) - 1}"
        )
    own = strides(shape)
    new = tuple(shape[a] for a in axes)
    return new, addresses(new, tuple(own[a] for a in axes))


def padded(shape: Shape, margins: Sequence[tuple[int, int]]) -> tuple[Shape, list[int]]:
    """Shape and addresses with (before, after) margins on each axis; -1 marks the fill."""
    new = tuple(b + n + a for n, (b, a) in zip(shape, margins, strict=True))
    found = [0]
    for n, step, (before, after) in zip(shape, strides(shape), margins, strict=True):
        outside = -math.prod(max(1, n) for n in shape) - 1  # no sum of addresses comes back from it
        line = [outside] * before + [k * step for k in range(n)] + [outside] * after
        found = [a + k for a in found for k in line]
    return new, [max(a, -1) for a in found]


@lru_cache(64)
def windows(shape: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[Shape, list[int]]:
    """Shape and addresses of every position of a kernel that slides over the last axes.

    (..., H, W) -> (..., H', W', kh, kw) with H' = (H - dilation·(kh - 1) - 1) // stride + 1.
    ValueError where the kernel does not fit.
    """
    lead, image = shape[: -len(kernel)], shape[-len(kernel) :]
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if len(image) < len(kernel) or any(s > n for s, n in zip(spans, image, strict=True)):
        raise ValueError(f"a window of {tuple(spans)} does not fit into {image}")
    positions = tuple((n - s) // t + 1 for n, s, t in zip(image, spans, stride, strict=True))
    own = strides(shape)
    steps = own[len(lead) :]
    moves = tuple(a * t for a, t in zip(steps, stride, strict=True))
    inner = tuple(a * d for a, d in zip(steps, dilation, strict=True))
    new = lead + positions + kernel
    return new, addresses(new, own[: len(lead)] + moves + inner)


# --- nested sequences ---------------------------------------------------------------------------


def shape_of(nested: Any) -> Shape:
    """The shape of nested sequences, read off the first entries; `flattened` checks the others."""
    shape: list[int] = []
    while isinstance(nested, Sequence) and not isinstance(nested, str | bytes):
        shape.append(len(nested))
        if not len(nested):
            break
        nested = nested[0]
    return (*shape, *getattr(nested, "shape", ()))  # of an array without entries


def flattened(nested: Any) -> list[Any]:
    """The entries of nested sequences in row-major order; ValueError names what is ragged."""
    shape = shape_of(nested)
    flat = [nested]
    for depth, n in enumerate(shape):
        for row in flat:
            if shape_of(row)[:1] != (n,):
                raise ValueError(_ragged(depth, n, row))
        flat = [entry for row in flat for entry in row]
    for entry in flat:
        if isinstance(entry, list | tuple):
            raise ValueError(_ragged(len(shape), "a number", entry))
    return flat


def _ragged(depth: int, expected: int | str, row: Any) -> str:
    got = shape_of(row)
    found = f"a sequence of {got[0]}" if got else "a number"
    wanted = expected if isinstance(expected, str) else f"a sequence of {expected}"
    return f"ragged nested list: at depth {depth}, expected {wanted}, found {found}"


def nested(flat: Sequence[Any], shape: Shape, kind: type[list[Any]] = list) -> list[Any]:
    """Flat entries as nested lists of this shape, or as another kind of list."""
    rows = list(flat)
    for axis in range(len(shape) - 1, 0, -1):
        n, count = shape[axis], math.prod(shape[:axis])
        rows = [rows[k * n : k * n + n] for k in range(count)]
        rows = rows if kind is list else [kind(row) for row in rows]
    return rows if kind is list else kind(rows)
