"""Write scalars, run matrices: compile a function of Values and Tensors, and run it on batches."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from ..scopes import tracing  # noqa: F401
from ..tensor import Tensor
from ..value import Value
from . import threads
from .batches import samples
from .fold import fold
from .kernels import Plan
from .lower import lower
from .machine import Machine, cost
from .memory import Array
from .packs import packs
from .record import Recording, record
from .tape import tape
from .trust import check

CACHE = 5_000_000  # bytes of rows that one thread works on at a time
WORTH = 4e-4  # seconds of work from which on threads pay


def compile(  # noqa: A001
    function: Callable[..., Any],
    *examples: Any,
    parameters: Iterable[Tensor | Value] = (),
    dtype: Any = "float32",
    threads: int | None = None,
) -> "Program":
    """Record a function of one sample, and make a program that runs it on batches.

    The function is called once, with Tensors (for numbers: Values) shaped like the examples. It
    may use the `parameters`, numbers of its own, and nothing else; it returns Values and Tensors,
    alone or in tuples, lists and dicts.

    >>> w = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> program = compile(lambda x: (w @ x).tanh().sum(), [0.0, 0.0], parameters=[w])
    >>> value, (gradient,) = program.value_and_grad([[0.1, 0.2], [0.3, 0.4]])
    >>> gradient.shape
    (2, 2)

    `dtype` is "float32" or "float64". `threads` is how many share a large batch, by default as
    many as there are processors.

    Raises ValueError for a parameter that is missing, and UnknownNumberError (a TypeError) where
    the function decides something by a number.
    """
    kind = np.dtype(dtype)
    if kind not in (np.dtype("float32"), np.dtype("float64")):
        raise ValueError(f'compile: dtype must be "float32" or "float64", got {dtype!r}')
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise ValueError(f"compile: threads must be an int of at least 1, got {threads!r}")
    recording = record(function, examples, parameters)
    numbered = tape(recording)
    fold(numbered)
    plan = lower(recording, numbered, packs(numbered))
    program = Program(recording, plan, kind, threads)
    check(program, recording)
    return program


class Program:
    """A compiled function: call it with batches, or ask for `value_and_grad` or a `train_step`.

    Batches are arrays (N, *example's shape); results have the same leading axis. Before each run
    the parameters' numbers are read from their Values. A `train_step` keeps them in arrays instead,
    until `sync` writes them back.
    """

    def __init__(
        self, recording: Recording, plan: Plan, dtype: Any, thread_count: int | None
    ) -> None:
        self.recording, self.plan, self.dtype = recording, plan, dtype
        self.threads = thread_count or threads.available()
        self.values = [v for group in recording.parameters for v in group.values]
        self.weights = np.zeros(len(self.values), dtype)
        self.gradient = np.zeros(len(self.values), dtype)
        self.outputs: Any = None
        self._ahead: list[TrainStep] = []
        self._machines: dict[Any, Machine] = {}
        self._seconds, self._rows = cost(plan)
        self.read()

    def __call__(self, *batches: Any) -> Any:
        """The function's results for a batch: arrays (N, ...)."""
        self._refresh()
        arrays = samples(self.recording.arguments, batches)
        return self._run(arrays, differentiate=False)

    def value_and_grad(self, *batches: Any) -> tuple[float, list[Array]]:
        """The mean of the loss over a batch, and its gradient: an array for each parameter.

        The loss is the function's result, or the first of several; the others are left in
        `outputs`. TypeError where it is not a single Value.
        """
        self._refresh()
        loss = self._loss_and_gradient(batches)
        shapes = [group.shape for group in self.recording.parameters]
        return loss, [g.copy().reshape(s) for g, s in zip(self._split(self.gradient), shapes, strict=True)]

    def train_step(self, optimizer: Any, clip_norm: float | None = None) -> "TrainStep":
        """A function of batches that updates the parameters, and returns the mean loss before."""
        return TrainStep(self, optimizer, clip_norm)

    def sync(self) -> None:
        """Write the numbers that train steps have changed back into Values and optimisers."""
        for v, number in zip(self.values, self.weights.tolist(), strict=True):
            v.data = number
        for step in self._ahead:
            step.write_back()
        self._ahead = []

    def read(self) -> None:
        """Take the parameters' numbers from their Values."""
        self.weights[...] = list(map(attrgetter("data"), self.values))

    def _refresh(self) -> None:
        if not self._ahead:
            self.read()

    def _split(self, flat: Array) -> list[Array]:
        sizes = [len(group.values) for group in self.recording.parameters]
        return np.split(flat, np.cumsum(sizes)[:-1]) if sizes else []

    # --- running ---------------------------------------------------------------------------------

    def _loss_and_gradient(self, batches: Sequence[Any]) -> float:
        if self.recording.results[0].shape:
            raise TypeError(
                "value_and_grad: the function must return a loss first, a single Value; got a "
                f"Tensor of shape {self.recording.results[0].shape}"
            )
        arrays = samples(self.recording.arguments, batches)
        self.outputs = self._run(arrays, differentiate=True)
        return self._loss

    def _run(self, arrays: list[Array], differentiate: bool) -> Any:
        """Cut the batch into parts, run them on threads, and put the results together."""
        n = len(arrays[0])
        arrays = arrays + self._drawn(n)
        results = [
            np.empty((n, *result.shape), self.dtype) for result in self.recording.results
        ]
        shares = self._shares(n)
        gradients = [np.zeros_like(self.gradient) for _ in shares] if differentiate else []
        tasks = [
            partial(self._share, k, spans, arrays, results, gradients, n)
            for k, spans in enumerate(shares)
        ]
        with threads.single_blas():
            threads.together(tasks)
        if differentiate:
            self.gradient[...] = gradients[0]
            for gradient in gradients[1:]:
                self.gradient += gradient
            self._loss = float(results[0].mean(dtype=np.float64))
        return self.recording.rebuild(results)

    def _share(
        self,
        thread: int,
        spans: list[slice],
        arrays: list[Array],
        results: list[Array],
        gradients: list[Array],
        n: int,
    ) -> None:
        """What one thread does: its parts of the batch, one after the other."""
        for span in spans:
            machine = self._machine(thread, span.stop - span.start, bool(gradients))
            machine.run([array[span] for array in arrays], 1 / n if gradients else 0.0)
            for result, rows in zip(results, machine.results, strict=True):
                part = np.moveaxis(rows, -1, 0)
                result[span] = part.reshape(len(part), *result.shape[1:])
            if gradients:
                gradients[thread] += machine.gradient

    def _machine(self, thread: int, size: int, differentiate: bool) -> Machine:
        key = (thread, size, differentiate)
        if key not in self._machines:
            weights = self._split(self.weights)
            self._machines[key] = Machine(self.plan, weights, size, differentiate, self.dtype)
        return self._machines[key]

    def _shares(self, n: int) -> list[list[slice]]:
        """The spans of samples that each thread works on, one after the other."""
        workers = min(self.threads, n) if n * self._seconds >= WORTH else 1
        most = max(1, CACHE // (2 * self._rows * self.dtype.itemsize + 1))
        chunk = max(4, 1 << (most.bit_length() - 1))
        return [
            [
                slice(start + lo, start + hi)
                for lo, hi in _cuts(stop - start, -(-(stop - start) // chunk))
            ]
            for start, stop in _cuts(n, workers)
        ]

    def _drawn(self, n: int) -> list[Array]:
        """Fresh random numbers for every sample, in the order in which eager mode draws them."""
        return [number(uniform(rng, (n, len(v)))) for v, rng, number in self.recording.trace.draws]


def _cuts(n: int, parts: int) -> list[tuple[int, int]]:
    """n in so many parts of nearly equal size."""
    marks = [n * k // parts for k in range(parts + 1)]
    return list(zip(marks, marks[1:], strict=False))


def uniform(rng: Any, shape: tuple[int, ...]) -> Array:
    """Numbers of `random.Random` as an array, the same that `rng.random()` would give one by one."""
    version, state, gauss = rng.getstate()
    twister = np.random.RandomState()
    twister.set_state(("MT19937", np.array(state[:-1], np.uint32), state[-1]))
    numbers = twister.random_sample(shape)
    _, keys, position, *_ = twister.get_state()
    rng.setstate((version, (*map(int, keys), int(position)), gauss))
    return numbers


class TrainStep:
    """A whole update on arrays: forward, backward, and the optimiser's rule.

    The optimiser's learning rate is read at every step, so schedules work as usual.
    """

    def __init__(self, program: Program, optimizer: Any, clip_norm: float | None) -> None:
        self.program, self.optimizer, self.clip_norm = program, optimizer, clip_norm
        place = {v: k for k, v in enumerate(program.values)}
        missing = [v for v in optimizer.values if v not in place]
        if missing:
            name = missing[0].label or repr(missing[0])
            raise ValueError(
                f"train_step: the optimiser changes {name}, which is not one of the program's "
                "parameters; compile with parameters=model.parameters()"
            )
        where = [place[v] for v in optimizer.values]
        self.where: Any = slice(None) if where == list(range(len(place))) else np.array(where)
        self.state: list[Array] | None = None

    def __call__(self, *batches: Any) -> float:
        """Update the parameters from one batch, and return its mean loss before the update."""
        program = self.program
        if self.state is None:
            self._start()
        loss = program._loss_and_gradient(batches)
        gradient = program.gradient[self.where]
        if self.clip_norm is not None:
            norm = float(np.linalg.norm(gradient.astype(np.float64)))
            if norm > self.clip_norm:
                gradient = gradient * gradient.dtype.type(self.clip_norm / norm)
        self.optimizer.steps += 1
        weights, *self.state = self.optimizer.rule(
            program.weights[self.where], gradient, *self.state
        )
        program.weights[self.where] = weights
        return loss

    def _start(self) -> None:
        """Take over the parameters and the optimiser's state, as arrays."""
        program = self.program
        program._refresh()
        if self not in program._ahead:
            program._ahead.append(self)
        rows = np.array(self.optimizer.state, program.dtype).reshape(len(self.optimizer.state), -1)
        self.state = [column.copy() for column in rows.T]

    def write_back(self) -> None:
        """Give the state back to the optimiser."""
        if self.state is not None:
            columns = [column.tolist() for column in self.state]
            rows = zip(*columns, strict=True) if columns else [()] * len(self.optimizer.values)
            self.optimizer.state = [tuple(row) for row in rows]
        self.state = None
