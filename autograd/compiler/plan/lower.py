"""From packs to kernels: which views their operands are, and which dots are matrix products."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...dialects.formulas import row
from ...functions import BATCH_MEAN
from ...names import Name
from ...primitives import PRIMITIVES, SEQUENCES
from ..strided import Dims, Ints, Layout, factor, layout_of, padded
from ..trace.packs import Pack
from ..trace.record import Recording, Result
from ..trace.tape import CONSTANT, DOT, GATHER, PARAMETER, SAMPLE, Tape
from .kernels import Copy, Target
from .lookups import Gather
from .maps import BatchMean, Elementwise, Reduce, Term
from .matmul import MatMul
from .plan import Plan
from .reverse import differentiate
from .views import Block, Listed, View, whole

Grids = Callable[[Pack, Ints, Ints, Ints], None]


class Lowering:
    """From a tape to a plan, pack by pack: where each number lies (block and row) so far."""

    def __init__(self, recording: Recording, tape: Tape) -> None:
        self.tape = tape
        self.plan = Plan()
        self.block_of = np.full(len(tape.op), -1, np.int64)
        self.row_of = np.zeros(len(tape.op), np.int64)
        self.gathered: dict[Any, View] = {}
        self._place_leaves(recording)

    def _place_leaves(self, recording: Recording) -> None:
        plan, start = self.plan, 0
        for groups, dependence, blocks in [
            (_parameter_blocks(recording.parameters), PARAMETER, plan.parameters),
            ([a.values for a in recording.arguments], SAMPLE, plan.arguments),
            ([values for values, _, _ in recording.trace.draws], SAMPLE, plan.draws),
        ]:
            for values in groups:
                label = values[0].name if isinstance(values[0].name, Name) else ""
                ids = np.arange(start, start + len(values))
                blocks.append(self._place(ids, dependence, label))
                start += len(values)
        constants = self.tape.constants
        plan.constant_block = self._place(np.array(list(constants), np.int64), CONSTANT, "")
        plan.constants = np.array(list(constants.values()), np.float64)

    def _place(self, ids: Ints, dependence: int, name: str) -> Block:
        """A block whose rows are these numbers."""
        block = self.plan.block(len(ids), dependence, name)
        self.block_of[ids] = block.number
        self.row_of[ids] = np.arange(len(ids))
        return block

    def run(self, packs: list[Pack]) -> Plan:
        """The plan of packs."""
        for pack in packs:
            if pack.op is DOT:
                self._dots(pack)
            elif pack.op is GATHER:
                self._in_grids(pack, pack.operands[0], pack.operands[1], self._lookup)
            elif pack.op in SEQUENCES:
                self._reduction(pack)
            elif pack.op is BATCH_MEAN:
                self._batch_mean(pack)
            else:
                self._elementwise(pack)
        for ids in self.tape.outputs:
            self.plan.results.append(self._view(np.array(ids, np.int64), ""))
        differentiate(self.plan)
        return self.plan

    # --- kernels ---------------------------------------------------------------------------------

    def _elementwise(self, pack: Pack) -> None:
        out, n = self._place(pack.ids, pack.dependence, pack.scope), len(pack.ids)
        vectors, blocks = [np.arange(n)], []
        for ids in pack.operands:
            block, rows = self._rows(ids, pack.scope)
            if factor(np.stack([*vectors, rows])) is None:
                block, rows = self._gather(ids, pack.scope).block, np.arange(n)
            vectors.append(rows)
            blocks.append(block)
        shared = factor(np.stack(vectors))
        assert shared is not None
        dims, (_, *steps) = shared
        views = [
            View(block, _layout(rows, dims, step))
            for block, rows, step in zip(blocks, vectors[1:], steps, strict=True)
        ]
        numbers = tuple(
            float(self.plan.constants[v.affine.offset]) if v.is_constant() else None for v in views
        )
        of = row(pack.op, numbers)
        terms = [Term(Target(whole(out, dims)), of.forward)]
        self.plan.forward.append(
            Elementwise(pack.scope, n, of.x, views, terms, dims, pack.op, numbers)
        )

    def _batch_mean(self, pack: Pack) -> None:
        plan, scope, n = self.plan, pack.scope, len(pack.ids)
        plan.part = plan.part or plan.block(1, SAMPLE, "1/N")
        out = self._place(pack.ids, pack.dependence, scope)
        view = self._view(pack.operands[0], scope)
        (dims,) = view.affine.dims
        part = View(plan.part, Layout(0, (dims,), ((0,) * len(dims),)))
        of = row(PRIMITIVES["mul"], (None, None))
        terms = [Term(Target(whole(out, dims), adds=True), of.forward)]
        plan.forward.append(
            BatchMean(scope, n, of.x, [view, part], terms, dims, PRIMITIVES["mul"], (None, None))
        )

    def _reduction(self, pack: Pack) -> None:
        out = self._place(pack.ids, pack.dependence, pack.scope)
        bundles = self.tape.bundles
        ids = np.array([bundles[b] for b in pack.operands[0]], np.int64)
        view = self._view(ids, pack.scope)
        target = Target(whole(out, view.affine.dims[0]))
        self.plan.forward.append(Reduce(pack.scope, len(pack.ids), target, pack.op, view))

    def _dots(self, pack: Pack) -> None:
        dependence, (left, right) = self.tape.bundle_dependence, pack.operands
        if dependence[left[0]] > dependence[right[0]]:
            left, right = right, left
        self._in_grids(pack, left, right, self._matmul)

    def _in_grids(self, pack: Pack, left: Ints, right: Ints, kernel: Grids) -> None:
        """Kernels for numbers that are made of pairs: of all left operands with all right ones."""
        entries = {b: k for k, b in enumerate(zip(left.tolist(), right.tolist(), strict=True))}
        for lefts, rights in grids(list(entries)):
            pairs = [
                [[entries[a, b] for b in row] for a in column]
                for column, row in zip(lefts, rights, strict=True)
            ]
            kernel(pack, np.array(pairs), np.array(lefts), np.array(rights))
        for k, pair in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            if entries[pair] != k:  # computed twice: one row serves both
                first, again = pack.ids[entries[pair]], pack.ids[k]
                self.block_of[again] = self.block_of[first]
                self.row_of[again] = self.row_of[first]

    def _matmul(self, pack: Pack, which: Ints, lefts: Ints, rights: Ints) -> None:
        """Groups of dots, each all of its left bundles (g, f) by all of its right ones (g, p)."""
        g, f, p = which.shape
        bundles, scope = self.tape.bundles, pack.scope
        out = self._place(pack.ids[which].ravel(), pack.dependence, scope)
        a = np.array([bundles[b] for b in lefts.ravel()], np.int64).reshape(g, f, -1)
        b = np.array([bundles[b] for b in rights.ravel()], np.int64).reshape(g, p, -1)
        left, right = self._view(a, scope), self._view(b.transpose(0, 2, 1), scope)
        target = Target(whole(out, (g,), (f,), (p,)))
        self.plan.forward.append(MatMul(scope, which.size, target, left, right))

    def _lookup(self, pack: Pack, which: Ints, lefts: Ints, rights: Ints) -> None:
        """Groups of entries: of each sequence (g, f), those that the indices (g, p) name."""
        g, f, p = which.shape
        bundles, scope = self.tape.bundles, pack.scope
        out = self._place(pack.ids[which.transpose(0, 2, 1)].ravel(), pack.dependence, scope)
        ids = np.array([bundles[b] for b in lefts.ravel()], np.int64).reshape(g, f, -1)
        table = self._view(ids, scope)
        if len(table.affine.dims[2]) > 1:
            table = self._gather(ids, scope)
        for k, block in enumerate(self.plan.arguments):
            rows = self.row_of[rights[self.block_of[rights] == block.number]]
            if rows.size:
                self.plan.indices.append((k, np.unique(rows), ids.shape[2]))
        rows = whole(out, (g,), (p,), (f,))
        self.plan.forward.append(Gather(scope, which.size, rows, table, self._view(rights, scope)))

    # --- views -----------------------------------------------------------------------------------

    def _rows(self, ids: Ints, scope: str) -> tuple[Block, Ints]:
        """The block and the rows of numbers; gathered where they lie in several."""
        blocks = self.block_of[ids]
        if (blocks == blocks.flat[0]).all():
            return self.plan.blocks[blocks.flat[0]], self.row_of[ids]
        return self._gather(ids, scope).block, np.arange(ids.size).reshape(ids.shape)

    def _view(self, ids: Ints, scope: str) -> View:
        """Numbers (axes...) as a view with these axes: where they lie, in a halo, or gathered."""
        blocks, rows = self.block_of[ids], self.row_of[ids]
        if (blocks == blocks.flat[0]).all():
            found = layout_of(rows)
            if found is not None:
                return View(self.plan.blocks[blocks.flat[0]], found)
            return self._gather(ids, scope)
        return self._in_halo(ids, blocks, rows, scope) or self._gather(ids, scope)

    def _in_halo(self, ids: Ints, blocks: Ints, rows: Ints, scope: str) -> View | None:
        """A view of an image in a halo of one constant, where it is that."""
        fixed = blocks == self.plan.constant_block.number
        inside = ~fixed
        if len(np.unique(blocks[inside])) != 1 or len(np.unique(ids[fixed])) != 1:
            return None
        found = padded(np.where(inside, rows, -1), inside)
        if found is None:
            return None
        source = self.plan.blocks[blocks[inside][0]]
        fill = self.tape.constants[int(ids[fixed][0])]
        key = (source.number, found.source.tobytes(), repr(fill))  # 0.0 is not -0.0
        if key not in self.gathered:
            target = np.flatnonzero(found.source >= 0)
            initial = np.full(len(found.source), fill)
            block = self.plan.block(len(found.source), source.dependence, scope, initial)
            note = f"into an image with margins of {fill:g}"
            self._copy(block, source, target, found.source[target], scope, note)
            self.gathered[key] = View(block, found.layout)
        return View(self.gathered[key].block, found.layout)

    def _gather(self, ids: Ints, scope: str) -> View:
        """Numbers from anywhere, copied into a block of their own in this order."""
        key = (ids.shape, ids.tobytes())
        if key not in self.gathered:
            self.gathered[key] = self._gathered(ids.ravel(), ids.shape, scope)
        return self.gathered[key]

    def _gathered(self, ids: Ints, shape: tuple[int, ...], scope: str) -> View:
        blocks, rows = self.block_of[ids], self.row_of[ids]
        sources = [self.plan.blocks[k] for k in dict.fromkeys(blocks.tolist())]
        dependence = max([PARAMETER, *[source.dependence for source in sources]])
        block = self.plan.block(len(ids), dependence, scope)
        for source in sources:
            target = np.flatnonzero(blocks == source.number)
            if source.constant:
                block.initial = np.zeros(len(ids)) if block.initial is None else block.initial
                block.initial[target] = self.plan.constants[rows[target]]
            else:
                self._copy(block, source, target, rows[target], scope, "gathered")
        return whole(block, *[(n,) for n in shape])

    def _copy(
        self, block: Block, source: Block, target: Ints, rows: Ints, scope: str, note: str
    ) -> None:
        """Copy rows of a source to rows of a block, by their layouts where they have one."""
        found = factor(np.stack([target, rows]))
        if found is None:
            to, of = View(block, Listed(target)), View(source, Listed(rows))
        else:
            dims, steps = found
            to, of = (
                View(b, _layout(r, dims, step))
                for b, r, step in zip((block, source), (target, rows), steps, strict=True)
            )
        self.plan.forward.append(Copy(scope, 0, Target(to), of, note))


def _parameter_blocks(parameters: list[Result]) -> list[list[Any]]:
    """The Values of each block of parameters: of each Tensor, and of single Values in a row.

    A neuron written by hand, with parameters=[w1, w2, w3, b], has one block of four rows.
    """
    groups: list[list[Any]] = []
    for single, neighbours in itertools.groupby(parameters, lambda group: not group.shape):
        if single:
            groups.append([v for group in neighbours for v in group.values])
        else:
            groups += [group.values for group in neighbours]
    return groups


def _layout(rows: Ints, dims: Dims, steps: Ints) -> Layout:
    """The layout of one axis that starts where the rows do."""
    return Layout(int(rows[0]), (dims,), (tuple(map(int, steps)),))


# --- which dots form grids ------------------------------------------------------------------------


def grids(pairs: list[tuple[int, int]]) -> list[tuple[list[list[int]], list[list[int]]]]:
    """Distinct pairs (left, right) as few grids: [(lefts[g][f], rights[g][p]), ...].

    Every pair is in one grid of one group; groups of one size are together, as one kernel.
    """
    by_left = _by_rights(pairs)
    if len(by_left) > 1:
        by_right = [(rows, columns) for columns, rows in _by_rights([(b, a) for a, b in pairs])]
        by_left = min(by_left, by_right, key=len)
    sizes: dict[tuple[int, int], tuple[list[list[int]], list[list[int]]]] = {}
    for lefts, rights in by_left:
        found = sizes.setdefault((len(lefts), len(rights)), ([], []))
        found[0].append(lefts)
        found[1].append(rights)
    return list(sizes.values())


def _by_rights(pairs: list[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Lefts with the same rights together."""
    rights: dict[int, list[int]] = {}
    for a, b in pairs:
        rights.setdefault(a, []).append(b)
    together: dict[tuple[int, ...], list[int]] = {}
    for a, found in rights.items():
        together.setdefault(tuple(found), []).append(a)
    return [(lefts, list(found)) for found, lefts in together.items()]
