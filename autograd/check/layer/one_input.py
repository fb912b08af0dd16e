"""One layer on one input: its gradients against the truth, and its side effects."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..gradients import UNREPEATABLE, check_gradients
from ..report.findings import Finding, Remarks
from ..report.report import GradientReport, Report
from ..truth.arrays import draw_upstream, largest
from ..truth.verdict import RIGHT, STABILISER, UNDECIDED, WRONG
from .adapter import Layer, discover
from .attributes import as_array
from .backward import Backward
from .from_updates import find_backward
from .side_effects import differing, side_effects

LAYOUTS = {"NCHW", "NHWC", "CHW", "HWC", "HW", "ND", "DN", "N", "D"}
SMALL = 1e-3  # an upstream gradient that no clipping reaches
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
    with_side_effects: bool = True,
) -> Report:
    """Check one layer on one input: see `check_layer`, which says more and raises the same."""
    axes = layout_of(x, layout)
    found, output, notes = discover(Layer.of(layer, x, options or {}, forward, backward))
    upstream = _draw_upstream(as_array(output), seed)
    called = f"{found.forward_name} and {found.backward_name}, x {axes}"
    try:
        located, said = find_backward(found, upstream, learning_rate)
        if not located.sources:  # gradients that are clipped are whole for a small upstream
            small, others = find_backward(found, SMALL * upstream, learning_rate)
            if small.sources:
                note = "large gradients are clipped: checked with a small upstream"
                located, said, upstream = small, (*others, note), SMALL * upstream
    except Exception as error:  # the user's backward: it is the finding
        return _raised(found, error, upstream, (called, *notes))
    settings = {"seed": seed, "budget": budget, "model": model, "tolerance": tolerance}
    if located.updated:
        settings["learning_rate"] = located.layer.rate
    report = _judge(located, upstream, settings, mean, with_side_effects)
    every = (called, *dict.fromkeys((*notes, *said)), *report.notes)
    return replace(report, title=found.title, notes=every)


def _judge(
    backward: Backward, upstream: Any, settings: Settings, mean: bool | None, more: bool
) -> Report:
    """The report on a layer whose gradients were found; `more` with its side effects."""
    report = _compare(backward, upstream, settings, mean)
    if is_unrepeatable(report):
        return report
    remarks = side_effects(backward, upstream) if more else Remarks()
    single = _one_entry(backward, upstream) if report.verdict == WRONG else None
    if single is not None:
        other = _compare(backward, single, settings, mean)
        if other.verdict == RIGHT:
            report = other
            what = "backward uses one entry of the upstream gradient and no other"
            mend = "right behind cross-entropy alone; else sum over all entries of the gradient"
            found = "right where the others are 0"
            finding = Finding(what, found, backward.layer.title, mend, "one entry")
            remarks += Remarks(warnings=(finding,))
    return _with_remarks(report, remarks)


def _with_remarks(report: Report, remarks: Remarks) -> Report:
    """The report with each explanation at the wrong gradient that it explains, or as a fault."""
    gradients, faults = dict(report.gradients), []
    for name, finding in remarks.explanations:
        gradient = gradients.get(name)
        if gradient is not None and gradient.verdict == WRONG:
            gradients[name] = replace(gradient, findings=(finding, *gradient.findings))
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
    shape = np.shape(x)
    if layout is not None:
        if layout.upper() not in LAYOUTS or len(layout) != len(shape):
            raise ValueError(f"layout {layout!r} for an input of shape {shape}: give one of NCHW, "
                             "NHWC, CHW, HWC, HW, ND, DN")  # fmt: skip
        return f"{layout.upper()} {shape}, as given"
    last = len(shape) > 2 and shape[-1] <= 4 < max(shape[-3:])
    guess = {4: "NHWC" if last else "NCHW", 3: "HWC" if last else "CHW", 1: "D"}.get(len(shape), "")
    if len(shape) == 2:
        guess = "DN" if shape[1] == 1 else "ND or HW"
    return f"{shape}, probably {guess}" if guess else f"{shape}"


def _raised(layer: Layer, error: Exception, upstream: Any, notes: tuple[str, ...]) -> Report:
    """A backward that raises is wrong: with what, and for which upstream gradient."""
    finding = Finding(
        f"{layer.backward_name} raised {type(error).__name__}: {error}",
        f"upstream gradient of shape {np.shape(upstream)}, as the output",
        f"{layer.title}.{layer.backward_name}",
        "run it by hand on this shape; arguments that were not guessed: options={'name': value}",
        "raised",
    )
    wrong = GradientReport("backward", WRONG, findings=(finding,))
    return Report({"backward": wrong}, notes=notes, title=layer.title)


def _compare(backward: Backward, upstream: Any, settings: Settings, mean: bool | None) -> Report:
    """The gradients against the truth, with the 1/N of a mean loss where the layer puts it."""
    layer, inputs = backward.layer, backward.layer.inputs()
    settings = {**settings, "upstream": upstream}
    if not backward.sources:
        what = "backward returned nothing, stored no gradient and updated no weight"
        return Report(
            {"x": _undecided("x", Finding(what, "", layer.title, "return dX", "no gradient"))}
        )
    report = check_gradients(layer.forward, inputs, backward, **settings)
    n = _samples(backward, report) if mean is not False else 0
    if n:
        report = check_gradients(layer.forward, inputs, _times_samples(backward, n), **settings)
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


# --- the 1/N of a mean loss ----------------------------------------------------------------------


def _samples(backward: Backward, report: Report) -> int:
    """N, where each weight's gradient is 1/N of the true one for N rows or columns; else 0."""
    shape = np.shape(backward.layer.x)
    if report.verdict != WRONG or len(shape) < 2:
        return 0
    counts = shape if len(shape) == 2 else shape[:1]
    return next((n for n in counts if _are_divided(report, backward, n)), 0)


def _are_divided(report: Report, backward: Backward, n: int) -> bool:
    """Whether the gradients of all weights are 1/n of the true ones, and that of x is not."""
    names = [name for name in backward.sources if name in backward.layer.parameters]
    x = report.gradients.get(backward.layer.x_name)
    if not names or n < 2 or (x is not None and x.verdict == WRONG):
        return False
    return all(_is_divided(report.gradients.get(name), n) for name in names)


def _is_divided(gradient: GradientReport | None, n: int) -> bool:
    """Whether a gradient is wrong by just 1/n."""
    if gradient is None or gradient.verdict != WRONG or gradient.comparison is None:
        return False
    claimed, true = gradient.comparison.claimed, gradient.comparison.true
    if claimed.shape != true.shape:
        return False
    known = np.isfinite(true)
    size = largest(true[known])
    return bool(size > 0 and np.all(np.abs(n * claimed - true)[known] <= 1e-4 * size))


def _times_samples(backward: Backward, n: int) -> Callable[..., dict[str, Any]]:
    """The layer's backward with the weights' gradients times n."""

    def scaled(upstream: Any, /, **inputs: Any) -> dict[str, Any]:
        found = backward(upstream, **inputs)
        return {
            name: value if name == backward.layer.x_name else n * np.asarray(value)
            for name, value in found.items()
        }

    return scaled
