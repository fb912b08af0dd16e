"""Training steps on arrays: forward, backward, and the optimiser's rule."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .program import Program

Arrays = Sequence[NDArray[Any]]


class TrainStep:
    """A whole update on arrays: forward, backward, and the optimiser's rule.

    The optimiser's learning rate is read at every step, so schedules work as usual. A backend that
    keeps the numbers in a memory of its own takes the steps there.
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
        in_row = where == list(range(where[0], where[0] + len(where)))
        self.where: Any = slice(where[0], where[0] + len(where)) if in_row else np.array(where)
        self.parts = program.parameters.parts_of(set(optimizer.values))
        self._elsewhere = program.runner.updater(
            program.parameters, optimizer, self.where, program.observed
        )

    def __call__(self, *batches: Any) -> float:
        """Update the parameters from one batch, and return its mean loss before the update.

        FloatingPointError where the loss or its gradient is not finite; then nothing is updated.
        """
        ((loss, _),) = self.accumulate([batches])
        return loss

    def accumulate(self, parts: Sequence[Sequence[Any]]) -> list[tuple[float, Any]]:
        """Update the parameters once, by the gradient of the mean over the samples of several
        batches; the mean loss of each before the update, and the function's results.
        """
        with self.program._lock, np.errstate(all="ignore"):
            arrays: Iterable[Arrays] = map(self.program._losing, parts)
            if self._elsewhere:
                arrays = list(arrays)
                found = self._elsewhere.step(arrays, self.clip_norm, self._told)
                if found is not None:
                    return found
            return self._update(arrays, len(parts))

    def _told(self, results: Arrays) -> tuple[float, Any]:
        """The loss of a batch, and the function's results; observers are told of it."""
        parts = zip(results, self.program.recording.results, strict=True)
        shaped = [array.reshape(len(array), *part.shape) for array, part in parts]
        self.program._tell(shaped)
        return self.program._mean_loss(shaped), self.program.outputs

    def _update(self, parts: Iterable[Arrays], several: int) -> list[tuple[float, Any]]:
        """A step on the host, of so many batches."""
        program, found, told, count = self.program, [], [], 0
        gradient, total = program.runner.gradient, np.zeros(())
        for arrays in parts:
            loss, results = program._loss_and_gradient(arrays)
            program.gradients.show()
            if not math.isfinite(loss):
                raise FloatingPointError(f"the loss is {loss}")
            found.append((loss, program.outputs))
            told.append(results)
            if several > 1:
                count += len(results[0])
                total = total + gradient * len(results[0])
        if several > 1:
            gradient[...] = total / count
        self._refuse_infinite(gradient[self.where])
        if self.clip_norm is not None:
            self._clip(self.clip_norm)
        for results in told:
            program._tell(results)
        self.optimizer.advance(self._computed, self._write)
        return found

    def _refuse_infinite(self, gradient: NDArray[Any]) -> None:
        """FloatingPointError for a gradient that is not finite: it would leave nothing to train."""
        if not math.isfinite(np.dot(gradient, gradient)) and not np.isfinite(gradient).all():
            k = int(np.isfinite(gradient).argmin())
            name = self.optimizer.values[k].label or f"parameter {k}"
            raise FloatingPointError(f"the gradient of {name} is {gradient[k]}")

    def _clip(self, max_norm: float) -> None:
        """Scale the gradient to a joint Euclidean norm of at most `max_norm`."""
        gradient = self.program.runner.gradient
        norm = float(np.linalg.norm(gradient[self.where].astype(np.float64)))
        if not math.isfinite(norm):
            raise FloatingPointError(f"the norm of the gradient is {norm}")
        if norm > max_norm:
            gradient *= gradient.dtype.type(max_norm / norm)

    def _computed(self) -> Iterator[Arrays]:
        """The new parameters, and the new state."""
        program, optimizer = self.program, self.optimizer
        columns = [program.weights[self.where], program.runner.gradient[self.where]]
        columns += [column.array(program.dtype) for column in optimizer.state]
        parts: list[tuple[NDArray[Any], ...]] = [
            rule(*[column[part] for column in columns]) for rule, part in optimizer.rules()
        ]
        yield parts[0] if len(parts) == 1 else [*map(np.concatenate, zip(*parts, strict=True))]

    def _write(self, computed: Arrays) -> None:
        program, (weights, *state) = self.program, computed
        reused = program.weights, program.runner.gradient  # a rule may keep what it was given
        state = [x.copy() if any(np.may_share_memory(x, y) for y in reused) else x for x in state]
        program.weights[self.where] = weights
        program.parameters.written(self.parts)
        for column, numbers in zip(self.optimizer.state, state, strict=True):
            column.take(numbers)
