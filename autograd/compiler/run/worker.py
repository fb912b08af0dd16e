"""A worker process: another Python that runs the same plan on its shard of every batch.

Threads of one Python would wait for each other's lock between the short calls of a program; a
process of its own does not. Samples, results, weights and gradients lie in a file that both map
into memory, and a byte on a pipe says that there is work, or that it is done.
"""

import contextlib
import os
import pickle
import signal
import struct
import subprocess
import sys
import tempfile
import weakref
from typing import Any

import numpy as np

from ..arrays.memory import Array, Arrays
from ..plan.kernels import Plan
from .microbatches import MicroBatches, single_blas

START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from {} import serve; serve()"
)
COMMAND = struct.Struct("<qd")  # samples, seed
FILE, QUIT = -1, -2  # instead of samples: a new file follows; the work is over
_inherited: list[Any] = []  # workers of the process that this one was forked from


class Worker:
    """Runs shards in another process. After a failure `alive` is False, and nothing is lost."""

    def __init__(self, plan: Plan, dtype: Any) -> None:
        self.alive = True
        self.capacity = 0
        self.shared = _Shared(plan, dtype)
        options = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        task = pickle.dumps((plan, np.dtype(dtype).str))  # fails here, before there is a process
        self.process = subprocess.Popen(
            [sys.executable, "-c", START.format(__name__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what fails here is done by this process instead
            env={**os.environ, **options},
        )
        self._close = weakref.finalize(self, _close, self.process, os.getpid())
        assert self.process.stdin
        assert self.process.stdout
        self._to, self._from = self.process.stdin, self.process.stdout
        path = self.shared.create_weights()
        try:
            self._send(pickle.dumps(sys.path), task, pickle.dumps(path))
            self._wait()
        finally:
            _remove(path)

    def submit(self, weights: Array, arrays: Arrays, results: Arrays, seed: float) -> None:
        """Hand over a shard of a batch; `collect` waits for it."""
        n = len(results[0])
        if n > self.capacity:
            self._enlarge(n)
        if self.alive:
            np.copyto(self.shared.weights, weights)
            for ours, array in zip(self.shared.arrays, arrays, strict=True):
                np.copyto(ours[:n], array, casting="unsafe")
            self._send(COMMAND.pack(n, seed))

    def _enlarge(self, n: int) -> None:
        try:
            path = self.shared.create_samples(n)
        except OSError:  # no room for files here
            self.close()
            return
        try:
            self._send(COMMAND.pack(FILE, 0.0), pickle.dumps((path, n)))
            self._wait()
        finally:
            _remove(path)
        self.capacity = n

    def disown(self) -> None:
        """Leave the worker to the process that started it, of which this one is a fork."""
        self._close.detach()
        self.alive = False
        _inherited.append(self)

    def collect(self, results: Arrays) -> Array | None:
        """Wait for the shard, fill its results and return its gradient; None after a failure."""
        self._wait()
        if not self.alive:
            return None
        for result, ours in zip(results, self.shared.results, strict=True):
            np.copyto(result, ours[: len(result)].reshape(result.shape))
        return self.shared.gradient

    def close(self) -> None:
        """End the process."""
        self._close()
        self.alive = False

    def _send(self, *messages: bytes) -> None:
        try:
            for message in messages:
                self._to.write(message)
            self._to.flush()
        except (OSError, ValueError):  # the worker, or the pipe, is gone
            self.alive = False

    def _wait(self) -> None:
        self.alive = self.alive and self._from.read(1) == b"."


def _close(process: Any, owner: int) -> None:
    """End a worker, if it is ours: a fork of its owner must leave it alone."""
    if os.getpid() != owner:
        return
    with contextlib.suppress(OSError, ValueError):
        process.stdin.write(COMMAND.pack(QUIT, 0.0))
        process.stdin.close()
    process.stdout.close()
    try:
        process.wait(timeout=1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _file(size: int, folder: str | None) -> str:
    """A new file whose room is reserved, as writing to a map beyond it would end the process."""
    handle, path = tempfile.mkstemp(prefix="glassgrad-", dir=folder)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, size)
        else:
            os.truncate(handle, size)
    except OSError:
        _remove(path)
        raise
    finally:
        os.close(handle)
    return path


def _remove(path: str) -> None:
    """A file's name goes; what is mapped stays (where the system allows it)."""
    with contextlib.suppress(OSError):
        os.unlink(path)


class _Shared:
    """Arrays in files that two processes map: weights and gradient, samples and results."""

    def __init__(self, plan: Plan, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.sizes = [block.size for block in plan.arguments + plan.draws]
        self.result_sizes = [int(np.prod(view.layout.shape, dtype=int)) for view in plan.results]
        self.parameters = sum(block.size for block in plan.parameters)

    def _create(self, numbers: int) -> str:
        """A new file, where memory is a file system if there is one with room."""
        size = (numbers + 1) * self.dtype.itemsize
        try:
            return _file(size, "/dev/shm")
        except OSError:
            return _file(size, None)

    def create_weights(self) -> str:
        """A new file for weights and gradient."""
        path = self._create(2 * self.parameters)
        self.open_weights(path)
        return path

    def open_weights(self, path: str) -> None:
        """Map such a file."""
        whole = np.asarray(np.memmap(path, self.dtype, mode="r+"))
        self.weights = whole[: self.parameters]
        self.gradient = whole[self.parameters : 2 * self.parameters]

    def create_samples(self, n: int) -> str:
        """A new file with room for n samples and their results."""
        path = self._create(n * sum(self.sizes + self.result_sizes))
        self.open_samples(path, n)
        return path

    def open_samples(self, path: str, n: int) -> None:
        """Map such a file."""
        whole = np.asarray(np.memmap(path, self.dtype, mode="r+"))
        lengths = [n * size for size in self.sizes + self.result_sizes]
        parts = np.split(whole, np.cumsum(lengths))[:-1]
        rows = [part.reshape(n, -1) for part in parts]
        self.arrays, self.results = rows[: len(self.sizes)], rows[len(self.sizes) :]


def serve() -> None:
    """The worker's loop: until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe, answers = sys.stdin.buffer, sys.stdout.buffer

    def answer() -> None:
        answers.write(b".")
        answers.flush()

    (plan, dtype), path = pickle.load(pipe), pickle.load(pipe)
    shared = _Shared(plan, dtype)
    shared.open_weights(path)
    batches = MicroBatches(plan, shared.weights, shared.gradient)
    answer()
    with single_blas():
        while command := pipe.read(COMMAND.size):
            n, seed = COMMAND.unpack(command)
            if n == QUIT:
                return
            if n == FILE:
                shared.open_samples(*pickle.load(pipe))
            else:
                arrays, results = ([x[:n] for x in xs] for xs in (shared.arrays, shared.results))
                batches.run(arrays, results, seed)
            answer()
