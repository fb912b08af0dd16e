"""Gradients that are only to be had as an update: (before - after) / learning rate."""

from typing import Any

import numpy as np

from . import naming, signatures
from .adapter import Layer, Pass, given
from .attributes import Path, as_array, leaves, text
from .gradients_of import Claims, Reader, assigned, inputs_of, returned_at, stored

UPDATE = "(before - after) / learning rate"
RATES = (1.0, 0.5)  # learning rates that are tried


def find_claims(layer: Layer, upstream: Any, learning_rate: float | None = None) -> Claims:
    """Run a pass and see where each gradient is; notes on the layer say what was inferred."""
    claims = Claims(layer)
    inputs = inputs_of(layer)
    if learning_rate is not None:
        layer.rate = learning_rate
    done = layer.run(given(upstream), inputs)
    shapes = {name: np.shape(value) for name, value in inputs.items()}
    for name, path in assigned(done.returned, layer, shapes).items():
        claims.readers[name] = returned_at(path)
        claims.sources[name] = "returned" + (f" {text(path)}" if path else "")
    stored(claims, done, shapes)
    updates(claims, done, inputs, upstream, learning_rate)
    scalars = [n for n in claims.missing if shapes[n] == ()]
    for name in scalars:  # a number that nothing is claimed of is an option, no weight
        claims.missing.remove(name)
        layer.parameters.pop(name, None)
    found = ", ".join(f"{name} {how}" for name, how in claims.sources.items())
    layer.notes.append(f"gradients found: {found}")
    layer.notes += [
        f"forward depends on {name}, but backward leaves no gradient of it and does not update it"
        for name in claims.missing
    ]
    return claims


def change(done: Pass, path: Path) -> np.ndarray | None:
    """before - after of a weight over backward; None where it did not move."""
    before, after = done.before.get(path), done.after.get(path)
    if before is None or after is None or np.array_equal(before, after):
        return None
    if before.shape != after.shape:
        return np.asarray(after, dtype=np.float64) * np.nan
    return before.astype(np.float64) - after


def updates(
    claims: Claims, done: Pass, inputs: dict[str, Any], upstream: Any, rate: float | None
) -> None:
    """Recover gradients from weights that backward updates itself."""
    layer = claims.layer
    moved = {n: change(done, p) for n, p in layer.parameters.items()}
    claims.updated = [name for name, by in moved.items() if by is not None]
    bare = [n for n in layer.parameters if n not in claims.readers]
    if not claims.updated:
        claims.missing = bare
        return
    how = find_rate(layer, claims.updated, inputs, upstream, rate)
    for name in claims.updated:
        if name in claims.readers and not follows_rate(claims, name, inputs, upstream):
            continue
        claims.readers[name] = update_of(layer, layer.parameters[name])
        claims.sources[name] = UPDATE
        nonlinear(claims, name, inputs, upstream)
    if UPDATE in claims.sources.values():
        layer.notes.append(f"the learning rate is {how}" if how[0].isdigit() else how)
    claims.missing = [n for n in bare if n not in claims.updated]


def update_of(layer: Layer, path: Path) -> Reader:
    """Reads a gradient off the update of a weight."""

    def read(done: Pass) -> Any:
        moved = change(done, path)
        gradient = np.zeros(np.shape(done.before[path])) if moved is None else moved / layer.rate
        return gradient.astype(done.before[path].dtype, copy=False)

    return read


def follows_rate(claims: Claims, name: str, inputs: dict[str, Any], upstream: Any) -> bool:
    """Whether what was found depends on the learning rate: then it is the step, no gradient."""
    one, half = (claims.layer.run(given(upstream), inputs, rate) for rate in RATES)
    a, b = (as_array(claims.readers[name](done)) for done in (one, half))
    return a is not None and b is not None and a.shape == b.shape and near(0.5 * a, b)


def near(a: Any, b: Any, tolerance: float = 1e-6) -> bool:
    """Whether two arrays are equal up to rounding, and not both nothing."""
    size = np.max(np.abs(a), initial=0.0)
    return bool(size > 0 and np.max(np.abs(a - b)) <= tolerance * size)


def find_rate(
    layer: Layer, names: list[str], inputs: dict[str, Any], upstream: Any, rate: float | None
) -> str:
    """Set the layer's learning rate where it has one; say which was taken, and from where."""
    argument = signatures.rate_of(getattr(layer.base, str(layer.backward_name)))
    if argument is not None:
        return f"called with {argument.name}={layer.rate:g}"
    for path, value in leaves(layer.base).items():
        key = path[-1].key if path else None
        if isinstance(key, str) and naming.is_rate(key) and np.shape(value) == ():
            layer.rate_path = path
            if rate is None:
                layer.rate = 1.0
            if scales(layer, names, inputs, upstream):
                return f"{text(path)} set to {layer.rate:g}"
            layer.rate_path = None
    if rate is not None:
        return f"{rate:g} as you say"
    layer.rate, how = read_rate(layer, names, inputs, upstream)
    return how


def scales(layer: Layer, names: list[str], inputs: dict[str, Any], upstream: Any) -> bool:
    """Whether the updates are proportional to the layer's own learning rate."""
    done = [layer.run(given(upstream), inputs, rate) for rate in RATES]
    pairs = [[change(d, layer.parameters[n]) for d in done] for n in names]
    return any(a is not None and b is not None and near(0.5 * a, b, 1e-4) for a, b in pairs)


def read_rate(
    layer: Layer, names: list[str], inputs: dict[str, Any], upstream: Any
) -> tuple[float, str]:
    """The learning rate that fits: update u = r·g and slope along u: g·u = |u|²/r."""
    done = layer.run(given(upstream), inputs)
    for name in names:
        moved = change(done, layer.parameters[name])
        if moved is None:
            continue
        step = 1e-4 / max(float(np.max(np.abs(moved))), 1e-300)
        here = np.asarray(inputs[name], dtype=np.float64)
        ends = [
            np.sum(
                upstream * np.asarray(layer.forward(**{**inputs, name: here + s * step * moved}))
            )
            for s in (1, -1)
        ]
        slope = (ends[0] - ends[1]) / (2 * step)
        fitted = abs(float(np.sum(moved**2) / slope)) if slope else 0.0
        round_one = float(f"{fitted:.1g}") if fitted else 0.0
        if fitted and abs(fitted - round_one) < 1e-3 * fitted:
            how = f"{round_one:g} read off the update of {name}: a factor common to all hides in it"
            return round_one, how
    return 1.0, "taken as 1: none was found, give learning_rate="


def nonlinear(claims: Claims, name: str, inputs: dict[str, Any], upstream: Any) -> None:
    """An update that is not affine in the upstream gradient is no plain step: hide the gradient."""
    layer, path = claims.layer, claims.layer.parameters[name]
    moved = [change(layer.run(k * np.asarray(upstream), inputs), path) for k in (0, 1, 2)]
    zero, one, two = (0.0 if by is None else by for by in moved)
    if not near(two - one, one - zero, 1e-3):
        claims.readers.pop(name)
        claims.sources.pop(name)
        claims.hidden[name] = (
            "its update inside backward does not grow with the upstream gradient (Adam, RMSprop "
            "or clipping): no gradient can be read off it"
        )
