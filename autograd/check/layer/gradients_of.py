"""Where a layer leaves its gradients: returned by backward, or in attributes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np

from . import naming
from .adapter import Layer, Pass, given
from .attributes import Path, Step, leaves, text

Reader = Callable[[Pass], Any]
OUTPUTS = {"z", "a", "y", "out", "output", "outputs", "loss", "l"}


@dataclass
class Claims:
    """For each input of a layer: how to read its gradient off a pass."""

    layer: Layer
    readers: dict[str, Reader] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)  # name -> why it cannot be recovered
    updated: list[str] = field(default_factory=list)

    def backward(self, upstream: Any, /, **inputs: Any) -> dict[str, Any]:
        """The claimed gradient of each input, from a fresh copy of the layer."""
        return self.read(self.layer.run(given(upstream), inputs))

    def read(self, done: Pass) -> dict[str, Any]:
        """The claimed gradients that a pass left."""
        return {name: reader(done) for name, reader in self.readers.items()}


def inputs_of(layer: Layer) -> dict[str, Any]:
    """x and the parameters, as the layer was given."""
    held = leaves(layer.base)
    return {layer.x_name: given(layer.x), **{n: held[p] for n, p in layer.parameters.items()}}


# --- returned ------------------------------------------------------------------------------------


def at(root: Any, path: Path) -> Any:
    """What a path leads to."""
    for step in path:
        root = getattr(root, step.key) if step.attribute else root[step.key]
    return root


def returned_at(path: Path) -> Reader:
    """Reads a gradient off what backward returned."""
    return lambda done: at(done.returned, path)


def assigned(returned: Any, layer: Layer, shapes: Mapping[str, Any]) -> dict[str, Path]:
    """input -> where its gradient is in what was returned: by name, then by shape and order."""
    found: dict[str, Path] = {}
    parts = leaves(returned)
    for path in list(parts):
        if path and isinstance(path[-1].key, str):
            name = named_in((Step(False, "grads"), *path), layer)
            if name and name not in found:
                found[name] = path
                del parts[path]
    free = [name for name in shapes if name not in found]
    if isinstance(returned, tuple | list) and len(returned) and returned[0] is None:
        free = [name for name in free if name != layer.x_name]
    paths = [path for path in parts if np.shape(parts[path]) or len(parts) == 1 or () in
             shapes.values()][: len(free)]  # fmt: skip
    if len(paths) == 1 and paths[0] == ():
        return {single(np.shape(parts[()]), layer, shapes): ()}
    order = max(
        permutations(free[:6], min(len(paths), 6)),
        key=lambda names: sum(
            shapes[n] == np.shape(parts[p]) for n, p in zip(names, paths, strict=False)
        ),
        default=(),
    )
    return {**found, **dict(zip(order, paths, strict=False))}


def single(shape: tuple[int, ...], layer: Layer, shapes: Mapping[str, Any]) -> str:
    """Whose gradient a single returned array is: that of x, unless only a weight has its shape."""
    x = layer.x_name
    alike = [name for name in shapes if shapes[name] == shape]
    if x in alike or len(alike) != 1 or np.prod(shape) == np.prod(shapes[x]):
        return x
    return alike[0]


def named_in(path: Path, layer: Layer) -> str | None:
    """The input whose gradient a path announces best, or None."""
    best = {name: naming.likeness(path, p) for name, p in layer.parameters.items()}
    most = max(best, key=lambda name: best[name], default=None)
    if most is not None and best[most] > 0:
        return most
    return layer.x_name if naming.is_of_input(path) else None


# --- stored --------------------------------------------------------------------------------------


def stored(claims: Claims, done: Pass, shapes: Mapping[str, Any]) -> None:
    """Find gradients in attributes: by name; then by shape, among what backward wrote."""
    layer = claims.layer
    own = set(layer.parameters.values())
    free = [name for name in shapes if name not in claims.readers]
    written = [path for path in done.after if path not in own]
    scores = {
        (name, path): score(name, path, done, layer, shapes[name])
        for name in free
        for path in written
    }
    for name, path in sorted(scores, key=lambda pair: -scores[pair]):
        taken = claims.sources.values()
        if (
            scores[name, path] > 0
            and name not in claims.readers
            and f"in {text(path)}" not in taken
        ):
            claims.readers[name] = stored_at(path)
            claims.sources[name] = f"in {text(path)}"


def score(name: str, path: Path, done: Pass, layer: Layer, shape: Any) -> float:
    """How likely an attribute is the gradient of an input: by name, shape, and when written."""
    fits = done.after[path].shape == shape
    old = done.before.get(path)
    fresh = old is None or not np.array_equal(old, done.after[path])
    if name == layer.x_name:
        like = 2 * naming.is_of_input(path)
    else:
        like = naming.likeness(path, layer.parameters[name])
    if not like and fits and fresh and looks_like_gradient(path):
        return 0.5
    return like and like + fits + 0.5 * fresh


def looks_like_gradient(path: Path) -> bool:
    """Whether a name announces some gradient, though not of an output."""
    keys = [step.key for step in path if isinstance(step.key, str)]
    if any(naming.is_bare(key) for key in keys):
        return True
    found = [stem for key in keys[-1:] for stem in naming.stems(key)]
    return bool(found) and not any(stem.lower() in OUTPUTS for stem in found)


def stored_at(path: Path) -> Reader:
    """Reads a gradient off an attribute."""
    return lambda done: at(done.layer, path)
