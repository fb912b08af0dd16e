"""What training has done so far, epoch by epoch, and when it is enough."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, overload

from .. import plots
from ..annotations import Lists, Plain
from ..arguments import written
from ..validate import positive

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .trainer import Trainer


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave: means over its samples, and seconds. Accuracies are fractions."""

    number: int
    loss: float
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    lr: float
    seconds: float

    def __str__(self) -> str:
        parts = [f"loss {self.loss:.4f}", percent("accuracy", self.accuracy)]
        if self.validation_loss is not None:
            parts.append(f"validation loss {self.validation_loss:.4f}")
            parts.append(percent("accuracy", self.validation_accuracy))
        return "  ".join([f"epoch {self.number:>2}", *filter(None, parts), f"{self.seconds:.1f} s"])


def percent(name: str, share: float | None) -> str:
    """A share in words: `accuracy  97.50%`; nothing for None."""
    return "" if share is None else f"{name} {share:7.2%}"


class History:
    """The epochs of a training run: `history[-1].loss`, or a column, `history["loss"]`."""

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    @overload
    def __getitem__(self, key: int) -> Epoch: ...
    @overload
    def __getitem__(self, key: slice) -> list[Epoch]: ...
    @overload
    def __getitem__(self, key: str) -> list[Any]: ...  # a column of numbers, or None
    def __getitem__(self, key: int | slice | str) -> Epoch | list[Epoch] | list[Any]:
        if isinstance(key, str):
            if key not in (names := [f.name for f in fields(Epoch)]):
                raise KeyError(f"{key!r}: the columns are {', '.join(names)}")
            return [getattr(epoch, key) for epoch in self.epochs]
        return self.epochs[key]

    def __str__(self) -> str:
        return "\n".join(map(str, self.epochs))

    def __repr__(self) -> str:
        if not self.epochs:
            return "History(no epochs)"
        losses = f"loss {self.epochs[0].loss:.4f} → {self.epochs[-1].loss:.4f}"
        return f"History({len(self)} epochs, {losses})"

    def plot(self) -> "Figure":
        """Loss and accuracy over the epochs, as a matplotlib Figure (extra `[plots]`)."""
        return plots.history(self)

    def state_dict(self) -> list[dict[str, Plain]]:
        """The epochs as plain data."""
        return [asdict(epoch) for epoch in self.epochs]

    def load_state_dict(self, epochs: list[dict[str, Plain]]) -> None:
        """Take up a `state_dict`."""
        self.epochs = [Epoch(**epoch) for epoch in epochs]


class EarlyStopping:
    """A callback that ends training when a column has not improved for `patience` epochs.

    With `restore`, the best epoch's parameters come back when it ends the training. `monitor` is a
    column of History; accuracies should rise, everything else should fall. One training each.
    """

    def __init__(
        self, patience: int = 3, monitor: str = "validation_loss", restore: bool = True
    ) -> None:
        self.patience = positive("EarlyStopping", "patience", patience)
        self.monitor, self.restore = monitor, restore
        self.best = math.inf
        self.waited = 0
        self.state: dict[str, Lists] = {}

    def __repr__(self) -> str:
        return written(self)

    def __call__(self, trainer: "Trainer", epoch: Epoch) -> bool:
        """True to stop."""
        value = getattr(epoch, self.monitor, None)
        if value is None:
            known = ", ".join(f.name for f in fields(Epoch))
            needed = f"it must be one of {known}, with validation data where it needs them"
            raise ValueError(f"EarlyStopping: there is no {self.monitor}; {needed}")
        value = -value if self.monitor.endswith("accuracy") else value
        if value < self.best:
            self.best, self.waited, self.state = value, 0, trainer.model.state_dict()
            return False
        self.waited += 1
        if self.waited < self.patience:
            return False
        if self.restore and self.state:
            trainer.model.load_state_dict(self.state)
        return True

    def state_dict(self) -> dict[str, Plain]:
        """What a continued run needs: the best so far, and how long ago that was."""
        return {"best": self.best, "waited": self.waited, "model": dict(self.state)}

    def load_state_dict(self, state: dict[str, Plain]) -> None:
        """Take up a `state_dict`."""
        self.best, self.waited, self.state = state["best"], state["waited"], state["model"]
