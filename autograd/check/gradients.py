"""`check_gradients`: a hand-derived gradient against the true one, and what is wrong with it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .behaviour import behave, call_claimed
from .coverage import unexercised
from .diagnosis.diagnose import diagnose
from .model import modelled
from .report.findings import Case, Finding
from .report.report import Checked, Report
from .truth.arrays import Array, Inputs, as_array, entry, named, single_precision
from .truth.differences import COARSE, Gradient, Objective
from .truth.directions import DIRECTIONS, along, located, sample, until
from .truth.verdict import RIGHT, SINGLE, TOLERANCE, WRONG, Verdict, compare, kinks_of


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

    Raises TypeError and ValueError for inputs that are no arrays, or that forward does not take.
    """
    return Check(forward, inputs, model, upstream, learning_rate, seed, budget).run(claimed)


class Check:
    """One check: the point, the upstream gradient, the objective, and the report so far."""

    def __init__(
        self,
        forward: Callable[..., Any],
        inputs: Any,
        model: Callable[..., Any] | None,
        upstream: Any,
        learning_rate: float | None,
        seed: int,
        budget: float,
    ) -> None:
        self.forward, self.inputs, self.model = forward, Inputs(inputs), model
        self.learning_rate, self.budget = learning_rate, budget
        self.rng = np.random.default_rng(seed)
        self.report = Report()
        self.cache: dict[str, Any] = {}
        first = self.inputs.call(forward, {})
        self.output = as_array(first, "the output of forward")
        self.single = any(map(single_precision, [first, *self.inputs.originals.values()]))
        self.upstream = self._upstream(upstream)

    def _upstream(self, given: Any) -> Array:
        """∂L/∂output: 1 for a number, else distinct numbers that are not 0, of both signs."""
        if given is not None:
            array = as_array(given, "upstream")
            if array.shape != self.output.shape:
                raise ValueError(
                    f"upstream has shape {array.shape}, forward's output {self.output.shape}"
                )
            return array
        n = self.output.size
        if self.output.ndim == 0:
            return np.ones(())
        sizes = self.rng.permutation(np.linspace(0.5, 1.5, n))
        return (sizes * self.rng.choice([-1.0, 1.0], n)).reshape(self.output.shape)

    def run(self, claimed: Any) -> Report:
        """The report."""
        given = claimed
        if callable(claimed):
            given = call_claimed(claimed, self.inputs, self.upstream, self.report)
            if given is None:
                return self.report
        arrays, raw = self._claims(given)
        if not arrays:
            return self.report
        self._objective(list(arrays))
        if self._wavers(arrays):
            return self.report
        truth = modelled(self.model, self.inputs, self.objective, self.report)
        each = self.budget / max(1, len(arrays))
        for name, array in arrays.items():
            self._check(name, array, raw[name], truth, each)
        if callable(claimed):
            self.report.general += behave(claimed, self.inputs, self.upstream, given)
        self.report.unexercised = unexercised(self.objective.point, self.output)
        return self.report

    def _claims(self, given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The claimed gradients by input, as they came too; those that are no arrays are wrong."""
        raw = named(given, self.inputs.names)
        arrays: dict[str, Any] = {}
        for name, gradient in raw.items():
            try:
                arrays[name] = as_array(gradient, f"the claimed gradient of {name}")
            except ValueError as error:
                finding = Finding(str(error), name="no array")
                self.report.gradients[name] = Checked(name, None, None, WRONG, "", None, [finding])
        return arrays, raw

    def _objective(self, names: list[str]) -> None:
        point = {name: self.inputs.array(name) for name in names}
        variants = np.ones(self.upstream.shape), self.upstream**2
        self.objective = Objective(self.forward, self.inputs, point, self.upstream, variants)
        self._integers(names)
        self.objective.measure_noise(self.rng, 0.1 * self.budget)
        if self.objective.steps is COARSE:
            self.single = True
            self.report.notes.append("forward has the noise of single precision: tolerances follow")

    def _wavers(self, arrays: Mapping[str, Array]) -> bool:
        """Whether forward gives another result on the same inputs: then nothing can be said."""
        again = self.objective.moved({}, 0.0)
        size = float(np.max(np.abs(self.objective.here), initial=0.0))
        if float(np.max(np.abs(again), initial=0.0)) <= 1e-9 * size:
            return False
        for name, claimed in arrays.items():
            finding = Finding(
                "forward gives another result on the same inputs",
                f"max difference {np.max(np.abs(again)):.2g}",
                remedy="seed it anew in each call, or give the mask as an input",
                name="forward wavers",
            )
            self.report.gradients[name] = Checked(name, claimed, findings=[finding])
        return True

    def _integers(self, names: list[str]) -> None:
        """Integer inputs are checked as floats; a forward that treats those otherwise is told."""
        integers = [name for name in names if self.inputs.integers(name)]
        if not integers:
            return
        self.report.notes.append(f"{', '.join(integers)}: integers, checked as floats")
        if not np.allclose(self.objective.here, self.output, rtol=1e-6, atol=1e-9):
            self.report.general.append(
                Finding(
                    "forward gives another result for integers than for the same floats",
                    f"max difference {np.max(np.abs(self.objective.here - self.output)):.2g}",
                    ", ".join(integers),
                    "convert the input first: x = np.asarray(x, dtype=float)",
                    "integers truncate",
                )
            )

    # --- one input -------------------------------------------------------------------------------

    def _check(
        self, name: str, claimed: Array, raw: Any, truth: Mapping[str, Array], seconds: float
    ) -> None:
        point = self.objective.point[name]
        tolerance = SINGLE if self.single or single_precision(raw) else TOLERANCE
        checked = self.report.gradients[name] = Checked(name, claimed)
        if not point.size and claimed.shape == point.shape:
            checked.verdict, checked.how = RIGHT, "it has no entries"
            return
        if claimed.shape != point.shape or not np.isfinite(claimed).all():
            entries = sample(self.objective, self.rng, point.shape, seconds)
            gradient = self.objective.gradient(name, entries)
            checked.verdict, checked.true = WRONG, gradient.value
            checked.findings = diagnose(self._case(name, claimed, gradient, tolerance))
            return
        large = self._affordable(point.size) > seconds
        if large and along(self.objective, self.rng, name, claimed, tolerance):
            checked.verdict, checked.how = RIGHT, f"along {DIRECTIONS} random directions"
            return
        gradient = self._measured(name, truth, point.shape, seconds)
        if large and name not in truth:
            index = located(self.objective, self.rng, name, claimed, tolerance)
            gradient.put(index, self.objective.entry(name, index))
        self._conclude(checked, gradient, tolerance)

    def _conclude(self, checked: Checked, gradient: Gradient, tolerance: float) -> None:
        """The verdict on a claim whose true gradient was measured, and what explains it."""
        name, claimed = checked.name, checked.claimed
        verdict = self._judged(name, claimed, gradient, tolerance)
        checked.details, checked.true, checked.verdict = verdict, verdict.true, verdict.verdict
        seen = int(gradient.seen.sum())
        checked.how = f"{seen:,} of {claimed.size:,} entries" if seen < claimed.size else ""
        if verdict.verdict == WRONG:
            checked.findings = diagnose(self._case(name, claimed, gradient, tolerance, verdict))
            if not checked.findings and verdict.nearly():
                checked.verdict = RIGHT
                checked.how = f"up to {verdict.departure():.0e} of its size"
                self.report.notes.append(
                    f"{name} is not exact: an ε in forward (log, sqrt) that backward leaves out, "
                    "or rounding?"
                )
        elif not self._control(name, claimed, gradient, tolerance):
            checked.verdict = "undecided"
            checked.findings = [Finding("the control was not seen: a gradient that was made wrong "
                                        "on purpose passed", name="control")]  # fmt: skip

    def _judged(self, name: str, claimed: Array, gradient: Gradient, tolerance: float) -> Verdict:
        kinks = kinks_of(self.objective, name, claimed, gradient)
        little = self.objective.little(self.objective.scale(name))
        return compare(name, claimed, gradient, tolerance, kinks, little)

    def _control(self, name: str, claimed: Array, gradient: Gradient, tolerance: float) -> bool:
        """Move one true entry and see whether it is called wrong: this check can fail."""
        smooth = gradient.seen & ~gradient.kink
        if not smooth.any():
            return True
        moved = np.where(smooth, gradient.value, claimed)
        sizes = np.where(smooth, np.abs(gradient.value), -1.0)
        index = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
        moved[index] += max(1e-2 * abs(moved[index]), 100 * gradient.error[index], 1e-9)
        return bool(compare(name, moved, gradient, tolerance).wrong[index])

    def _affordable(self, entries: int) -> float:
        return 4 * entries * self.objective.seconds

    def _measured(
        self, name: str, truth: Mapping[str, Array], shape: tuple[int, ...], seconds: float
    ) -> Gradient:
        """The true gradient: measured, or the model's where there is one and no kink."""
        deadline = time.perf_counter() + 2 * seconds
        entries = sample(self.objective, self.rng, shape, seconds)
        gradient = self.objective.gradient(name, until(entries, deadline))
        if name in truth:
            known = truth[name]
            self._agree(name, gradient, known)
            gradient.value = np.where(gradient.kink, gradient.value, known)
            gradient.error = np.where(gradient.kink, gradient.error, 1e-12 * np.abs(known))
            gradient.seen[...] = True
        return gradient

    def _agree(self, name: str, gradient: Gradient, known: Array) -> None:
        """Report where the model's gradient is not the slope of the user's forward."""
        smooth = gradient.seen & ~gradient.kink
        off = np.abs(gradient.value - known)
        slack = 1e-4 * (np.abs(known) + np.max(np.abs(known), initial=0.0)) + 10 * gradient.error
        if np.any(smooth & (off > slack)):
            index = tuple(map(int, np.argwhere(smooth & (off > slack))[0]))
            self.report.general.append(
                Finding(
                    "the oracles disagree: the model's gradient is not the slope of forward",
                    f"{known[index]:.6g} and {gradient.value[index]:.6g}",
                    entry(name, index),
                    "does forward draw random numbers, or keep state from call to call?",
                    "oracles disagree",
                )
            )

    def _case(
        self, name: str, claimed: Array, gradient: Gradient, tolerance: float,
        verdict: Verdict | None = None,
    ) -> Case:  # fmt: skip
        if verdict is None:
            verdict = Verdict(name, claimed, gradient, tolerance, gradient.seen, gradient.kink)
        names = ["upstream of ones", "upstream squared"]
        return Case(
            name, claimed, verdict, self.objective.point, self.objective.here, self.upstream,
            self.learning_rate, dict(zip(names, gradient.variants, strict=True)),
            {**self._others(), **self.objective.point}, self.cache,
        )  # fmt: skip

    def _others(self) -> dict[str, Array]:
        """The inputs without a claim that are arrays of numbers: labels, masks."""
        found = {}
        for name in self.inputs.names:
            original = self.inputs.originals[name]
            if np.ndim(original) and np.asarray(original).dtype.kind in "biuf":
                found[name] = as_array(original, name)
        return found
