"""Lookups: where each named entry lies, and adjoints added up by that place."""

from typing import Any

from ...plan.lookups import Gather, Lookup, Scatter
from ...plan.views import whole
from .state import State


def gather(kernel: Gather, state: State) -> None:
    """y = x[i], nan where i names no entry."""
    import jax.numpy as jnp

    (places, known), table = _places(kernel, state), state.array(kernel.table.block)
    if table.ndim == 1:
        found = table[places]
    else:
        places = jnp.broadcast_to(places, (state.samples, *places.shape[-3:]))
        flat = places.reshape(state.samples, -1)
        found = jnp.take_along_axis(table, flat, axis=1).reshape(places.shape)
    samples = found.shape[: found.ndim - 3]
    found = jnp.where(known, found, jnp.nan).reshape(*samples, *kernel.rows.affine.shape)
    state.hand(kernel.targets()[0], found, bool(samples))


def scatter(kernel: Scatter, state: State) -> None:
    """x̄[i] += ȳ."""
    import jax.numpy as jnp

    (places, known), block = _places(kernel, state), kernel.table.block
    given = state.matrices(kernel.rows, kernel.sizes)
    shape = jnp.broadcast_shapes(given.shape, places.shape)
    given = jnp.broadcast_to(jnp.where(known, given, 0), shape)
    at: tuple[Any, ...] = (jnp.broadcast_to(places, shape),)
    lead: tuple[int, ...] = ()
    if block.batched:
        lead = (state.samples,)
        at = (jnp.arange(state.samples).reshape(-1, 1, 1, 1), *at)
    total = jnp.zeros((*lead, block.size), state.dtype).at[at].add(given)
    state.add(whole(block, (block.size,)), total)


def _places(kernel: Lookup, state: State) -> tuple[Any, Any]:
    """Where the entries lie in their block, (N?, g, p, f), and which of them there are."""
    import jax.numpy as jnp

    g, p, f = kernel.sizes
    index = state.matrices(kernel.index, (g, p, 1))
    known = (index >= -kernel.length) & (index < kernel.length) & (index == jnp.trunc(index))
    k = jnp.where(known, index, 0).astype(jnp.int32) % kernel.length
    return kernel.starts().reshape(g, 1, f) + kernel.step * k, known
