"""The forward of a check as a page of the explorer."""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from .diagnosis.case import Case
from .record import Run
from .replay import is_small, replay
from .search.steps import Steps
from .truth.arrays import Index, entry_name
from .truth.verdict import WRONG

if TYPE_CHECKING:
    from .. import Page


class Recorded:
    """The record of a forward, which is `at_hand` where a mistake was sought in it.

    `entry` is the worst entry of the first gradient that is wrong, if the record is at hand.
    """

    def __init__(self, run: Run, cases: Mapping[str, Case], at_hand: bool) -> None:
        self.run, self.cases = run, cases
        self.wrong = next((case for case in cases.values() if case.verdict == WRONG), None)
        known = at_hand and self.wrong is not None and self._steps() is not None
        self.entry = entry_name(*_worst(self.wrong)) if known and self.wrong else ""

    def __call__(self, path: str | PathLike[str] | None) -> "Page":
        """The page, opened at the worst entry; ValueError where there is no record to believe."""
        steps = self._steps()
        if steps is None:
            raise ValueError(
                "report.explore(): forward was not recorded step by step, or it is too large; "
                "write it with autograd.Tensor, and explore what it returns"
            )
        loss, inputs = replay(steps.record, steps.upstream)
        if self.wrong is None:
            return loss.explore(path, title="L, the sum of upstream · forward")
        name, index = _worst(self.wrong)
        at = inputs[name][int(np.ravel_multi_index(index, self.wrong.true.shape))]
        return loss.explore(path, title=_title(self.wrong, index), at=at)

    def _steps(self) -> Steps | None:
        steps = self.run.believed(self.cases)
        return steps if steps is not None and is_small(steps.record) else None


def _worst(case: Case) -> tuple[str, Index]:
    """The entry that is furthest off; the first one where the shapes differ."""
    first = (0,) * case.true.ndim
    alike = case.claimed.shape == case.true.shape
    return case.name, next(iter(case.worst(1)), first) if alike else first


def _title(case: Case, index: Index) -> str:
    """What is wrong with an entry, in a line."""
    name = entry_name(case.name, index)
    if case.claimed.shape != case.true.shape:
        return f"{name}: true gradient {case.true[index]:.6g}"
    return f"{name}: claimed {case.claimed[index]:.6g}, true {case.true[index]:.6g}"
