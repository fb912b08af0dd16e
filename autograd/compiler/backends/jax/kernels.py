"""What each kind of kernel is in JAX: what it computes of the views that it reads."""

import math
from functools import reduce, singledispatch

from ....dialects.formulas import ordered
from ....dialects.jax import spelled
from ...plan.kernels import Copy, Kernel, Zero
from ...plan.lookups import Gather, Scatter
from ...plan.maps import Chain, Map, Reduce, Winners
from ...plan.matmul import MatMul
from .lookups import gather, scatter
from .products import product
from .state import State
from .views import grid

PLANES = 64  # entries of a window, up to which windows that overlap are read entry by entry


@singledispatch
def trace(kernel: Kernel, state: State) -> None:
    """Carry out a kernel on what is traced."""
    raise TypeError(f"JAX has no calls for {kernel!r:.60}")


@trace.register
def _zero(kernel: Zero, state: State) -> None:
    """Nothing: rows that nothing is given to are 0."""


@trace.register
def _copy(kernel: Copy, state: State) -> None:
    """target = source, or += source."""
    batched = kernel.source.block.batched
    x = state.full(kernel.source)
    state.hand(
        kernel.target, x.reshape(*x.shape[:batched], *kernel.target.view.layout.shape), batched
    )


@trace.register
def _map(kernel: Map, state: State) -> None:
    """Formulas of numbers side by side; of the reverse pass, in the shorter form that is the same
    where nothing is nan: else the reference decides.
    """
    reads = kernel.reads()
    known = {
        leaf: state.view(view)
        for leaf, view in zip(kernel.leaves, kernel.inputs, strict=True)
        if leaf.unknown and view in reads
    }
    views = [*reads, *[term.target.view for term in kernel.terms]]
    batched = any(view.block.batched for view in views)
    for term in kernel.terms:
        formula = ordered(term.formula) if isinstance(kernel, Chain) else term.formula
        state.hand(term.target, spelled(formula, known, state.dtype), batched)


@trace.register
def _winners(kernel: Winners, state: State) -> None:
    """To the first of the largest (or smallest) entries; a nan beats all.

    XLA may compute entries anew here, and round otherwise than where it looked for the largest:
    then none would be equal to that. Compared with each other, one of them always wins.
    """
    import jax.numpy as jnp

    upstream, _, *entries = map(state.view, kernel.inputs)
    beats = jnp.greater if kernel.op.name == "max" else jnp.less
    best, winner = entries[0], jnp.zeros((), jnp.int32)
    for k, x in enumerate(entries[1:], 1):
        better = beats(x, best) | ((x != x) & (best == best))
        best, winner = jnp.where(better, x, best), jnp.where(better, k, winner)
    batched = any(view.block.batched for view in kernel.inputs)
    for k, term in enumerate(kernel.terms):
        state.hand(term.target, jnp.where(winner == k, upstream, 0), batched)


@trace.register
def _reduce(kernel: Reduce, state: State) -> None:
    """sum, max or min over the second axis of a view."""
    import jax.numpy as jnp

    name, operand, batched = kernel.op.name, kernel.operand, kernel.operand.block.batched
    (rows, over), found = operand.affine.dims, grid(operand)
    if (found is None or found.shared()) and math.prod(over) <= PLANES:
        combine = {"sum": jnp.add, "max": jnp.maximum, "min": jnp.minimum}[name]
        x = reduce(combine, map(state.full, operand.planes()))
    else:
        x = state.full(operand)
        x = getattr(jnp, name)(x, axis=tuple(range(batched + len(rows), x.ndim)))
    state.hand(kernel.target, x, batched)


trace.register(MatMul, product)
trace.register(Gather, gather)
trace.register(Scatter, scatter)
