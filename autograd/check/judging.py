"""The verdict on one gradient, from the truth alone; what explains a difference is asked later."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .diagnosis import known
from .diagnosis.case import Case
from .model import compare_oracles
from .record import Run
from .report.findings import Finding, Remarks
from .report.report import GradientReport, worst_entries
from .truth import directions
from .truth.arrays import Array, Rng
from .truth.differences import Objective
from .truth.kinks import find_kinks
from .truth.verdict import RIGHT, SINGLE, TOLERANCE, UNDECIDED, Comparison, compare


@dataclass(frozen=True)
class Judged:
    """The verdict on one input, before it is explained."""

    report: GradientReport
    case: Case | None = None  # None where no entry was compared
    beside: Remarks = field(default_factory=Remarks)

    def told(self, findings: Mapping[str, tuple[Finding, ...]]) -> GradientReport:
        """The report with what explains the difference."""
        return replace(self.report, findings=findings.get(self.report.name, ()))

    def remarks(self, findings: Mapping[str, tuple[Finding, ...]]) -> Remarks:
        """What is to be said beside; also that a gradient is right, but not exact."""
        case = self.case
        if case is None or self.report.verdict != RIGHT or not case.wrong.any():
            return self.beside
        if any(findings.values()):  # what is wrong elsewhere may be what is seen here
            return self.beside
        return self.beside + Remarks(notes=(_inexact(case),))


@dataclass(frozen=True)
class Judge:
    """What the checks of all inputs have in common."""

    objective: Objective
    rng: Rng
    single: bool  # precision, of the inputs or of forward's output
    exact: Mapping[str, Array]  # the model's gradients
    seconds: float  # for each input
    learning_rate: float | None
    allowed: float  # relative: what is off by no more is nearly right
    run: Run
    cache: dict[str, Any] = field(default_factory=dict)

    def gradient(self, name: str, claimed: Array, single: bool) -> Judged:
        """One input: the verdict, from the truth alone."""
        single = single or self.single or self.objective.is_single_precision
        tolerance = SINGLE if single else min(TOLERANCE, self.allowed)
        large = self._is_large(claimed) and claimed.shape == self.objective.point[name].shape
        if large and directions.agrees(self.objective, self.rng, name, claimed, tolerance):
            how = f"along {directions.TRIED} random directions"
            return Judged(GradientReport(name, RIGHT, how, claimed))
        comparison, remarks = self._compare(name, claimed, tolerance)
        verdict, how = comparison.verdict, comparison.how
        if verdict == RIGHT and not comparison.notices_a_wrong_entry():
            verdict = UNDECIDED
            how = "the control was not seen: a gradient that was made wrong on purpose passed"
        report = GradientReport(name, verdict, how, claimed, (), comparison)
        return Judged(report, self._case(comparison), remarks)

    def _is_large(self, claimed: Array) -> bool:
        """Whether there is no time to measure every entry."""
        finite = bool(np.isfinite(claimed).all())
        return finite and directions.seconds_for(self.objective, claimed.size) > self.seconds

    def _compare(self, name: str, claimed: Array, tolerance: float) -> tuple[Comparison, Remarks]:
        """Measure the true gradient, or take the model's, and compare."""
        objective, remarks = self.objective, Remarks()
        shape = objective.point[name].shape
        gradient = objective.gradient(
            name, directions.sample(objective, self.rng, shape, self.seconds)
        )
        if name in self.exact:
            remarks = compare_oracles(name, gradient, self.exact[name])
            gradient = gradient.with_exact(self.exact[name])
        if claimed.shape != shape:
            return compare(name, claimed, gradient, tolerance), remarks
        if self._is_large(claimed) and name not in self.exact:
            index = directions.find_wrong_entry(objective, self.rng, name, claimed, tolerance)
            gradient.record(index, objective.entry(name, index), objective.variants)
        kinks = find_kinks(objective, name, claimed, gradient)
        negligible = objective.negligible_slope(objective.scale(name))
        how = tolerance, kinks, negligible, self.allowed
        found = compare(name, claimed, gradient, *how)
        for exact in self._second_oracles(found) if found.uncertain.any() else ():
            completed = gradient.completed(found.uncertain, exact, tolerance)
            if completed is not None:
                return compare(name, claimed, completed, *how), remarks
        return found, remarks

    def _second_oracles(self, comparison: Comparison) -> Iterator[Array]:
        """Exact gradients from elsewhere, of one input.

        They are asked where the differences leave something in doubt, and believed where they agree
        with all that is known.
        """
        yield from known.exact(self._case(comparison))
        steps = self.run.steps
        if steps is not None and not steps.record.lost:
            yield steps.true[comparison.name]

    def _case(self, comparison: Comparison) -> Case:
        """What explains a difference is asked of this."""
        objective, names = self.objective, ["upstream of ones", "upstream squared"]
        return Case(
            **vars(comparison),
            inputs={**objective.inputs.numeric(), **objective.point},
            output=objective.output,
            upstream=objective.upstream,
            learning_rate=self.learning_rate,
            variants=dict(zip(names, comparison.gradient.variants, strict=True)),
            cache=self.cache,
        )


def _inexact(comparison: Comparison) -> str:
    """What was measured where a gradient is nearly right."""
    said = f"{comparison.name} is not exact: an ε in forward (log, sqrt) that backward leaves out,"
    return f"{said} or rounding? {''.join(worst_entries(comparison)[:1])}"
