"""In which axes numbers side by side are computed: those in which their operands lie already."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..plan.views import View
from .axes import Axis, Part, refined
from .blocks import Blocks


class Frame(NamedTuple):
    """The dimensions of a kernel cut into parts, and the order in which these become axes."""

    shape: tuple[int, ...]
    parts: tuple[tuple[Part, ...], ...]
    order: tuple[int, ...]

    def axes(self, steps: Sequence[int]) -> list[Axis]:
        """The axes of a view that takes these steps along the dimensions."""
        cut = [
            axis
            for n, step, parts in zip(self.shape, steps, self.parts, strict=True)
            for axis in refined(Axis(n, step), parts)
        ]
        return [cut[k] for k in self.order]

    def dims(self) -> list[int]:
        """The dimension that each axis is part of."""
        dims = [d for d, parts in enumerate(self.parts) for _ in parts or [0]]
        return [dims[k] for k in self.order]


def frame(blocks: Blocks, shape: tuple[int, ...], views: Sequence[View]) -> Frame:
    """The axes of the largest operand that is not scattered, in its order."""
    for view in sorted(views, key=_weight, reverse=True):
        found = blocks.match(view)
        if found is not None:
            parts = found.parts
            places = [part.digit for several in parts for part in several or [Part(1, -1)]]
            order = sorted(range(len(places)), key=places.__getitem__)
            kept = range(len(places)) if -1 in places else order
            return Frame(shape, parts, tuple(kept))
    return Frame(shape, ((),) * len(shape), tuple(range(len(shape))))


def _weight(view: View) -> tuple[bool, int]:
    pairs = zip(view.affine.shape, view.affine.strides, strict=True)
    return view.block.batched, math.prod(n for n, step in pairs if step)
