"""What each kind of kernel is in JAX: what it computes of the views that it reads."""

import math
from functools import reduce, singledispatch
from typing import Any

import numpy as np

from ....dialects.jax import spelled
from ...plan.kernels import Copy, Kernel, Zero
from ...plan.lookups import Gather, Lookup, Scatter
from ...plan.maps import Map, Reduce
from ...plan.matmul import MatMul
from ...plan.views import View
from ...strided import Layout
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
    x = _spread(state.view(kernel.source), kernel.source.layout.shape)
    state.hand(
        kernel.target, x.reshape(*x.shape[:batched], *kernel.target.view.layout.shape), batched
    )


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    import jax.numpy as jnp

    return jnp.broadcast_to(x, (*x.shape[: x.ndim - len(shape)], *shape))


@trace.register
def _map(kernel: Map, state: State) -> None:
    """Formulas of numbers side by side."""
    used = {view.block for view in kernel.reads()}
    known = {
        leaf: state.view(view)
        for leaf, view in zip(kernel.leaves, kernel.inputs, strict=True)
        if leaf.unknown and view.block in used
    }
    batched = any(block.batched for block in used)
    targets = [term.target.view.block.batched for term in kernel.terms]
    for term in kernel.terms:
        made = spelled(term.formula, known, state.dtype)
        made = np.asarray(made, state.dtype) if isinstance(made, float) else made
        state.hand(term.target, made, batched or any(targets))


@trace.register
def _reduce(kernel: Reduce, state: State) -> None:
    """sum, max or min over the second axis of a view."""
    import jax.numpy as jnp

    operand, batched = kernel.operand, kernel.operand.block.batched
    rows, over = operand.affine.dims
    found = grid(operand)
    words = {
        "sum": (jnp.add, jnp.sum),
        "max": (jnp.maximum, jnp.max),
        "min": (jnp.minimum, jnp.min),
    }
    combine, total = words[kernel.op.name]
    if (found is None or found.shared()) and math.prod(over) <= PLANES:
        x = reduce(combine, [_spread(state.view(plane), rows) for plane in operand.planes()])
    else:
        x = _spread(state.view(operand), (*rows, *over))
        x = total(x, axis=tuple(range(batched + len(rows), x.ndim)))
    state.hand(kernel.target, x, batched)


trace.register(MatMul, product)


@trace.register
def _gather(kernel: Gather, state: State) -> None:
    """y = x[i], nan where i names no entry."""
    import jax.numpy as jnp

    places, known = _places(kernel, state)
    table, batched = state.array(kernel.table.block), kernel.rows.block.batched
    if kernel.table.block.batched:
        flat = places.reshape(len(places), -1)
        rows = jnp.take_along_axis(table, flat, axis=1).reshape(places.shape)
    else:
        rows = table[places]
    rows = jnp.where(known, rows, jnp.nan)
    state.hand(
        kernel.targets()[0], rows.reshape(*rows.shape[:batched], *_shape(kernel.rows)), batched
    )


@trace.register
def _scatter(kernel: Scatter, state: State) -> None:
    """x̄[i] += ȳ."""
    import jax.numpy as jnp

    places, known = _places(kernel, state)
    block = kernel.table.block
    upstream = state.array(kernel.rows.block)
    g, p, f = kernel.sizes
    upstream = upstream.reshape(*upstream.shape[:-1], g, p, f)
    shape = jnp.broadcast_shapes(upstream.shape, places.shape)
    upstream = jnp.where(known, jnp.broadcast_to(upstream, shape), 0)
    places = jnp.broadcast_to(places, shape)
    if block.batched:
        base = jnp.zeros((state.samples, block.size), state.dtype)
        samples = jnp.arange(state.samples).reshape(-1, 1, 1, 1)
        x = base.at[samples, places].add(upstream)
    else:
        x = jnp.zeros(block.size, state.dtype).at[places].add(upstream)
    state.hand(_flat(kernel, block), x, block.batched)


def _flat(kernel: Scatter, block: Any) -> Any:
    from ...plan.kernels import Target
    from ...plan.views import whole

    return Target(whole(block, (block.size,)), adds=True)


def _places(kernel: Lookup, state: State) -> tuple[Any, Any]:
    """Where the entries lie in their block, (N?, g, p, f), and which of them there are."""
    import jax.numpy as jnp

    g, p, f = kernel.sizes
    offset, (groups, sequences, _), (to_group, to_sequence, _) = kernel.table.affine
    starts = Layout(offset, (groups, sequences), (to_group, to_sequence)).addresses()
    index = state.view(kernel.index)
    shape = kernel.index.affine.shape
    lead = index.shape[: index.ndim - len(shape)]
    index = jnp.broadcast_to(index, (*lead, *shape)).reshape(*lead, g, p, 1)
    known = (index >= -kernel.length) & (index < kernel.length) & (index == jnp.trunc(index))
    k = jnp.where(known, index, 0).astype(jnp.int32) % kernel.length
    return starts.reshape(g, 1, f) + kernel.step * k, known


def _shape(view: View) -> tuple[int, ...]:
    return view.affine.shape
