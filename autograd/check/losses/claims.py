"""What a loss gives, and where its gradients are: in what backward returned, or in attributes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..layer import naming
from ..layer.attributes import Step
from ..layer.backward import looks_like_gradient
from ..layer.variants import vars_of

LOSSES = ("loss", "cost", "error", "output", "value", "out")
Shapes = Mapping[str, tuple[int, ...]]


def split_output(returned: Any, holder: Any) -> tuple[Any, Any]:
    """(the loss, what else forward returned) from a number, (loss, cache), (probabilities, loss).

    A forward that returns nothing keeps its loss in an attribute. Raises TypeError where it is
    nowhere.
    """
    if isinstance(returned, tuple):
        at = next((k for k, part in enumerate(returned) if _shape(part) == ()), 0)
        rest = [part for k, part in enumerate(returned) if k != at]
        return returned[at], rest[0] if len(rest) == 1 else tuple(rest)
    if isinstance(returned, Mapping):
        named = (x for key, x in returned.items() if "loss" in str(key).lower())
        return next(named, next(iter(returned.values()))), returned
    if returned is not None:
        return returned, None
    kept = [getattr(holder, name) for name in LOSSES if hasattr(holder, name)]
    if not kept:
        raise TypeError("forward returned None, and keeps no loss")
    return kept[0], None


def claimed(returned: Any, wanted: Shapes, others: Shapes, data: str = "") -> dict[str, Any]:
    """name -> its gradient: for all that are wanted, and for others that come after them.

    The others have one if there are as many gradients; `data` (the target) may be without.
    """
    if isinstance(returned, Mapping):
        return _by_name(returned, {**wanted, **others})
    first = next(iter(wanted))
    if not isinstance(returned, tuple | list) or (
        len(wanted) == 1 and _shape(returned) == wanted[first]
    ):
        return {first: returned}
    parts = [part for part in returned if _shape(part) != () or () in wanted.values()]
    if len(parts) == 1 and isinstance(parts[0], Mapping):
        return claimed(parts[0], wanted, others, data)
    found = dict(zip(wanted, parts, strict=False))
    rest = parts[len(wanted) :]
    names = list(others) if len(rest) == len(others) else [n for n in others if n != data]
    if len(rest) == len(names):
        found |= {n: x for n, x in zip(names, rest, strict=True) if _shape(x) == others[n]}
    return {name: part for name, part in found.items() if part is not None}


def kept(holder: Any, before: Mapping[str, Any], wanted: Shapes) -> dict[str, Any]:
    """name -> its gradient among an object's attributes: by name, shape, and when written."""
    found: dict[str, Any] = {}
    for name, shape in wanted.items():
        scores = {
            key: _score(key, name, key not in before or before[key] is not value)
            for key, value in vars_of(holder).items()
            if _shape(value) == shape and key not in found.values()
        }
        best = max(scores, key=scores.__getitem__, default=None)
        if best is not None and scores[best] > 0:
            found[name] = best
    return {name: getattr(holder, key) for name, key in found.items()}


def _score(key: str, name: str, fresh: bool) -> float:
    """How well an attribute's name announces the gradient of an input."""
    path = (Step(True, key),)
    like = naming.similarity(key, name, False) or 2 * naming.is_of_input(path)
    return (like or looks_like_gradient(path)) and like + 0.5 * (1 + fresh)


def _by_name(returned: Mapping[Any, Any], shapes: Shapes) -> dict[str, Any]:
    """Gradients from a dict: each by the key that announces it, else all in their order."""
    found = {}
    for name in shapes:
        likeness = {key: naming.similarity(key, name, True) for key in returned}
        best = max(likeness, key=likeness.__getitem__, default=None)
        if best is not None and likeness[best]:
            found[name] = returned[best]
    return found or dict(zip(shapes, returned.values(), strict=False))


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of numbers; None of what is no single array of them."""
    try:
        array = np.asarray(value)
    except ValueError:  # arrays of several shapes
        return None
    return None if array.dtype.kind not in "biuf" else array.shape
