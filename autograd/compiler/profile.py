"""Where the time of a step goes, kernel by kernel."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .backends import Backend
from .explain import table, words
from .plan.kernels import Kernel
from .plan.plan import Plan


class Timed(NamedTuple):
    """A kernel, its seconds, and the additions and multiplications of its matrix products."""

    kernel: Kernel
    seconds: float
    flops: int

    @property
    def gflops(self) -> float:
        """Billions of them per second."""
        return self.flops / self.seconds / 1e9 if self.flops else 0.0


class Profile(NamedTuple):
    """A step of so many samples: the kernels of both passes, and their sums."""

    samples: int
    forward: list[Timed]
    reverse: list[Timed]

    @property
    def seconds(self) -> float:
        """Of the step."""
        return sum(timed.seconds for timed in self.forward + self.reverse)

    @property
    def product_seconds(self) -> float:
        """Of its matrix products."""
        return sum(timed.seconds for timed in self.forward + self.reverse if timed.flops)

    @property
    def flops(self) -> int:
        """Additions and multiplications in the products."""
        return sum(timed.flops for timed in self.forward + self.reverse)

    @property
    def share(self) -> float:
        """The part of a step that is matrix products."""
        return self.product_seconds / self.seconds

    @property
    def gflops(self) -> float:
        """Billions of additions and multiplications per second within the products."""
        return self.flops / self.product_seconds / 1e9 if self.flops else 0.0

    def __str__(self) -> str:
        total = (
            f"{self.samples} samples in {self.seconds * 1e3:.3f} ms, {self.share:.0%} of it in "
            f"matrix products at {self.gflops:.0f} GFLOP/s"
        )
        lines = ["forward", *_lines(self.forward), "reverse", *_lines(self.reverse), total]
        return "\n".join(lines)


def _lines(kernels: list[Timed]) -> list[str]:
    return table([(_milliseconds(t), _speed(t), *words(t.kernel)) for t in kernels])


def _milliseconds(timed: Timed) -> str:
    return f"{timed.seconds * 1e3:8.3f} ms"


def _speed(timed: Timed) -> str:
    return f"{timed.gflops:5.1f} GFLOP/s" if timed.flops else ""


def profiled(plan: Plan, backend: Backend, arrays: Sequence[NDArray[Any]]) -> Profile:
    """The best time of each kernel in a few runs."""
    n, kernels = len(arrays[0]), [*plan.forward, *plan.reverse]
    times = backend.profile(arrays)
    timed = [
        Timed(kernel, seconds, 2 * n * kernel.multiply_adds)
        for kernel, seconds in zip(kernels, times, strict=True)
    ]
    return Profile(n, timed[: len(plan.forward)], timed[len(plan.forward) :])
