"""Recognise patterns in addresses: which vectors of row numbers are boxes, and of what shape.

An address array of a pack has a few *axes* (say position and kernel entry). It is *separable* when
a[i,j,...] = a₀ + u[i] + v[j] + ..., and a vector is a *box* when it is an offset plus steps along
dimensions in row-major order: what NumPy calls a strided view. A window that slides over an image
with margins is a box over a larger, padded image.
"""

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Dims = tuple[int, ...]


class Box(NamedTuple):
    """offset + Σ index·step, for each axis a few dimensions: dims[axis] and steps[axis]."""

    offset: int
    dims: tuple[Dims, ...]
    steps: tuple[Dims, ...]

    def addresses(self) -> Ints:
        """The address of every entry, an array with one dimension for each of the box's."""
        found = np.array(self.offset)
        for n, step in zip(self.shape, self.strides, strict=True):
            found = found[..., None] + step * np.arange(n)
        return found

    @property
    def shape(self) -> Dims:
        """All dimensions, axis after axis."""
        return sum(self.dims, ())

    @property
    def strides(self) -> Dims:
        """The steps of all dimensions."""
        return sum(self.steps, ())


def factor(vectors: Ints) -> tuple[Dims, Ints] | None:
    """Dimensions that several address vectors (m, n) share, and their steps (m, dims), or None."""
    steps: list[Ints] = []
    dims: list[int] = []
    while (n := vectors.shape[1]) > 1:
        step = vectors[:, 1] - vectors[:, 0]
        breaks = (np.diff(vectors, axis=1) != step[:, None]).any(0)
        run = int(breaks.argmax()) + 1 if breaks.any() else n
        if n % run:
            return None
        grid = vectors.reshape(len(vectors), n // run, run)
        if (grid != grid[:, :, :1] + step[:, None, None] * np.arange(run)).any():
            return None
        dims.insert(0, run)
        steps.insert(0, step)
        vectors = grid[:, :, 0]
    return tuple(dims), np.array(steps, np.int64).reshape(len(dims), len(vectors)).T


def separated(a: Ints) -> tuple[int, list[Ints]] | None:
    """a₀ and one vector for each axis whose outer sum is the array, or None."""
    base = int(a.flat[0])
    lines = [_line(a, axis, (0,) * a.ndim) - base for axis in range(a.ndim)]
    return (base, lines) if (a == base + _outer(lines)).all() else None


def box(a: Ints) -> Box | None:
    """An address array as a box, its axes factored one by one, or None."""
    parts = separated(a)
    return _box_of(*parts) if parts else None


def _box_of(base: int, lines: list[Ints]) -> Box | None:
    found = [factor(line[None]) for line in lines]
    if any(f is None for f in found):
        return None
    dims = tuple(f[0] for f in found if f)
    return Box(base, dims, tuple(tuple(map(int, f[1][0])) for f in found if f))


def _line(a: Ints, axis: int, at: tuple[int, ...]) -> Ints:
    return a[tuple(slice(None) if k == axis else i for k, i in enumerate(at))]


def _outer(lines: list[Ints]) -> Ints:
    total = np.zeros((), np.int64)
    for line in lines:
        total = total[..., None] + line
    return total


class Padded(NamedTuple):
    """A box over an image with margins: `source` is the row that each of its cells holds, or -1."""

    source: Ints
    box: Box


def padded(a: Ints, inside: NDArray[np.bool_]) -> Padded | None:
    """Find the padded image behind addresses of which only those `inside` are known, or None.

    Each axis must have one line that is all inside: the middle of the kernel, the middle of the
    image. The innermost dimensions of the last two axes slide along the same side of the image.
    """
    lines = [_inner_line(a, inside, axis) for axis in range(a.ndim)]
    if any(line is None for line in lines):
        return None
    first = tuple(int(i) for i in np.unravel_index(int(np.argmax(inside)), a.shape))
    known = [line for line in lines if line is not None]
    base = int(a[first]) - sum(int(line[i]) for line, i in zip(known, first, strict=True))
    if (a != base + _outer(known))[inside].any():
        return None
    real = _box_of(base, known)
    if real is None:
        return None
    periods = [_periods(np.moveaxis(inside, k, -1)) for k in range(a.ndim)]
    return _with_margins(a, inside, _split(real, periods))


def _periods(inside: NDArray[np.bool_]) -> set[int]:
    """The lengths after which the margins repeat along the last axis: rows, and whole images."""
    n = inside.shape[-1]
    masks = np.unique(inside.reshape(-1, n), axis=0)
    divisors = [d for d in range(1, n) if n % d == 0]
    found = [
        next((d for d in divisors if (mask[d:] == mask[:-d]).all()), n)
        for mask in masks
        if not mask.all()
    ]
    return set(found)


def _split(real: Box, periods: list[set[int]]) -> Box:
    """The same box with dimensions that run on over the ends of rows cut there."""
    dims, steps = [], []
    for sizes, strides, ends in zip(real.dims, real.steps, periods, strict=True):
        inner = 1
        cut: list[tuple[int, int]] = []
        for n, step in list(zip(sizes, strides, strict=True))[::-1]:
            marks = sorted(p // inner for p in ends if p % inner == 0 and inner < p < inner * n)
            done = 1
            for mark in [m for m in marks if n % m == 0] + [n]:
                if mark % done == 0 and mark > done:
                    cut.insert(0, (mark // done, step * done))
                    done = mark
            inner *= n
        dims.append(tuple(n for n, _ in cut))
        steps.append(tuple(step for _, step in cut))
    return Box(real.offset, tuple(dims), tuple(steps))


def _inner_line(a: Ints, inside: NDArray[np.bool_], axis: int) -> Ints | None:
    whole = inside.all(axis=axis)
    if not whole.any():
        return None
    at = [int(i) for i in np.unravel_index(int(np.argmax(whole)), whole.shape)]
    at.insert(axis, 0)
    line = _line(a, axis, tuple(at))
    return line - line[0]


def _with_margins(a: Ints, inside: NDArray[np.bool_], real: Box) -> Padded | None:
    """Lay out an image that is large enough for every step of the box, and check it."""
    sides = _sides(real)
    if sides is None:
        return None
    size = math.prod(extent for extent, _ in sides)
    if size > 4 * a.size + 64:
        return None
    steps = [list(s) for s in real.steps]
    stride = 1
    for extent, members in sorted(sides, key=lambda side: side[1][0][2]):
        for axis, k, _, coefficient in members:
            steps[axis][k] = stride * coefficient
        stride *= extent
    image = Box(0, real.dims, tuple(map(tuple, steps)))
    cells = image.addresses().reshape(a.shape)
    source = np.full(size, -1, np.int64)
    source[cells[inside]] = a[inside]
    agrees = (source[cells][inside] == a[inside]).all() and (source[cells][~inside] == -1).all()
    return Padded(source, image) if agrees else None


def _sides(real: Box) -> list[tuple[int, list[tuple[int, int, int, int]]]] | None:
    """The sides of the image: (extent, [(axis, dimension, unit, steps in units), ...])."""
    pairs = [[(axis, k)] for axis in range(len(real.dims)) for k in range(len(real.dims[axis]))]
    if len(real.dims) > 1:
        last, other = len(real.dims) - 1, len(real.dims) - 2
        depth = min(len(real.dims[last]), len(real.dims[other]))
        for d in range(1, depth + 1):
            a, b = (last, len(real.dims[last]) - d), (other, len(real.dims[other]) - d)
            pairs = [p for p in pairs if p not in ([a], [b])] + [[a, b]]
    sides = []
    for members in pairs:
        strides = [real.steps[axis][k] for axis, k in members]
        if min(strides) < 1:
            return None
        unit = math.gcd(*strides)
        extent = 1 + sum(
            (real.dims[axis][k] - 1) * (s // unit)
            for (axis, k), s in zip(members, strides, strict=True)
        )
        sides.append(
            (
                extent,
                [(axis, k, unit, s // unit) for (axis, k), s in zip(members, strides, strict=True)],
            )
        )
    return sides


# --- rows that occur several times -------------------------------------------------------------


def injective(box: Box) -> bool:
    """Whether a box has no address twice: clear where each step goes beyond all smaller ones."""
    reach = 0
    for step, n in sorted(zip(map(abs, box.strides), box.shape, strict=True)):
        if step <= reach:
            return len(np.unique(found := box.addresses())) == found.size
        reach += step * (n - 1)
    return True


def slices(box: Box) -> list[tuple[Any, ...]]:
    """Indices of slices that together are the box, and of which each has every address once.

    They are few, and their rows are long: a slice costs as much as some twenty rows.
    """
    axes = range(len(box.shape))
    choices = [c for n in axes for c in itertools.combinations(axes, n + 1)]

    def cost(chosen: tuple[int, ...]) -> float:
        row = 1 if axes[-1] in chosen else box.shape[-1]
        return 20 * math.prod(box.shape[k] for k in chosen) + math.prod(box.shape) / row

    for chosen in sorted(choices, key=cost):
        rest = [k for k in axes if k not in chosen]
        part = Box(0, (tuple(box.shape[k] for k in rest),), (tuple(box.strides[k] for k in rest),))
        if injective(part):
            ranges = [range(box.shape[k]) if k in chosen else [slice(None)] for k in axes]
            return list(itertools.product(*ranges))
    raise AssertionError("one address at a time is every address once")
