"""Convolutions over images that are joined of several blocks, or whose pixels are repeated, or that
are smaller than the kernel.

The compiler has gathered every window of them. Here the image is found again: entries of windows
that are one pixel have one source.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..plan.matmul import MatMul
from ..plan.views import Block
from ..strided import Dims, Ints
from .axes import Axis, dense, match
from .blocks import Blocks
from .products import matrices

PACES = [(1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (2, 2)]  # (stride, dilation), the usual ones


class Joined(NamedTuple):
    """An image (C, H, W) in numbers of pixels, -1 where it is 0, the kernel that slides over it,
    its positions, and how (stride, dilation) it goes along each side.
    """

    image: Ints
    kernel: Dims
    positions: Dims
    paces: tuple[tuple[int, int], ...]

    def margins(self) -> tuple[Dims, Dims]:
        """How wide the margins of 0 are on each side, before and after."""
        axes = range(self.image.ndim)
        lines: list[NDArray[np.bool_]]
        lines = [np.any(self.image >= 0, tuple({*axes} - {k})) for k in axes[1:]]
        before = tuple(int(line.argmax()) for line in lines)
        return before, tuple(int(line[::-1].argmax()) for line in lines)

    def inside(self) -> Ints:
        """The image without its margins."""
        sizes = zip(*self.margins(), self.image.shape[1:], strict=True)
        return self.image[(slice(None), *(slice(a, n - b) for a, b, n in sizes))]


def convolved_joined(blocks: Blocks, kernel: MatMul) -> bool:
    """Whether a product is a convolution over such an image, which is then part of the graph."""
    gathered = blocks.pixels(kernel.right.block)
    g, f, k, p = kernel.sizes
    if gathered is None or g > 1:
        return False
    pixels, sources = gathered
    found = _found(blocks, kernel, pixels[kernel.right.rows()].reshape(k, p))
    if found is None or found.inside().min() < 0:
        return False
    build, scope = blocks.build, kernel.scope
    x = _tensor(blocks, found.inside(), sources, scope)
    w = matrices(blocks, kernel.left, (f, len(found.image), *found.kernel), (0, 1, 2), scope)
    strides, dilations = zip(*found.paces, strict=True)
    how = {"strides": strides, "dilations": dilations, "pads": found.margins(), "groups": 1}
    y = build.add("conv", [x, w], (f, *found.positions), scope, **how)
    blocks.hold(kernel.out, y, dense((f, *found.positions)))
    return True


def _found(blocks: Blocks, kernel: MatMul, pixels: Ints) -> Joined | None:
    """The image of gathered windows (k, p), if the weights say how large the kernel is."""
    layout = kernel.left.affine
    if blocks.numbers(kernel.left.block) is not None:
        return None
    wanted = list(map(Axis, layout.dims[2], layout.steps[2]))
    found = match(blocks.held(kernel.left.block).axes, layout.offset, wanted)
    sizes = [part.size for parts in found.parts for part in parts] if found else []
    for shape in (tuple(sizes), (1, *sizes)):
        if 2 <= len(shape) <= 3:
            for positions in _sizes(pixels.shape[1], len(shape) - 1):
                windows = pixels.reshape(*shape, *positions)
                paces = [_pace(windows, k, k + len(positions)) for k in range(1, len(shape))]
                if None not in paces:
                    known = tuple(pace for pace in paces if pace)
                    return Joined(_image(windows, known), shape[1:], positions, known)
    return None


def _sizes(n: int, dimensions: int) -> list[Dims]:
    """The sizes that so many positions may have, the most square ones first."""
    if dimensions == 1:
        return [(n,)]
    sizes = [(n // w, w) for w in range(1, n + 1) if n % w == 0]
    return sorted(sizes, key=lambda size: abs(size[0] - size[1]))


def _pace(windows: Ints, entry: int, position: int) -> tuple[int, int] | None:
    """(stride, dilation) by which windows go along a side, if all that is one pixel agrees."""
    k, n = windows.shape[entry], windows.shape[position]
    lines = np.moveaxis(windows, (entry, position), (0, 1)).reshape(k * n, -1)
    for stride, dilation in PACES:
        places = (dilation * np.arange(k)[:, None] + stride * np.arange(n)).ravel()
        distinct, first, which = np.unique(places, return_index=True, return_inverse=True)
        overlaps = len(distinct) < k * n or k == 1 or n == 1
        if overlaps and (lines == lines[first[which]]).all():
            return stride, dilation
    return None


def _image(windows: Ints, paces: Sequence[tuple[int, int]]) -> Ints:
    """The image (C, H, W) of windows (C, kernel..., positions...)."""
    d = len(paces)
    kernel, positions = windows.shape[1 : 1 + d], windows.shape[1 + d :]
    sizes = zip(kernel, positions, paces, strict=True)
    sides = [(n - 1) * stride + (k - 1) * dilation + 1 for k, n, (stride, dilation) in sizes]
    image = np.full((windows.shape[0], *sides), -1)
    for at in np.ndindex(*kernel):
        steps = zip(at, positions, paces, strict=True)
        spans = [slice(u * b, u * b + (n - 1) * a + 1, a) for u, n, (a, b) in steps]
        image[(slice(None), *spans)] = windows[(slice(None), *at)]
    return image


def _tensor(blocks: Blocks, image: Ints, sources: Sequence[Block], scope: str) -> str:
    """The tensor of an image (C, H, W) of rows of sources, numbered one after the other."""
    starts = np.cumsum([0, *(source.size for source in sources)])
    which = np.searchsorted(starts, image, "right") - 1
    pieces, end = [], 0
    for start in [*np.flatnonzero(np.diff([-1, *(c.flat[0] for c in which)])), len(image)]:
        if start > end:
            pieces.append(_piece(blocks, image[end:start], sources, starts, scope))
        end = start
    return blocks.build.concat(pieces, 0, scope)


def _piece(blocks: Blocks, image: Ints, sources: Sequence[Block], starts: Ints, scope: str) -> str:
    """Some channels, of one source or of several."""
    first = int(np.searchsorted(starts, image.flat[0], "right") - 1)
    if image.min() >= starts[first] and image.max() < starts[first + 1]:
        return blocks.rows(sources[first], image - starts[first], scope)
    flat = [blocks.rows(source, np.arange(source.size), scope) for source in sources]
    return blocks.build.take(blocks.build.concat(flat, 0, scope), image, scope)
