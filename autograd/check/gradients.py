"""`check_gradients`: a hand-derived gradient against the true one, and what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .behaviour import call_backward, second_call
from .coverage import unexercised
from .diagnosis.case import Case
from .diagnosis.explain import explain
from .model import compare_oracles, model_gradients
from .record import Run
from .report.findings import Finding, Remarks
from .report.report import GradientReport, Report
from .truth import directions
from .truth.arrays import Array, Inputs, Rng, as_array, by_input, draw_upstream, largest
from .truth.differences import Objective
from .truth.kinks import find_kinks
from .truth.verdict import RIGHT, SINGLE, TOLERANCE, UNDECIDED, WRONG, Comparison, compare

UNREPEATABLE = "unrepeatable forward"
SEARCH = 5.0  # seconds, for the mistake in the recorded steps


def check_gradients(
    forward: Callable[..., Any],
    inputs: Any,
    claimed: Any,
    *,
    model: Callable[..., Any] | None = None,
    upstream: Any = None,
    learning_rate: float | None = None,
    seed: int = 0,
    budget: float = 10.0,
) -> Report:
    """Compare a hand-derived gradient with the true one; where they differ, say what is wrong.

    `forward(**inputs)` (a dict) or `forward(*inputs)` (a tuple) takes arrays, or nested lists, and
    returns a number or an array. `claimed` is a dict or tuple of arrays, None for what is not
    checked, or a function `backward(upstream, **inputs)` that returns one. For an array output,
    upstream is drawn with distinct entries that are not 0, unless it is given.

    The truth comes from central differences of `forward` with error bars, or from `model`, the same
    formula written with Tensors: then the two forwards are compared first. About `budget` seconds
    are spent; where that is not enough for every entry, random directions are tried first, and a
    sample of the entries is measured where they fail. `learning_rate` is tried as a factor.

    The verdict is that of the numbers, whether or not something explains a difference. A gradient
    that is off by no more than a stabiliser (an ε that backward leaves out) is right, with a note.

    Raises TypeError and ValueError for inputs that are no arrays, or that forward does not take.
    """
    user, rng = Inputs(inputs), np.random.default_rng(seed)
    output = user.call(forward, {})
    u = _upstream(upstream, as_array(output, "the output of forward"), rng)
    gradients, failure = call_backward(claimed, user, u) if callable(claimed) else (claimed, None)
    if failure is not None:
        return Report({"backward": failure})
    raw = by_input(gradients, user.names)
    arrays, unreadable = _as_arrays(raw)
    if not arrays:
        return Report(unreadable)
    point = {name: user.array(name) for name in arrays}
    objective = Objective.at(forward, user, point, u, np.ones(u.shape), u**2)
    remarks = [_integers(objective, output), _measure_noise(objective, rng, 0.1 * budget)]
    unrepeatable = _unrepeatable(objective, arrays)
    if unrepeatable:
        return _report({**unreadable, **unrepeatable}, remarks)
    exact, model_remarks = model_gradients(model, user, objective)
    single = any(map(_is_single, [output, *user.originals.values()]))
    check = _Check(objective, rng, single, exact, budget / len(arrays), learning_rate)
    found = [check.gradient(name, x, _is_single(raw[name])) for name, x in arrays.items()]
    cases = {j.report.name: j.case for j in found if j.case is not None}
    measured = {name: case.gradient for name, case in cases.items()}
    run = Run(forward, user, objective, claimed if callable(claimed) else None, measured)
    told = explain(cases, run.steps, run.again, SEARCH)
    remarks += [model_remarks, *(judged.remarks(told) for judged in found)]
    if callable(claimed):
        remarks.append(second_call(claimed, user, u, gradients))
    checked = {**unreadable, **{judged.report.name: judged.told(told) for judged in found}}
    return _report(checked, remarks, unexercised(objective.point, objective.output))


def _report(
    gradients: Mapping[str, GradientReport], remarks: list[Remarks], untested: tuple[str, ...] = ()
) -> Report:
    every = sum(remarks, Remarks())
    return Report(gradients, every.faults, every.warnings, untested, every.notes)


def _upstream(given: Any, output: Array, rng: Rng) -> Array:
    """∂L/∂output as it is given, or drawn; ValueError where it has another shape."""
    if given is None:
        return draw_upstream(output.shape, rng)
    array = as_array(given, "upstream")
    if array.shape != output.shape:
        raise ValueError(f"upstream has shape {array.shape}, forward's output {output.shape}")
    return array


def _is_single(x: Any) -> bool:
    """Whether numbers were computed in less than double precision."""
    dtype = getattr(x, "dtype", None)
    return dtype is not None and getattr(dtype, "kind", "") == "f" and dtype.itemsize < 8


def _as_arrays(raw: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, GradientReport]]:
    """The claimed gradients as arrays, and reports on those that hold no numbers."""
    arrays, unreadable = {}, {}
    for name, gradient in raw.items():
        try:
            arrays[name] = as_array(gradient, f"the claimed gradient of {name}")
        except ValueError as error:
            finding = Finding(str(error), name="no array")
            unreadable[name] = GradientReport(name, WRONG, findings=(finding,))
    return arrays, unreadable


def _integers(objective: Objective, output: Any) -> Remarks:
    """Integer inputs are checked as floats; a fault where forward treats those otherwise."""
    integers = ", ".join(filter(objective.inputs.holds_integers, objective.point))
    if not integers:
        return Remarks()
    notes = (f"{integers}: integers, checked as floats",)
    if np.allclose(objective.output, output, rtol=1e-6, atol=1e-9):
        return Remarks(notes=notes)
    finding = Finding(
        "forward gives another result for integers than for the same floats",
        f"max difference {largest(objective.output - output):.2g}",
        integers,
        "convert the input first: x = np.asarray(x, dtype=float)",
        "integers truncate",
    )
    return Remarks(faults=(finding,), notes=notes)


def _measure_noise(objective: Objective, rng: Rng, seconds: float) -> Remarks:
    """A note where forward is noisier than double precision."""
    objective.measure_noise(rng, seconds)
    note = "forward has the noise of single precision: tolerances follow"
    return Remarks(notes=(note,) if objective.is_single_precision else ())


def _unrepeatable(objective: Objective, arrays: Mapping[str, Array]) -> dict[str, GradientReport]:
    """Reports where forward gives another result on the same inputs: then nothing is known."""
    change = largest(objective.moved({}, 0.0))
    if change <= 1e-9 * largest(objective.output):
        return {}
    finding = Finding(
        "forward gives another result on the same inputs",
        f"max difference {change:.2g}",
        remedy="seed it anew in each call, or give the mask as an input",
        name=UNREPEATABLE,
    )
    return {
        name: GradientReport(name, UNDECIDED, claimed=claimed, findings=(finding,))
        for name, claimed in arrays.items()
    }


@dataclass(frozen=True)
class _Judged:
    """The verdict on one input, before it is explained."""

    report: GradientReport
    case: Case | None = None  # None where no entry was compared
    beside: Remarks = field(default_factory=Remarks)

    def told(self, findings: Mapping[str, tuple[Finding, ...]]) -> GradientReport:
        """The report with what explains the difference."""
        return replace(self.report, findings=findings.get(self.report.name, ()))

    def remarks(self, findings: Mapping[str, tuple[Finding, ...]]) -> Remarks:
        """What is to be said beside; also that a gradient is right, but not exact."""
        name, case = self.report.name, self.case
        if case is None or self.report.verdict != RIGHT or not case.wrong.any():
            return self.beside
        note = "an ε in forward (log, sqrt) that backward leaves out, or rounding?"
        inexact = Remarks(notes=(f"{name} is not exact: {note}",))
        return self.beside if findings.get(name) else self.beside + inexact


@dataclass(frozen=True)
class _Check:
    """What the checks of all inputs have in common."""

    objective: Objective
    rng: Rng
    single: bool  # precision, of the inputs or of forward's output
    exact: Mapping[str, Array]  # the model's gradients
    seconds: float  # for each input
    learning_rate: float | None
    cache: dict[str, Any] = field(default_factory=dict)

    def gradient(self, name: str, claimed: Array, single: bool) -> "_Judged":
        """One input: the verdict, from the truth alone."""
        single = single or self.single or self.objective.is_single_precision
        tolerance = SINGLE if single else TOLERANCE
        large = self._is_large(claimed) and claimed.shape == self.objective.point[name].shape
        if large and directions.agrees(self.objective, self.rng, name, claimed, tolerance):
            how = f"along {directions.TRIED} random directions"
            return _Judged(GradientReport(name, RIGHT, how, claimed))
        comparison, remarks = self._compare(name, claimed, tolerance)
        verdict, how = comparison.verdict, comparison.how
        if verdict == RIGHT and not comparison.notices_a_wrong_entry():
            verdict = UNDECIDED
            how = "the control was not seen: a gradient that was made wrong on purpose passed"
        report = GradientReport(name, verdict, how, claimed, (), comparison)
        return _Judged(report, self._case(comparison), remarks)

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
            gradient.record(index, objective.entry(name, index))
        kinks = find_kinks(objective, name, claimed, gradient)
        negligible = objective.negligible_slope(objective.scale(name))
        return compare(name, claimed, gradient, tolerance, kinks, negligible), remarks

    def _case(self, comparison: Comparison) -> Case:
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
