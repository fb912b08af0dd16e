"""Convolutions and pools: products and reductions whose operand are windows of an image."""

import math
from collections.abc import Sequence

from ..plan.maps import Reduce
from ..plan.matmul import MatMul
from ..plan.views import View
from ..strided import Dims
from .axes import Axis, dense
from .blocks import Blocks, Held
from .products import matrices
from .windows import Place, Side, Windows, windows

DIMENSIONS = 3  # that a convolution may slide along, at most


def convolved(blocks: Blocks, kernel: MatMul) -> bool:
    """Whether a product is a convolution, which is then part of the graph."""
    found = _windows(blocks, kernel.right)
    if found is None or not _is_convolution(found):
        return False
    sliding = sorted({p.digit for p in found.positions})
    channels = [e for e in found.entries if e.digit not in sliding]
    if any(e.pace != 1 for e in channels):
        return False
    g, f, _, p = kernel.sizes
    sides, scope = list(map(found.side, sliding)), kernel.scope
    x, pads = _image(blocks, kernel.right, found, [*found.groups, *channels], sides, 0.0)
    depth = math.prod(e.size for e in channels)
    w = matrices(blocks, kernel.left, (g * f, *(e.size for e in found.entries)), (0, 1, 2), scope)
    order = sorted(found.entries, key=lambda e: -1 if e in channels else e.digit)
    w = blocks.build.transpose(w, [0, *(1 + found.entries.index(e) for e in order)], scope)
    w = blocks.build.reshape(w, (g * f, depth, *(side.kernel for side in sides)), scope)
    shape = (g * f, *(side.steps for side in sides))
    how = _slides(sides) | pads
    y = blocks.build.add("conv", [x, w], shape, scope, groups=g, **how)
    blocks.hold(kernel.out, y, (Axis(g * f, p), *_positions(found, sliding)))
    return True


def pooled(blocks: Blocks, kernel: Reduce) -> bool:
    """Whether a reduction is of windows, which a pool is that is then part of the graph."""
    if kernel.op.name == "min" or not kernel.operand.block.batched:
        return False
    found = _windows(blocks, kernel.operand)
    if found is None or not found.sliding:
        return False
    sliding = sorted({e.digit for e in found.entries})
    channels = [p for p in found.positions if p.digit not in sliding]
    if any(p.pace != 1 for p in channels) or len(sliding) > DIMENSIONS:
        return False
    is_plain = found.sliding < set(sliding) or len(sliding) == 1
    if is_plain and blocks.match(kernel.operand.flat()) is not None:  # it can be reshaped
        return False
    sides, scope = list(map(found.side, sliding)), kernel.scope
    fill = -math.inf if kernel.op.name == "max" else 0.0
    x, pads = _image(blocks, kernel.operand, found, channels, sides, fill)
    how = _slides(sides) | pads | {"kernel": tuple(side.kernel for side in sides)}
    shape = (math.prod(p.size for p in channels), *(side.steps for side in sides))
    y = blocks.build.add(f"{kernel.op.name}_pool", [x], shape, scope, **how)
    order = [*channels, *(p for d in sliding for p in found.positions if p.digit == d)]
    steps = dict(zip(found.positions, dense(p.size for p in found.positions), strict=True))
    y = blocks.build.reshape(y, tuple(p.size for p in order), scope)
    blocks.hold(kernel.out, y, [steps[p] for p in order])
    return True


def _windows(blocks: Blocks, view: View) -> Windows | None:
    """The windows of a view (groups, entries, positions), or (positions, entries)."""
    if blocks.numbers(view.block) is not None:
        return None
    pairs = zip(view.affine.dims, view.affine.steps, strict=True)
    axes = [list(map(Axis, *pair)) for pair in pairs]
    groups, entries, positions = axes if len(axes) == 3 else ([], axes[1], axes[0])
    held = blocks.held(view.block)
    return windows(held.axes, view.affine.offset, groups, entries, positions)


def _is_convolution(found: Windows) -> bool:
    """Whether windows slide; those of one entry do along two sides, if channels come first."""
    sliding = {p.digit for p in found.positions}
    if not 0 < len(sliding) <= DIMENSIONS:
        return False
    first = min(sliding) > max((e.digit for e in found.entries), default=-1)
    return bool(found.sliding) or (len(sliding) > 1 and first)


def _slides(sides: Sequence[Side]) -> dict[str, Dims]:
    return {
        "strides": tuple(side.stride for side in sides),
        "dilations": tuple(side.dilation for side in sides),
    }


def _positions(found: Windows, sliding: Sequence[int]) -> list[Axis]:
    """The axes of the positions, in the order of the sides."""
    places = dense(p.size for p in found.positions)
    by_digit = {p.digit: axis for p, axis in zip(found.positions, places, strict=True)}
    return [by_digit[digit] for digit in sliding]


def _image(
    blocks: Blocks,
    view: View,
    found: Windows,
    channels: Sequence[Place],
    sides: Sequence[Side],
    fill: float,
) -> tuple[str, dict[str, tuple[Dims, Dims]]]:
    """The image (C, ...) that windows slide over, and its margins, if those are the layer's."""
    held, build, depth = blocks.held(view.block), blocks.build, math.prod(c.size for c in channels)
    none = (0,) * len(sides)
    if held.margins and not held.name and held.margins.value == fill:
        made = _inside(blocks, held, found, channels, sides)
        if made is not None:
            return made
    spans = [side.size if side.is_whole else side.span for side in sides]
    wanted = [Axis(c.size, found.digits[c.digit].step) for c in channels]
    wanted += [Axis(n, side.step) for n, side in zip(spans, sides, strict=True)]
    x = blocks.read(view.block, view.affine.offset, wanted, view.block.name)
    return build.reshape(x, (depth, *spans), view.block.name), {"pads": (none, none)}


def _inside(
    blocks: Blocks,
    held: Held,
    found: Windows,
    channels: Sequence[Place],
    sides: Sequence[Side],
) -> tuple[str, dict[str, tuple[Dims, Dims]]] | None:
    """The image without its margins; None where windows see part of it, or margins of channels."""
    margins, build = held.margins, blocks.build
    assert margins
    around = zip(held.axes, margins.before, margins.after, strict=True)
    widths = {axis: (a, b) for axis, a, b in around if a or b}
    axes = [Axis(side.size, side.step) for side in sides]
    order = [*(c.digit for c in channels), *map(found.digits.index, axes)]
    sees_all = all(c.size == found.digits[c.digit].size for c in channels)
    sees_all = sees_all and all(side.is_whole for side in sides) and len(order) == len(found.digits)
    if not sees_all or not widths.keys() <= set(axes):
        return None
    sizes = [axis.size - sum(widths.get(axis, (0, 0))) for axis in found.digits]
    x = build.reshape(margins.inside, tuple(sizes), held.scope)
    x = build.transpose(x, order, held.scope)
    shape = (math.prod(c.size for c in channels), *(sizes[k] for k in order[len(channels) :]))
    pads = [widths.get(axis, (0, 0)) for axis in axes]
    before, after = (tuple(pair[k] for pair in pads) for k in (0, 1))
    return build.reshape(x, shape, held.scope), {"pads": (before, after)}
