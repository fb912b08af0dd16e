"""What signatures call things that have no class in common."""

from typing import Any, Protocol

Shape = tuple[int, ...]
AnyNumber = Any  # a float, a Value, or an array of them: what is generic in the number takes all
Numbers = Any  # what `Tensor(...)` takes: nested sequences of numbers, arrays, Tensors
Lists = list[Any]  # numbers in lists, nested as deep as a shape is long
Plain = Any  # what JSON holds


class Generator(Protocol):
    """What draws random numbers: the module `random`, or one of its generators."""

    def random(self) -> float:
        """A number from 0 to 1."""

    def gauss(self, mu: float, sigma: float) -> float:
        """A normal number of this mean and deviation."""

    def uniform(self, a: float, b: float) -> float:
        """A number from a to b."""
