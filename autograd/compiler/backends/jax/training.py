"""Training steps on devices: parameters, gradients and the optimiser's state stay there."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ....dialects.expressions import InexpressibleError
from ...plan.plan import Plan
from .. import Array
from .away import Kept, Numbers
from .rules import Rules
from .sizes import Sizes
from .updates import Gathered, New, gathered, updated

if TYPE_CHECKING:
    from ...parameters import Parameters
    from .backend import Jax

Arrays = Sequence[Array]
Told = Callable[[list[Array]], Any]


class _RefusedError(Exception):
    """A step that must not be taken here."""


class Updater:
    """Takes an optimiser's steps on the devices of a runner.

    `where` are the optimiser's parameters among the program's; of the results, so many as are
    `observed`, the last ones, are the same for all samples. What somebody has written since the
    last step is sent before the next one; what a step gives is fetched when somebody reads it.
    """

    def __init__(
        self,
        runner: "Jax",
        parameters: "Parameters",
        optimizer: Any,
        where: Any,
        observed: int,
    ) -> None:
        self.runner, self.parameters, self.optimizer = runner, parameters, optimizer
        self.where, self.devices, self.dtype = where, runner.devices, runner.dtype
        changed = np.zeros(len(parameters.array), bool)
        changed[where] = True
        used = changed | _read(runner.plan)
        self.changed = [part for part in parameters.parts if changed[part.here].any()]
        self.columns = [part.column for part in parameters.parts if used[part.here].any()]
        self._weights = runner.kept = runner.kept or Kept(self.devices, runner.lock)
        self._state = [Kept(self.devices, runner.lock) for _ in optimizer.state]
        self._sizes = Sizes(self.devices.count)
        shared = self.devices.replicated
        self._gather = runner.jit(
            partial(gathered, runner, observed, where),
            donate_argnums=1,
            out_shardings=(shared, self.devices.fetchable, shared),
        )
        self._updates: dict[Any, Any] = {}  # by their formulas
        self._asked: Any = None  # which of these
        self._ready: Any = None  # the one that ran last
        self._speechless = False

    def step(
        self, batches: Sequence[Arrays], clip_norm: float | None, told: Told
    ) -> list[Any] | None:
        """Take a step by the gradient of the mean over the samples of some batches, whole or not at
        all: what is `told` the results of each batch, before, gives for it.

        None where it was not taken, for the host to decide: the loss or the gradient is not finite,
        or devices have no words for the optimiser's rule.
        """
        if self._speechless:
            return None
        found: list[Any] = []

        def computed() -> Iterator[New]:
            weights, state = self._current()
            (gradient, norm, finite), results = self._gathered(weights, batches)
            update, settings = self._update(clip_norm)  # while the devices are at work
            if not finite:
                raise _RefusedError
            found.extend(told(self._fetched(*each)) for each in results)
            return map(update, [weights], [state], [gradient], [norm], [settings])

        def write(new: New) -> None:
            self._keep(new)
            self._ready = self._asked

        with self.devices.precision(self.dtype), self.runner.lock:
            try:
                self.optimizer.advance(computed, write)
            except InexpressibleError:
                self._speechless = True
                return None
            except _RefusedError:
                return None
            return found

    # --- before ---------------------------------------------------------------------------------

    def _current(self) -> tuple[Any, list[Any]]:
        """Parameters and state on the devices."""

        def numbers() -> Array:
            self.parameters.refresh()
            return self.parameters.array

        weights = self._weights.current(self.columns, numbers)
        state = [
            kept.current([column], partial(column.array, self.dtype))
            for kept, column in zip(self._state, self.optimizer.state, strict=True)
        ]
        return weights, state

    def _gathered(self, weights: Any, batches: Sequence[Arrays]) -> tuple[Gathered, list[Any]]:
        """The gradient of some batches, and of each its size and its results."""
        total, found = sum(len(arrays[0]) for arrays in batches), []
        so_far: Any = None
        if len(batches) > 1:
            zeros = np.zeros_like(self.parameters.array)
            so_far = Gathered(*map(self.devices.shared, (zeros, zeros.dtype.type(0), np.True_)))
        for arrays in batches:
            batch = self.runner.batch(arrays, 1 / total, self._sizes.of(len(arrays[0])))
            so_far, results, row = self._gather(weights, so_far, batch)
            for array in (*results, row):
                array.copy_to_host_async()  # while the devices go on
            found.append((len(arrays[0]), results, row))
        return so_far, found

    def _update(self, clip_norm: float | None) -> tuple[Any, Any]:
        """The function that takes the step, and its numbers that differ from step to step.

        Where it is to be compiled, the host gets the old numbers first: an interrupt may come at
        the end of that, when they are gone from the devices and the new ones are not here yet.
        """
        rules, clips = Rules(self.optimizer, self.dtype), clip_norm is not None
        self._asked = (rules.structure, clips)
        if self._asked != self._ready:
            for kept in (self._weights, *self._state):
                kept.settle()
        if self._asked not in self._updates:
            self._updates[self._asked] = self.runner.jit(
                partial(updated, rules, self.where, clips),
                donate_argnums=(0, 1, 2),
                out_shardings=self.devices.replicated,
            )
        settings = np.array([*rules.settings, clip_norm or 0], self.dtype)
        return self._updates[self._asked], settings

    # --- after ----------------------------------------------------------------------------------

    def _keep(self, new: New) -> None:
        """Let the columns have the new numbers, and the Values the gradient."""
        self._weights.take(new.weights, [(part.column, part.here) for part in self.changed])
        states = zip(self._state, new.state, self.optimizer.state, strict=True)
        for kept, array, column in states:
            kept.take(array, [(column, slice(None))])
        gradients = [(part.storage.gradients, part.here) for part in self.parameters.parts]
        Numbers(new.gradient, self.runner.lock).serve(gradients)

    def _fetched(self, n: int, results: Sequence[Any], row: Any) -> list[Array]:
        """The results (n, size) on the host; those that are the same for all, (1, size)."""
        views, fetched = self.runner.plan.results, self.devices.fetched
        ends = np.cumsum([view.size for view in views[len(results) :]], dtype=int)
        arrays = [fetched(array)[:n] for array in results]
        return arrays + np.split(fetched(row)[None], ends, axis=1)[: len(ends)]


def _read(plan: Plan) -> Array:
    """Which parameters a plan reads, of all: running statistics are there for others."""
    kernels = [*plan.forward, *plan.reverse]
    blocks = {view.block for kernel in kernels for view in kernel.reads()}
    blocks |= {view.block for view in plan.results}
    return np.concatenate([np.full(block.size, block in blocks) for block in plan.parameters])
