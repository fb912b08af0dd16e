"""What carries out plans: NumPy is the reference, others are faster."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..parameters import Parameters

Array = NDArray[Any]


class Timed(NamedTuple):
    """What is done in one go in a step: in words, its seconds, and the additions and
    multiplications of its matrix products.
    """

    scope: str
    words: tuple[str, str]
    backward: bool
    seconds: float
    flops: int


class Updater(Protocol):
    """Takes the steps of an optimiser where a backend keeps its numbers."""

    def step(
        self,
        batches: Sequence[Sequence[Array]],
        clip_norm: float | None,
        told: Callable[[list[Array]], Any],
    ) -> list[Any] | None:
        """Take a step by the gradient of the mean over the samples of some batches, whole or not at
        all: what is `told` the results of each batch, before, gives for it. None where it was not
        taken, for the host to decide.
        """


class Backend(Protocol):
    """Runs a plan on batches.

    `weights` are the parameters' numbers, one after the other, read at each run; `gradient` has one
    number for each, 0 where the loss does not depend on it. `precision` is that of its products.
    """

    name: str
    precision: str
    weights: Array
    gradient: Array

    def trial(self) -> "Backend":
        """One that does the same and is soon ready, to be checked; itself where it is."""

    def read(self, weights: Array) -> None:
        """Let another array be the `weights`."""

    def run(self, arrays: Sequence[Array], results: Sequence[Array], seed: float) -> None:
        """Fill the results (n, *shape) for samples (n, numbers).

        With a seed, the adjoint of each sample's loss (1/n), the gradient too; else it stays.
        """

    def updater(
        self, parameters: "Parameters", optimizer: Any, where: Any, observed: int
    ) -> Updater | None:
        """What takes the steps of an optimiser, whose parameters are `where` among the program's;
        None where the host does. Of so many results, the last ones, it gives one row for a batch.
        """

    def profile(self, arrays: Sequence[Array]) -> list[Timed]:
        """A step on one thread, kernel by kernel, each the best of a few runs."""

    def peak(self) -> float:
        """Additions and multiplications per second that one thread reaches here, as measured."""
