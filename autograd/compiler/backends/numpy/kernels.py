"""The NumPy calls of each kind of kernel, into arrays that are there already."""

from functools import partial, singledispatch

import numpy as np

from ....dialects.numpy import Call
from ...plan.kernels import Copy, Kernel, Zero
from ...plan.lookups import Gather, Scatter
from ...plan.maps import Chain, Map, Reduce, Term
from ...plan.matmul import MatMul
from ...plan.views import Listed
from .formulas import Formulas, shortened
from .lookups import gather, scatter
from .memory import Array, Memory
from .products import product
from .targets import hand, total


@singledispatch
def calls(kernel: Kernel, memory: Memory) -> list[Call]:
    """What carries out a kernel."""
    raise TypeError(f"NumPy has no calls for {kernel!r:.60}")


@calls.register
def _zero(kernel: Zero, memory: Memory) -> list[Call]:
    """rows = 0."""
    view = kernel.target
    if isinstance(view.layout, Listed):
        return [partial(memory.array(view.block).__setitem__, view.layout.numbers, 0)]
    return [partial(memory.view(view).fill, 0)]


@calls.register
def _copy(kernel: Copy, memory: Memory) -> list[Call]:
    """target = source, or += source."""
    source, target = kernel.source, kernel.target
    if isinstance(source.layout, Listed):
        return [_scatter(kernel, memory) if target.adds else _gather(kernel, memory)]
    given = memory.view(source)
    samples = given.shape[len(source.affine.shape) :]
    given = np.reshape(given, (*target.view.affine.shape, *samples), copy=False)
    if target.view.block.batched and not source.block.batched:
        given = given[..., None]
    return hand(memory, target, given, source.block.batched)


def _gather(kernel: Copy, memory: Memory) -> Call:
    """target[i] = source[j] of listed rows."""
    source, out = memory.array(kernel.source.block), memory.array(kernel.target.view.block)
    of, to = kernel.source.rows(), kernel.target.view.rows()
    spread = out.ndim > source.ndim

    def gather() -> None:
        out[to] = source[of][:, None] if spread else source[of]

    return gather


def _scatter(kernel: Copy, memory: Memory) -> Call:
    """target[i] += source[j] of listed rows, where an i may occur several times."""
    source, out = memory.array(kernel.source.block), memory.array(kernel.target.view.block)
    of, to = kernel.source.rows(), kernel.target.view.rows()
    by_row = np.argsort(to, kind="stable")
    unique, starts = np.unique(to[by_row], return_index=True)
    of, summed = of[by_row], source.ndim > out.ndim
    first = kernel.target.view.block.number not in memory.started and out.ndim == 1
    memory.started.add(kernel.target.view.block.number)

    def scatter() -> None:
        if first:
            out.fill(0)
        rows = source[of].sum(axis=1) if summed else source[of]
        out[unique] += np.add.reduceat(rows, starts, axis=0)

    return scatter


@calls.register
def _map(kernel: Map, memory: Memory) -> list[Call]:
    """Formulas of numbers side by side."""
    views = [*kernel.reads(), *[term.target.view for term in kernel.terms]]
    batched = any(view.block.batched for view in views)
    leaves = {
        leaf: memory.view(view, batched)
        for leaf, view in zip(kernel.leaves, kernel.inputs, strict=True)
        if leaf.unknown
    }
    shape = (*kernel.shape, memory.batch) if batched else kernel.shape
    exact = memory.exact or not isinstance(kernel, Chain)
    formulas = Formulas(memory, leaves, shape, exact)
    in_place_last = sorted(kernel.terms, key=lambda term: memory.overwrites(term.target))
    return [c for term in in_place_last for c in _term(term, formulas, batched)]


def _term(term: Term, formulas: Formulas, batched: bool) -> list[Call]:
    """target = formula, or += formula."""
    root = shortened(term.formula, formulas.exact)

    def fill(out: Array) -> list[Call]:
        formulas.calls = []
        formulas.array(root, out)
        return formulas.calls

    given = formulas.found.get(root, fill)
    return hand(formulas.memory, term.target, given, batched)


@calls.register
def _reduce(kernel: Reduce, memory: Memory) -> list[Call]:
    """sum, max or min over the second axis of a view."""
    batched = kernel.operand.block.batched
    rows, over = kernel.operand.affine.dims
    axes = tuple(range(len(rows), len(rows) + len(over)))
    x = memory.view(kernel.operand)

    def fill(out: Array) -> list[Call]:
        if not over:  # a sum of one
            return [partial(np.copyto, out, x)]
        if kernel.op.name == "sum":
            return [total(x, axes, out)]
        combine = np.maximum if kernel.op.name == "max" else np.minimum
        parts = [memory.view(part) for part in kernel.operand.planes()]
        if not 1 < len(parts) <= 16:
            return [partial(combine.reduce, x, axis=axes, out=out)]
        first = partial(combine, parts[1], parts[0], out=out)
        return [first, *[partial(combine, part, out, out=out) for part in parts[2:]]]

    return hand(memory, kernel.target, fill, batched)


calls.register(MatMul, product)
calls.register(Gather, gather)
calls.register(Scatter, scatter)
