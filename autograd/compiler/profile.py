"""Where the time of a step goes, kernel by kernel."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .backends import Backend, Timed
from .explain import table


class Profile(NamedTuple):
    """A step of so many samples on one thread: what is done in one go, and the sums of that.

    `peak` are the operations per second that this machine reaches, as measured now.
    """

    samples: int
    kernels: list[Timed]
    peak: float

    @property
    def seconds(self) -> float:
        """Of the step."""
        return sum(timed.seconds for timed in self.kernels)

    @property
    def product_seconds(self) -> float:
        """Of its matrix products."""
        return sum(timed.seconds for timed in self.kernels if timed.flops)

    @property
    def flops(self) -> int:
        """Additions and multiplications in the products."""
        return sum(timed.flops for timed in self.kernels)

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
            f"matrix products at {self.gflops:.0f} GFLOP/s, of {self.peak / 1e9:.0f} that one "
            "thread reaches here"
        )
        parts = [[t for t in self.kernels if t.backward is backward] for backward in (False, True)]
        return "\n".join(["forward", *_lines(parts[0]), "reverse", *_lines(parts[1]), total])


def _lines(kernels: list[Timed]) -> list[str]:
    return table([(_milliseconds(t), _speed(t), t.scope or "-", *t.words) for t in kernels])


def _milliseconds(timed: Timed) -> str:
    return f"{timed.seconds * 1e3:8.3f} ms"


def _speed(timed: Timed) -> str:
    return f"{timed.flops / timed.seconds / 1e9:5.1f} GFLOP/s" if timed.flops else ""


def profiled(backend: Backend, arrays: Sequence[NDArray[Any]]) -> Profile:
    """The best time of each kernel in a few runs."""
    return Profile(len(arrays[0]), backend.profile(arrays), backend.peak())
