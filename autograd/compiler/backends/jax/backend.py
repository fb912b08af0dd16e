"""The JAX backend: both passes of a plan as one function that XLA compiles."""

import threading
import timeit
from collections.abc import Sequence
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...plan.plan import Plan, multiply_adds
from .. import Array, Timed
from ..numpy import NumPy
from .away import Kept
from .devices import Devices, library
from .kernels import trace
from .sizes import Sizes
from .state import State
from .training import Updater

if TYPE_CHECKING:
    from ...parameters import Parameters

HASTE = {  # of what XLA leaves out then, some takes most of its time on a processor
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
REPEATS = 10  # of what is measured


class Jax:
    """Runs a plan on devices that share each batch; reads `weights` at each run.

    `operands` is the dtype to which operands of products are rounded. Where it is made in `haste`,
    XLA optimises nothing. `jit` is JAX's, for whatever is to be compiled alike.
    """

    name = "jax"
    kept: Kept | None = None  # the weights that training steps leave on the devices

    def __init__(
        self, plan: Plan, weights: Array, devices: Any, operands: str, haste: bool = False
    ) -> None:
        self.plan, self.weights, self.dtype = plan, weights, weights.dtype
        self.gradient = np.zeros_like(weights)
        self.devices, self.precision = Devices(devices), operands
        self.jit = partial(library().jit, compiler_options=hasty() if haste else None)
        there = self.devices.fetchable, self.devices.replicated
        self._forward = self.jit(self._results_alone, out_shardings=there[0])
        self._both = self.jit(self.passes, out_shardings=there)
        self.lock = threading.RLock()  # while old weights are gone, and new ones are not known
        self._sizes = Sizes(self.devices.count)
        self._shares = lru_cache(8)(self._share)  # which are the same from batch to batch
        self._sent: tuple[Array, Any] | None = None  # weights, here and there
        self._exact: NumPy | None = None

    def trial(self) -> "Jax":
        """One that XLA compiles sooner."""
        return Jax(self.plan, self.weights, self.devices.row, self.precision, haste=True)

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
        state = State(plan, len(part), self.dtype, self.precision)
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
            x = jnp.broadcast_to(state.full(view), (state.samples, *view.affine.shape))
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

    def _results_alone(self, weights: Any, inputs: Sequence[Any], part: Any) -> list[Any]:
        return self._results(self._passed(weights, inputs, part))

    # --- running --------------------------------------------------------------------------------

    def read(self, weights: Array) -> None:
        """Let another array be the `weights`."""
        self.weights, self._exact = weights, None

    def run(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """Fill the results (n, ...) for samples (n, numbers); with a seed also the gradient."""
        n = len(results[0])
        with self.devices.precision(self.dtype):
            inputs, seeds, part = self.batch(arrays, seed, self._sizes.of(n))
            if not seed:
                found = self._forward(self._weights(), inputs, part)
            else:
                found, gradient = self._both(self._weights(), inputs, seeds, part)
                np.copyto(self.gradient, self.devices.fetched(gradient))
            for result, array in zip(results, found, strict=True):
                result[...] = self.devices.fetched(array)[:n].reshape(result.shape)
        if seed and (np.isnan(self.gradient).any() or np.isnan(results[0]).any()):
            self._run_exactly(arrays, results, seed)

    def batch(self, arrays: Sequence[Array], seed: float, size: int) -> tuple[list[Any], Any, Any]:
        """Samples (n, numbers) on the devices, with the seed and the part of each, 0 of those that
        fill up to a size.
        """
        n = len(arrays[0])
        with np.errstate(over="ignore"):
            inputs = [_filled(array, size).astype(self.dtype, copy=False) for array in arrays]
        shares = self._shares(n, size, seed), self._shares(n, size, 1 / n)
        return [self.devices.split(x) for x in inputs], *shares

    def _share(self, n: int, size: int, share: float) -> Any:
        """A number for each of n samples, and 0 for those that fill up, on the devices."""
        return self.devices.split(np.where(np.arange(size) < n, share, 0).astype(self.dtype))

    def _weights(self) -> Any:
        """The weights on the devices; they are sent where they have changed."""
        if self._sent is None or not np.array_equal(self._sent[0], self.weights):
            self._sent = self.weights.copy(), self.devices.shared(self.weights)
        return self._sent[1]

    def _run_exactly(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """On the reference, which tells an adjoint of 0 from one that nothing reached."""
        if self._exact is None:
            self._exact = NumPy(self.plan, self.weights)
        self._exact.run(arrays, results, seed)
        np.copyto(self.gradient, self._exact.gradient)

    def updater(
        self, parameters: "Parameters", optimizer: Any, where: Any, observed: int
    ) -> Updater | None:
        """What steps on the devices, if all the Values of each storage are parameters."""
        whole = all(part.whole for part in parameters.parts)
        return Updater(self, parameters, optimizer, where, observed) if whole else None

    # --- what is told of it ---------------------------------------------------------------------

    @property
    def source(self) -> str:
        """Both passes of one sample for each device, as a jaxpr."""
        n, jax = self.devices.count, library()
        sizes = [block.size for block in self.plan.arguments + self.plan.draws]
        with self.devices.precision(self.dtype):
            weights, row = np.zeros_like(self.weights), np.zeros(n, self.dtype)
            inputs = [np.zeros((n, size), self.dtype) for size in sizes]
            return str(jax.make_jaxpr(self.passes)(weights, inputs, row, row))

    def profile(self, arrays: Sequence[Array]) -> list[Timed]:
        """Seconds of the forward pass, and of what the reverse pass takes besides it: XLA runs each
        as a whole.
        """
        n, plan = len(arrays[0]), self.plan
        results = [np.empty((n, view.size), self.dtype) for view in plan.results]
        times: list[float] = []
        for seed in (0.0, 1 / n if plan.seed else 0.0):
            self.run(arrays, results, seed)
            rounds = timeit.repeat(
                partial(self.run, arrays, results, seed), number=1, repeat=REPEATS
            )
            times.append(min(rounds))
        both = [
            (plan.forward, "forward pass", times[0], False),
            (plan.reverse, "reverse pass", max(0.0, times[1] - times[0]), True),
        ]
        return [
            Timed("", (f"the {what}", "as one program"), back, t, 2 * n * multiply_adds(kernels))
            for kernels, what, t, back in both
        ]

    def peak(self) -> float:
        """Of a product of two matrices of 1,024 rows, on one device."""
        product = library().jit(lambda a: a @ a)
        with self.devices.precision(self.dtype):
            a = library().numpy.ones((1024, 1024), self.precision)
            product(a).block_until_ready()
            rounds = timeit.repeat(lambda: product(a).block_until_ready(), number=1, repeat=3)
        return 2 * 1024**3 / min(rounds)


@cache
def hasty() -> dict[str, Any]:
    """Those options that this version of XLA knows."""
    return {name: value for name, value in HASTE.items() if _knows(name, value)}


def _knows(name: str, value: Any) -> bool:
    try:
        library().jit(lambda: 0.0, compiler_options={name: value})()
    except RuntimeError:
        return False
    return True


def _filled(array: Array, size: int) -> Array:
    """So many samples, of which the last repeat the first."""
    missing = size - len(array)
    return np.concatenate([array, np.repeat(array[:1], missing, axis=0)]) if missing else array
