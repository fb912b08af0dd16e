"""Training steps on arrays: forward, backward, and the optimiser's rule."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .program import Program


class TrainStep:
    """A whole update on arrays: forward, backward, and the optimiser's rule.

    The optimiser's learning rate is read at every step, so schedules work as usual.
    """

    def __init__(self, program: "Program", optimizer: Any, clip_norm: float | None) -> None:
        if not hasattr(optimizer, "rule") or isinstance(optimizer, type):
            raise TypeError(f"train_step: needs an optimiser such as nn.SGD, got {optimizer!r:.60}")
        if clip_norm is not None and not clip_norm > 0:
            raise ValueError(f"train_step: clip_norm must be positive, got {clip_norm}")
        self.program, self.optimizer, self.clip_norm = program, optimizer, clip_norm
        place = {v: k for k, v in enumerate(program.values)}
        missing = [v for v in optimizer.values if v not in place]
        if missing:
            name = missing[0].label or repr(missing[0])
            raise ValueError(
                f"train_step: the optimiser changes {name}, which is not one of the program's "
                "parameters; compile with parameters=model.parameters()"
            )
        where = [place[v] for v in optimizer.values]
        whole = where == list(range(len(where)))
        self.where: Any = slice(0, len(where)) if whole else np.array(where)
        self.state: list[NDArray[Any]] | None = None

    def __call__(self, *batches: Any) -> float:
        """Update the parameters from one batch, and return its mean loss before the update.

        FloatingPointError where the loss is not finite; then nothing is updated.
        """
        with self.program._lock:
            if self.state is None:
                self._start()
            with np.errstate(all="ignore"):
                return self._update(batches)

    def _update(self, batches: Sequence[Any]) -> float:
        program = self.program
        loss, results = program._loss_and_gradient(batches)
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss}")
        program._tell(results)
        if self.clip_norm is not None:
            self._clip(self.clip_norm)
        self.optimizer.steps += 1
        weights, gradient = program.weights[self.where], program.runner.gradient[self.where]
        changed, *self.state = self.optimizer.rule(weights, gradient, *(self.state or []))
        program.weights[self.where] = changed
        return loss

    def _clip(self, max_norm: float) -> None:
        """Scale the gradient to a joint Euclidean norm of at most `max_norm`."""
        gradient = self.program.runner.gradient
        norm = float(np.linalg.norm(gradient[self.where].astype(np.float64)))
        if not math.isfinite(norm):
            raise FloatingPointError(f"the norm of the gradient is {norm}")
        if norm > max_norm:
            gradient *= gradient.dtype.type(max_norm / norm)

    def _start(self) -> None:
        """Take over the parameters and the optimiser's state, as arrays."""
        program, state = self.program, self.optimizer.state
        program._refresh()
        rows = np.array(state, program.dtype).reshape(len(state), -1)
        self.state = [column.copy() for column in rows.T]
        program._unsynced.append(self)

    def write_back(self) -> None:
        """Give the numbers back to the Values that the optimiser changes, and its state to it."""
        numbers = self.program.weights[self.where].tolist()
        for v, number in zip(self.optimizer.values, numbers, strict=True):
            v.data = number
        columns = [column.tolist() for column in self.state or []]
        rows = zip(*columns, strict=True) if columns else [()] * len(numbers)
        self.optimizer.state = [tuple(row) for row in rows]
        self.state = None
