"""Right layers as people write them, and how each is called by hand: an oracle apart from ours."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

RNG = np.random.default_rng(21)
STEP = 1e-5
ENTRIES = 5  # of each array, that are measured


class Right(NamedTuple):
    """A layer, forward's arguments by name (x first), and one call of both methods by hand.

    `hand(layer, **given)` returns the outputs as a tuple, and a function of as many upstream
    gradients that returns the gradients by name: those of arguments, and of what the layer holds.
    """

    layer: Any
    given: Mapping[str, Any]
    hand: Callable[..., tuple[tuple[Any, ...], Callable[..., Mapping[str, Any]]]]
    settings: Mapping[str, Any] = {}

    @property
    def x(self) -> Any:
        """What the layer is checked on."""
        return next(iter(self.given.values()))

    @property
    def options(self) -> dict[str, Any]:
        """The other arguments of forward."""
        return dict(list(self.given.items())[1:])


def draw(*shape: int) -> Any:
    """Normal numbers."""
    return RNG.standard_normal(shape)


def stored(*weights: str) -> Callable[..., Any]:
    """The plainest call: y = forward(x), dx = backward(dy), and `dW` in attributes."""

    def hand(layer, x):
        y = layer.forward(x)
        return (y,), lambda dy: {
            "x": layer.backward(dy), **{w: getattr(layer, f"d{w}") for w in weights}
        }  # fmt: skip

    return hand


def deviation(right: Right) -> float:
    """How far the gradients are from slopes measured by hand, for random upstream gradients."""
    outputs, backward = right.hand(copy.deepcopy(right.layer), **copied(right.given))
    upstream = [random_like(y) for y in outputs]
    gradients = backward(*copy.deepcopy(upstream))
    assert gradients
    worst = 0.0
    for name, gradient in gradients.items():
        for place, claimed in list(_entries(gradient))[:: max(1, size(gradient) // ENTRIES)]:
            ends = [_loss(right, upstream, name, place, sign * STEP) for sign in (1, -1)]
            slope = (ends[0] - ends[1]) / (2 * STEP)
            worst = max(worst, abs(slope - claimed) / max(1.0, abs(slope)))
    return worst


def copied(given: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of each, so that the same array given twice becomes two."""
    return {name: copy.deepcopy(value) for name, value in given.items()}


def _loss(right: Right, upstream: Any, name: str, place: int, step: float) -> float:
    """Σ upstream·output, where one entry of an argument or of a weight is moved."""
    layer, given = copy.deepcopy(right.layer), copied(right.given)
    if name in given:
        given[name] = _moved(given[name], place, step)
    else:
        _move_in_place(eval(f"layer.{name}", {"layer": layer}), place, step)
    outputs, _ = right.hand(layer, **given)
    return sum(
        u * y
        for ups, ys in zip(upstream, outputs, strict=True)
        for (_, u), (_, y) in zip(_entries(ups), _entries(ys), strict=True)
    )


def _arrays(value: Any) -> Iterator[Any]:
    """The arrays of nested lists, tuples and dicts, in order."""
    if isinstance(value, dict | list | tuple):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _arrays(entry)
    else:
        yield np.asarray(value, dtype=float)


def _entries(value: Any) -> Iterator[tuple[int, float]]:
    yield from enumerate(entry for array in _arrays(value) for entry in array.ravel().tolist())


def size(value: Any) -> int:
    return sum(array.size for array in _arrays(value))


def random_like(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: random_like(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(random_like, value))
    return draw(*np.shape(value)) if np.ndim(value) else 1.0


def _moved(value: Any, place: int, step: float) -> Any:
    if isinstance(value, list) and not hasattr(value[0], "shape"):
        array = np.array(value, dtype=float)
        _move_in_place(array, place, step)
        return array.tolist()
    _move_in_place(value, place, step)
    return value


def _move_in_place(value: Any, place: int, step: float) -> None:
    if isinstance(value, np.ndarray):
        value[np.unravel_index(place, value.shape)] += step
    else:
        for entry in value.values() if isinstance(value, dict) else value:
            if 0 <= place < size(entry):
                _move_in_place(entry, place, step)
            place -= size(entry)
