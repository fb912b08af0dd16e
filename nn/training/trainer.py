"""Training: fit a model to data, watch it, and measure it."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import islice
from typing import Any

from autograd import Value, drawn, uncollected

from .. import validate
from ..annotations import Lists, Numbers
from ..arguments import text
from ..data import Dataset
from ..data.columns import Columns
from ..losses import Loss
from ..module import Module
from ..optim import Averaged, Optimizer
from ..saving.model_file import FilePath
from ..schedules import Schedule
from .backends import Backend, backend_for, has_numpy
from .checkpoint import Checkpoint
from .forward import Forward, evaluating
from .history import Epoch, History
from .machine import Machine
from .samples import Data, dataset, input_shape, word
from .tally import Evaluation, Tally
from .task import called, is_whole, plain

Callback = Callable[["Trainer", Epoch], object]  # true to end the training
Augmentation = Callable[[Dataset, random.Random], Dataset]


class Trainer:
    """Fits a model: `Trainer(model, loss, optimizer).fit(train, validation, epochs=3)`.

    To the trainer, `forward` is a function of one sample, (*shape) -> outputs, compiled or not; one
    that takes further axes in front, as all layers here do, is handed whole batches.

    `loss` is one of outputs and targets. Or it is one of the whole model, a function whose first
    argument is called `model`, or a method of it, for one sample: of data `(a, b)` or
    `{"a": ..., "b": ...}` it is handed `loss(model, a, b)`.

        nn.Trainer(vae, lambda model, x: model.reconstruction(x) + model.divergence(x), optimizer)

    `schedule` steps after every epoch, or with schedule_every="step" after every step; `clip_norm`
    bounds the norm of each step's gradient. A step is taken after so many batches as `accumulate`
    says, by the gradient of their mean. With nn.EMA or nn.SWA as optimiser, averages are measured,
    kept and left in the model; a training that goes on has its own numbers again.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss | Callable[..., Any],
        optimizer: Optimizer,
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        schedule_every: str = "epoch",
        accumulate: int = 1,
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
        if schedule_every not in ("epoch", "step"):
            raise ValueError(
                f'Trainer: schedule_every must be "epoch" or "step", got {schedule_every!r}'
            )
        self.schedule_every = schedule_every
        self.accumulate = validate.positive("Trainer", "accumulate", accumulate)
        self.history = History()
        self._forward = Forward(model)  # that predicts

    def __repr__(self) -> str:
        kept = {k: v for k, v in vars(self).items() if k not in ("model", "loss")}
        return f"Trainer({type(self.model).__name__}, {word(self.loss)}, {text(Trainer, kept)})"

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
        drop_last: bool = False,
        augment: Sequence[Augmentation] = (),
        backend: str = "auto",
        devices: Any = None,
    ) -> History:
        """Train for some epochs over shuffled batches, and return the history.

        The model and the loss are compiled (`autograd.compile`, float32) where NumPy is installed;
        `compiled=False` computes scalar by scalar. After every epoch the Values are up to date.
        `backend` is what runs the programs, as in `autograd.compile`: "auto", "native", "numpy" or
        "jax", which takes its steps on `devices` that share each batch. With the same seed these
        train what NumPy trains, to rounding. Where several processes train, in each of which
        `jax.distributed` was initialised, all fit the same, and the first prints and saves.

        `train` and `validation` are Datasets, pairs (inputs, targets), or triples with weights of
        the samples after them. Inputs and targets may be dicts or tuples of columns, which the
        model gets as arguments, model(left=..., right=...), and the loss as they are; a `forward`
        that does not know the names gets the dict.

        The seed rules the order of the samples and what is drawn, so the same seed gives the same
        result, bit for bit (on as many processors, which share large batches when compiled). A
        callback gets (trainer, epoch) after each epoch; a true result ends the training.

        `drop_last` leaves out the last batch where it is smaller. `augment` lists what changes the
        images of each batch, anew in each epoch: [nn.data.augment.Shift(2)].

        `checkpoint` is a file that holds the model and the state of its training after each epoch.
        Where it is there already, the training goes on after the last epoch that it holds, and
        ends as it would have without an interruption, bit for bit; `nn.load` reads the model. It
        may go on with another backend, and on another number of devices.

        FloatingPointError where the loss, a gradient or a parameter stops being finite; it names
        the operation. That step is not taken, and the checkpoint stays that of the epoch before.
        """
        self._own_optimizer()
        samples = self._dataset("train", train)
        held_out = None if validation is None else self._dataset("validation", validation)
        epochs = validate.positive("fit", "epochs", epochs)
        batch_size = validate.positive("fit", "batch_size", batch_size)
        machine = Machine("fit", compiled, backend, devices)
        machine.check_batches(batch_size)
        progress = progress and machine.leads
        seed = validate.whole("fit", "seed", seed)
        _callables(callbacks=callbacks, augment=augment)
        if drop_last and len(samples) < batch_size:
            raise ValueError(f"fit: drop_last leaves nothing of {len(samples)} samples")
        order, noise = random.Random(seed), random.Random(f"{seed}/noise")
        self.model.seed(seed)
        self.model.input_shape = input_shape(samples) or self.model.input_shape
        last = len(self.history) + epochs
        settings = {"batch_size": batch_size, "seed": seed, "compiled": compiled}
        settings |= self._unusual(drop_last, augment) | {"samples": len(samples)}
        kept = Checkpoint(checkpoint, self, order, noise, callbacks, settings, machine.leads)
        over = kept.restore()
        way = backend_for(self.model, self.loss, compiled, machine)
        finite = _Finite(self.model, self.optimizer)
        samples, held_out = way.prepared(samples), held_out and way.prepared(held_out)
        while not over and len(self.history) < last:
            batches = _changed(samples.batches(batch_size, order, drop_last), augment, order)
            with drawn.using(noise):
                epoch = self._epoch(way, batches, held_out, progress and len(samples))
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
        if self.schedule and self.schedule_every == "epoch":
            self.schedule.step()
        stops = [callback(self, epoch) for callback in callbacks]
        return any(stops)

    def _epoch(
        self, backend: Backend, batches: Iterator[Dataset], validation: Dataset | None, shown: int
    ) -> Epoch:
        """Train on the batches of one epoch; a bar shows how many of so many samples are done."""
        start, lr, number = time.perf_counter(), self.optimizer.lr, len(self.history) + 1
        tally, averages = Tally(self.loss), _averages(self.optimizer)
        if averages:
            averages.resume()
        self.model.train()
        with uncollected(), _bar(shown, f"epoch {number:>2}") as bar:
            while parts := list(islice(batches, self.accumulate)):
                found = backend.step(parts, self.optimizer, self.clip_norm)
                for batch, measured in zip(parts, found, strict=True):
                    tally.add(batch.labels, *measured)
                if self.schedule and self.schedule_every == "step":
                    self.schedule.step()
                bar.set_postfix_str(tally.text(), refresh=False)
                bar.update(sum(map(len, parts)))
        if averages:
            averages.show()
        measures = _measured(self.loss, backend, validation, 128) if validation else None
        loss, accuracy = (measures.loss, measures.accuracy) if measures else (None, None)
        seconds = time.perf_counter() - start
        return Epoch(number, tally.loss, tally.accuracy, loss, accuracy, lr, seconds)

    def _unusual(self, drop_last: bool, augment: Sequence[Augmentation]) -> dict[str, Any]:
        """Settings that are not as they are by default."""
        own: dict[str, tuple[Any, Any]] = {
            "drop_last": (drop_last, False),
            "augment": (list(map(word, augment)), []),
            "schedule_every": (self.schedule_every, "epoch"),
            "accumulate": (self.accumulate, 1),
        }
        return {name: now for name, (now, default) in own.items() if now != default}

    def _dataset(self, name: str, data: Data) -> Dataset:
        return dataset(name, data, is_whole(self.model, self.loss))

    def evaluate(
        self,
        data: Data,
        batch_size: int = 128,
        compiled: bool = True,
        backend: str = "auto",
        devices: Any = None,
    ) -> Evaluation:
        """Loss, accuracy and predicted classes on a data set; the model is left in its mode.

        `backend` and `devices` are those of `fit`.
        """
        machine = Machine("evaluate", compiled, backend, devices)
        way = backend_for(self.model, self.loss, compiled, machine)
        return _measured(self.loss, way, way.prepared(self._dataset("data", data)), batch_size)

    def predict(self, images: Numbers, batch_size: int = 128, compiled: bool = True) -> Lists:
        """The outputs for images (N, ...) as a nested list, in float64.

        They are compiled where NumPy is installed, once for as long as the model has the same parts
        and settings; what cannot be compiled is computed scalar by scalar. Of samples of several
        parts, a dict of columns, the list holds what the model gives for each.
        """
        images = images.images if isinstance(images, Dataset) else images
        if isinstance(images, dict | Columns):
            return self._predicted_each(images)
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

    def _predicted_each(self, images: Any) -> Lists:
        columns = images if isinstance(images, Columns) else Columns("predict", images)
        with evaluating(self.model):
            return [plain(called(self.model, x)) for x in columns]


def _measured(loss: Any, backend: Backend, data: Dataset, batch_size: int) -> Evaluation:
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


def _bar(total: int, text: str) -> Any:
    """A progress bar that leaves the line to the epoch's summary; none for 0 or no terminal."""
    from tqdm import tqdm

    layout = "{desc} |{bar:16}| {n_fmt}/{total_fmt} {remaining} {postfix}"
    disable = None if total else True
    return tqdm(total=total, desc=text, leave=False, disable=disable, bar_format=layout)


def _callables(**given: Any) -> None:
    for name, several in given.items():
        if not isinstance(several, Sequence) or not all(map(callable, several)):
            raise TypeError(f"fit: {name} must be a list of callables, got {several!r:.60}")


def _changed(
    batches: Iterator[Dataset], augment: Sequence[Augmentation], rng: random.Random
) -> Iterator[Dataset]:
    """Batches with their images changed in turn."""
    for batch in batches:
        yield reduce(lambda batch, change: change(batch, rng), augment, batch)


def _averages(optimizer: Optimizer) -> Averaged | None:
    return optimizer if isinstance(optimizer, Averaged) else None
