"""Two ways to run a model on batches: eager, scalar by scalar, and compiled, on arrays."""

import importlib
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import autograd
from autograd import Tensor, Value, no_grad, stack, trace_anomaly

from ..data import Dataset
from ..losses import Loss, NLLLoss, class_numbers, classes_for, equal_shapes
from ..module import Module
from ..optim import Optimizer, clip_grad_norm
from .forward import Forward, evaluating, modes_kept


class Eager:
    """Every batch is a graph of Values."""

    def __init__(self, forward: Forward, loss: Loss) -> None:
        self.forward, self.loss = forward, loss

    def prepared(self, data: Dataset) -> Dataset:
        """The data in the form that this way reads best."""
        return data

    def step(
        self, batch: Dataset, optimizer: Optimizer, clip_norm: float | None
    ) -> tuple[Any, float]:
        """One update from one batch: outputs and loss before it."""
        with _buffers_kept(self.forward.model):
            outputs = self.forward.all(batch.images)
            loss = self.loss(outputs, batch.labels)
            if not math.isfinite(loss.data):
                raise FloatingPointError(f"the loss is {loss.data}{_cause(loss, optimizer)}")
            optimizer.zero_grad()
            loss.backward()
            try:
                if clip_norm:
                    clip_grad_norm(optimizer.values, clip_norm)
                optimizer.step()
            except FloatingPointError as error:
                raise FloatingPointError(f"{error}{_cause(loss, optimizer)}") from None
            return outputs, loss.data

    def measure(self, batch: Dataset) -> tuple[Any, float]:
        """Outputs and loss in evaluation mode."""
        with evaluating(self.forward.model):
            outputs = self.forward.all(batch.images)
            return outputs, self.loss(outputs, batch.labels).data


class Compiled:
    """Batches are arrays in float32.

    The model is compiled when it is first run: once for training, once for evaluation.
    """

    def __init__(self, forward: Forward, loss: Loss) -> None:
        self.forward, self.loss = forward, loss
        self.state = [part for _, part in forward.model.named_state()]
        self._looked = False
        self._step: Any = None
        self._measure: Any = None

    def prepared(self, data: Dataset) -> Dataset:
        """The images as one array."""
        import numpy as np

        with no_grad():  # images may be Tensors: their numbers are meant
            images = np.asarray(data.images, np.float32)
        return Dataset(images, data.labels, data.class_names)

    def step(
        self, batch: Dataset, optimizer: Optimizer, clip_norm: float | None
    ) -> tuple[Any, float]:
        """One update from one batch: outputs and loss before it."""
        images, targets = self._arrays(batch)
        if self._step is None:
            self.forward.check_training(images)
            program = self._compiled(images[0], targets[0])
            self._step = program.train_step(optimizer, clip_norm)
        try:
            loss = self._step(images, targets)
        except FloatingPointError as error:
            raise FloatingPointError(f"{error}{self._cause(batch, optimizer)}") from None
        return self._step.program.outputs[1], loss

    def measure(self, batch: Dataset) -> tuple[Any, float]:
        """Outputs and loss in evaluation mode."""
        images, targets = self._arrays(batch)
        if self._measure is None:
            with modes_kept(self.forward.model):
                self.forward.model.eval()
                self._measure = self._compiled(images[0], targets[0])
        losses, outputs = self._measure(images, targets)
        return outputs, float(losses.mean(dtype=float))

    def _compiled(self, image: Any, target: Any) -> Any:
        forward, loss = self.forward, self.loss

        def function(x: Any, t: Any) -> Any:
            outputs = forward.one(x)
            return loss(outputs, t), outputs

        try:
            return autograd.compile(function, image, target, parameters=self.state)
        except TypeError as error:
            raise TypeError(
                f"{error} (fit(..., compiled=False) trains scalar by scalar)"
            ) from error

    def _arrays(self, batch: Dataset) -> tuple[Any, Any]:
        """Images and targets as arrays; classes as one-hot rows, where the loss takes classes."""
        import numpy as np

        images, targets = np.asarray(batch.images), np.asarray(batch.labels)
        if targets.dtype == object:  # exact fractions
            targets = targets.astype(float)
        if not self._looked:
            self.forward.look(images)
            self._looked = True
        scores = (len(targets), *self.forward.shape)
        if not isinstance(self.loss, NLLLoss):
            if getattr(type(self.loss), "forward", None) is Loss.forward:
                equal_shapes(self.loss, scores, targets.shape)
            return images, targets
        if targets.shape == scores:
            return images, targets
        classes_for(self.loss, scores, targets.shape)
        n = scores[-1]
        right = (targets >= 0) & (targets < n) & (targets == np.trunc(targets))
        class_numbers(self.loss, targets[~right].tolist(), n)  # which names the first
        return images, np.eye(n, dtype=np.float32)[targets.astype(int)]

    def _cause(self, batch: Dataset, optimizer: Optimizer) -> str:
        """Where the batch goes wrong in eager mode, if it does there too; the model stays.

        Samples are asked one by one, since their graphs take much memory; but for batch statistics.
        """
        model, forward = self.forward.model, self.forward
        state = model.state_dict()
        parts: Iterable[Any] = ((stack([forward.one(Tensor(x))]), [t]) for x, t in batch)
        try:
            if forward.normaliser:
                parts = [(forward.all(batch.images), batch.labels)]
            causes = (_cause(self.loss(*part), optimizer) for part in parts)
            finite = " in float32; scalar by scalar, in float64, it is finite"
            return next(filter(None, causes), finite)
        except ValueError:  # batch statistics, and a forward for one sample
            return ""
        finally:
            model.load_state_dict(state)


def _cause(loss: Value, optimizer: Optimizer) -> str:
    """The first operation, forward or in reverse, that gave what is not finite."""
    found = trace_anomaly(loss, backward=True, leaves=optimizer.values)
    return f": {found}" if found else ""


@contextmanager
def _buffers_kept(model: Module) -> Iterator[None]:
    """Bring running statistics back where a step is refused."""
    buffers = [part for _, part in model.named_state() if not part.trainable]
    before = [(v, v.data) for part in buffers for v in part.values]
    try:
        yield
    except FloatingPointError:
        for v, number in before:
            v.data = number
        raise


Backend = Eager | Compiled


def backend_for(model: Module, loss: Loss, compiled: bool) -> Backend:
    """Compiled where that is asked for and NumPy is installed, else eager."""
    forward = Forward(model)
    return Compiled(forward, loss) if compiled and has_numpy() else Eager(forward, loss)


def has_numpy() -> bool:
    """Whether there are arrays to compile for."""
    try:
        return bool(importlib.import_module("numpy"))
    except ImportError:
        return False
