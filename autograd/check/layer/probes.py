"""The probe grid: the same layer where the first input says little."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..report.findings import Finding
from ..report.report import Report
from ..truth.verdict import RIGHT, WRONG
from . import randomness
from .adapter import Layer
from .attributes import clone
from .forms import as_array
from .one_input import check_on_one_input
from .variants import Make, Maker, holds_batch, holds_shape

CORNER = 5  # pixels on a side, where the entries tie
SECONDS = 6.0  # for the whole grid, beside the first check
TIES = "ties"
QUICK = 1e-9  # which leaves time for random directions alone, and they show most that is right


class Probe(NamedTuple):
    """One more check: what is other than at first, how to make the layer, and its input."""

    label: str
    make: Callable[[], Any]
    x: Any
    is_option: bool = False  # other in an option of the constructor, not in the input


def with_probes(
    first: Report, layer: Any, x: Any, make: Make | None, options: Mapping[str, Any]
) -> Report:
    """The first report with what the grid adds: where it goes wrong, what it exercised."""
    maker = Maker.of(layer, make)
    probes = list(grid(layer, x, maker, options.get("layout")))
    settings = {name: v for name, v in options.items() if name not in ("layout", "model")}
    settings |= {"budget": SECONDS / max(1, len(probes)), "with_side_effects": False}
    checked = [(probe, _check(probe, x, settings)) for probe in probes]
    refused = [probe.label for probe, report in checked if report is None]
    reports, warnings = {}, []
    for probe, report in checked:
        if report is not None and "backward" in report.gradients and not probe.is_option:
            raised = report.gradients["backward"].findings
            warnings += [replace(f, what=f"for {probe.label}, {f.what}") for f in raised]
        elif report is not None:
            reports[probe.label] = report
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


def _options_for(given: Any, x: Any, probed: Any) -> dict[str, Any]:
    """Options with an entry for each sample, such as labels, for the samples of a probe.

    What has the input's own shape is cut or repeated along every axis that the probe changed.
    """
    shape, new = np.shape(x), np.shape(probed)
    return {name: _option_for(option, shape, new) for name, option in (given or {}).items()}


def _option_for(option: Any, shape: tuple[int, ...], new: tuple[int, ...]) -> Any:
    if isinstance(option, tuple):  # the states of a recurrent cell
        return tuple(_option_for(part, shape, new) for part in option)
    axes = np.shape(option)
    if not shape or not axes or axes[0] != shape[0] or shape == new:
        return option
    array = np.asarray(option)
    for axis, (n, m) in enumerate(zip(shape, new, strict=False)):
        if axis < array.ndim and array.shape[axis] == n != m:
            array = np.take(array, np.arange(m) % n, axis)
    return array if isinstance(option, np.ndarray) else array.tolist()


def _check(probe: Probe, x: Any, settings: Mapping[str, Any]) -> Report | None:
    """The report on one probe; None where the constructor or forward refuses it."""
    names = settings.get("forward"), settings.get("backward")
    options = _options_for(settings.get("options"), x, probe.x)
    try:
        with np.errstate(all="ignore"), randomness.started(randomness.seeded()):
            layer = probe.make()
            output = as_array(Layer.of(layer, probe.x, options, *names).output())
    except Exception:  # the user's code says that it does not support this
        return None
    if output is None or output.size == 0 or not np.isfinite(output).all():
        return None
    asked = {**settings, "options": options}
    try:
        if probe.label != TIES:  # a kink shows at its entries alone
            report = check_on_one_input(layer, probe.x, **{**asked, "budget": QUICK})
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


# --- the grid ------------------------------------------------------------------------------------


def grid(layer: Any, x: Any, maker: Maker, layout: str | None) -> Iterator[Probe]:
    """Inputs of other sizes and with ties, then other options of the constructor."""
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "fiu" or x.ndim == 0:
        return
    for label, other in other_inputs(x, layout):
        if other.shape[0] != x.shape[0] and holds_batch(layer, len(x)):
            continue
        changed = maker.for_shape(x.shape, other.shape) if maker.make else {}
        if changed:
            yield Probe(label, partial(maker, **changed), other)
        elif other.shape[1:] == x.shape[1:] or not holds_shape(layer, x.shape):
            yield Probe(label, partial(clone, layer), other)
    if maker.make is None:
        return
    shape = larger(x, layout)
    for label, changed in maker.options():
        moved = maker.for_shape(x.shape, shape)
        if moved or not holds_shape(layer, x.shape):
            yield Probe(label, partial(maker, **changed, **moved), random_like(x, shape), True)
        else:
            yield Probe(label, partial(maker, **changed), x, True)


def other_inputs(x: Any, layout: str | None) -> Iterator[tuple[str, Any]]:
    """(label, input): batches of 1 and 3, images that are not square, ties."""
    column = x.ndim == 2 and (x.shape[1] == 1 or layout == "DN")
    if x.ndim in (2, 4) and not column:
        what = "batch" if x.ndim == 4 else "first axis"
        for n in (1, 3):
            if n != x.shape[0]:
                yield f"{what} of {n}", random_like(x, (n, *x.shape[1:]))
    if x.ndim > 1 and not column:
        high, wide = height_and_width(x, layout)
        for axis, by in ((high, 1), (wide, 2)):
            if x.ndim > 2 or layout == "HW":
                shape = tuple(n + by * (k == axis) for k, n in enumerate(x.shape))
                yield f"an image of {shape[high]}×{shape[wide]}", random_like(x, shape)
    if x.dtype.kind == "f" and x.size > 3:
        yield TIES, with_ties(x, layout)


def height_and_width(x: Any, layout: str | None) -> tuple[int, int]:
    """The axes of height and width."""
    if layout:
        return layout.upper().find("H"), layout.upper().find("W")
    last = x.ndim > 2 and x.shape[-1] <= 4 < max(x.shape[-3:])
    return (x.ndim - 3, x.ndim - 2) if last else (x.ndim - 2, x.ndim - 1)


def larger(x: Any, layout: str | None) -> tuple[int, ...]:
    """A shape that has room for a larger kernel, is not square, and that a stride of 2 leaves."""
    if x.ndim < 3 and layout != "HW":
        return tuple(x.shape)
    high, wide = height_and_width(x, layout)
    return tuple(n + (k == high) + 2 * (k == wide) for k, n in enumerate(x.shape))


def random_like(x: Any, shape: tuple[int, ...]) -> Any:
    """Numbers like those of x, in another shape."""
    rng = np.random.default_rng(0)
    low, high = float(np.min(x)), float(np.max(x))
    if x.dtype.kind != "f":
        return rng.integers(int(low), int(high) + 1, shape).astype(x.dtype)
    return rng.uniform(low, high if high > low else low + 1, shape).astype(x.dtype)


def with_ties(x: Any, layout: str | None = None) -> Any:
    """x with three values alone in one corner, the largest of all among them, and 0 if it may be.

    A corner, because each pair of entries that could tie costs the check another forward.
    """
    levels = np.quantile(x, [0.5, 0.9, 1.0])
    if x.min() < 0 < x.max():
        levels[0] = 0.0
    corner = [slice(1)] * x.ndim
    for axis in height_and_width(x, layout) if x.ndim > 1 else (0,):
        corner[axis] = slice(CORNER)
    made = x.copy()
    part = made[tuple(corner)]
    made[tuple(corner)] = levels[np.random.default_rng(1).integers(0, 3, part.shape)]
    return made
