"""A layer's backward as a function: where it leaves its gradients, returned or in attributes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from . import naming, returns
from .adapter import Layer, Pass
from .attributes import Path, Step, children, copied, follow, text
from .forms import Numbers, as_array, is_container

Shapes = Mapping[str, tuple[int, ...]]
OUTPUTS = {"z", "a", "y", "out", "output", "outputs", "loss", "l"}
UPDATE = "(before - after) / learning rate"


class Source(NamedTuple):
    """Where a gradient is, in words, and how to read it off a pass."""

    place: str
    read: Callable[[Pass], Any]
    guessed: str = ""  # why it may be something else


@dataclass(frozen=True)
class Backward:
    """(upstream, x=..., W=...) -> the gradients by name, as a fresh copy of the layer has them."""

    layer: Layer
    sources: Mapping[str, Source]
    updated: tuple[str, ...] = ()  # weights that backward itself updates
    unreadable: Mapping[str, str] = field(default_factory=dict)  # name -> why it has no source
    elsewhere: Mapping[str, list[Path]] = field(default_factory=dict)  # where else it may be

    def __call__(self, upstream: Any, /, **inputs: Any) -> dict[str, Any]:
        """The gradients after a forward and a backward."""
        done = self.layer.run(copied(upstream), inputs)
        return {name: _stacked(source.read(done)) for name, source in self.sources.items()}

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


def _stacked(gradient: Any) -> Any:
    """The gradient of a list of steps as one array; what holds no numbers stays as it is."""
    array = as_array(gradient) if is_container(gradient) else None
    return gradient if array is None else array


def locate(layer: Layer, done: Pass, shapes: Shapes) -> Backward:
    """The gradients that a pass returned or stored."""
    returned, elsewhere, _ = find_returned(done.returned, layer, shapes)
    stored = find_stored(done, layer, shapes, returned)
    sources = {name: returned_at(path) for name, path in returned.items()}
    sources |= {
        name: stored_at(path, announced(name, path, layer)) for name, path in stored.items()
    }
    for name in sources:
        if layer.is_state(name):
            sources[name] = sources[name]._replace(guessed="a state that forward carries on")
    return Backward(layer, sources, elsewhere=elsewhere)


def returned_at(path: Path) -> Source:
    """A gradient in what backward returned."""
    place = "returned" + (f" {text(path)}" if path else "")
    return Source(place, lambda done: follow(done.returned, path))


def stored_at(path: Path, likeness: float) -> Source:
    """A gradient in an attribute; a guess where the name does not say of what."""
    guessed = "" if likeness else f"{text(path)} has its shape, and the name of some gradient"
    return Source(f"in {text(path)}", lambda done: follow(done.layer, path), guessed)


# --- returned ------------------------------------------------------------------------------------


class Part(NamedTuple):
    """A part of what backward returned: what it is called, and its shape."""

    path: Path
    name: Path
    shape: tuple[int, ...]


class Returned(NamedTuple):
    """Where gradients are in what backward returned."""

    found: dict[str, Path]
    elsewhere: dict[str, list[Path]]  # where else those may be that were found by their shapes
    left: list[Path]  # gradients of states that nobody gave


def find_returned(returned: Any, layer: Layer, shapes: Shapes) -> Returned:
    """Find the gradients of inputs in what backward returned.

    Names come first, of dict keys and in the return statement; then shapes, and order among equal
    ones. A part that announces what is no input is left alone.
    """
    found: dict[str, Path] = {}
    rest, left = [], []
    for part in _parts(returned, layer, shapes):
        name = named_by(part.name, layer) if part.name else None
        if name is not None and name in shapes and name not in found:
            found[name] = part.path
        elif part.path and naming.is_state(part.name):
            left.append(part)
        elif name is None or name in found:
            rest.append(part)
    x = shapes[layer.x_name]
    if left and layer.x_name not in found and not any(part.shape == x for part in rest):
        rest.insert(0, left.pop(0))  # `return dh, dW` of a dense layer
    free = [name for name in ordered(layer) if name in shapes and name not in found]
    if isinstance(returned, tuple | list) and len(returned) and returned[0] is None:
        free = [name for name in free if name != layer.x_name]
    if len(rest) == 1 and rest[0].path == () and not found:
        return Returned({owner_of_one(rest[0].shape, layer, shapes): ()}, {}, [])
    order = _by_shape(rest, free, shapes)
    return Returned({**found, **order}, _alternatives(order, shapes), [part.path for part in left])


def ordered(layer: Layer) -> list[str]:
    """The inputs in forward's order, and after them the parameters."""
    order = layer.forward_arguments()
    given = sorted(layer.arguments, key=lambda name: order.index(layer.arguments[name].option))
    place = order.index(layer.x_argument) if layer.x_argument else 0
    before = [n for n in given if order.index(layer.arguments[n].option) < place]
    return [*before, layer.x_name, *given[len(before) :], *layer.parameters]


def _parts(returned: Any, layer: Layer, shapes: Shapes) -> list[Part]:
    """The arrays in what was returned; a list of steps is one, where an input is such a list."""
    lists = {shapes[n] for n, value in layer.forms().items() if n in shapes and is_container(value)}
    count = len(returned) if isinstance(returned, tuple) else 1
    said = returns.names(getattr(layer.base, layer.backward_name), count)
    found: list[Part] = []

    def visit(value: Any, path: Path) -> None:
        array = as_array(value)
        whole = array is not None and (not is_container(value) or array.shape in lists)
        if whole and array is not None:
            name = path if path and isinstance(path[-1].key, str) else ()
            name = (Step(True, said[path]),) if path in said else name
            found.append(Part(path, name, array.shape))
        elif is_container(value):
            for step, entry in children(value):
                visit(entry, (*path, step))

    visit(returned, ())
    return [p for p in found if p.shape or len(found) == 1 or () in shapes.values()]


def _by_shape(parts: list[Part], free: list[str], shapes: Shapes) -> dict[str, Path]:
    """input -> part: the first of its shape; then what is left, where that is one each."""
    found: dict[str, Path] = {}
    left = []
    for part in parts:
        alike = [n for n in free if n not in found and shapes[n] == part.shape]
        if alike:
            found[alike[0]] = part.path
        else:
            left.append(part)
    open_ = [name for name in free if name not in found]
    exact = len(parts) == len(free)
    for part in left:
        sized = [n for n in open_ if np.prod(shapes[n]) == np.prod(part.shape)]
        owner = open_[:1] if exact else sized[:1]
        for name in owner:
            found[name] = part.path
            open_.remove(name)
    return found


def _alternatives(order: Mapping[str, Path], shapes: Shapes) -> dict[str, list[Path]]:
    """Where else a gradient may be that was found by shape alone."""
    return {
        name: [path for other, path in order.items() if shapes[other] == shapes[name] != ()]
        for name in order
    }


def owner_of_one(shape: tuple[int, ...], layer: Layer, shapes: Shapes) -> str:
    """Whose gradient a single returned array is: that of x, unless only a weight has its shape."""
    x = layer.x_name
    alike = [name for name in shapes if shapes[name] == shape]
    if x in alike or len(alike) != 1 or np.prod(shape) == np.prod(shapes[x]):
        return x
    return alike[0]


def named_by(path: Path, layer: Layer) -> str | None:
    """The input whose gradient a path announces best, or None; arguments without one too."""
    marked = len(path) > 1 or not path[0].attribute  # a dict that is returned holds gradients
    whole = (Step(False, "grads"), *path) if marked else path
    best: dict[str, float] = {n: naming.likeness(whole, p) for n, p in layer.parameters.items()}
    for n, p in layer.parameters.items():
        if layer.is_state(n):
            best[n] = max(best[n], naming.announces(path[-1].key, str(p[-1].key)))
    for argument in dict.fromkeys([*layer.forward_arguments(), *layer.arguments]):
        name = layer.x_name if argument == layer.x_argument else argument
        best[name] = max(
            best.get(name, 0), naming.announces(path[-1].key, argument, marked and len(path) == 1)
        )
    most = max(best, key=lambda name: best[name], default=None)
    if most is not None and best[most] > 1:
        return most
    if naming.is_of_input(whole):
        return layer.x_name
    return most if most is not None and best[most] > 0 else None


# --- stored --------------------------------------------------------------------------------------


def find_stored(
    done: Pass, layer: Layer, shapes: Shapes, known: Mapping[str, Path]
) -> dict[str, Path]:
    """input -> the attribute that holds its gradient: by name; then by shape, if just written.

    Inputs whose gradient is `known` already are left out.
    """
    own = set(layer.parameters.values())
    paths = [path for path in done.after if path not in own]
    likeness = {(name, path): announced(name, path, layer) for name in shapes for path in paths}
    taken = {path for (_, path), like in likeness.items() if like}
    scores = {
        (name, path): score(likeness[name, path], path, done, shapes[name], path in taken)
        for name in shapes
        for path in paths
        if name not in known
    }
    found: dict[str, Path] = {}
    for name, path in sorted(scores, key=lambda pair: -scores[pair]):
        if scores[name, path] > 0 and name not in found and path not in found.values():
            found[name] = path
    return found


def score(like: float, path: Path, done: Pass, shape: Any, taken: bool) -> float:
    """How likely an attribute is the gradient of an input: by name, shape, and when written."""
    fits = done.after[path].shape == shape
    old = done.before.get(path)
    fresh = old is None or not np.array_equal(old, done.after[path])
    if not taken and fits and fresh and looks_like_gradient(path):
        return 0.5
    return like and like + fits + 0.5 * fresh


def announced(name: str, path: Path, layer: Layer) -> float:
    """How well the name of an attribute announces the gradient of an input: 0 to 3."""
    if name in layer.parameters:
        return naming.likeness(path, layer.parameters[name])
    marked = any(naming.is_bare(step.key) for step in path[:-1])
    argument = layer.x_argument if name == layer.x_name else name
    like = naming.announces(path[-1].key, argument, marked) if argument else 0
    return max(like, 2 * naming.is_of_input(path)) if name == layer.x_name else like


def looks_like_gradient(path: Path) -> bool:
    """Whether a name announces some gradient, though not of an output."""
    keys = [step.key for step in path if isinstance(step.key, str)]
    if any(naming.is_bare(key) for key in keys):
        return True
    found = [stem for key in keys[-1:] for stem in naming.stems(key)]
    return bool(found) and not any(stem.lower() in OUTPUTS for stem in found)
