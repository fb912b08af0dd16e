"""The probe grid: the same layer where the first input says little."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..report.findings import Finding
from ..report.report import Report
from ..truth.verdict import RIGHT, WRONG
from . import signatures
from .adapter import Layer
from .attributes import as_array, clone
from .single import beside, check_one
from .variants import Maker, holds_batch, holds_shape

CORNER = 5  # pixels on a side, where the entries tie
SECONDS = 6.0  # for the whole grid, beside the first check


class Probe(NamedTuple):
    """One more check: what is other than at first, how to make the layer, and its input."""

    label: str
    make: Callable[[], Any]
    x: Any
    option: bool = False  # of the constructor, not of the input


def probed(
    first: Report, layer: Any, x: Any, make: Callable[..., Any] | None, options: dict[str, Any]
) -> Report:
    """The first report with what the grid adds: where it goes wrong, what it exercised."""
    maker = Maker.of(layer, make)
    probes = list(grid(layer, x, maker, options.get("layout")))
    reports: dict[str, Report] = {}
    refused = []
    settings = {**options, "budget": SECONDS / max(1, len(probes)), "behaviour": False}
    settings.pop("layout", None)
    settings.pop("model", None)
    for probe in probes:
        report = tried(
            probe, {**settings, "options": _following(options.get("options"), x, probe.x)}
        )
        if report is None:
            refused.append(probe.label)
        elif "backward" in report.gradients and not probe.option:
            beside(first, [loud(probe.label, report)])
        else:
            reports[probe.label] = report
    joined(first, reports)
    if refused:
        first.notes.append(f"not supported, so not checked: {'; '.join(refused)}")
    if maker.make is None:
        first.unexercised.append(
            "other strides, paddings and kernels: give make=lambda **options: "
            f"{type(layer).__name__}(...)"
        )
    return first


def _following(given: Any, x: Any, probed: Any) -> dict[str, Any]:
    """Options with an entry for each sample, such as labels, for the samples of a probe.

    What has the input's own shape is cut or repeated along every axis that the probe changed.
    """
    found = dict(given or {})
    shape, new = np.shape(x), np.shape(probed)
    for name, option in found.items():
        axes = np.shape(option)
        if not shape or not axes or axes[0] != shape[0] or shape == new:
            continue
        array = np.asarray(option)
        for axis, (n, m) in enumerate(zip(shape, new, strict=False)):
            if axis < array.ndim and array.shape[axis] == n != m:
                array = np.take(array, np.arange(m) % n, axis)
        found[name] = array if isinstance(option, np.ndarray) else array.tolist()
    return found


def loud(label: str, report: Report) -> Finding:
    """A backward that raises for an input that forward takes: no gradient, so no wrong one."""
    finding = report.gradients["backward"].findings[0]
    return replace(finding, what=f"for {label}, {finding.what}")


def tried(probe: Probe, settings: dict[str, Any]) -> Report | None:
    """The report on one probe; None where the constructor or forward refuses it."""
    names = settings.get("forward"), settings.get("backward")
    try:
        with np.errstate(all="ignore"), signatures.randomness(fixed()):
            layer = probe.make()
            output = as_array(Layer(layer, probe.x, *names, settings.get("options") or {}).output)
    except Exception:  # the user's code says that it does not support this
        return None
    if output is None or output.size == 0 or not np.isfinite(output).all():
        return None
    try:
        return check_one(layer, probe.x, **settings)
    except (TypeError, ValueError):
        return None


def fixed() -> list[tuple[signatures.Source, Any]]:
    """The global generators with seed 0, so that new layers have the same weights each time."""
    states: list[Any] = [
        np.random.RandomState(0).get_state(),
        signatures.random.Random(0).getstate(),
    ]
    return list(zip(signatures.sources(None, []), states, strict=True))


def joined(first: Report, reports: dict[str, Report]) -> None:
    """Put what the probes found into the first report."""
    wrong = [label for label, report in reports.items() if report.verdict == WRONG]
    right = [label for label, report in reports.items() if report.verdict == RIGHT]
    if wrong and first.verdict != WRONG:
        spot = f"right as given{' and for ' + '; '.join(right) if right else ''}"
        what = f"wrong for {'; '.join(wrong)}; {spot}"
        first.general.append(Finding(what, "", first.title, "", "probes"))
        for label in wrong:
            for name, checked in reports[label].gradients.items():
                if checked.verdict == WRONG:
                    checked.name = f"{name} ({label})"
                    first.gradients[checked.name] = checked
            first.general += [f for f in reports[label].general if f not in first.general]
    elif wrong:
        first.notes.append(f"wrong too for {'; '.join(wrong)}")
    if right:
        first.notes.append(f"right also for {'; '.join(right)}")
    unsure = [label for label in reports if label not in wrong + right]
    if unsure:
        first.notes.append(f"undecided for {'; '.join(unsure)}")
    remaining = [{topic(line) for line in report.unexercised} for report in reports.values()]
    first.unexercised = [
        line for line in first.unexercised if all(topic(line) in lines for lines in remaining)
    ]


def topic(line: str) -> str:
    """What a remark on coverage is about, without its numbers."""
    return line.split(" (")[0].split(":")[0]


# --- the grid ------------------------------------------------------------------------------------


def grid(layer: Any, x: Any, maker: Maker, layout: str | None) -> Iterator[Probe]:
    """Inputs of other sizes and with ties, then other options of the constructor."""
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "fiu" or x.ndim == 0:
        return
    for label, other in inputs(x, layout):
        if other.shape[0] != x.shape[0] and holds_batch(layer, len(x)):
            continue
        changed = maker.for_shape(x.shape, other.shape) if maker.make else {}
        if changed:
            yield Probe(label, made(maker, changed), other)
        elif other.shape[1:] == x.shape[1:] or not holds_shape(layer, x.shape):
            yield Probe(label, lambda: clone(layer), other)
    if maker.make is None:
        return
    shape = larger(x, layout)
    for label, changed in maker.options():
        moved = maker.for_shape(x.shape, shape)
        if moved or not holds_shape(layer, x.shape):
            yield Probe(label, made(maker, {**changed, **moved}), drawn(x, shape), True)
        else:
            yield Probe(label, made(maker, changed), x, True)


def made(maker: Maker, changed: dict[str, Any]) -> Callable[[], Any]:
    """Makes the layer when it is asked for."""
    return lambda: maker(**changed)


def inputs(x: Any, layout: str | None) -> Iterator[tuple[str, Any]]:
    """(label, input): batches of 1 and 3, images that are not square, ties."""
    column = x.ndim == 2 and (x.shape[1] == 1 or layout == "DN")
    if x.ndim in (2, 4) and not column:
        what = "batch" if x.ndim == 4 else "first axis"
        for n in (1, 3):
            if n != x.shape[0]:
                yield f"{what} of {n}", drawn(x, (n, *x.shape[1:]))
    if x.ndim > 1 and not column:
        high, wide = sides(x, layout)
        for axis, by in ((high, 1), (wide, 2)):
            if x.ndim > 2 or layout == "HW":
                shape = tuple(n + by * (k == axis) for k, n in enumerate(x.shape))
                yield f"an image of {shape[high]}×{shape[wide]}", drawn(x, shape)
    if x.dtype.kind == "f" and x.size > 3:
        yield "ties", tied(x, layout)


def sides(x: Any, layout: str | None) -> tuple[int, int]:
    """The axes of height and width."""
    if layout:
        return layout.upper().find("H"), layout.upper().find("W")
    last = x.ndim > 2 and x.shape[-1] <= 4 < max(x.shape[-3:])
    return (x.ndim - 3, x.ndim - 2) if last else (x.ndim - 2, x.ndim - 1)


def larger(x: Any, layout: str | None) -> tuple[int, ...]:
    """A shape that has room for a larger kernel, is not square, and that a stride of 2 leaves."""
    if x.ndim < 3 and layout != "HW":
        return tuple(x.shape)
    high, wide = sides(x, layout)
    return tuple(n + (k == high) + 2 * (k == wide) for k, n in enumerate(x.shape))


def drawn(x: Any, shape: tuple[int, ...]) -> Any:
    """Numbers like those of x, in another shape."""
    rng = np.random.default_rng(0)
    low, high = float(np.min(x)), float(np.max(x))
    if x.dtype.kind != "f":
        return rng.integers(int(low), int(high) + 1, shape).astype(x.dtype)
    return rng.uniform(low, high if high > low else low + 1, shape).astype(x.dtype)


def tied(x: Any, layout: str | None = None) -> Any:
    """x with three values alone in one corner, the largest of all among them, and 0 if it may be.

    A corner, because each pair of entries that could tie costs the check another forward.
    """
    levels = np.quantile(x, [0.5, 0.9, 1.0])
    if x.min() < 0 < x.max():
        levels[0] = 0.0
    corner = [slice(1)] * x.ndim
    for axis in sides(x, layout) if x.ndim > 1 else (0,):
        corner[axis] = slice(CORNER)
    made = x.copy()
    part = made[tuple(corner)]
    made[tuple(corner)] = levels[np.random.default_rng(1).integers(0, 3, part.shape)]
    return made
