"""Training: fit a model to data, watch it, and measure it."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from autograd import Value, uncollected

from .. import validate
from ..annotations import Lists, Numbers
from ..arguments import written
from ..data import Dataset
from ..data.dataset import shape_of
from ..losses import Loss
from ..module import Module
from ..optim import Optimizer
from ..saving.model_file import FilePath
from ..schedules import Schedule
from .backends import Backend, backend_for, has_numpy
from .checkpoint import Checkpoint
from .forward import Forward, evaluating
from .history import Epoch, History
from .tally import Evaluation, Tally

Callback = Callable[["Trainer", Epoch], object]  # true to end the training
Data = Dataset | tuple[Numbers, Numbers]  # samples and their labels


class Trainer:
    """Fits a model: `Trainer(model, loss, optimizer).fit(train, validation, epochs=3)`.

    To the trainer, `forward` is a function of one sample, (*shape) -> outputs, compiled or not; one
    that takes further axes in front, as all layers here do, is handed whole batches.

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
        validate.made("Trainer", model, loss, optimizer, schedule)
        if not hasattr(optimizer, "rule"):
            needed = "nn.Adam(model.parameters()) or the like"
            raise TypeError(f"Trainer: optimizer must be {needed}, got {optimizer!r:.60}")
        if getattr(loss, "reduction", "mean") != "mean":
            raise ValueError(f"Trainer: {loss!r} must average over a batch, reduction='mean'")
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.schedule, self.clip_norm = schedule, clip_norm
        if clip_norm is not None:
            self.clip_norm = validate.above_zero("Trainer", "clip_norm", clip_norm)
        self.history = History()
        self._forward = Forward(model)  # that predicts

    def __repr__(self) -> str:
        return written(self, type(self.model).__name__, apart="model")

    def fit(
        self,
        train: Data,
        validation: Data | None = None,
        epochs: int = 1,
        batch_size: int = 32,
        seed: int = 0,
        callbacks: Sequence[Callback] = (),
        progress: bool = True,
        compiled: bool = True,
        checkpoint: FilePath | None = None,
    ) -> History:
        """Train for some epochs over shuffled batches, and return the history.

        The model and the loss are compiled (`autograd.compile`, float32) where NumPy is installed;
        `compiled=False` computes scalar by scalar. After every epoch the Values are up to date.

        `train` and `validation` are Datasets or pairs (inputs, targets). The seed rules the order
        of the samples and what layers draw, so the same seed gives the same result, bit for bit (on
        as many processors, which share large batches when compiled). A callback gets (trainer,
        epoch) after each epoch; a true result ends the training.

        `checkpoint` is a file that holds the model and the state of its training after each epoch.
        Where it is there already, the training goes on after the last epoch that it holds, and
        ends as it would have without an interruption, bit for bit; `nn.load` reads the model.

        FloatingPointError where the loss, a gradient or a parameter stops being finite; it names
        the operation. That step is not taken, and the checkpoint stays that of the epoch before.
        """
        self._own_optimizer()
        samples = _dataset("train", train)
        held_out = None if validation is None else _dataset("validation", validation)
        epochs = validate.positive("fit", "epochs", epochs)
        batch_size = validate.positive("fit", "batch_size", batch_size)
        seed = validate.whole("fit", "seed", seed)
        if not isinstance(callbacks, Sequence):
            raise TypeError(f"fit: callbacks must be a list of callables, got {callbacks!r}")
        rng = random.Random(seed)
        self.model.seed(seed)
        self.model.input_shape = shape_of(samples.images[0])
        last = len(self.history) + epochs
        settings = {"batch_size": batch_size, "seed": seed, "compiled": compiled}
        kept = Checkpoint(checkpoint, self, rng, callbacks, {**settings, "samples": len(samples)})
        over = kept.restore()
        backend = backend_for(self.model, self.loss, compiled)
        finite = _Finite(self.model, self.optimizer)
        samples, held_out = backend.prepared(samples), held_out and backend.prepared(held_out)
        while not over and len(self.history) < last:
            epoch = self._epoch(backend, samples, held_out, batch_size, rng, progress)
            finite.check(epoch.number)
            over = self._finish(epoch, callbacks, progress)
            kept.write(over)
        return self.history

    def _own_optimizer(self) -> None:
        """ValueError for an optimiser of another model, or of one whose layers were replaced."""
        own = {v for part in self.model.parameters() for v in part.values}
        for v in self.optimizer.values:
            if v not in own:
                name = v.label or repr(v)
                raise ValueError(
                    f"fit: the optimiser changes {name}, which is no parameter of the model; make "
                    "it of model.parameters(), after the last layer was made"
                )

    def _finish(self, epoch: Epoch, callbacks: Sequence[Callback], progress: bool) -> bool:
        """What is done after each epoch; True where a callback ends the training."""
        self.history.epochs.append(epoch)
        if progress:
            print(epoch, flush=True)
        if self.schedule:
            self.schedule.step()
        stops = [callback(self, epoch) for callback in callbacks]
        return any(stops)

    def _epoch(
        self,
        backend: Backend,
        samples: Dataset,
        validation: Dataset | None,
        batch_size: int,
        rng: random.Random,
        progress: bool,
    ) -> Epoch:
        start, lr, number = time.perf_counter(), self.optimizer.lr, len(self.history) + 1
        tally = Tally(self.loss)
        self.model.train()
        with uncollected(), _bar(len(samples), f"epoch {number:>2}", progress) as bar:
            for batch in samples.batches(batch_size, rng):
                tally.add(batch.labels, *backend.step(batch, self.optimizer, self.clip_norm))
                bar.set_postfix_str(tally.text(), refresh=False)
                bar.update(len(batch))
        found = _measured(self.loss, backend, validation, 128) if validation else None
        loss, accuracy = (found.loss, found.accuracy) if found else (None, None)
        seconds = time.perf_counter() - start
        return Epoch(number, tally.loss, tally.accuracy, loss, accuracy, lr, seconds)

    def evaluate(self, data: Data, batch_size: int = 128, compiled: bool = True) -> Evaluation:
        """Loss, accuracy and predicted classes on a data set; the model is left in its mode."""
        backend = backend_for(self.model, self.loss, compiled)
        return _measured(self.loss, backend, backend.prepared(_dataset("data", data)), batch_size)

    def predict(self, images: Numbers, batch_size: int = 128, compiled: bool = True) -> Lists:
        """The outputs for images (N, ...) as a nested list, in float64.

        They are compiled where NumPy is installed, once for as long as the model has the same parts
        and settings; what cannot be compiled is computed scalar by scalar.
        """
        images = images.images if isinstance(images, Dataset) else images
        images = images if hasattr(images, "__len__") else list(images)
        batches = list(Dataset(images, [0] * len(images)).batches(batch_size))
        if self._forward.model is not self.model:
            self._forward = Forward(self.model)
        if compiled and has_numpy():
            try:
                return [y for batch in batches for y in self._forward.compiled(batch.images)]
            except (TypeError, ValueError):
                pass
        with evaluating(self.model):
            return [y for batch in batches for y in self._forward.all(batch.images).tolist()]


def _measured(loss: Loss, backend: Backend, data: Dataset, batch_size: int) -> Evaluation:
    tally = Tally(loss)
    for batch in data.batches(batch_size):
        tally.add(batch.labels, *backend.measure(batch))
    return tally.evaluation()


class _Finite:
    """The numbers of a training, which it may not make nan or inf; an infinite mask may stay."""

    def __init__(self, model: Module, optimizer: Optimizer) -> None:
        parts = [v for _, part in model.named_state() for v in part.values]
        self.values = list(dict.fromkeys([*parts, *optimizer.values]))
        self.before = set(self._others())

    def check(self, number: int) -> None:
        """FloatingPointError names one that an epoch has spoilt."""
        for v in self._others():
            if v not in self.before:
                raise FloatingPointError(f"{v.label or repr(v)} is {v.data} after epoch {number}")

    def _others(self) -> list[Value]:
        return [v for v in self.values if v.data - v.data != 0]


def _bar(total: int, text: str, progress: bool) -> Any:
    """A progress bar that leaves the line to the epoch's summary; none without a terminal."""
    from tqdm import tqdm

    layout = "{desc} |{bar:16}| {n_fmt}/{total_fmt} {remaining} {postfix}"
    disable = None if progress else True
    return tqdm(total=total, desc=text, leave=False, disable=disable, bar_format=layout)


def _dataset(name: str, data: Data) -> Dataset:
    """A Dataset as it is, or made of a pair (inputs, targets); ValueError where it is empty."""
    if isinstance(data, tuple) and len(data) == 2:
        data = Dataset(*data)
    if not isinstance(data, Dataset):
        raise TypeError(f"{name} must be a Dataset or a pair (inputs, targets), got {data!r:.60}")
    if not len(data):
        raise ValueError(f"{name} has no samples")
    return data
