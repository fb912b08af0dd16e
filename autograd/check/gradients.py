"""`check_gradients`: a hand-derived gradient against the true one, and what is wrong with it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .behaviour import call_backward, second_call
from .coverage import unexercised
from .diagnosis.explain import explain
from .explorable import Recorded
from .judging import Judge
from .model import model_gradients
from .record import Run
from .report.findings import Finding, Remarks
from .report.report import GradientReport, Report
from .search.search import SECONDS
from .truth.arrays import (
    Array,
    Inputs,
    Rng,
    as_array,
    by_input,
    draw_upstream,
    entry_name,
    is_single,
    largest,
)
from .truth.differences import Objective
from .truth.domain import cause_of, first_not_finite
from .truth.verdict import (
    STABILISER,
    UNDECIDED,
    WRONG,
)

UNREPEATABLE = "unrepeatable forward"


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
    tolerance: float = STABILISER,
    search: float = SECONDS,
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
    of which no entry is off by more than `tolerance`, beside its size, is right, and how far it is
    off is told: the default is what an ε changes that forward has (in a log, a root) and backward
    leaves out. Where forward is not finite, or no two steps agree on a slope, it is undecided.

    Of what is wrong, the mistake is sought in the steps of forward itself, which is run once more
    to record them, for at most `search` seconds.

    Raises TypeError and ValueError for inputs that are no arrays, or that forward does not take.
    """
    user, rng = Inputs(inputs), np.random.default_rng(seed)
    with np.errstate(all="ignore"):
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
    unknown = _not_finite(objective, arrays) or _unrepeatable(objective, arrays)
    if unknown:
        return _report({**unreadable, **unknown}, [])
    remarks = [_integers(objective, output), _measure_noise(objective, rng)]
    exact, model_remarks = model_gradients(model, user, objective)
    single = any(map(is_single, [output, *user.originals.values()]))
    run = Run(forward, user, objective, claimed if callable(claimed) else None)
    judge = Judge(
        objective, rng, single, exact, budget / len(arrays), learning_rate, tolerance, run
    )
    found = [judge.gradient(name, x, is_single(raw[name])) for name, x in arrays.items()]
    cases = {j.report.name: j.case for j in found if j.case is not None}
    told = explain(cases, run.steps_as_measured(cases), run.again, search)
    remarks += [model_remarks, *(judged.remarks(told) for judged in found)]
    if callable(claimed):
        remarks.append(second_call(claimed, user, u, gradients))
    checked = {**unreadable, **{judged.report.name: judged.told(told) for judged in found}}
    untested = unexercised(objective.point, objective.output)
    return _report(checked, remarks, untested, Recorded(run, cases, search > 0))


def _report(
    gradients: Mapping[str, GradientReport],
    remarks: list[Remarks],
    untested: tuple[str, ...] = (),
    explorable: Recorded | None = None,
) -> Report:
    every = sum(remarks, Remarks())
    said = every.faults, every.warnings, untested, every.notes
    return Report(gradients, *said, explorable=explorable)


def _upstream(given: Any, output: Array, rng: Rng) -> Array:
    """∂L/∂output as it is given, or drawn; ValueError where it has another shape."""
    if given is None:
        return draw_upstream(output.shape, rng)
    array = as_array(given, "upstream")
    if array.shape != output.shape:
        raise ValueError(f"upstream has shape {array.shape}, forward's output {output.shape}")
    return array


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


def _measure_noise(objective: Objective, rng: Rng) -> Remarks:
    """A note where forward is noisier than double precision."""
    objective.measure_noise(rng)
    note = "forward has the noise of single precision: tolerances follow"
    return Remarks(notes=(note,) if objective.is_single_precision else ())


Undecided = dict[str, GradientReport]


def _undecided(arrays: Mapping[str, Array], finding: Finding) -> Undecided:
    """Reports on all gradients where nothing is known of any."""
    return {
        name: GradientReport(name, UNDECIDED, claimed=claimed, findings=(finding,))
        for name, claimed in arrays.items()
    }


def _not_finite(objective: Objective, arrays: Mapping[str, Array]) -> Undecided:
    """Reports where forward gives nan or inf at the very point: there is no slope to compare."""
    index = first_not_finite(objective)
    if index is None:
        return {}
    cause = cause_of(objective, index)
    finding = Finding(
        f"forward gives {objective.output[index]} at {entry_name('output', index)}"
        + (f" for {cause}" if cause else ""),
        f"{int((~np.isfinite(objective.output)).sum()):,} of {objective.output.size:,} outputs",
        remedy="there is no slope at such a point: check at another one, or guard the logarithm, "
        "root, power or division",
        name="forward not finite",
    )
    return _undecided(arrays, finding)


def _unrepeatable(objective: Objective, arrays: Mapping[str, Array]) -> Undecided:
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
    return _undecided(arrays, finding)
