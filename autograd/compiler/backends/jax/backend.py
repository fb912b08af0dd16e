"""The JAX backend: both passes of a plan as one function that XLA compiles."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...plan.plan import Plan
from .. import Array
from ..numpy import NumPy
from .kernels import trace
from .state import State


class Jax:
    """Runs a plan on devices; reads `weights` at each run."""

    name = "jax"

    def __init__(self, plan: Plan, weights: Array, operands: Any = None) -> None:
        self.plan, self.weights, self.dtype = plan, weights, weights.dtype
        self.gradient = np.zeros_like(weights)
        self.operands = operands or self.dtype
        import jax

        self._forward = jax.jit(lambda w, x, part: self._results(self._passed(w, x, part)))
        self._both = jax.jit(self.passes)
        self._exact: NumPy | None = None

    def passes(
        self, weights: Any, inputs: Sequence[Any], seed: Any, part: Any
    ) -> tuple[list[Any], Any]:
        """The results [(N, size)], and the gradient (P,), of arrays that may be traced.

        `inputs` are the arguments and draws (N, numbers), `seed` the adjoint of each sample's loss
        (N,): 1/N, or 0 of samples that only fill up; `part` is each one's part of a mean (N,).
        """
        state = self._passed(weights, inputs, part)
        return self._results(state), self._gradient(state, seed)

    def _passed(self, weights: Any, inputs: Sequence[Any], part: Any) -> State:
        """What the blocks hold after the forward pass."""
        plan, start = self.plan, 0
        state = State(plan, len(part), self.dtype, self.operands)
        for block in plan.parameters:
            state.put(block, weights[start : start + block.size])
            start += block.size
        for block, array in zip(plan.arguments + plan.draws, inputs, strict=True):
            state.put(block, array.astype(self.dtype))
        state.put(plan.constant_block, plan.constants.astype(self.dtype))
        if plan.part:
            state.put(plan.part, part[:, None])
        for kernel in plan.forward:
            trace(kernel, state)
        return state

    def _results(self, state: State) -> list[Any]:
        import jax.numpy as jnp

        results = []
        for view in self.plan.results:
            x, shape = state.view(view), view.affine.shape
            x = x if view.block.batched else x[None]
            x = jnp.broadcast_to(x, (state.samples, *shape))
            results.append(x.reshape(state.samples, -1))
        return results

    def _gradient(self, state: State, seed: Any) -> Any:
        import jax.numpy as jnp

        plan = self.plan
        if not plan.seed:
            return jnp.zeros(len(self.weights), self.dtype)
        state.put(plan.seed, seed[:, None] if plan.seed.batched else seed.sum()[None])
        for kernel in plan.reverse:
            trace(kernel, state)
        found = [
            state.array(plan.gradients[block.number])
            if block.number in plan.gradients
            else jnp.zeros(block.size, self.dtype)
            for block in plan.parameters
        ]
        return jnp.concatenate(found)

    def read(self, weights: Array) -> None:
        """Let another array be the `weights`."""
        self.weights, self._exact = weights, None

    def run(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """Fill the results (n, ...) for samples (n, numbers); with a seed also the gradient."""
        n = len(results[0])
        part = np.full(n, 1 / n, self.dtype)
        inputs = [np.asarray(array, self.dtype) for array in arrays]
        if not seed:
            found = self._forward(self.weights, inputs, part)
        else:
            seeds = np.full(n, seed, self.dtype)
            found, gradient = self._both(self.weights, inputs, seeds, part)
            np.copyto(self.gradient, gradient)
        for result, array in zip(results, found, strict=True):
            result[...] = np.asarray(array).reshape(result.shape)
