"""Two ways to train on batches: eager, scalar by scalar, and compiled, on arrays."""

import importlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import autograd
from autograd import Value, no_grad, trace_anomaly

from ..data import Dataset
from ..data.columns import Columns
from ..module import Module
from ..optim import Optimizer, clip_grad_norm
from .forward import evaluating, modes_kept
from .machine import Machine
from .task import Task, task_of

Measured = tuple[Any, float]  # outputs, and the mean loss


class Eager:
    """Every batch is a graph of Values."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def prepared(self, data: Dataset) -> Dataset:
        """The data in the form that this way reads best."""
        return data

    def step(
        self, parts: Sequence[Dataset], optimizer: Optimizer, clip_norm: float | None
    ) -> list[Measured]:
        """One update from the samples of some batches: outputs and loss of each before it."""
        found, count = [], sum(map(len, parts))
        with _buffers_kept(self.task.model):
            optimizer.zero_grad()
            for batch in parts:
                outputs, loss = self.task.eager(batch)
                if not math.isfinite(loss.data):
                    raise FloatingPointError(f"the loss is {loss.data}{_cause(loss, optimizer)}")
                (loss if len(parts) == 1 else loss * (len(batch) / count)).backward()
                found.append((outputs, loss.data))
            try:
                if clip_norm:
                    clip_grad_norm(optimizer.values, clip_norm)
                optimizer.step()
            except FloatingPointError as error:
                raise FloatingPointError(f"{error}{_cause(loss, optimizer)}") from None
        return found

    def measure(self, batch: Dataset) -> Measured:
        """Outputs and loss in evaluation mode."""
        with evaluating(self.task.model):
            outputs, loss = self.task.eager(batch)
            return outputs, loss.data


class Compiled:
    """Batches are arrays in float32.

    The model is compiled when it is first run: once for training, once for evaluation. What is
    trained comes first among its numbers, so that an optimiser finds it in one row.
    """

    def __init__(self, task: Task, machine: Machine) -> None:
        self.task, self.machine = task, machine
        state = [part for _, part in task.model.named_state()]
        self.state = sorted(state, key=lambda part: not part.trainable)
        self._step: Any = None
        self._measure: Any = None

    def prepared(self, data: Dataset) -> Dataset:
        """The images as arrays; ids are exact in them as far as there are tables for them."""
        import numpy as np

        with no_grad():  # images may be Tensors: their numbers are meant
            if isinstance(data.images, Columns):
                parts = [np.asarray(part) for part in data.images.parts]
                return data.with_images(data.images.with_parts(parts))
            return data.with_images(np.asarray(data.images, np.float32))

    def step(
        self, parts: Sequence[Dataset], optimizer: Optimizer, clip_norm: float | None
    ) -> list[Measured]:
        """One update from the samples of some batches: outputs and loss of each before it."""
        arrays = [self.task.arrays(batch) for batch in parts]
        if self._step is None:
            self.task.check_training(parts[0])
            self._step = self._compiled(parts[0], arrays[0]).train_step(optimizer, clip_norm)
        try:
            found = self._step.accumulate(arrays)
        except FloatingPointError as error:
            raise FloatingPointError(f"{error}{self._cause(parts, optimizer)}") from None
        return [(_outputs(results), loss) for loss, results in found]

    def measure(self, batch: Dataset) -> Measured:
        """Outputs and loss in evaluation mode."""
        arrays = self.task.arrays(batch)
        if self._measure is None:
            with modes_kept(self.task.model):
                self.task.model.eval()
                self._measure = self._compiled(batch, arrays)
        results = self._measure(*arrays)
        return _outputs(results), float(results[0].mean(dtype=float))

    def _compiled(self, batch: Dataset, arrays: Sequence[Any]) -> Any:
        function, examples = self.task.function(batch), [array[0] for array in arrays]
        try:
            return autograd.compile(
                function,
                *examples,
                parameters=self.state,
                backend=self.machine.backend,
                devices=self.machine.devices,
            )
        except TypeError as error:
            raise TypeError(
                f"{error} (fit(..., compiled=False) trains scalar by scalar)"
            ) from error

    def _cause(self, parts: Sequence[Dataset], optimizer: Optimizer) -> str:
        """Where the batch goes wrong in eager mode, if it does there too; the model stays."""
        state = self.task.model.state_dict()
        try:
            causes = (_cause(loss, optimizer) for batch in parts for loss in self.task.each(batch))
            finite = " in float32; scalar by scalar, in float64, it is finite"
            return next(filter(None, causes), finite)
        except ValueError:  # batch statistics, and a forward for one sample
            return ""
        finally:
            self.task.model.load_state_dict(state)


def _outputs(results: Sequence[Any]) -> Any:
    """What a program gives after the losses, if it does."""
    return results[1] if len(results) > 1 else None


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


def backend_for(
    model: Module, loss: Callable[..., Any], compiled: bool, machine: Machine
) -> Backend:
    """Compiled where that is asked for and NumPy is installed, else eager."""
    task = task_of(model, loss)
    return Compiled(task, machine) if compiled and has_numpy() else Eager(task)


def has_numpy() -> bool:
    """Whether there are arrays to compile for."""
    try:
        return bool(importlib.import_module("numpy"))
    except ImportError:
        return False
