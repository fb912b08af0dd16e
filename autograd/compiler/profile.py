"""Where the time of a step goes."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .arrays.memory import Array
from .plan.kernels import Plan, Product
from .plan.needs import wanted
from .run.parts import Engine, multiply_adds, single_blas


class Profile(NamedTuple):
    """Seconds of a step of so many samples, and of its matrix products, and their operations."""

    samples: int
    seconds: float
    product_seconds: float
    flops: int

    @property
    def share(self) -> float:
        """The part of a step that is matrix products."""
        return self.product_seconds / self.seconds

    @property
    def gflops(self) -> float:
        """Billions of additions and multiplications per second within the products."""
        return self.flops / self.product_seconds / 1e9 if self.flops else 0.0

    def __str__(self) -> str:
        return (
            f"{self.samples} samples in {self.seconds * 1e3:.3f} ms, {self.share:.0%} of it in "
            f"matrix products at {self.gflops:.0f} GFLOP/s"
        )


def profiled(engine: Engine, arrays: Sequence[Array], repeats: int = 20) -> Profile:
    """The best time of each call in a few runs; only the first part of a large batch is run."""
    size = min(len(arrays[0]), engine.part)
    machine = engine.machine(size, differentiate=True)
    samples = [array[:size] for array in arrays]
    calls = [*machine.forward, *machine.reverse]
    best = [float("inf")] * len(calls)
    with single_blas(), np.errstate(all="ignore"):
        machine.run(samples, 1 / size)
        for _ in range(repeats):
            machine.load(samples)
            for k, call in enumerate(calls):
                start = time.perf_counter()
                call()
                best[k] = min(best[k], time.perf_counter() - start)
    products = [t for t, call in zip(best, calls, strict=True) if _is_product(call)]
    return Profile(size, sum(best), sum(products), flops(engine.plan) * size)


def _is_product(call: object) -> bool:
    return getattr(call, "func", None) is np.matmul


def flops(plan: Plan) -> int:
    """Additions and multiplications in the matrix products of a step, for one sample."""
    needed = wanted(plan)
    total = 0
    for kernel in plan.kernels:
        if isinstance(kernel, Product):
            sides = [kernel.left.block, kernel.right.block]
            total += 2 * multiply_adds(kernel) * (1 + sum(b.number in needed for b in sides))
    return total
