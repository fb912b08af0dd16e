"""The native backend: a plan as machine code, run on shares of a batch by several threads."""

import ctypes
import os
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...plan.kernels import MatMul
from ...plan.plan import Plan
from ..numpy import NumPy
from . import toolchain
from .library import load
from .source import Layout, source

Array = NDArray[Any]

SHARE_SECONDS = 2e-5  # of work that a thread must have at least, to be woken for it
POINTERS = ("weights", "gradient", "shared", "inputs", "results", "rows", "sums")


class Native:
    """Runs a plan. How a batch is shared depends on its size and the number of threads alone, so
    that the same bits come out whichever thread takes a share.
    """

    name = "native"

    def __init__(self, plan: Plan, weights: Array, threads: int | None = None) -> None:
        self.plan, self.weights = plan, weights
        self.gradient = np.zeros_like(weights)
        self.threads = threads or processors()
        self.dtype = weights.dtype
        target = toolchain.compiler().target
        self.lanes = target.vector_bytes // self.dtype.itemsize
        layout = Layout(str(self.dtype), self.lanes, side_by_side(plan), target.registers)
        self.made = source(plan, layout)
        self.tile = layout.lanes * layout.parts
        self.call_type = _call_type(self.dtype)
        self._library = load(self.made.text)
        self._parallel = ctypes.cast(_pool().parallel, ctypes.c_void_p)
        self._shared = _aligned(self.made.numbers, 1, self.dtype)
        self._rows = self._sums = _aligned(0, 1, self.dtype)
        self._arenas = self._shares = 0
        self._exact: NumPy | None = None

    @property
    def source(self) -> str:
        """The C text."""
        return self.made.text

    def shares(self, n: int) -> int:
        """Among how many threads so many samples are shared."""
        tiles = -(-n // self.tile)
        worth = int(n * self.made.seconds / SHARE_SECONDS)
        return max(1, min(self.threads, tiles, worth))

    def run(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """Fill results (n, ...) for samples (n, numbers), and with a seed the gradient."""
        n = len(results[0])
        shares = self.shares(n)
        with np.errstate(over="ignore"):
            inputs = [np.ascontiguousarray(array, self.dtype) for array in arrays]
        call = self._call(n, shares, seed)
        pointers = (ctypes.c_void_p * len(inputs))(*[a.ctypes.data for a in inputs])
        outputs = (ctypes.c_void_p * len(results))(*[a.ctypes.data for a in results])
        call.inputs, call.results = ctypes.addressof(pointers), ctypes.addressof(outputs)
        self._library.run(ctypes.byref(call), self._parallel)
        if seed and (_has_nan(self.gradient) or _has_nan(results[0])):
            self._run_exactly(arrays, results, seed)

    def _run_exactly(
        self, arrays: Sequence[Array], results: Sequence[Array], seed: float
    ) -> None:
        """On the reference, which tells an adjoint of 0 from one that nothing reached."""
        if self._exact is None:
            self._exact = NumPy(self.plan, self.weights)
        self._exact.run(arrays, results, seed)
        np.copyto(self.gradient, self._exact.gradient)

    def _call(self, n: int, shares: int, seed: float) -> Any:
        arenas = -(-n // self.tile) if self.made.per_tile else shares
        if shares > self._shares:
            self._sums, self._shares = _aligned(self.made.vectors * self.lanes, shares, self.dtype), shares
        grown = arenas > self._arenas
        if grown:
            self._rows, self._arenas = _aligned(self.made.rows * self.lanes, arenas, self.dtype), arenas
        made = self.call_type(
            *[a.ctypes.data for a in (self.weights, self.gradient, self._shared)], 0, 0,
            self._rows.ctypes.data, self._sums.ctypes.data, n, shares, seed, 1 / n,
        )
        if grown:
            for k in range(arenas):
                rows = self._rows.ctypes.data + k * self._rows.strides[0]
                self._library.prepare(ctypes.byref(made), ctypes.c_void_p(rows))
        return made


def side_by_side(plan: Plan) -> int:
    """How many vectors of samples a tile has: of layers that use each weight once, more than one,
    so that a weight that is loaded serves several.
    """
    products = [k for k in [*plan.forward, *plan.reverse] if isinstance(k, MatMul)]
    shared = [k for k in products if k.role == "Z" and (k.columns > 1 or k.left.block.batched)]
    return 1 if shared or not products else 2


def _has_nan(numbers: Array) -> bool:
    """Whether there is one; a single pass, unless a square is infinite."""
    return not np.vdot(numbers, numbers) < np.inf and bool(np.isnan(numbers).any())


def _call_type(dtype: Any) -> type[ctypes.Structure]:
    """`Call` in the C text."""
    number = ctypes.c_float if dtype.itemsize == 4 else ctypes.c_double
    fields: list[tuple[str, Any]] = [(name, ctypes.c_void_p) for name in POINTERS]
    fields += [("samples", ctypes.c_int64), ("shares", ctypes.c_int64)]
    fields += [("seed", number), ("share", number)]
    return type("Call", (ctypes.Structure,), {"_fields_": fields})


def _aligned(numbers: int, count: int, dtype: Any) -> Array:
    """(count, numbers) of zeros that begins where a cache line does."""
    size = max(1, numbers) * dtype.itemsize
    raw = np.zeros(count * size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count * size].view(dtype).reshape(count, -1)


def _pool() -> ctypes.CDLL:
    """The threads that all programs share."""
    text = resources.files(__package__).joinpath("threads.c").read_text(encoding="utf-8")
    return load(text, "threads")


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
