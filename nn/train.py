"""Training: fit a model to data, watch it, and measure it."""

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from autograd import Tensor, uncollected

from .data import Dataset
from .losses import Loss
from .module import Module
from .optim import Optimizer, Schedule
from .ways import Compiled, Eager, evaluating, way


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
        parts = [f"loss {self.loss:.4f}", _percent("accuracy", self.accuracy)]
        if self.validation_loss is not None:
            parts.append(f"validation loss {self.validation_loss:.4f}")
            parts.append(_percent("accuracy", self.validation_accuracy))
        return "  ".join([f"epoch {self.number:>2}", *filter(None, parts), f"{self.seconds:.1f} s"])


def _percent(name: str, share: float | None) -> str:
    return "" if share is None else f"{name} {share:7.2%}"


class History:
    """The epochs of a training run: `history[-1].loss`, or a column, `history["loss"]`."""

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __getitem__(self, key: int | str) -> Any:
        if isinstance(key, str):
            if key not in (names := [f.name for f in fields(Epoch)]):
                raise KeyError(f"{key!r}: the columns are {', '.join(names)}")
            return [getattr(epoch, key) for epoch in self.epochs]
        return self.epochs[key]

    def __str__(self) -> str:
        return "\n".join(map(str, self.epochs))


@dataclass(frozen=True)
class Evaluation:
    """A model on a data set: mean loss, accuracy (None without classes), predicted classes."""

    loss: float
    accuracy: float | None
    predictions: list[int]


Callback = Callable[["Trainer", Epoch], Any]


class EarlyStopping:
    """A callback that ends training when a column has not improved for `patience` epochs.

    With `restore`, the best epoch's parameters come back when it ends the training. `monitor` is a
    column of History; accuracies should rise, everything else should fall. One training each.
    """

    def __init__(
        self, patience: int = 3, monitor: str = "validation_loss", restore: bool = True
    ) -> None:
        if patience < 1:
            raise ValueError(f"EarlyStopping: patience must be at least 1, got {patience}")
        self.patience, self.monitor, self.restore = patience, monitor, restore
        self.best = math.inf
        self.waited = 0
        self.state: dict[str, Any] = {}

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


class Trainer:
    """Fits a model: `Trainer(model, loss, optimizer).fit(train, validation, epochs=3)`.

    `schedule` steps after every epoch; `clip_norm` bounds the norm of each batch's gradient.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
    ) -> None:
        if getattr(loss, "reduction", "mean") != "mean":
            raise ValueError(f"Trainer: {loss!r} must average over a batch, reduction='mean'")
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.schedule, self.clip_norm = schedule, clip_norm
        self.history = History()

    def fit(
        self,
        train: Any,
        validation: Any = None,
        epochs: int = 1,
        batch_size: int = 32,
        seed: int = 0,
        callbacks: Sequence[Callback] = (),
        progress: bool = True,
        compiled: bool = True,
    ) -> History:
        """Train for some epochs over shuffled batches, and return the history.

        The model and the loss are compiled (`autograd.compile`, float32) where NumPy is installed;
        `compiled=False` computes scalar by scalar. After every epoch the Values are up to date.

        `train` and `validation` are Datasets or pairs (inputs, targets). The seed rules the order
        of the samples and what layers draw, so the same seed gives the same result, bit for bit (on
        as many processors, which share large batches when compiled). A callback gets (trainer,
        epoch) after each epoch; a true result ends the training.

        FloatingPointError where the loss stops being finite; it names the operation.
        """
        train, validation = _dataset("train", train), _dataset("validation", validation)
        if not isinstance(epochs, int) or epochs < 1:
            raise ValueError(f"fit: epochs must be an int of at least 1, got {epochs!r}")
        if not isinstance(callbacks, Sequence):
            raise TypeError(f"fit: callbacks must be a list of callables, got {callbacks!r}")
        rng = random.Random(seed)
        self.model.seed(seed)
        run = way(self.model, self.loss, compiled)
        train, validation = run.prepared(train), validation and run.prepared(validation)
        first = len(self.history) + 1
        for number in range(first, first + epochs):
            epoch = self._epoch(run, number, train, validation, batch_size, rng, progress)
            self.history.epochs.append(epoch)
            if progress:
                print(epoch, flush=True)
            if self.schedule:
                self.schedule.step()
            stops = [callback(self, epoch) for callback in callbacks]
            if any(stops):
                break
        return self.history

    def _epoch(self, run, number, train, validation, batch_size, rng, progress) -> Epoch:
        start, lr = time.perf_counter(), self.optimizer.lr
        tally = _Tally()
        self.model.train()
        try:
            with uncollected(), _bar(len(train), f"epoch {number:>2}", progress) as bar:
                for batch in train.batches(batch_size, rng):
                    outputs, loss = run.step(batch, self.optimizer, self.clip_norm)
                    tally.add(batch.labels, outputs, loss)
                    bar.set_postfix_str(tally.text(), refresh=False)
                    bar.update(len(batch))
        finally:
            run.sync()
        held_out = _measured(run, validation, 128) if validation else None
        return Epoch(
            number,
            tally.loss,
            tally.accuracy,
            held_out.loss if held_out else None,
            held_out.accuracy if held_out else None,
            lr,
            time.perf_counter() - start,
        )

    def evaluate(self, data: Any, batch_size: int = 128, compiled: bool = True) -> Evaluation:
        """Loss, accuracy and predicted classes on a data set; the model is left in its mode."""
        run = way(self.model, self.loss, compiled)
        return _measured(run, run.prepared(_dataset("data", data)), batch_size)

    def predict(self, images: Any, batch_size: int = 128) -> list[Any]:
        """The outputs for images (N, ...) as a nested list, computed scalar by scalar."""
        data = Dataset(images, [0] * len(images))
        with evaluating(self.model):
            return [
                output
                for batch in data.batches(batch_size)
                for output in self.model(Tensor(batch.images)).tolist()
            ]


def _measured(run: Eager | Compiled, data: Dataset, batch_size: int) -> Evaluation:
    tally = _Tally()
    for batch in data.batches(batch_size):
        outputs, loss = run.measure(batch)
        tally.add(batch.labels, outputs, loss)
    return Evaluation(tally.loss, tally.accuracy, tally.predictions)


class _Tally:
    """Sums over the samples seen so far."""

    def __init__(self) -> None:
        self.samples, self.summed, self.correct = 0, 0.0, 0
        self.predictions: list[int] = []

    def add(self, labels: Sequence[Any], outputs: Tensor, loss: float) -> None:
        self.samples += len(labels)
        self.summed += loss * len(labels)
        if outputs.ndim == 2 and all(isinstance(label, int) for label in labels):
            predicted = [row.index(max(row)) for row in outputs.tolist()]
            self.predictions += predicted
            self.correct += sum(p == t for p, t in zip(predicted, labels, strict=True))

    @property
    def loss(self) -> float:
        return self.summed / self.samples

    @property
    def accuracy(self) -> float | None:
        return self.correct / self.samples if self.predictions else None

    def text(self) -> str:
        return "  ".join(
            filter(None, [f"loss {self.loss:.4f}", _percent("accuracy", self.accuracy)])
        )


def _bar(total: int, text: str, progress: bool) -> Any:
    """A progress bar that leaves the line to the epoch's summary; none without a terminal."""
    from tqdm import tqdm

    layout = "{desc} |{bar:16}| {n_fmt}/{total_fmt} {remaining} {postfix}"
    disable = None if progress else True
    return tqdm(total=total, desc=text, leave=False, disable=disable, bar_format=layout)


def _dataset(name: str, data: Any) -> Any:
    """A Dataset as it is, or made of a pair (inputs, targets); ValueError where it is empty."""
    if data is None and name == "validation":
        return None
    if isinstance(data, tuple) and len(data) == 2:
        data = Dataset(*[x.tolist() if hasattr(x, "tolist") else x for x in data])
    if not isinstance(data, Dataset):
        raise TypeError(f"{name} must be a Dataset or a pair (inputs, targets), got {data!r:.60}")
    if not len(data):
        raise ValueError(f"{name} has no samples")
    return data


def confusion_matrix(
    labels: Sequence[int], predictions: Sequence[int], classes: int
) -> list[list[int]]:
    """counts[t][p]: how many samples of class t were taken for class p."""
    counts = [[0] * classes for _ in range(classes)]
    for t, p in zip(labels, predictions, strict=True):
        counts[t][p] += 1
    return counts
