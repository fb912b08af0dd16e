"""A batch sharded among processes: this one, and workers once there is enough to do."""

import os
import pickle
import time
from collections.abc import Sequence

import numpy as np

from ..arrays.memory import Array, Arrays
from ..plan.kernels import Plan
from .microbatches import MicroBatches, cost, cuts, processors, single_blas
from .worker import Worker

MIN_SHARD_SECONDS = 5e-4  # of work that a shard must have at least
WARM_UP_SECONDS = 0.1  # of sharded work before workers are started, which takes about as long


class DataParallel:
    """Runs batches. How a batch is sharded depends on its size and the number of threads alone, so
    the same bits come out whoever computes a shard.
    """

    def __init__(self, plan: Plan, weights: Array, threads: int | None) -> None:
        self.plan, self.weights = plan, weights
        self.threads = threads or processors()
        self.local = MicroBatches(plan, weights)
        self.total = np.zeros_like(weights)
        self.gradient = self.total  # of the last batch, until the next one
        self.workers: list[Worker] = []
        self._seconds, _ = cost(plan)
        self._spent = 0.0
        self._owner = os.getpid()

    def shards(self, n: int) -> list[slice]:
        """The samples that each process works on."""
        worth = int(n * self._seconds / MIN_SHARD_SECONDS)
        return cuts(n, max(1, min(self.threads, n, worth)))

    def run(self, arrays: Arrays, results: Arrays, seed: float) -> None:
        """Fill results (n, ...) for samples (n, numbers), and with a seed the gradient."""
        shards = self.shards(len(results[0]))
        with single_blas():
            if len(shards) == 1:
                gradient = self.local.run(arrays, results, seed)
                self.gradient = gradient if seed else self.gradient
            else:
                try:
                    self._run_shards(shards, arrays, results, seed)
                except BaseException:  # an interrupt: what workers still answer is not asked for
                    self._close_workers()
                    raise

    def _run_shards(
        self, shards: Sequence[slice], arrays: Arrays, results: Arrays, seed: float
    ) -> None:
        start = time.perf_counter()
        parts = [([a[s] for a in arrays], [r[s] for r in results]) for s in shards]
        busy = list(zip(self._living_workers(len(shards) - 1), parts[1:], strict=False))
        for worker, part in busy:
            worker.submit(self.weights, *part, seed)
        gradient = self.local.run(*parts[0], seed)
        for k, part in enumerate(parts[1:]):
            other = busy[k][0].collect(part[1]) if k < len(busy) else None
            if other is None:
                np.copyto(self.total, gradient)  # the next run writes its own anew
                gradient, other = self.total, self.local.run(*part, seed)
            gradient = np.add(gradient, other, out=self.total)
        self.gradient = gradient if seed else self.gradient
        self._spent += time.perf_counter() - start

    def _living_workers(self, count: int) -> list[Worker]:
        """Workers, started when so much was done alone that they will pay."""
        if self._owner != os.getpid():
            for worker in self.workers:
                worker.disown()
            self.workers, self._owner = [], os.getpid()
        if not self.workers and self._spent > WARM_UP_SECONDS:
            try:
                for _ in range(count):
                    self.workers.append(Worker(self.plan, self.weights.dtype))
            except (OSError, pickle.PicklingError, AttributeError, TypeError):
                self._spent = -float("inf")  # no workers for this plan, or here: go on alone
        return [worker for worker in self.workers if worker.alive]

    def _close_workers(self) -> None:
        for worker in self.workers:
            worker.close()
        self.workers = []
