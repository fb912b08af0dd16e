"""Write scalars, run matrices: compile a function of Values and Tensors, and run it on batches."""

import inspect
import math
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dialects.expressions import InexpressibleError
from ..scopes import tracing, uncollected
from ..tensor import Tensor
from ..value import Value
from .backends.c99 import text as c99
from .backends.choose import Choice, choice
from .backends.choose import backend as chosen
from .batches import name_entries, refuse_indices, refuse_nan, samples
from .explain import explanation, listing
from .parameters import Gradients, Parameters
from .plan.lower import Lowering
from .plan.plan import Plan
from .profile import Profile, profiled
from .steps import TrainStep
from .tensors.graph import Tensors
from .tensors.lift import tensors
from .trace.fold import fold
from .trace.packs import packs
from .trace.record import Recording
from .trace.repeatable import recorded
from .trace.tape import tape
from .verify import Checked, check, check_backend

MANY = 16_384  # random numbers, for which converting a generator's state costs less than its words


def compile(
    function: Callable[..., Any],
    *examples: Any,
    parameters: Iterable[Tensor | Value] = (),
    dtype: Any = "float32",
    threads: int | None = None,
    backend: str = "auto",
    devices: Any = None,
) -> "Program":
    """Record a function of one sample, and make a program that runs it on batches.

    The function is called once (and again where it leaves other numbers in its objects), with
    Tensors (for numbers: Values) shaped like the examples, and nested like them where these are
    dicts or tuples of tensors: (h, c) of an LSTM. It may use the `parameters`, numbers of its own,
    and nothing else; it returns Values and Tensors, alone or in tuples, lists and dicts.
    Random numbers that it should draw anew for every sample come from `autograd.drawn`; what it
    should know of the whole batch, from `autograd.batch_mean`.

    >>> w = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> program = compile(lambda x: (w @ x).tanh().sum(), [0.0, 0.0], parameters=[w])
    >>> value, (gradient,) = program.value_and_grad([[0.1, 0.2], [0.3, 0.4]])
    >>> gradient.shape
    (2, 2)

    A function without arguments is of its parameters alone, such as an input that is optimised, and
    its program takes no batches: `program()`, `program.value_and_grad()`, `step()`; its results
    have no leading axis.

    `dtype` is "float32" or "float64". `backend` is what runs the program: "native" (machine code),
    "numpy", or "auto", the faster one that there is; or "jax" (XLA), for GPUs and for `devices` of
    JAX's that share each batch: how many, or a list of them, by default one. There `dtype` may be
    "bfloat16", to which operands of products are rounded; their sums, and all else, are in float32.
    `threads` is how many processors share a large batch, by default all that there are; NumPy
    leaves that to its BLAS, and JAX to XLA.

    Raises ValueError for a parameter that is missing, UnknownNumberError (a TypeError) where the
    function decides something by a number, and TypeError where it draws random numbers or counts
    in another way: a program would repeat the first call's for ever.
    """
    if not callable(function) or not (examples or _takes_nothing(function)):
        needed = "a function, and an example of each of its arguments"
        raise TypeError(f"compile: give {needed}; got {function!r:.60}")
    asked = choice(backend, dtype, threads, devices)
    with uncollected(), tracing(None):  # formulas are graphs, also where no_grad() is around
        recording = recorded(function, examples, parameters)
        numbered = tape(recording)
        fold(numbered)
        plan = Lowering(recording, numbered).run(packs(numbered))
        name_entries(recording.arguments, plan.indices, asked.dtype)
        program = Program(recording, plan, asked)
        recording.drop_graph()
    return program


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        with suppress(ValueError):  # of one that does not tell
            inspect.signature(function).bind()
    except TypeError:
        return False
    return True


class Program:
    """A compiled function: call it with batches, or ask for `value_and_grad` or a `train_step`.

    Batches are arrays (N, *example's shape); results have the same leading axis. The numbers of the
    parameters live in one place that Values, programs, and training steps share: what one of them
    changes, all others see.
    """

    def __init__(self, recording: Recording, plan: Plan, asked: Choice) -> None:
        self.recording, self.plan, self.dtype = recording, plan, asked.dtype
        self.parameters = Parameters(recording.parameters, asked.dtype)
        self.values, self.weights = self.parameters.values, self.parameters.array
        self.runner = chosen(plan, np.zeros_like(self.weights), asked)
        self.parameters.refresh()
        checks = check if recording.has_graph else check_backend
        checks(Checked(plan, recording, self.values), self.runner.trial())
        self.runner.read(self.weights)
        self.gradients = Gradients(self.parameters.parts, self.runner.gradient)
        self.outputs: Any = None
        self._lock = self.parameters.lock  # and buffers serve one thread at a time

    def __call__(self, *batches: Any) -> Any:
        """The function's results for a batch: arrays (N, ...)."""
        with self._lock:
            self.parameters.refresh()
            arrays = self._arrays(batches)
            results = self._run(arrays, seed=0.0)
            if any(np.isnan(result).any() for result in results):
                refuse_nan(self.recording.arguments, arrays)
            self._tell(results)
            return self._unflattened(results)

    def value_and_grad(self, *batches: Any) -> tuple[float, list[NDArray[Any]]]:
        """The mean of the loss over a batch, and its gradient: an array for each parameter.

        The loss is the function's result, or the first of several; the others are left in
        `outputs`. TypeError where it is not a single Value.
        """
        with self._lock:
            self.gradients.settle()
            with np.errstate(all="ignore"):
                loss, results = self._loss_and_gradient(self._losing(batches))
            gradient = self.runner.gradient.copy()
            self._tell(results)
        found, start = [], 0
        for group in self.recording.parameters:
            found.append(gradient[start : start + len(group.values)].reshape(group.shape))
            start += len(group.values)
        return loss, found

    def train_step(self, optimizer: Any, clip_norm: float | None = None) -> "TrainStep":
        """A function of batches that updates the parameters, and returns the mean loss before.

        The updates are seen at once by the Values, and by all other programs of the same model.
        """
        return TrainStep(self, optimizer, clip_norm)

    def to(
        self, backend: str, dtype: Any = None, threads: int | None = None, devices: Any = None
    ) -> "Program":
        """The same program on another backend, with the same parameters: what `compile` is told.

        Nothing is recorded anew. By default the dtype stays.
        """
        asked = choice(backend, self.dtype if dtype is None else dtype, threads, devices)
        name_entries(self.recording.arguments, self.plan.indices, asked.dtype)
        with self._lock, tracing(None):
            return Program(self.recording, self.plan, asked)

    @property
    def source(self) -> str:
        """What a backend makes of it: the native one C, JAX a jaxpr; RuntimeError of NumPy."""
        text = getattr(self.runner, "source", None)
        if text is None:
            raise RuntimeError(
                f'source: this program runs on {self.backend}; compile with backend="native"'
            )
        return str(text)

    def to_c(self, name: str, about: str = "") -> str:
        """The function for one sample as a C99 file that stands alone, weights included:
        `void name(const float *x, float *y)`; `about` is said at its top.

        ValueError for a name that cannot be a function's in C, for no or several arguments, several
        results, for random numbers, and for an operation that C has no words for.
        """
        if self.recording.alone:
            raise ValueError("to_c: the function takes no argument")
        with self._lock:
            self.parameters.refresh()
            try:
                return c99(self.plan, self.weights.astype(float), str(self.dtype), name, about)
            except InexpressibleError as error:
                raise ValueError(f"to_c: {error}") from error

    def tensors(self, names: Sequence[str]) -> Tensors:
        """The function as a graph of operations on tensors, batches in front, for other libraries;
        `names` are those of the arguments, then of the parameters.

        ValueError for random numbers, and for an operation that is not made of the table's.
        """
        try:
            return tensors(self.plan, self.recording, names)
        except InexpressibleError as error:
            raise ValueError(str(error)) from error

    def __str__(self) -> str:
        return listing(self.plan, str(self.dtype))

    def explain(self, scope: str = "") -> str:
        """Why the reverse pass of a layer (by its scope) is what it is, in words and shapes."""
        return explanation(self.plan, scope)

    @property
    def backend(self) -> str:
        """What runs the program: "native", "numpy" or "jax"."""
        return self.runner.name

    @property
    def scalars(self) -> int:
        """How many scalars of the graph the kernels compute."""
        return sum(kernel.count for kernel in self.plan.forward)

    @property
    def observed(self) -> int:
        """How many of the results, the last ones, observers are told of: the same for a batch."""
        return sum(count for _, count in self.recording.observers)

    def profile(self, *batches: Any) -> Profile:
        """Where the time of one step goes, kernel by kernel."""
        with self._lock, tracing(None):
            self.parameters.refresh()
            return profiled(self.runner, self._arrays(batches))

    def sync(self) -> None:
        """Nothing: Values see at once what training steps change, and the other way round."""

    # --- running ---------------------------------------------------------------------------------

    def _losing(self, batches: Sequence[Any]) -> list[NDArray[Any]]:
        """The batches as `_arrays`, of a function that has a loss; else a TypeError."""
        first = self.recording.results[0]
        if first.shape:
            raise TypeError(
                "value_and_grad: the function must return a loss first, a single Value; got a "
                f"Tensor of shape {first.shape}"
            )
        return self._arrays(batches)

    def _loss_and_gradient(
        self, arrays: Sequence[NDArray[Any]]
    ) -> tuple[float, list[NDArray[Any]]]:
        """Run a batch forward and in reverse: the mean loss, and all results; the gradient is left
        in the runner.
        """
        self.parameters.refresh()
        results = self._run(arrays, seed=1 / len(arrays[0]))
        loss = self._mean_loss(results)
        if math.isnan(loss):
            refuse_nan(self.recording.arguments, arrays)
        return loss, results

    def _mean_loss(self, results: Sequence[NDArray[Any]]) -> float:
        """The mean of the first result; all of them are left in `outputs`."""
        self.outputs = self._unflattened(results)
        return float(results[0].sum()) / len(results[0])

    def _unflattened(self, results: Sequence[NDArray[Any]]) -> Any:
        """The results as the function gives them, for each sample where there are samples."""
        return self.recording.unflatten([y[0] if self.recording.alone else y for y in results])

    def _arrays(self, batches: Sequence[Any]) -> list[NDArray[Any]]:
        """The batches (N, numbers), and random numbers beside them."""
        if self.recording.alone and batches:
            raise TypeError(f"the program takes no batches, got {len(batches)}")
        given = [[0.0]] if self.recording.alone else batches
        arrays = samples(self.recording.arguments, self.recording.form, given)
        refuse_indices(self.recording.arguments, self.plan.indices, arrays)
        return arrays + self._drawn(len(arrays[0]))

    def _run(self, arrays: Sequence[NDArray[Any]], seed: float) -> list[NDArray[Any]]:
        """The results (N, ...); with a seed, the gradient is left in the runner."""
        n = len(arrays[0])
        results = [np.empty((n, *result.shape), self.dtype) for result in self.recording.results]
        self.runner.run(arrays, results, seed)
        return results

    def _tell(self, results: Sequence[NDArray[Any]]) -> None:
        """Tell the observers of a batch what they asked for: the last of its results."""
        k = len(results) - self.observed
        for told, count in self.recording.observers:
            told(len(results[0]), *[array[0].tolist() for array in results[k : k + count]])
            k += count

    def _drawn(self, n: int) -> list[NDArray[Any]]:
        """Fresh random numbers for every sample, in the order in which eager mode draws them."""
        return [number(uniform(rng, (n, len(v)))) for v, rng, number in self.recording.trace.draws]


def uniform(rng: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """The numbers that `rng.random()` gives one by one; of Python's generators, in one go."""
    n, twister = math.prod(shape), getattr(rng.random, "__self__", None)
    if type(twister) is not random.Random:  # a subclass may draw in its own way
        return np.array([rng.random() for _ in range(n)]).reshape(shape)
    if n > MANY:
        return _uniform_by_numpy(twister, shape)
    # as `random()` does: of two words of 32 bits, the upper 27 and 26 make one number
    words = np.frombuffer(twister.randbytes(8 * n), "<u8").reshape(shape)
    return ((words & 0xFFFFFFE0) << 21 | words >> 38) * 2.0**-53


def _uniform_by_numpy(twister: random.Random, shape: tuple[int, ...]) -> NDArray[Any]:
    """Quicker for many numbers: NumPy has the same generator, and takes over its state."""
    version, state, gauss = twister.getstate()
    twin = np.random.RandomState()
    twin.set_state(("MT19937", np.array(state[:-1], np.uint32), state[-1], 0, 0.0))
    numbers = twin.random_sample(shape)
    _, keys, position, *_ = twin.get_state()
    twister.setstate((version, (*map(int, keys), int(position)), gauss))
    return numbers
