"""Matrix products: convolutions where an operand, or what is made, is windows; else plain dots."""

from typing import Any

from ...plan.matmul import MatMul
from .convolutions import convolved, hand_back, slides
from .state import State


def product(kernel: MatMul, state: State) -> None:
    """z[g, f, p] = Σ_k left[g, f, k]·right[g, k, p]; the samples are summed where z has none."""
    left, right, target = kernel.left, kernel.right, kernel.target.view
    batched, summed = left.block.batched, right.block.batched and not target.block.batched
    if (image := slides(right)) and batched == summed:
        z = convolved(kernel, state, image)
    elif (image := slides(target)) and right.block.batched and not batched:
        hand_back(kernel, state, image)
        return
    else:
        z = _dots(kernel, state)
    samples = z.shape[: z.ndim - 3]
    state.hand(kernel.target, z.reshape(*samples, *target.affine.shape), bool(samples))


def _dots(kernel: MatMul, state: State) -> Any:
    """z (n?, g, f, p)."""
    import jax.numpy as jnp

    g, f, k, p = kernel.sizes
    a, b = state.matrices(kernel.left, (g, f, k)), state.matrices(kernel.right, (g, k, p))
    of_a, of_b = ("n" * (x.ndim - 3) for x in (a, b))
    of_z = (of_a or of_b) * (kernel.target.view.block.batched or not of_a or not of_b)
    return jnp.einsum(f"{of_a}gfk,{of_b}gkp->{of_z}gfp", *state.rounded(a, b), **state.exactly)
