"""A layer's backward as a function: where it leaves its gradients, returned or in attributes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from . import naming
from .adapter import Layer, Pass
from .attributes import Numbers, Path, Step, as_array, copied, leaves

Shapes = Mapping[str, tuple[int, ...]]
OUTPUTS = {"z", "a", "y", "out", "output", "outputs", "loss", "l"}
UPDATE = "(before - after) / learning rate"


class Source(NamedTuple):
    """Where a gradient is, in words, and how to read it off a pass."""

    place: str
    read: Callable[[Pass], Any]


@dataclass(frozen=True)
class Backward:
    """(upstream, x=..., W=...) -> the gradients by name, as a fresh copy of the layer has them."""

    layer: Layer
    sources: Mapping[str, Source]
    updated: tuple[str, ...] = ()  # weights that backward itself updates
    unreadable: Mapping[str, str] = field(default_factory=dict)  # name -> why it has no source

    def __call__(self, upstream: Any, /, **inputs: Any) -> dict[str, Any]:
        """The gradients after a forward and a backward."""
        done = self.layer.run(copied(upstream), inputs)
        return {name: source.read(done) for name, source in self.sources.items()}

    def arrays(self, done: Pass) -> dict[str, Numbers]:
        """The gradients that a pass left, as far as they are arrays."""
        every = {name: as_array(source.read(done)) for name, source in self.sources.items()}
        return {name: array for name, array in every.items() if array is not None}

    def names(self, *, of_updates: bool) -> list[str]:
        """The gradients that are read off an update, or those that are returned or stored."""
        return [n for n, source in self.sources.items() if (source.place == UPDATE) == of_updates]

    def kept(self, done: Pass) -> dict[str, Numbers]:
        """Those that are returned or stored."""
        names = self.names(of_updates=False)
        return {name: array for name, array in self.arrays(done).items() if name in names}


# --- returned ------------------------------------------------------------------------------------


def find_returned(returned: Any, layer: Layer, shapes: Shapes) -> dict[str, Path]:
    """input -> where its gradient is in what was returned: by name, then by shape and order."""
    found: dict[str, Path] = {}
    parts = leaves(returned)
    for path in list(parts):
        if path and isinstance(path[-1].key, str):
            name = named_by((Step(False, "grads"), *path), layer)
            if name and name not in found:
                found[name] = path
                del parts[path]
    free = [name for name in shapes if name not in found]
    if isinstance(returned, tuple | list) and len(returned) and returned[0] is None:
        free = [name for name in free if name != layer.x_name]
    paths = [path for path in parts if np.shape(parts[path]) or len(parts) == 1 or () in
             shapes.values()][: len(free)]  # fmt: skip
    if len(paths) == 1 and paths[0] == ():
        return {owner_of_one(np.shape(parts[()]), layer, shapes): ()}
    order = max(
        permutations(free[:6], min(len(paths), 6)),
        key=lambda names: sum(
            shapes[n] == np.shape(parts[p]) for n, p in zip(names, paths, strict=False)
        ),
        default=(),
    )
    return {**found, **dict(zip(order, paths, strict=False))}


def owner_of_one(shape: tuple[int, ...], layer: Layer, shapes: Shapes) -> str:
    """Whose gradient a single returned array is: that of x, unless only a weight has its shape."""
    x = layer.x_name
    alike = [name for name in shapes if shapes[name] == shape]
    if x in alike or len(alike) != 1 or np.prod(shape) == np.prod(shapes[x]):
        return x
    return alike[0]


def named_by(path: Path, layer: Layer) -> str | None:
    """The input whose gradient a path announces best, or None."""
    best = {name: naming.likeness(path, p) for name, p in layer.parameters.items()}
    most = max(best, key=lambda name: best[name], default=None)
    if most is not None and best[most] > 0:
        return most
    return layer.x_name if naming.is_of_input(path) else None


# --- stored --------------------------------------------------------------------------------------


def find_stored(
    done: Pass, layer: Layer, shapes: Shapes, known: Mapping[str, Path]
) -> dict[str, Path]:
    """input -> the attribute that holds its gradient: by name; then by shape, if just written.

    Inputs whose gradient is `known` already are left out.
    """
    own = set(layer.parameters.values())
    scores = {
        (name, path): score(name, path, done, layer, shapes[name])
        for name in shapes
        for path in done.after
        if name not in known and path not in own
    }
    found: dict[str, Path] = {}
    for name, path in sorted(scores, key=lambda pair: -scores[pair]):
        if scores[name, path] > 0 and name not in found and path not in found.values():
            found[name] = path
    return found


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
