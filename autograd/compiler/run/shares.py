"""A batch shared among processors: this process, and helpers once there is enough to do."""

import os
import pickle
import time
from collections.abc import Sequence

import numpy as np

from ..arrays.memory import Array
from ..plan.kernels import Plan
from .parts import Engine, cost, cuts, processors, single_blas
from .worker import Worker

WORTH = 5e-4  # seconds of work that a share must have at least
PATIENCE = 0.1  # seconds of such work before helpers are started, which takes about as long


class Team:
    """Runs batches. How a batch is cut depends on its size and the number of threads alone, so
    the same bits come out whoever computes a share.
    """

    def __init__(self, plan: Plan, weights: Array, threads: int | None) -> None:
        self.plan, self.weights = plan, weights
        self.threads = threads or processors()
        self.engine = Engine(plan, weights)
        self.total = np.zeros_like(weights)
        self.gradient = self.total  # of the last batch, until the next one
        self.workers: list[Worker] = []
        self._seconds, _ = cost(plan)
        self._spent = 0.0
        self._owner = os.getpid()

    def shares(self, n: int) -> list[slice]:
        """The samples that each processor works on."""
        return cuts(n, max(1, min(self.threads, n, int(n * self._seconds / WORTH))))

    def run(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """Fill results (n, ...) for samples (n, numbers), and with a seed the gradient."""
        shares = self.shares(len(results[0]))
        with single_blas():
            if len(shares) == 1:
                gradient = self.engine.run(arrays, results, seed)
                self.gradient = gradient if seed else self.gradient
            else:
                try:
                    self._together(shares, arrays, results, seed)
                except BaseException:  # an interrupt: what helpers still answer is not asked for
                    self._dismiss()
                    raise

    def _together(
        self,
        shares: Sequence[slice],
        arrays: Sequence[Array],
        results: Sequence[Array],
        seed: float,
    ) -> None:
        start = time.perf_counter()
        parts = [([a[s] for a in arrays], [r[s] for r in results]) for s in shares]
        helped = list(zip(self._helpers(len(shares) - 1), parts[1:], strict=False))
        for worker, part in helped:
            worker.submit(self.weights, *part, seed)
        gradient = self.engine.run(*parts[0], seed)
        for k, part in enumerate(parts[1:]):
            found = helped[k][0].collect(part[1]) if k < len(helped) else None
            if found is None:
                np.copyto(self.total, gradient)  # the engine will write its own anew
                gradient, found = self.total, self.engine.run(*part, seed)
            gradient = np.add(gradient, found, out=self.total)
        self.gradient = gradient if seed else self.gradient
        self._spent += time.perf_counter() - start

    def _helpers(self, count: int) -> list[Worker]:
        """Living helpers, started when so much was done alone that they will pay."""
        if self._owner != os.getpid():
            for worker in self.workers:
                worker.forget()
            self.workers, self._owner = [], os.getpid()
        if not self.workers and self._spent > PATIENCE:
            try:
                for _ in range(count):
                    self.workers.append(Worker(self.plan, self.weights.dtype))
            except (OSError, pickle.PicklingError, AttributeError, TypeError):
                self._spent = -float("inf")  # no helpers for this plan, or here: go on alone
        return [worker for worker in self.workers if worker.alive]

    def _dismiss(self) -> None:
        for worker in self.workers:
            worker.close()
        self.workers = []
