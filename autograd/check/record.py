"""The record of the user's forward in one check: believed where it agrees with the slopes."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .diagnosis.case import Case
from .search.search import Claim
from .search.steps import Steps
from .trace.record import record
from .truth.arrays import Array, Inputs, as_array, by_input
from .truth.differences import Objective
from .truth.measured import MeasuredGradient

MOST = 30_000  # nodes, above which a search would take too long
CLOSE = 1e-5  # relative: a record's gradient and the measured slopes


@dataclass(frozen=True, eq=False)
class Run:
    """A forward with its inputs, and the backward if it can be called again."""

    forward: Callable[..., Any]
    inputs: Inputs
    objective: Objective
    backward: Callable[..., Any] | None

    @cached_property
    def steps(self) -> Steps | None:
        """The steps of the recorded forward; None where it cannot be recorded."""
        objective = self.objective
        return self._steps(objective.point, objective.upstream, objective.output)

    def steps_as_measured(self, cases: Mapping[str, Case]) -> Callable[[], Steps | None]:
        """The same, where their gradients are the slopes that were measured; else None.

        Also None where the forward is not the user's code: there are no words for its steps.
        """

        def believed() -> Steps | None:
            steps = self.believed(cases)
            return steps if steps is not None and _has_words(steps) else None

        return believed

    def believed(self, cases: Mapping[str, Case]) -> Steps | None:
        """The same, also where there are no words for them."""
        measured = {name: case.gradient for name, case in cases.items()}
        return self.steps if self.steps is not None and agrees(self.steps, measured) else None

    def _steps(self, point: Mapping[str, Array], upstream: Array, output: Array) -> Steps | None:
        try:
            found = record(self.forward, self.inputs, point, list(namespaces(self.forward)))
        except Exception:  # what the user's code does with an array that is none quite
            return None
        close = found.output.value.shape == output.shape and np.allclose(
            found.output.value, output, rtol=1e-5, atol=1e-8
        )
        return Steps(found, upstream) if close and len(found.nodes) <= MOST else None

    def again(self) -> tuple[Steps, dict[str, Claim]] | None:
        """The steps and the claims at another point; None where there is none."""
        if self.backward is None:
            return None
        rng = np.random.default_rng(7)
        moved = {n: x * rng.uniform(0.8, 1.25, x.shape) for n, x in self.objective.point.items()}
        upstream = rng.permutation(self.objective.upstream.ravel())
        upstream = upstream.reshape(self.objective.upstream.shape)
        try:
            with np.errstate(all="ignore"):
                output = as_array(self.inputs.call(self.forward, moved), "the output")
                given = upstream.copy() if upstream.ndim else float(upstream)
                claimed = by_input(self.inputs.call(self.backward, moved, given), self.inputs.names)
            steps = self._steps(moved, upstream, output)
            claims = {
                n: Claim(as_array(x, n), True, np.ones(np.shape(x), bool), CLOSE)
                for n, x in claimed.items()
            }
        except Exception:  # the user's code, on numbers that are not the user's
            return None
        return None if steps is None else (steps, claims)


def _has_words(steps: Steps) -> bool:
    """Whether the operations stand in the user's code, and not in a library that it calls."""
    made = [node.site for node in steps.record.live if node.operation is not None]
    places = {site for site in made if site is not None and site.places}
    return len(places) > 1 or len(places) == len(made)


def agrees(steps: Steps, measured: Mapping[str, MeasuredGradient]) -> bool:
    """Whether the record's gradients are the slopes that were measured, within their bars."""
    return all(_agrees(steps.true[name], gradient) for name, gradient in measured.items())


def _agrees(exact: Array, gradient: MeasuredGradient) -> bool:
    smooth = gradient.measured & ~gradient.at_kink
    if exact.shape != smooth.shape:
        return False
    size = np.max(np.abs(gradient.value[smooth]), initial=0.0)
    slack = CLOSE * size + 10 * gradient.error[smooth]
    with np.errstate(invalid="ignore"):  # where both are infinite nothing is known
        return bool(np.all(np.abs(exact[smooth] - gradient.value[smooth]) <= slack))


def namespaces(function: Any) -> Iterator[dict[str, Any]]:
    """The names of the modules in which a forward was written."""
    function = getattr(function, "func", function)
    holder = getattr(function, "__self__", None)
    plain = getattr(function, "__func__", function)
    if hasattr(plain, "__globals__"):
        yield plain.__globals__
    for cell in getattr(plain, "__closure__", None) or ():
        if callable(cell.cell_contents):
            yield from namespaces(cell.cell_contents)
    for thing in (holder, getattr(holder, "base", None)):
        for kind in type(thing).__mro__ if thing is not None else ():
            module = sys.modules.get(kind.__module__)
            if module is not None and not kind.__module__.startswith(("builtins", "autograd.")):
                yield vars(module)
