"""Gradients that are only to be had as an update: (before - after) / learning rate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..truth.arrays import largest
from . import naming, signatures
from .adapter import Layer, Pass
from .attributes import Path, copied, leaves, text
from .backward import UPDATE, Backward, Source, locate
from .forms import Numbers, as_array

RATES = (1.0, 0.5)  # learning rates that are tried
NO_STEP = (
    "its update inside backward does not grow with the upstream gradient (Adam, RMSprop or "
    "clipping): no gradient can be read off it"
)


def find_backward(
    layer: Layer, upstream: Any, learning_rate: float | None = None
) -> tuple[Backward, tuple[str, ...]]:
    """Run a pass, and see where each gradient is; with notes on what was inferred."""
    if learning_rate is not None:
        layer = layer.at(learning_rate)
    inputs, shapes = layer.inputs(), layer.shapes()
    done = layer.run(copied(upstream), inputs)
    trial = _Trial(layer, inputs, upstream)
    located = locate(layer, done, shapes)
    backward, rate_notes = _with_updates(located, done, trial, learning_rate)
    found = {**backward.sources, **dict.fromkeys(backward.updated)}
    missing = [name for name in layer.parameters if name not in found]
    options = [name for name in missing if shapes[name] == () or layer.is_state(name)]
    parameters = {n: p for n, p in layer.parameters.items() if n not in options}
    backward = replace(backward, layer=replace(backward.layer, parameters=parameters))
    places = ", ".join(f"{name} {source.place}" for name, source in backward.sources.items())
    lacking = (
        f"forward depends on {name}, but backward leaves no gradient of it and does not update it"
        for name in missing
        if name not in options
    )
    return backward, (*rate_notes, f"gradients found: {places}", *lacking)


# --- updates -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Trial:
    """The passes that are run again, with other learning rates and upstream gradients."""

    layer: Layer
    inputs: Mapping[str, Any]
    upstream: Any

    def run(self, rate: float | None = None, times: float | None = None) -> Pass:
        """A pass at a learning rate, with `times` the upstream gradient."""
        upstream = copied(self.upstream) if times is None else times * np.asarray(self.upstream)
        layer = self.layer if rate is None else self.layer.at(rate)
        return layer.run(upstream, self.inputs)

    def change(self, name: str, rate: float | None = None, times: float | None = None) -> Any:
        """before - after of a weight; None where it did not move."""
        return change(self.run(rate, times), self.layer.parameters[name])


def change(done: Pass, path: Path) -> Numbers | None:
    """before - after of a weight over backward; None where it did not move."""
    before, after = done.before.get(path), done.after.get(path)
    if before is None or after is None or np.array_equal(before, after):
        return None
    if before.shape != after.shape:
        return np.full(after.shape, np.nan)
    return np.asarray(before.astype(np.float64) - after)


def _with_updates(
    backward: Backward, done: Pass, trial: _Trial, rate: float | None
) -> tuple[Backward, tuple[str, ...]]:
    """Recover gradients from weights that backward updates itself."""
    parameters = backward.layer.parameters
    updated = tuple(n for n, path in parameters.items() if change(done, path) is not None)
    if not updated:
        return backward, ()
    layer, how = find_rate(trial, updated, rate)
    trial = replace(trial, layer=layer)
    sources, unreadable = dict(backward.sources), {}
    for name in updated:
        if name in sources and not _follows_rate(sources[name], trial):
            continue
        sources[name] = _update_of(layer, parameters[name])
        if not _is_plain_step(trial, name):
            del sources[name]
            unreadable[name] = NO_STEP
    backward = replace(
        backward, layer=layer, sources=sources, updated=updated, unreadable=unreadable
    )
    note = f"the learning rate is {how}" if how[0].isdigit() else how
    return backward, (note,) if backward.names(of_updates=True) else ()


def _update_of(layer: Layer, path: Path) -> Source:
    """A gradient in the update of a weight."""

    def read(done: Pass) -> Any:
        moved = change(done, path)
        gradient = np.zeros(np.shape(done.before[path])) if moved is None else moved / layer.rate
        return gradient.astype(done.before[path].dtype, copy=False)

    return Source(UPDATE, read)


def _follows_rate(source: Source, trial: _Trial) -> bool:
    """Whether what was found depends on the learning rate: then it is the step, no gradient."""
    a, b = (as_array(source.read(trial.run(rate))) for rate in RATES)
    return a is not None and b is not None and a.shape == b.shape and near(0.5 * a, b)


def _is_plain_step(trial: _Trial, name: str) -> bool:
    """Whether an update is affine in the upstream gradient; what Adam or clipping does is not."""
    moved = [trial.change(name, times=k) for k in (0, 1, 2)]
    zero, one, two = (0.0 if by is None else by for by in moved)
    return near(two - one, one - zero, 1e-3)


def near(a: Any, b: Any, tolerance: float = 1e-6) -> bool:
    """Whether two arrays are equal up to rounding, and not both nothing."""
    size = largest(a)
    return bool(size > 0 and largest(a - b) <= tolerance * size)


# --- the learning rate ---------------------------------------------------------------------------


def find_rate(trial: _Trial, updated: tuple[str, ...], rate: float | None) -> tuple[Layer, str]:
    """The layer with its learning rate, and which was taken, from where."""
    layer = trial.layer
    argument = signatures.rate_of(getattr(layer.base, layer.backward_name))
    if argument is not None:
        return layer, f"called with {argument.name}={layer.rate:g}"
    held = tuple(p for p, value in leaves(layer.base).items() if _is_rate(p, value))
    for paths in (held, *((path,) for path in held)):
        holding = replace(layer, rate_paths=paths)
        if paths and _scales(replace(trial, layer=holding), updated):
            return holding, f"{', '.join(map(text, paths))} set to {layer.rate:g}"
    if rate is not None:
        return layer, f"{rate:g} as you say"
    read, how = _read_rate(trial, updated)
    return replace(layer, rate=read), how


def _is_rate(path: Path, value: Any) -> bool:
    """Whether what a layer holds there is a learning rate."""
    key = path[-1].key if path else None
    return isinstance(key, str) and naming.is_rate(key) and np.shape(value) == ()


def _scales(trial: _Trial, updated: tuple[str, ...]) -> bool:
    """Whether the updates are proportional to the layer's own learning rate."""
    pairs = [[trial.change(name, rate) for rate in RATES] for name in updated]
    return any(a is not None and b is not None and near(0.5 * a, b, 1e-4) for a, b in pairs)


def _read_rate(trial: _Trial, updated: tuple[str, ...]) -> tuple[float, str]:
    """The learning rate that fits: update u = r·g and slope along u: g·u = |u|²/r."""
    for name in updated:
        moved = trial.change(name)
        if moved is None:
            continue
        slope = _slope_along(trial, name, moved)
        fitted = abs(float(np.sum(moved**2) / slope)) if slope else 0.0
        round_one = float(f"{fitted:.1g}") if fitted else 0.0
        if fitted and abs(fitted - round_one) < 1e-3 * fitted:
            how = f"{round_one:g} read off the update of {name}: a factor common to all hides in it"
            return round_one, how
    return 1.0, "taken as 1: none was found, give learning_rate="


def _slope_along(trial: _Trial, name: str, direction: Numbers) -> float:
    """How fast L = Σ upstream·output grows as a weight moves along a direction."""
    step = 1e-4 / max(largest(direction), 1e-300)
    here = np.asarray(trial.inputs[name], dtype=np.float64)
    points = [{**trial.inputs, name: here + s * step * direction} for s in (1, -1)]
    up, down = (np.sum(trial.upstream * np.asarray(trial.layer.forward(**p))) for p in points)
    return float(up - down) / (2 * step)
