"""`check_loss`: a loss and its hand-derived gradient, as an object or as a pair of functions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..arguments import Call, refuse_unknown
from ..gradients import check_gradients
from ..report.findings import Finding
from ..report.report import GradientReport, Report
from ..truth.arrays import draw_upstream, largest
from ..truth.verdict import WRONG
from .links import link_of
from .pair import NoGradientError, Pair
from .reading import Reading, backward_calls, forward_call

TINY = 1e-300
REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "mean": np.mean,
    "sum": np.sum,
    "sum over outputs, mean over samples": lambda losses: np.sum(losses) / len(losses),
    "sum over samples, mean over the last axis": lambda losses: np.mean(losses, axis=-1).sum(),
}


def check_loss(
    loss: Any,
    prediction: Any,
    target: Any = None,
    *,
    forward: str | None = None,
    backward: str | None = None,
    options: Mapping[str, Any] | None = None,
    reduction: str | None = None,
    seed: int = 0,
    budget: float = 10.0,
) -> Report:
    """Check ∂loss/∂prediction of `loss`, an object, a class, or functions, as people write them.

    An object has forward and backward (or loss and gradient, `__call__` and derivative, ...; else
    name them: `forward=`, `backward=`). Functions are a pair (f, f_prime), one with a switch
    (`derivative=True`), or one that returns (loss, gradient). Several predictions are a dict by the
    names of forward's arguments, or a tuple in their order: `check_loss(kl, (mu, logvar))`.

    Names tell which argument is the target; else the prediction comes first. Lengths, masks,
    weights and whatever else it takes are `options` by name. A forward with a loss per sample or
    entry is weighed by an upstream gradient where backward takes one, else reduced by `reduction`
    ("mean", "sum"), or by what fits: see the notes.

    Raises TypeError where a function is missing, or an argument that nothing fits; ValueError for
    another reduction.
    """
    if reduction is not None and reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {list(REDUCTIONS)}, got {reduction!r}")
    pair = Pair.of(loss, forward, backward)
    settings, best = {"seed": seed, "budget": budget}, []
    for reading in _readings(pair, prediction, target, options or {}):
        reports = []
        for report in _reports(reading, reduction, settings):
            if report.ok:
                return report
            reports.append(report)
        given = reading.takes_upstream and not _has_raised(reports[0])
        best.append(reports[0] if given else min(reports, key=_distance))
    return min(best, key=_has_raised)


def _has_raised(report: Report) -> bool:
    """Whether a backward could not be called so: then another reading is told, if there is one."""
    return any(finding.name == "raised" for finding in report.findings)


def _distance(report: Report) -> float:
    """How far the claims are from the truth in size: the nearest of several reductions is told."""
    sizes = [
        (largest(g.claimed), largest(g.true[np.isfinite(g.true)]))
        for g in report.gradients.values()
        if g.true is not None and g.claimed is not None
    ]
    return max((abs(np.log((c + TINY) / (t + TINY))) for c, t in sizes), default=np.inf)


def _readings(
    pair: Pair, prediction: Any, target: Any, options: Mapping[str, Any]
) -> Iterator[Reading]:
    """The ways in which the loss can be called, the likeliest first.

    Raises TypeError where there is none.
    """
    refuse_unknown([f for f in pair.functions() if f is not None], options, pair.title)
    predictions = _by_key(prediction)
    known = {**options, **predictions} | ({} if target is None else {"target": target})
    forward = forward_call(pair, known, list(predictions), options)
    if isinstance(prediction, tuple):  # called as forward calls them
        names = {key: argument for argument, key in forward.keys.items() if key in predictions}
        forward = Call(
            tuple(names.get(key, key) for key in forward.positional),
            tuple((argument, names.get(key, key)) for argument, key in forward.named),
        )
        predictions = {names[key]: x for key, x in predictions.items()}
        known = {**known, **predictions}
    reading = Reading(pair, forward, None, known, tuple(predictions))
    if pair.functions()[1] is None:
        yield reading
        return
    calls = list(backward_calls(pair, reading, options))
    possible = [call for call in calls if isinstance(call, Call)]
    if not possible:
        raise next(call for call in calls if isinstance(call, TypeError))
    yield from (replace(reading, backward=call) for call in possible)


def _by_key(prediction: Any) -> dict[str, Any]:
    """The predictions by name; of a tuple of arrays by place."""
    if isinstance(prediction, Mapping):
        return {str(name): x for name, x in prediction.items()}
    if isinstance(prediction, tuple) and any(map(np.ndim, prediction)):
        return {f"prediction[{k}]": x for k, x in enumerate(prediction)}
    return {"prediction": prediction}


def _reports(
    reading: Reading, reduction: str | None, settings: Mapping[str, Any]
) -> Iterator[Report]:
    """A report for each way to make one number of the losses."""
    losses = np.asarray(reading.loss())
    if not losses.ndim:
        yield _report(reading, reading.loss, 1.0, settings)
        return
    if reading.takes_upstream and reduction is None:
        upstream = draw_upstream(losses.shape, np.random.default_rng(0))
        yield _report(reading, reading.loss, upstream, settings)
    for name in [reduction] if reduction else REDUCTIONS:
        report = _report(reading, _reduced(reading, name), 1.0, settings)
        how = "as you say" if reduction else "inferred" if report.ok else "none fits"
        note = f"forward returns many losses, taken as their {name} ({how})"
        note += "; another upstream gradient than 1 is not heeded" * (
            reading.takes_upstream and not reduction
        )
        yield replace(report, notes=(note, *report.notes))


def _reduced(reading: Reading, name: str) -> Callable[..., Any]:
    """One number of the losses, by one of the REDUCTIONS."""
    return lambda **inputs: REDUCTIONS[name](np.asarray(reading.loss(**inputs)))


def _report(
    reading: Reading, forward: Callable[..., Any], upstream: Any, settings: Mapping[str, Any]
) -> Report:
    """The claims of one reading against the truth, beside the arrays that tell what it computes."""
    pair, name = reading.pair, reading.pair.backward_name or "backward"
    try:
        claims = reading.gradients(upstream)
    except NoGradientError:
        raise
    except Exception as error:  # the user's backward: it is the finding
        what = f"{name} raised {type(error).__name__}: {error}"
        mend = "arguments that were not guessed: options={'name': value}"
        finding = Finding(what, where=f"{pair.title}.{name}", remedy=mend, name="raised")
        report = Report({"backward": GradientReport("backward", WRONG, findings=(finding,))})
    else:
        inputs = {key: x for key, x in reading.inputs.items() if key in claims or _is_array(x)}
        link, notes = link_of(reading), reading.notes
        if link is not None:
            inputs, forward = link.inputs(inputs, reading.known[link.z]), link.behind(forward)
            claims, notes = {link.z: claims[link.prediction]}, (*notes, link.note)
        report = check_gradients(forward, inputs, claims, upstream=upstream, **settings)
        untested = [line for line in report.unexercised if not _is_void(line, reading)]
        notes = (*notes, *report.notes)
        report = replace(report, notes=notes, unexercised=tuple(untested))
    return replace(report, title=pair.title)


def _is_void(line: str, reading: Reading) -> bool:
    """Whether a remark asks for an upstream gradient where backward takes none."""
    return line.startswith("an upstream") and not reading.takes_upstream


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "biuf"
