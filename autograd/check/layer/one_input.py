"""One layer on one input: its gradients against the truth, and its side effects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..gradients import UNREPEATABLE, check_gradients
from ..report.findings import Finding, Remarks
from ..report.report import GradientReport, Report
from ..search.search import SECONDS
from ..truth.arrays import draw_upstream
from ..truth.verdict import RIGHT, STABILISER, UNDECIDED, WRONG
from .adapter import Layer
from .backward import Backward
from .between_calls import differing
from .discover import discover, said_of_outputs, takes_upstream
from .forms import as_array, shape_of
from .from_updates import find_backward
from .mean_loss import samples, times_samples
from .readings import readings, refuted, swapped
from .side_effects import input_overwritten, side_effects
from .signatures import UnfitError

LAYOUTS = {"NCHW", "NHWC", "CHW", "HWC", "HW", "NTC", "TNC", "TC", "ND", "DN", "N", "D"}
SMALL = 1e-3  # an upstream gradient that no clipping reaches
SETTINGS = "seed", "budget", "model", "tolerance", "search"  # for check_gradients
Settings = Mapping[str, Any]  # for check_gradients


def check_on_one_input(
    layer: Any,
    x: Any,
    *,
    learning_rate: float | None = None,
    layout: str | None = None,
    forward: str | None = None,
    backward: str | None = None,
    options: Mapping[str, Any] | None = None,
    mean: bool | None = None,
    seed: int = 0,
    budget: float = 10.0,
    model: Callable[..., Any] | None = None,
    tolerance: float = STABILISER,
    search: float = SECONDS,
    with_side_effects: bool = True,
) -> Report:
    """Check one layer on one input: see `check_layer`, which says more and raises the same."""
    found, notes = discover(Layer.of(layer, x, options or {}, forward, backward))
    axes = layout_of(found.x, layout)
    asked = _Asked(learning_rate, mean, seed, budget, model, tolerance, search)
    reading = _read(found, asked)
    if not reading.report.ok and not is_unrepeatable(reading.report):
        quick = replace(asked, search=0.0)
        others = (_read_or_none(other, quick) for other in readings(found))
        reading = next((r for r in others if r and r.report.ok), reading)
    report = reading.report
    if reading.backward is not None and not is_unrepeatable(report):
        found_too = _remarks(reading.backward, reading.upstream, report, with_side_effects)
        report = _with_remarks(report, found_too)
    called = f"{found.forward_name} and {found.backward_name}, x {axes}"
    every = (called, *dict.fromkeys((*notes, *reading.notes)), *report.notes)
    return replace(report, title=found.title, notes=every)


def _remarks(backward: Backward, upstream: Any, report: Report, with_side_effects: bool) -> Remarks:
    """What the calls show beside the gradients; a defect that explains one is told once."""
    found = input_overwritten(backward, upstream, report)
    told = {finding.name for _, finding in found.explanations}
    if with_side_effects:
        more = side_effects(backward, upstream)
        warnings = tuple(finding for finding in more.warnings if finding.name not in told)
        found += replace(more, warnings=warnings)
    return found


@dataclass(frozen=True)
class _Asked:
    """What the user wants."""

    learning_rate: float | None
    mean: bool | None
    seed: int
    budget: float
    model: Callable[..., Any] | None
    tolerance: float
    search: float


class _Reading(NamedTuple):
    """What comes of one way to call a layer; no backward where it raised."""

    report: Report
    backward: Backward | None
    upstream: Any
    notes: tuple[str, ...]


def _read_or_none(layer: Layer, asked: _Asked) -> _Reading | None:
    """The same, or None where the layer cannot be called so."""
    try:
        return _read(layer, asked)
    except (TypeError, ValueError):
        return None


def _read(layer: Layer, asked: _Asked) -> _Reading:
    """Find the gradients of a layer, and compare them with the truth."""
    upstream = _draw_upstream(as_array(layer.forward(**layer.inputs())), asked.seed)
    notes = tuple(said_of_outputs(layer))
    try:
        located, said = find_backward(layer, upstream, asked.learning_rate)
        if located.unreadable:  # gradients that are clipped are whole for a small upstream
            small, others = find_backward(layer, SMALL * upstream, asked.learning_rate)
            if len(small.unreadable) < len(located.unreadable):
                note = "large gradients are clipped: checked with a small upstream"
                located, said, upstream = small, (*others, note), SMALL * upstream
    except UnfitError:
        raise
    except Exception as error:  # the user's backward: it is the finding
        return _Reading(_raised(layer, error, upstream), None, upstream, notes)
    settings = {name: getattr(asked, name) for name in SETTINGS}
    if located.updated:
        settings["learning_rate"] = located.layer.rate
    reading = _judge(located, upstream, settings, asked.mean, (*notes, *said))
    if takes_upstream(layer) or not np.ndim(upstream) or reading.report.verdict != WRONG:
        return reading
    what = f"{layer.backward_name} takes no upstream gradient: of which loss is it the gradient?"
    mend = "let forward return the loss, or backward take the gradient of what forward returns"
    finding = Finding(what, "L = Σ upstream·output is none", layer.title, mend, "no upstream")
    return reading._replace(report=Report({"x": _undecided("x", finding)}), backward=None)


def _judge(
    backward: Backward, upstream: Any, settings: Settings, mean: bool | None, notes: tuple[str, ...]
) -> _Reading:
    """The verdicts on the gradients that were found; what was guessed and failed is left out."""
    quick = {**settings, "search": 0.0}
    report = _compare(backward, upstream, quick, mean)
    if report.verdict == WRONG:
        other = swapped(backward, report)
        if other is not None:
            notes += ("gradients of one shape are taken in the order in which most are right",)
            backward, report = other, _compare(other, upstream, quick, mean)
        for name in refuted(backward, report):
            why = backward.sources[name].guessed
            notes += (f"the gradient of {name} is not known: {why}, but is not it",)
            backward, report = _without(name, backward, report)
    single = _one_entry(backward, upstream) if report.verdict == WRONG else None
    if single is not None:
        other_report = _compare(backward, single, quick, mean)
        if other_report.verdict == RIGHT:
            finding = _of_one_entry(backward.layer.title)
            warnings = (*other_report.warnings, finding)
            report = replace(other_report, warnings=warnings)
    if report.verdict == WRONG and settings["search"] and backward.sources:
        report = _compare(backward, upstream, settings, mean)
    return _Reading(report, backward, upstream, notes)


def _without(name: str, backward: Backward, report: Report) -> tuple[Backward, Report]:
    """The same, where one gradient is not looked at."""
    sources = {n: source for n, source in backward.sources.items() if n != name}
    gradients = {n: gradient for n, gradient in report.gradients.items() if n != name}
    return replace(backward, sources=sources), replace(report, gradients=gradients)


def _of_one_entry(title: str) -> Finding:
    """The warning about a backward that serves cross-entropy alone."""
    what = "backward uses one entry of the upstream gradient and no other"
    mend = "right behind cross-entropy alone; else sum over all entries of the gradient"
    return Finding(what, "right where the others are 0", title, mend, "one entry")


def _with_remarks(report: Report, remarks: Remarks) -> Report:
    """The report with each explanation at the wrong gradient that it explains, or as a fault."""
    gradients, faults = dict(report.gradients), []
    for name, finding in remarks.explanations:
        gradient = gradients.get(name)
        if gradient is not None and gradient.verdict == WRONG:
            gradients[name] = replace(gradient, findings=(finding,))
        else:
            faults.append(finding)
    return replace(
        report,
        gradients=gradients,
        faults=(*faults, *remarks.faults, *report.faults),
        warnings=report.warnings + remarks.warnings,
        notes=remarks.notes + report.notes,
    )


def is_unrepeatable(report: Report) -> bool:
    """Whether forward draws random numbers of its own: then nothing more can be said."""
    return any(finding.name == UNREPEATABLE for finding in report.findings)


def _one_entry(backward: Backward, upstream: Any) -> Any:
    """The upstream gradient with its first or last entry alone, where backward sees no other."""
    if np.size(upstream) < 2:
        return None
    layer, inputs = backward.layer, backward.layer.inputs()
    dense = backward.arrays(layer.run(upstream.copy(), inputs))
    for k in (0, -1):
        single = np.zeros_like(upstream)
        single.flat[k] = upstream.flat[k]
        if not differing(dense, backward.arrays(layer.run(single.copy(), inputs))):
            return single
    return None


def _draw_upstream(output: Any, seed: int) -> Any:
    """∂L/∂output, 1.0 for a number; TypeError where the output holds no numbers."""
    if output is None:
        raise TypeError("forward returned no numbers")
    return draw_upstream(output.shape, np.random.default_rng(seed)) if output.ndim else 1.0


def layout_of(x: Any, layout: str | None) -> str:
    """What the axes of x are, as far as its shape tells; ValueError where a name is unknown."""
    shape = shape_of(x)
    if layout is not None:
        if layout.upper() not in LAYOUTS or len(layout) != len(shape):
            raise ValueError(f"layout {layout!r} for an input of shape {shape}: give one of NCHW, "
                             "NHWC, CHW, HWC, HW, NTC, TNC, TC, ND, DN")  # fmt: skip
        return f"{layout.upper()} {shape}, as given"
    last = len(shape) > 2 and shape[-1] <= 4 < max(shape[-3:])
    guess = {4: "NHWC" if last else "NCHW", 3: "HWC" if last else "CHW or NTC", 1: "D"}.get(
        len(shape), ""
    )
    if len(shape) == 2:
        guess = "DN" if shape[1] == 1 else "ND or HW"
    return f"{shape}, probably {guess}" if guess else f"{shape}"


def _raised(layer: Layer, error: Exception, upstream: Any) -> Report:
    """A backward that raises is wrong: with what, and for which upstream gradient."""
    finding = Finding(
        f"{layer.backward_name} raised {type(error).__name__}: {error}",
        f"upstream gradient of shape {np.shape(upstream)}, as the output",
        f"{layer.title}.{layer.backward_name}",
        "run it by hand on this shape; arguments that were not guessed: options={'name': value}",
        "raised",
    )
    wrong = GradientReport("backward", WRONG, findings=(finding,))
    return Report({"backward": wrong}, title=layer.title)


def _compare(backward: Backward, upstream: Any, settings: Settings, mean: bool | None) -> Report:
    """The gradients against the truth, with the 1/N of a mean loss where the layer puts it."""
    layer, inputs = backward.layer, backward.layer.inputs()
    settings = {**settings, "upstream": upstream}
    if not backward.sources and not backward.unreadable:
        what = "backward returned nothing, stored no gradient and updated no weight"
        return Report(
            {"x": _undecided("x", Finding(what, "", layer.title, "return dX", "no gradient"))}
        )
    quick = {**settings, "search": 0.0}
    report = check_gradients(layer.forward, inputs, backward, **quick)
    n = samples(backward, report) if mean is not False else 0
    claimed: Callable[..., Any] = times_samples(backward, n) if n else backward
    if n:
        report = check_gradients(layer.forward, inputs, claimed, **quick)
    if report.verdict == WRONG and settings["search"]:
        report = check_gradients(layer.forward, inputs, claimed, **settings)
    if n:
        note = (
            f"the gradients of the weights are divided by N = {n} here: this layer holds the 1/N "
            "of a mean loss, so the loss's gradient must not divide again (mean=False insists)"
        )
        report = replace(report, notes=(*report.notes, note))
    mend = "keep the gradient in an attribute"
    unreadable = {
        name: _undecided(name, Finding(why, "", layer.title, mend, "hidden"))
        for name, why in backward.unreadable.items()
    }
    lacking = ("the gradient of x: backward neither returns nor keeps it",)
    return replace(
        report,
        gradients={**report.gradients, **unreadable},
        unexercised=report.unexercised + (() if layer.x_name in backward.sources else lacking),
    )


def _undecided(name: str, finding: Finding) -> GradientReport:
    return GradientReport(name, UNDECIDED, findings=(finding,))
