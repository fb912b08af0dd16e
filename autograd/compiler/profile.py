"""Where the time of a step goes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .plan.kernels import Plan
from .run.microbatches import MicroBatches, single_blas


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


def profiled(batches: MicroBatches, arrays: Sequence[NDArray[Any]], repeats: int = 20) -> Profile:
    """The best time of each call in a few runs; only the first micro-batch of many is run."""
    size = min(len(arrays[0]), batches.size)
    executable = batches.executable(size, differentiate=True)
    with single_blas():
        times = executable.timed([array[:size] for array in arrays], 1 / size, repeats)
    return Profile(size, *times, flops(batches.plan) * size)


def flops(plan: Plan) -> int:
    """Additions and multiplications in the matrix products of a step, for one sample: a product
    forward, and one for each operand that needs its adjoint.
    """
    active = plan.active()
    return sum(
        2 * kernel.multiply_adds * (1 + sum(b.number in active for b in kernel.reads()))
        for kernel in plan.kernels
    )
