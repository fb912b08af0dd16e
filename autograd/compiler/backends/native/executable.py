"""The native backend: a plan as machine code, run on shares of a batch by several threads."""

import ctypes
import os
import timeit
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...plan.matmul import MatMul
from ...plan.plan import Plan
from .. import Timed
from ..numpy import NumPy
from . import toolchain
from .functions import Layout
from .library import load, own_text
from .nests import AnyNest
from .source import source

Array = NDArray[Any]

REPEATS = 10  # of what is measured
SHARE_SECONDS = 2e-5  # of work that a thread must have at least, to be woken for it
POINTERS = ("weights", "gradient", "shared", "inputs", "results", "rows", "sums", "seconds")


class Native:
    """Runs a plan. How a batch is shared depends on its size and the number of threads alone, so
    that the same bits come out whichever thread takes a share.
    """

    name = "native"

    def __init__(
        self, plan: Plan, weights: Array, threads: int | None = None, timed: bool = False
    ) -> None:
        self.plan, self.weights, self.precision = plan, weights, str(weights.dtype)
        self.gradient = _aligned(1, weights.size, weights.dtype)[0]
        self.threads = threads or processors()
        self.dtype = weights.dtype
        target = toolchain.compiler().target
        self.lanes = target.vector_bytes // self.dtype.itemsize
        layout = Layout(str(self.dtype), self.lanes, side_by_side(plan), target.registers)
        self.made = source(plan, layout, timed)
        self.tile = layout.lanes * layout.parts
        self.seconds = np.zeros(len(self.made.nests) if timed else 0)
        self._library = load(self.made.text)
        self._parallel = ctypes.cast(_pool().parallel, ctypes.c_void_p)
        self._shared = _aligned(1, self.made.numbers, self.dtype)
        self._rows, self._sums = (_aligned(0, 0, self.dtype) for _ in range(2))
        self._inputs = (ctypes.c_void_p * len(plan.arguments + plan.draws))()
        self._results = (ctypes.c_void_p * len(plan.results))()
        self._call = self._new_call()
        self._exact: NumPy | None = None

    @property
    def source(self) -> str:
        """The C text."""
        return self.made.text

    def shares(self, n: int) -> int:
        """Among how many threads so many samples are shared."""
        worth = int(n * self.made.seconds / SHARE_SECONDS)
        return max(1, min(self.threads, self._tiles(n), worth))

    def _tiles(self, n: int) -> int:
        return -(-n // self.tile)

    def trial(self) -> "Native":
        """Itself."""
        return self

    def read(self, weights: Array) -> None:
        """Let another array be the `weights`."""
        self.weights, self._call.weights = weights, _address(weights)
        self._exact = None

    def run(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """Fill results (n, ...) for samples (n, numbers), and with a seed the gradient."""
        inputs = [self._input(array) for array in arrays]
        self._inputs[:] = [_address(array) for array in inputs]
        self._results[:] = [_address(array) for array in results]
        call = self._prepared(len(results[0]))
        call.seed = seed
        self._library.run(ctypes.byref(call), self._parallel)
        if call.nan:
            self._run_exactly(arrays, results, seed)

    def _input(self, array: Array) -> Array:
        """Samples as C reads them: the same array, where it is so already."""
        if array.dtype == self.dtype:
            return np.ascontiguousarray(array)
        with np.errstate(over="ignore"):
            return array.astype(self.dtype, "C")

    def _run_exactly(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """On the reference, which tells an adjoint of 0 from one that nothing reached."""
        if self._exact is None:
            self._exact = NumPy(self.plan, self.weights)
        self._exact.run(arrays, results, seed)
        np.copyto(self.gradient, self._exact.gradient)

    def _new_call(self) -> Any:
        """The argument of C's `run`, for no samples yet. It is kept: addresses are slow."""
        call = _call_type(self.dtype)()
        for name in ("weights", "gradient", "seconds"):
            setattr(call, name, _address(getattr(self, name)))
        call.shared = _address(self._shared)
        call.inputs, call.results = map(ctypes.addressof, (self._inputs, self._results))
        return call

    def _prepared(self, n: int) -> Any:
        """The argument of C's `run`, with memory for so many samples."""
        call = self._call
        if call.samples == n:
            return call
        call.samples = 0  # until all is ready: an interrupt may come at any time
        call.shares, call.part = self.shares(n), 1 / n
        if call.shares > len(self._sums):
            self._sums = _aligned(call.shares, self.made.vectors * self.lanes, self.dtype)
        tall = self._tiles(n) if self.made.per_tile else call.shares
        if tall > len(self._rows):
            made = _aligned(tall, self.made.rows * self.lanes, self.dtype)
            for rows in made:
                self._library.prepare(ctypes.byref(call), ctypes.c_void_p(_address(rows)))
            self._rows = made
        call.sums, call.rows = _address(self._sums), _address(self._rows)
        call.samples = n
        return call

    def updater(self, *_: Any) -> None:
        """Nothing: the host steps."""

    def profile(self, arrays: Sequence[Array]) -> list[Timed]:
        """Seconds of each nest on one thread, the best of a few runs."""
        timed = Native(self.plan, self.weights, threads=1, timed=True)
        n = len(arrays[0])
        results = [np.empty((n, view.size), self.dtype) for view in self.plan.results]
        best = np.full(len(timed.seconds), np.inf)
        for _ in range(REPEATS):
            timed.seconds[:] = 0
            timed.run(arrays, results, 1 / n)
            best = np.minimum(best, timed.seconds)
        return [
            Timed(nest.scope, _words(nest), backward, seconds, n * getattr(nest, "flops", 0))
            for (nest, backward), seconds in zip(timed.made.nests, best.tolist(), strict=True)
        ]

    def peak(self) -> float:
        """Of sums in registers."""
        width, rounds = toolchain.compiler().target.vector_bytes, 100_000
        work = load(f"enum {{ LANES = {width // 4} }};\n{own_text('peak.c')}").work
        seconds = min(
            timeit.repeat(lambda: work(ctypes.c_int64(rounds), ctypes.c_float(0.5)), number=1)
        )
        return 2 * 10 * (width // self.dtype.itemsize) * rounds / seconds


def _words(nest: AnyNest) -> tuple[str, str]:
    """What a nest does, kernel after kernel, and what the first was recognised as."""
    return ", ".join(what for what, _ in nest.words), nest.words[0][1]


def _address(array: Array) -> int:
    """Of the first number: quicker from the buffer, where it may be written."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    except (TypeError, ValueError):  # it may only be read, or is empty
        return int(array.__array_interface__["data"][0])


def side_by_side(plan: Plan) -> int:
    """How many vectors of samples a tile has: of layers that use each weight once, more than one,
    so that a weight that is loaded serves several.
    """
    products = [k for k in [*plan.forward, *plan.reverse] if isinstance(k, MatMul)]
    shared = [k for k in products if k.role == "Z" and (k.columns > 1 or k.left.block.batched)]
    return 1 if shared or not products else 2


def _call_type(dtype: Any) -> type[ctypes.Structure]:
    """`Call` in the C text."""
    number = ctypes.c_float if dtype.itemsize == 4 else ctypes.c_double
    fields: list[tuple[str, Any]] = [(name, ctypes.c_void_p) for name in POINTERS]
    fields += [(name, ctypes.c_int64) for name in ("samples", "shares", "nan")]
    fields += [("seed", number), ("part", number)]
    return type("Call", (ctypes.Structure,), {"_fields_": fields})


def _aligned(count: int, numbers: int, dtype: Any) -> Array:
    """(count, numbers) of zeros that begins where a cache line does."""
    size = numbers * dtype.itemsize
    raw = np.zeros(count * size + 64, np.uint8)
    start = -_address(raw) % 64
    array: Array = raw[start : start + count * size].view(dtype).reshape(count, numbers)
    return array


def _pool() -> ctypes.CDLL:
    """The threads that all programs share."""
    return load(own_text("threads.c"), "threads")


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
