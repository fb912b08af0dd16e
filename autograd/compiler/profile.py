"""Where the time of a step goes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .backends import Backend
from .plan.plan import Plan, multiply_adds


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


def profiled(plan: Plan, backend: Backend, arrays: Sequence[NDArray[Any]]) -> Profile:
    """The best time of each kernel in a few runs."""
    kernels = [*plan.forward, *plan.reverse]
    times = backend.profile(arrays)
    products = [t for t, kernel in zip(times, kernels, strict=True) if kernel.multiply_adds]
    n = len(arrays[0])
    return Profile(n, sum(times), sum(products), 2 * n * multiply_adds(kernels))
