"""From packs to kernels: which views their operands are, and which dots are matrix products."""

import itertools
import math
from typing import Any

import numpy as np

from ...names import Name
from ..strided import Box, Ints, box, factor, padded
from ..trace.packs import Pack
from ..trace.record import Recording, Result
from ..trace.tape import BATCH, CONSTANT, DOT, SEQUENCES, WEIGHT, Tape
from .kernels import Block, Elementwise, Gather, Piece, Plan, Product, Reduce, View


def lower(recording: Recording, tape: Tape, packs: list[Pack]) -> Plan:
    """The kernels of a recorded function."""
    return Lowering(recording, tape).run(packs)


class Lowering:
    """Where each number lies (block and row), and the plan so far."""

    def __init__(self, recording: Recording, tape: Tape) -> None:
        self.tape = tape
        self.plan = Plan()
        self.block_of = np.full(len(tape.op), -1, np.int64)
        self.row_of = np.zeros(len(tape.op), np.int64)
        self.gathered: dict[Any, View] = {}
        self._place_leaves(recording)

    def _place_leaves(self, recording: Recording) -> None:
        plan, start = self.plan, 0
        for groups, kind, blocks in [
            (_together(recording.parameters), WEIGHT, plan.parameters),
            ([a.values for a in recording.arguments], BATCH, plan.arguments),
            ([values for values, _, _ in recording.trace.draws], BATCH, plan.draws),
        ]:
            for values in groups:
                label = values[0].name if isinstance(values[0].name, Name) else ""
                blocks.append(self._place(np.arange(start, start + len(values)), kind, label))
                start += len(values)
        constants = self.tape.constants
        plan.constant_block = self._place(np.array(list(constants), np.int64), CONSTANT)
        plan.constants = np.array(list(constants.values()), np.float64)

    def _place(self, ids: Ints, kind: int, name: str = "") -> Block:
        """A block whose rows are these numbers."""
        made = self.plan.block(len(ids), kind, name)
        self.block_of[ids] = made.number
        self.row_of[ids] = np.arange(len(ids))
        return made

    def run(self, packs: list[Pack]) -> Plan:
        """Lower pack by pack."""
        for pack in packs:
            if pack.op is DOT:
                self._dots(pack)
            elif pack.op in SEQUENCES:
                self._reduction(pack)
            else:
                self._elementwise(pack)
        for ids in self.tape.outputs:
            self.plan.results.append(self._view(np.array(ids, np.int64), ""))
        return self.plan

    # --- kernels ---------------------------------------------------------------------------------

    def _elementwise(self, pack: Pack) -> None:
        out, n = self._place(pack.ids, pack.kind, pack.scope), len(pack.ids)
        accepted = [np.arange(n)]
        blocks = []
        for ids in pack.operands:
            block, rows = self._rows(ids, pack.scope)
            if factor(np.stack([*accepted, rows])) is None:
                block, rows = self._gather(ids, pack.scope).block, np.arange(n)
            accepted.append(rows)
            blocks.append(block)
        dims, steps = factor(np.stack(accepted)) or ((), np.empty((0, 0)))
        views = [
            View(block, Box(int(rows[0]), (dims,), (tuple(map(int, step)),)))
            for block, rows, step in zip(blocks, accepted[1:], steps[1:], strict=True)
        ]
        self.plan.kernels.append(Elementwise(out, pack.scope, n, pack.op, views, dims))

    def _reduction(self, pack: Pack) -> None:
        out = self._place(pack.ids, pack.kind, pack.scope)
        bundles = self.tape.bundles
        ids = np.array([bundles[b] for b in pack.operands[0]], np.int64)
        view = self._view(ids, pack.scope)
        self.plan.kernels.append(Reduce(out, pack.scope, len(pack.ids), pack.op, view))

    def _dots(self, pack: Pack) -> None:
        kind, (left, right) = self.tape.bundle_kind, pack.operands
        if kind[left[0]] > kind[right[0]]:
            left, right = right, left
        entries = {b: k for k, b in enumerate(zip(left.tolist(), right.tolist(), strict=True))}
        for lefts, rights in grids(list(entries)):
            pairs = [
                [[entries[a, b] for b in row] for a in column]
                for column, row in zip(lefts, rights, strict=True)
            ]
            self._product(pack, np.array(pairs), np.array(lefts), np.array(rights))
        for k, pair in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            if entries[pair] != k:  # computed twice: one row serves both
                first, again = pack.ids[entries[pair]], pack.ids[k]
                self.block_of[again] = self.block_of[first]
                self.row_of[again] = self.row_of[first]

    def _product(self, pack: Pack, which: Ints, lefts: Ints, rights: Ints) -> None:
        """Groups of dots, each all of its left bundles (g, f) by all of its right ones (g, p)."""
        g, f, p = which.shape
        bundles, scope = self.tape.bundles, pack.scope
        out = self._place(pack.ids[which].ravel(), pack.kind, scope)
        a = np.array([bundles[b] for b in lefts.ravel()], np.int64).reshape(g, f, -1)
        b = np.array([bundles[b] for b in rights.ravel()], np.int64).reshape(g, p, -1)
        left, right = self._view(a, scope), self._view(b.transpose(0, 2, 1), scope)
        self.plan.kernels.append(Product(out, scope, which.size, left, right, g, f, a.shape[-1], p))

    # --- views -----------------------------------------------------------------------------------

    def _rows(self, ids: Ints, scope: str) -> tuple[Block, Ints]:
        """The block and the rows of numbers; gathered where they lie in several."""
        blocks = self.block_of[ids]
        if (blocks == blocks.flat[0]).all():
            return self.plan.blocks[blocks.flat[0]], self.row_of[ids]
        return self._gather(ids, scope).block, np.arange(ids.size).reshape(ids.shape)

    def _view(self, ids: Ints, scope: str) -> View:
        """Numbers (axes...) as a view with these axes: a box, a box over margins, or gathered."""
        blocks, rows = self.block_of[ids], self.row_of[ids]
        if (blocks == blocks.flat[0]).all():
            found = box(rows)
            if found is not None:
                return View(self.plan.blocks[blocks.flat[0]], found)
            return self._gather(ids, scope)
        return self._with_margins(ids, blocks, rows, scope) or self._gather(ids, scope)

    def _with_margins(self, ids: Ints, blocks: Ints, rows: Ints, scope: str) -> View | None:
        """A view of an image with margins of one constant, where it is that."""
        number = self.plan.blocks
        fixed = blocks == self.plan.constant_block.number
        inside = ~fixed
        if len(np.unique(blocks[inside])) != 1 or len(np.unique(ids[fixed])) != 1:
            return None
        found = padded(np.where(inside, rows, -1), inside)
        if found is None:
            return None
        source = number[blocks[inside][0]]
        margin = self.tape.constants[int(ids[fixed][0])]
        key = (source.number, found.source.tobytes(), margin)
        if key not in self.gathered:
            target = np.flatnonzero(found.source >= 0)
            piece = _piece(source, target, found.source[target])
            block = self.plan.block(len(found.source), source.kind, scope)
            initial = np.full(len(found.source), margin)
            self.plan.kernels.append(Gather(block, scope, 0, [piece], initial, margins=True))
            self.gathered[key] = View(block, found.box)
        return View(self.gathered[key].block, found.box)

    def _gather(self, ids: Ints, scope: str) -> View:
        """Numbers from anywhere, copied into a block of their own in this order."""
        key = (ids.shape, ids.tobytes())
        if key not in self.gathered:
            self.gathered[key] = self._gathered(ids.ravel(), ids.shape, scope)
        return self.gathered[key]

    def _gathered(self, ids: Ints, shape: tuple[int, ...], scope: str) -> View:
        blocks, rows = self.block_of[ids], self.row_of[ids]
        initial = np.zeros(len(ids))
        pieces, kind = [], WEIGHT
        for k in dict.fromkeys(blocks.tolist()):
            source, target = self.plan.blocks[k], np.flatnonzero(blocks == k)
            if source is self.plan.constant_block:
                initial[target] = self.plan.constants[rows[target]]
                continue
            pieces.append(_piece(source, target, rows[target]))
            kind = max(kind, source.kind)
        block = self.plan.block(len(ids), kind, scope)
        self.plan.kernels.append(Gather(block, scope, 0, pieces, initial))
        steps = tuple((math.prod(shape[axis + 1 :]),) for axis in range(len(shape)))
        return View(block, Box(0, tuple((n,) for n in shape), steps))


def _together(parameters: list[Result]) -> list[list[Any]]:
    """The Values of each parameter; single Values in a row, as of a neuron, lie together."""
    found: list[list[Any]] = []
    for single, groups in itertools.groupby(parameters, lambda group: not group.shape):
        if single:
            found.append([v for group in groups for v in group.values])
        else:
            found += [group.values for group in groups]
    return found


def _piece(source: Block, target: Ints, rows: Ints) -> Piece:
    found = factor(np.stack([target, rows]))
    if found is None:
        return Piece(source, target, rows, None)
    dims, (to, of) = found
    boxes = Box(int(target[0]), (dims,), (_ints(to),)), Box(int(rows[0]), (dims,), (_ints(of),))
    return Piece(source, target, rows, boxes)


def _ints(steps: Ints) -> tuple[int, ...]:
    return tuple(map(int, steps))


# --- which dots form grids ------------------------------------------------------------------------


def grids(pairs: list[tuple[int, int]]) -> list[tuple[list[list[int]], list[list[int]]]]:
    """Distinct pairs (left, right) as few grids: [(lefts[g][f], rights[g][p]), ...].

    Every pair is in one grid of one group; groups of one size are together, as one kernel.
    """
    by_left = _blocks(pairs)
    if len(by_left) > 1:
        by_right = [(rows, columns) for columns, rows in _blocks([(b, a) for a, b in pairs])]
        by_left = min(by_left, by_right, key=len)
    sizes: dict[tuple[int, int], tuple[list[list[int]], list[list[int]]]] = {}
    for lefts, rights in by_left:
        found = sizes.setdefault((len(lefts), len(rights)), ([], []))
        found[0].append(lefts)
        found[1].append(rights)
    return list(sizes.values())


def _blocks(pairs: list[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Lefts with the same rights together."""
    rights: dict[int, list[int]] = {}
    for a, b in pairs:
        rights.setdefault(a, []).append(b)
    together: dict[tuple[int, ...], list[int]] = {}
    for a, found in rights.items():
        together.setdefault(tuple(found), []).append(a)
    return [(lefts, list(found)) for found, lefts in together.items()]
