"""Arguments that forward asks for and nobody gave: states, keys and values are drawn."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from . import naming, outputs, randomness, signatures
from .adapter import Layer
from .attributes import clone, copied, follow, held_by, snapshot
from .backward import find_returned
from .forms import as_array, is_container, like, shape_of

HIDDEN_SIZE = {"h", "hidden", "units", "size", "state"}  # words in the name of a state's size
LIKE_X = {"q", "k", "v"}


def spread(layer: Layer) -> Layer:
    """A tuple x for a forward of as many arguments: each of them gets its own."""
    function = getattr(layer.base, layer.forward_name)
    names = [
        p.name
        for p in signatures.parameters(function)
        if signatures.is_required(p) and not signatures.is_training(p)
        and p.name not in (naming.CONTEXT, *layer.options)
    ]  # fmt: skip
    if not isinstance(layer.x, tuple) or len(names) != len(layer.x) or len(names) < 2:
        return layer
    first = layer.x_argument
    given = dict(zip(names, layer.x, strict=True))
    others = {name: value for name, value in given.items() if name != first}
    return replace(layer, x=given[str(first)], options={**layer.options, **others})


def supplied(layer: Layer) -> tuple[Layer, tuple[str, ...]]:
    """The layer with states, keys and values that forward asks for; notes say which.

    Raises UnfitError for an argument that is none of these, or fits nothing.
    """
    function, known = getattr(layer.base, layer.forward_name), {"x": layer.x, **layer.options}
    missing = [
        p.name
        for p in signatures.parameters(function)
        if signatures.is_required(p) and p.name not in (layer.x_argument, naming.CONTEXT)
        and not signatures.is_training(p) and p.name not in layer.options
        and (naming.is_of_time(p.name) or not signatures.is_known(p.name, known))
    ]  # fmt: skip
    states = [name for name in missing if naming.role(name) not in LIKE_X]
    if not missing or not all(
        naming.is_of_time(n) or naming.role(n) in naming.STATES for n in states
    ):
        return layer, ()
    for shape in _shapes(layer) if states else [()]:
        drawn = {
            name: _draw(shape_of(layer.x) if naming.role(name) in LIKE_X else shape, k)
            for k, name in enumerate(missing)
        }
        made = replace(layer, options={**layer.options, **drawn})
        if _fits(made, drawn):
            said = ", ".join(f"{name} {value.shape}" for name, value in drawn.items())
            return made, (f"not given, so drawn: {said}",)
    return layer, ()


def returned_only(layer: Layer) -> tuple[Layer, tuple[str, ...]]:
    """The layer with the states that may be left out, if backward returns their gradients.

    A state has the form of its gradient. Where a pass raises, the layer stays as it is.
    """
    function = getattr(layer.base, layer.forward_name)
    names = [
        p.name
        for p in signatures.parameters(function)
        if p.default is None and p.name not in layer.options
        and (naming.role(p.name) in naming.STATES or naming.is_of_time(p.name))
    ]  # fmt: skip
    try:
        values = _left(layer) if names else []
        drawn = {n: like(_draw(shape_of(v), k), v)
                 for k, (n, v) in enumerate(zip(names, values, strict=False))}  # fmt: skip
        made = replace(layer, options={**layer.options, **drawn})
        with randomness.started(layer.states):
            made.call_forward(clone(made.base), copied(made.x))
    except Exception:  # the user's code: nothing is known
        return layer, ()
    said = ", ".join(f"{name} {shape_of(value)}" for name, value in drawn.items())
    return made, (f"not given, so drawn: {said}",) if drawn else ()


def _left(layer: Layer) -> list[Any]:
    """The gradients of states that nobody gave, in the form in which backward returns them."""
    shape = shape_of(layer.forward(**layer.inputs()))
    upstream = np.ones(shape) if shape else 1.0
    returned = layer.run(upstream, layer.inputs()).returned
    paths = dict.fromkeys(p[:1] for p in find_returned(returned, layer, layer.shapes()).left)
    return [follow(returned, path) for path in paths]


def _draw(shape: tuple[int, ...], k: int) -> Any:
    return np.random.default_rng(k).uniform(-1.0, 1.0, shape)


def _shapes(layer: Layer) -> Iterator[tuple[int, ...]]:
    """What the shape of a state may be: (N, H), (H, N) or (H,), by the sizes that a layer holds."""
    x = layer.x[0] if isinstance(layer.x, list) and is_container(layer.x) else layer.x
    shape = shape_of(x)
    for h in dict.fromkeys(_sizes(layer)):
        if len(shape) < 2:
            yield (h,)
            continue
        rows, columns = (shape[0], h), (h, shape[-1])
        yield from (columns, rows) if shape[-1] == 1 else (rows, columns)
        if len(shape) == 3:
            yield (shape[1], h)


def _sizes(layer: Layer) -> Iterator[int]:
    """Sizes of the state, the likeliest first: what is called so, square weights, any."""
    for name, value in held_by(layer.base).items():
        words = set(name.lower().strip("_").split("_"))
        if isinstance(value, int) and not isinstance(value, bool) and words & HIDDEN_SIZE:
            yield value
    shapes = [array.shape for array in snapshot(layer.base).values() if array.ndim == 2]
    yield from (a for a, b in shapes if a == b)
    yield from (side for pair in shapes for side in pair)


def _fits(layer: Layer, drawn: Mapping[str, Any]) -> bool:
    """Whether forward runs, and gives a state of the same size as it was given."""
    try:
        with randomness.started(layer.states), np.errstate(all="ignore"):
            found = layer.call_forward(clone(layer.base), copied(layer.x))
    except Exception:  # the user's code: another shape
        return False
    states = [v.shape for name, v in drawn.items() if naming.role(name) not in LIKE_X]
    given = {id(part) for value in found.given.values() for part in outputs.parts(value)}
    made = [
        shape_of(p)
        for value in found.items.values()
        for p in outputs.parts(value)
        if id(p) not in given and as_array(p) is not None
    ]
    return all(any(set(s) <= set(m) for m in made) for s in states)
