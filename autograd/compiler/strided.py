"""Recognise patterns in addresses: which vectors of row numbers a strided view can read.

An address array of a pack has a few *axes* (say position and kernel entry). It is *separable* when
a[i,j,...] = a₀ + u[i] + v[j] + ..., and it has a *layout* when each of u, v, ... is made of steps
along dimensions in row-major order: 0 1 10 11 is (2 steps of 10, 2 of 1). A window that slides over
an image with padding has a layout over a larger image, in a *halo* of cells that hold a constant.
"""

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Dims = tuple[int, ...]


class Layout(NamedTuple):
    """Addresses offset + Σ index·step, for each axis a few dimensions: dims[axis] and steps[axis].

    >>> Layout(5, ((2, 2),), ((10, 1),)).addresses().tolist()
    [[5, 6], [15, 16]]
    """

    offset: int
    dims: tuple[Dims, ...]
    steps: tuple[Dims, ...]

    def addresses(self) -> Ints:
        """The address of every entry, an array with one dimension for each of the layout's."""
        addresses = np.array(self.offset)
        for n, step in zip(self.shape, self.strides, strict=True):
            addresses = addresses[..., None] + step * np.arange(n)
        return addresses

    @property
    def shape(self) -> Dims:
        """All dimensions, axis after axis."""
        return sum(self.dims, ())

    @property
    def strides(self) -> Dims:
        """The steps of all dimensions."""
        return sum(self.steps, ())

    def part(self, kept: list[int]) -> "Layout":
        """The layout, in one axis, that goes along some of the dimensions only."""
        shape, strides = self.shape, self.strides
        dims, steps = tuple(shape[k] for k in kept), tuple(strides[k] for k in kept)
        return Layout(self.offset, (dims,), (steps,))


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


def layout_of(a: Ints) -> Layout | None:
    """The layout of an address array, its axes factored one by one, or None."""
    parts = separated(a)
    return _layout_of(*parts) if parts else None


def _layout_of(base: int, lines: list[Ints]) -> Layout | None:
    found = [factor(line[None]) for line in lines]
    if any(f is None for f in found):
        return None
    dims = tuple(f[0] for f in found if f)
    return Layout(base, dims, tuple(tuple(map(int, f[1][0])) for f in found if f))


def _line(a: Ints, axis: int, at: tuple[int, ...]) -> Ints:
    return a[tuple(slice(None) if k == axis else i for k, i in enumerate(at))]


def _outer(lines: list[Ints]) -> Ints:
    total = np.zeros((), np.int64)
    for line in lines:
        total = total[..., None] + line
    return total


class Padded(NamedTuple):
    """A layout over an image with a halo: `source` is the row in each cell, -1 in the halo."""

    source: Ints
    layout: Layout


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
    real = _layout_of(base, known)
    if real is None:
        return None
    periods = [_periods(np.moveaxis(inside, k, -1)) for k in range(a.ndim)]
    return _in_halo(a, inside, _split(real, periods))


def _periods(inside: NDArray[np.bool_]) -> set[int]:
    """The lengths after which the halo repeats along the last axis: rows, and whole images."""
    n = inside.shape[-1]
    masks = np.unique(inside.reshape(-1, n), axis=0)
    divisors = [d for d in range(1, n) if n % d == 0]
    found = [
        next((d for d in divisors if (mask[d:] == mask[:-d]).all()), n)
        for mask in masks
        if not mask.all()
    ]
    return set(found)


def _split(real: Layout, periods: list[set[int]]) -> Layout:
    """The same layout with dimensions that run on over the ends of rows cut there."""
    cuts = [_cut(*axis) for axis in zip(real.dims, real.steps, periods, strict=True)]
    dims = tuple(tuple(n for n, _ in cut) for cut in cuts)
    return Layout(real.offset, dims, tuple(tuple(step for _, step in cut) for cut in cuts))


def _cut(dims: Dims, steps: Dims, periods: set[int]) -> list[tuple[int, int]]:
    """Dimensions (size, step) of one axis, cut at the periods that lie inside of them.

    Ten entries side by side, of which rows of five have a halo: (10, 1) becomes (2, 5), (5, 1).
    """
    inner = 1
    cut: list[tuple[int, int]] = []
    for n, step in zip(dims[::-1], steps[::-1], strict=True):
        marks = sorted(p // inner for p in periods if p % inner == 0 and inner < p < inner * n)
        done = 1
        for mark in [m for m in marks if n % m == 0] + [n]:
            if mark % done == 0 and mark > done:
                cut.insert(0, (mark // done, step * done))
                done = mark
        inner *= n
    return cut


def _inner_line(a: Ints, inside: NDArray[np.bool_], axis: int) -> Ints | None:
    whole = inside.all(axis=axis)
    if not whole.any():
        return None
    at = [int(i) for i in np.unravel_index(int(np.argmax(whole)), whole.shape)]
    at.insert(axis, 0)
    line = _line(a, axis, tuple(at))
    start = int(line[0])
    return line - start


class Side(NamedTuple):
    """A side of an image, and the dimensions that go along it: (axis, dimension, cells a step)."""

    extent: int
    unit: int
    members: list[tuple[int, int, int]]


def _in_halo(a: Ints, inside: NDArray[np.bool_], real: Layout) -> Padded | None:
    """Lay out an image that is large enough for every step of the layout, and check it."""
    sides = _sides(real)
    if sides is None:
        return None
    size = math.prod(side.extent for side in sides)
    if size > 4 * a.size + 64:
        return None
    steps = [list(s) for s in real.steps]
    stride = 1
    for side in sorted(sides, key=lambda side: side.unit):
        for axis, k, count in side.members:
            steps[axis][k] = stride * count
        stride *= side.extent
    image = Layout(0, real.dims, tuple(map(tuple, steps)))
    cells = image.addresses().reshape(a.shape)
    source = np.full(size, -1, np.int64)
    source[cells[inside]] = a[inside]
    agrees = (source[cells][inside] == a[inside]).all() and (source[cells][~inside] == -1).all()
    return Padded(source, image) if agrees else None


def _sides(real: Layout) -> list[Side] | None:
    """The sides of the image: windows and their entries go along the same ones."""
    groups = [[(axis, k)] for axis in range(len(real.dims)) for k in range(len(real.dims[axis]))]
    if len(real.dims) > 1:
        last, other = len(real.dims) - 1, len(real.dims) - 2
        depth = min(len(real.dims[last]), len(real.dims[other]))
        for d in range(1, depth + 1):
            a, b = (last, len(real.dims[last]) - d), (other, len(real.dims[other]) - d)
            groups = [g for g in groups if g not in ([a], [b])] + [[a, b]]
    sides = []
    for group in groups:
        steps = [real.steps[axis][k] for axis, k in group]
        if min(steps) < 1:
            return None
        unit = math.gcd(*steps)
        members = [(axis, k, step // unit) for (axis, k), step in zip(group, steps, strict=True)]
        extent = 1 + sum((real.dims[axis][k] - 1) * cells for axis, k, cells in members)
        sides.append(Side(extent, unit, members))
    return sides


# --- rows that occur several times -------------------------------------------------------------


def injective(layout: Layout) -> bool:
    """Whether no address occurs twice: clear where each step goes beyond all smaller ones."""
    reach = 0
    for step, n in sorted(zip(map(abs, layout.strides), layout.shape, strict=True)):
        if step <= reach:
            return len(np.unique(addresses := layout.addresses())) == addresses.size
        reach += step * (n - 1)
    return True


def slices(layout: Layout) -> list[tuple[Any, ...]]:
    """Indices of slices that together are the layout, and of which each has every address once.

    They are few, and their rows are long: a slice costs as much as some twenty rows.
    """
    shape, axes = layout.shape, range(len(layout.shape))
    choices = [c for n in axes for c in itertools.combinations(axes, n + 1)]

    def cost(chosen: tuple[int, ...]) -> float:
        row = 1 if axes[-1] in chosen else shape[-1]
        return 20 * math.prod(shape[k] for k in chosen) + math.prod(shape) / row

    def rest(chosen: tuple[int, ...]) -> Layout:
        return layout.part([k for k in axes if k not in chosen])

    chosen = next(c for c in sorted(choices, key=cost) if injective(rest(c)))
    ranges = [range(shape[k]) if k in chosen else [slice(None)] for k in axes]
    return list(itertools.product(*ranges))
