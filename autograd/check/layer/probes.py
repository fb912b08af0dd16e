"""The probe grid: the same layer where the first input says little."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..report.findings import Finding
from ..report.report import Report
from ..truth.verdict import RIGHT, WRONG
from . import randomness
from .adapter import Layer
from .discover import discover
from .forms import as_array
from .grid import TIES, Probe, grid, other_weights
from .one_input import check_on_one_input
from .variants import Make, Maker

SECONDS = 6.0  # for the whole grid, beside the first check
QUICK = 1e-9  # which leaves time for random directions alone, and they show most that is right


def with_probes(
    first: Report, layer: Any, x: Any, make: Make | None, options: Mapping[str, Any]
) -> Report:
    """The first report with what the grid adds: where it goes wrong, what it exercised."""
    maker = Maker.of(layer, make)
    weights = _with_other_weights(first, layer, x, options)
    probes = list(grid(layer, x, maker, options.get("layout"), weights))
    settings = {name: v for name, v in options.items() if name not in ("layout", "model")}
    settings |= {"budget": SECONDS / max(1, len(probes)), "with_side_effects": False}
    if first.verdict == WRONG:  # and explained
        settings["search"] = 0.0
    checked = _checked(probes, x, settings, _output_shape(layer, x, settings))
    refused = [label for label, (_, report) in checked.items() if report is None]
    reports, warnings = {}, []
    for label, (probe, report) in checked.items():
        if report is not None and "backward" in report.gradients and not probe.is_option:
            raised = report.gradients["backward"].findings
            warnings += [replace(f, what=f"for {label}, {f.what}") for f in raised]
        elif report is not None:
            reports[label] = report
    whole = _joined(first, reports)
    note = f"not supported, so not checked: {'; '.join(refused)}"
    ask = f"give make=lambda **options: {type(layer).__name__}(...)"
    untested = f"other strides, paddings and kernels: {ask}"
    return replace(
        whole,
        warnings=(*whole.warnings, *warnings),
        notes=whole.notes + ((note,) if refused else ()),
        unexercised=whole.unexercised + ((untested,) if maker.make is None else ()),
    )


def _checked(
    probes: Sequence[Probe], x: Any, settings: Mapping[str, Any], shape: tuple[int, ...]
) -> dict[str, tuple[Probe, Report | None]]:
    """The report on each probe by label; a second one is for a layer that refuses the first."""
    found: dict[str, tuple[Probe, Report | None]] = {}
    for probe in probes:
        if probe.label not in found or found[probe.label][1] is None:
            found[probe.label] = probe, _check(probe, x, settings, shape)
    return found


def _options_for(given: Any, x: Any, probed: Any, samples: int | None) -> dict[str, Any]:
    """Options with an entry for each sample, such as labels, for the samples of a probe.

    What has the input's own shape is cut or repeated along every axis that the probe changed; so is
    the first axis of what has as many entries as there are `samples`, wherever x has their axis.
    """
    shape, new = np.shape(x), np.shape(probed)
    return {n: _option_for(option, shape, new, samples or 0) for n, option in (given or {}).items()}


def _option_for(option: Any, shape: tuple[int, ...], new: tuple[int, ...], samples: int) -> Any:
    if isinstance(option, tuple):  # the states of a recurrent cell
        return tuple(_option_for(part, shape, new, samples) for part in option)
    axes = np.shape(option)
    if not shape or not axes or shape == new:
        return option
    array = np.asarray(option)
    if samples and axes[0] == shape[samples] and axes[: samples + 1] != shape[: samples + 1]:
        array = np.take(array, np.arange(new[samples]) % shape[samples], 0)
    elif axes[0] == shape[0]:
        for axis, (n, m) in enumerate(zip(shape, new, strict=False)):
            if axis < array.ndim and array.shape[axis] == n != m:
                array = np.take(array, np.arange(m) % n, axis)
    return array if isinstance(option, np.ndarray) else array.tolist()


def _with_other_weights(
    first: Report, layer: Any, x: Any, options: Mapping[str, Any]
) -> Sequence[Probe]:
    """Probes with other numbers in the weights whose gradient was checked."""
    names = options.get("forward"), options.get("backward")
    try:
        found = discover(Layer.of(layer, x, options.get("options") or {}, *names))[0]
    except Exception:  # random numbers, or state: the first check said so
        return ()
    checked = [name for name in found.parameters if name in first.gradients]
    return other_weights(found, checked, x)


def _output(layer: Any, x: Any, settings: Mapping[str, Any], options: Any) -> Any:
    """The output of a layer as an array."""
    names = settings.get("forward"), settings.get("backward")
    return as_array(Layer.of(layer, x, options or {}, *names).output())


def _output_shape(layer: Any, x: Any, settings: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of the first output; () of a layer that must be looked at more closely."""
    try:
        with np.errstate(all="ignore"):
            return np.shape(_output(layer, x, settings, settings.get("options")))
    except TypeError:  # several inputs in a tuple
        return ()


def _check(
    probe: Probe, x: Any, settings: Mapping[str, Any], first: tuple[int, ...]
) -> Report | None:
    """The report on one probe; None where the constructor or forward refuses it.

    To stretch a state of N samples over another number of them is to refuse it too: the output has
    not as many; `first` is the shape of the first one.
    """
    options = _options_for(settings.get("options"), x, probe.x, probe.samples)
    try:
        with np.errstate(all="ignore"), randomness.started(randomness.seeded()):
            layer = probe.make()
            output = _output(layer, probe.x, settings, options)
    except Exception:  # the user's code says that it does not support this
        return None
    if output is None or output.size == 0 or not np.isfinite(output).all():
        return None
    k = probe.samples
    follows = k is not None and output.ndim == len(first) > k and first[k] == x.shape[k]
    if follows and output.shape[k] != probe.x.shape[k]:
        return None
    asked = {**settings, "options": options}
    try:
        if probe.label != TIES:  # a kink shows at its entries alone
            quick = {**asked, "budget": QUICK, "search": 0.0}
            report = check_on_one_input(layer, probe.x, **quick)
            if report.ok:
                return report
        return check_on_one_input(layer, probe.x, **asked)
    except (TypeError, ValueError):
        return None


def _joined(first: Report, reports: Mapping[str, Report]) -> Report:
    """The first report with what the probes found."""
    wrong = {label: report for label, report in reports.items() if report.verdict == WRONG}
    right = [label for label, report in reports.items() if report.verdict == RIGHT]
    unsure = [label for label in reports if label not in wrong and label not in right]
    gradients, faults, notes = dict(first.gradients), list(first.faults), list(first.notes)
    if wrong and first.verdict != WRONG:
        spot = f"right as given{' and for ' + '; '.join(right) if right else ''}"
        what = f"wrong for {'; '.join(wrong)}; {spot}"
        faults.append(Finding(what, "", first.title, "", "probes"))
        for label, report in wrong.items():
            faults += [fault for fault in report.faults if fault not in faults]
            for name, gradient in report.gradients.items():
                if gradient.verdict == WRONG:
                    spot = f"{name} ({label})"
                    gradients[spot] = replace(gradient, name=spot)
    elif wrong:
        notes.append(f"wrong too for {'; '.join(wrong)}")
    notes += [f"right also for {'; '.join(right)}"] if right else []
    notes += [f"undecided for {'; '.join(unsure)}"] if unsure else []
    lacking = [set(map(_topic, report.unexercised)) for report in reports.values()]
    left = [s for s in first.unexercised if all(_topic(s) in lines for lines in lacking)]
    return replace(
        first,
        gradients=gradients,
        faults=tuple(faults),
        notes=tuple(notes),
        unexercised=tuple(left),
    )


def _topic(line: str) -> str:
    """What a remark on coverage is about, without its numbers."""
    return line.split(" (")[0].split(":")[0]
