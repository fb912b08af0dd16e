"""What a training step computes on devices, as functions that are traced."""

from typing import TYPE_CHECKING, Any, NamedTuple

from .rules import Rules

if TYPE_CHECKING:
    from .backend import Jax


class Gathered(NamedTuple):
    """The gradient of the loss of some batches (P,), its norm, and whether that and the losses are
    finite.
    """

    gradient: Any
    norm: Any
    finite: Any


class New(NamedTuple):
    """What a step gives."""

    weights: Any
    state: list[Any]
    gradient: Any


def gathered(
    runner: "Jax", observed: int, where: Any, weights: Any, before: Gathered | None, batch: Any
) -> tuple[Gathered, list[Any], Any]:
    """The gradient of a batch, and of those before it, and the results [(N, size)]; but so many of
    these, the last ones, which are the same for all samples, as one row.
    """
    import jax.numpy as jnp

    inputs, seed, part = batch
    results, gradient = runner.passes(weights, inputs, seed, part)
    losses = jnp.where(seed == 0, 0, results[0][:, 0])  # not of samples that fill up
    finite = jnp.isfinite(losses.sum())
    if before:
        gradient, finite = gradient + before.gradient, finite & before.finite
    norm = jnp.linalg.norm(gradient[where])
    finite &= jnp.isfinite(norm)
    own = len(results) - observed
    row = jnp.concatenate([jnp.zeros(0, gradient.dtype), *[y[0] for y in results[own:]]])
    return Gathered(gradient, norm, finite), results[:own], row


def updated(rules: Rules, where: Any, clips: bool, *given: Any) -> New:
    """New parameters and state, of old ones, a gradient and its norm; `settings` are the rules',
    and the norm to which the gradient is clipped.
    """
    import jax.numpy as jnp

    weights, state, gradient, norm, settings = given
    if clips:
        gradient = jnp.where(norm > settings[-1], gradient * (settings[-1] / norm), gradient)
    p, *state = rules.of([weights[where], gradient[where], *state], settings)
    return New(weights.at[where].set(p), state, gradient)
