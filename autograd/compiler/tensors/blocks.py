"""The tensors that hold the blocks of a plan, how views read them, and how copies fill them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..plan.kernels import Copy
from ..plan.plan import Plan
from ..plan.views import Block, Listed, View, uniform
from ..strided import Dims, Ints, Layout, layout_of
from .axes import Axis, Match, cut, dense, match, refined
from .graph import Builder


@dataclass
class Margins:
    """A tensor that stands in margins of a number: so many before and after along each axis."""

    inside: str
    before: Dims
    after: Dims
    value: float


@dataclass
class Held:
    """A tensor that holds a block: its axes, in the tensor's order, say which row is where.

    With margins it is made of what they are around, where it is needed as a whole.
    """

    name: str
    axes: tuple[Axis, ...]
    margins: Margins | None = None
    scope: str = ""


class Blocks:
    """Which tensor holds each block."""

    def __init__(self, plan: Plan, build: Builder) -> None:
        self.plan, self.build = plan, build
        self.copies: dict[Block, list[Copy]] = {}
        self._held: dict[Block, Held] = {}

    def hold(self, block: Block, name: str, axes: Sequence[Axis]) -> None:
        """Say which tensor holds a block."""
        self._held[block] = Held(name, tuple(axes))

    def numbers(self, block: Block) -> NDArray[np.float64] | None:
        """The numbers of a block that never change."""
        if block is self.plan.constant_block:
            return self.plan.constants
        return block.initial if block not in self._held and block not in self.copies else None

    def held(self, block: Block) -> Held:
        """The tensor that holds a block; it may have margins that are not there yet."""
        if block not in self._held:
            numbers = self.numbers(block)
            if numbers is not None:
                self.hold(block, self.build.constant(numbers), dense([block.size]))
            else:
                self._held[block] = self._assembled(block)
        return self._held[block]

    def tensor(self, block: Block) -> Held:
        """The tensor that holds a block, as a whole."""
        held = self.held(block)
        if held.margins and not held.name:
            m = held.margins
            held.name = self.build.pad(m.inside, m.before, m.after, m.value, block.name)
        return held

    def pixels(self, block: Block) -> tuple[Ints, list[Block]] | None:
        """The rows of a block that copies fill, in numbers of their sources' rows, one source after
        the other; -1 where it is 0. None for other blocks and other numbers.
        """
        copies = self.copies.get(block)
        if not copies:
            return None
        found, end = np.full(block.size, -1), 0
        sources = list(dict.fromkeys(copy.source.block for copy in copies))
        for source in sources:
            for copy in copies:
                if copy.source.block is source:
                    found[copy.target.view.rows()] = end + copy.source.rows()
            end += source.size
        is_zero = block.initial is None or not block.initial[found < 0].any()
        return (found, sources) if is_zero else None

    # --- reading ----------------------------------------------------------------------------------

    def match(self, view: View) -> Match | None:
        """How a view of one axis lies in the tensor of its block; None where it is scattered."""
        if self.numbers(view.block) is not None:
            return None
        layout = view.affine
        wanted = list(map(Axis, layout.shape, layout.strides))
        return match(self.held(view.block).axes, layout.offset, wanted)

    def read(self, block: Block, offset: int, wanted: Sequence[Axis], scope: str) -> str:
        """A tensor with these axes; one that repeats has size 1, and is broadcast."""
        shape = tuple(axis.size if axis.step else 1 for axis in wanted)
        layout = Layout(offset, (shape,), (tuple(axis.step for axis in wanted),))
        numbers = self.numbers(block)
        if numbers is not None:
            return self.build.constant(numbers[layout.addresses()])
        held = self.tensor(block)
        found = match(
            held.axes, offset, [Axis(n, axis.step) for n, axis in zip(shape, wanted, strict=True)]
        )
        if found is None:
            return self.build.take(held.name, self._positions(held)[layout.addresses()], scope)
        return self._strided(held, found, shape, scope)

    def rows(self, block: Block, rows: Ints, scope: str) -> str:
        """Rows of a block, in the shape of their numbers."""
        found = layout_of(rows)
        if found is None:
            held = self.tensor(block)
            return self.build.take(held.name, self._positions(held)[rows], scope)
        x = self.read(block, found.offset, list(map(Axis, found.shape, found.strides)), scope)
        x = self.repeated(x, found.shape, scope)
        return self.build.reshape(x, rows.shape, scope)

    def _strided(self, held: Held, found: Match, shape: Dims, scope: str) -> str:
        """A view that is slices, transposition and reshaping."""
        build = self.build
        parts = [part for parts in found.parts for part in parts]
        sizes = {part.digit: part.size for part in parts}
        x = build.reshape(held.name, tuple(digit.size for digit in found.digits), scope)
        stops = tuple(start + sizes.get(k, 1) for k, start in enumerate(found.starts))
        x = build.slice(x, found.starts, stops, scope)
        order = [part.digit for part in parts]
        rest = [k for k in range(len(found.digits)) if k not in sizes]
        if order != sorted(order):  # else axes of size 1 may stay where they are
            x = build.transpose(x, [*order, *rest], scope)
        return build.reshape(x, shape, scope)

    def _positions(self, held: Held) -> Ints:
        """Where in a tensor each row is."""
        sizes, steps = zip(*held.axes, strict=True) if held.axes else ((), ())
        rows = Layout(0, (sizes,), (steps,)).addresses().ravel()
        positions = np.empty(len(rows), np.int64)
        positions[rows] = np.arange(len(rows))
        return positions

    # --- filling ----------------------------------------------------------------------------------

    def _assembled(self, block: Block) -> Held:
        """What copies fill: an image in margins, tensors side by side, or rows from anywhere."""
        copies = self.copies[block]
        boxes = _boxes(block, copies)
        made = self._in_margins(block, copies, boxes) or self._side_by_side(block, copies, boxes)
        return made or self._from_anywhere(block, copies)

    def _in_margins(self, block: Block, copies: list[Copy], boxes: list[Match]) -> Held | None:
        if len(boxes) != 1 or block.initial is None:
            return None
        box, (digits, starts, _) = _sizes(boxes[0]), boxes[0]
        outside = np.ones([digit.size for digit in digits], bool)
        outside[tuple(slice(a, a + n) for a, n in zip(starts, box, strict=True))] = False
        fill = block.initial[outside.ravel()]
        if not len(fill) or not uniform(fill):
            return None
        inside = self._source(copies[0], boxes[0])
        ends = zip(digits, starts, box, strict=True)
        after = tuple(digit.size - a - n for digit, a, n in ends)
        return Held("", digits, Margins(inside, starts, after, float(fill[0])), block.name)

    def _side_by_side(self, block: Block, copies: list[Copy], boxes: list[Match]) -> Held | None:
        if not boxes:
            return None
        digits, sizes = boxes[0].digits, list(map(_sizes, boxes))
        axes = [k for k, d in enumerate(digits) if any(size[k] < d.size for size in sizes)]
        if len(axes) > 1:
            return None
        axis = axes[0] if axes else 0
        places = sorted(range(len(boxes)), key=lambda k: boxes[k].starts[axis] if digits else 0)
        pieces, end = [], 0
        for k in places:
            start = boxes[k].starts[axis] if digits else 0
            if start > end:
                pieces.append(self._constant(block, digits, axis, end, start))
            pieces.append(self._source(copies[k], boxes[k]))
            end = start + (sizes[k][axis] if digits else 1)
        if digits and end < digits[axis].size:
            pieces.append(self._constant(block, digits, axis, end, digits[axis].size))
        return Held(self.build.concat(pieces, axis, block.name), digits)

    def _constant(
        self, block: Block, digits: Sequence[Axis], axis: int, start: int, stop: int
    ) -> str:
        """The numbers that a block holds before it is filled, from one place of an axis on."""
        assert block.initial is not None
        initial = block.initial.reshape([digit.size for digit in digits])
        return self.build.constant(np.take(initial, range(start, stop), axis))

    def _source(self, copy: Copy, box: Match) -> str:
        """What is copied to a box, in the order of its digits."""
        layout, order = copy.source.affine, []
        axes: list[Axis] = []
        for n, step, parts in zip(layout.shape, layout.strides, box.parts, strict=True):
            axes += refined(Axis(n, step), parts)[: len(parts)]
            order += [part.digit for part in parts]
        wanted = [axes[k] for k in np.argsort(order)]
        x = self.read(copy.source.block, layout.offset, wanted, copy.scope)
        shape = tuple(axis.size for axis in wanted)
        x = self.repeated(x, shape, copy.scope)
        return self.build.reshape(x, _sizes(box), copy.scope)

    def repeated(self, x: str, shape: Dims, scope: str) -> str:
        """A tensor broadcast to a shape."""
        if self.build.shapes[x] == shape:
            return x
        size = math.prod(self.build.shapes[x])
        places = np.arange(size).reshape(self.build.shapes[x])
        return self.build.take(x, np.array(np.broadcast_to(places, shape)), scope)

    def _from_anywhere(self, block: Block, copies: list[Copy]) -> Held:
        """Rows listed one by one: of all sources, side by side."""
        pieces: list[str] = []
        places, end = np.zeros(block.size, np.int64), 0
        if block.initial is not None:
            pieces.append(self.build.constant(block.initial))
            places, end = np.arange(block.size), block.size
        for source in dict.fromkeys(copy.source.block for copy in copies):
            held = self.tensor(source)
            pieces.append(self.build.reshape(held.name, (source.size,), block.name))
            for copy in copies:
                if copy.source.block is source:
                    rows = self._positions(held)[copy.source.rows()]
                    places[copy.target.view.rows()] = end + rows
            end += source.size
        joined = self.build.concat(pieces, 0, block.name)
        return Held(self.build.take(joined, places, block.name), dense([block.size]))


def _sizes(box: Match) -> Dims:
    """How much of each digit a box fills."""
    sizes = {part.digit: part.size for parts in box.parts for part in parts}
    return tuple(sizes.get(k, 1) for k in range(len(box.digits)))


def _boxes(block: Block, copies: Sequence[Copy]) -> list[Match]:
    """The boxes that copies fill, in common digits; none where there are no such digits."""
    targets = [copy.target.view for copy in copies]
    if any(isinstance(v.layout, Listed) for v in [*targets, *(copy.source for copy in copies)]):
        return []
    digits: tuple[Axis, ...] | None = dense([block.size])
    for view in targets:
        for step in view.affine.strides:
            digits = cut(digits, step) if digits is not None else None
    if digits is None:
        return []
    boxes: list[Match] = []
    for view in targets:
        layout = view.affine
        found = match(digits, layout.offset, list(map(Axis, layout.shape, layout.strides)))
        if found is None:
            return []
        boxes.append(found)
    return boxes
