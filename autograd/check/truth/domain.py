"""Outputs that are nan or inf at the user's own point: which one, and which input makes it so."""

from collections.abc import Iterator

import numpy as np

from .arrays import Index, entry_name
from .differences import Objective

TRIED = 300  # entries of the inputs that are moved, to see whether the output becomes finite


def first_not_finite(objective: Objective) -> Index | None:
    """The first output that is nan or inf; None where there is none."""
    places = np.argwhere(~np.isfinite(objective.output))
    return tuple(map(int, places[0])) if len(places) else None


def cause_of(objective: Objective, output: Index) -> str:
    """The input entry without which an output would be finite, `x[2] = 0`; "" where none is found.

    That is one which is not finite itself, or else one that, moved into the positive, makes it so.
    """
    for name, x in {**objective.inputs.numeric(), **objective.point}.items():
        for place in np.argwhere(~np.isfinite(x)):
            index = tuple(map(int, place))
            return f"{entry_name(name, index)} = {x[index]}"
    for _, (name, index) in zip(range(TRIED), _entries(objective, output), strict=False):
        x = objective.point[name]
        unit = np.zeros(x.shape)
        unit[index] = 1.0
        step = objective.scale(name) + max(0.0, -2.0 * float(x[index]))
        if np.isfinite(objective.output_at({name: unit}, step)[output]):
            return f"{entry_name(name, index)} = {x[index]:.6g}"
    return ""


def _entries(objective: Objective, output: Index) -> Iterator[tuple[str, Index]]:
    """All entries of the inputs, those at the place of the output first."""
    shapes = {name: x.shape for name, x in objective.point.items()}
    alike = [name for name, shape in shapes.items() if shape == objective.output.shape]
    yield from ((name, output) for name in alike)
    for name, shape in shapes.items():
        yield from ((name, index) for index in np.ndindex(*shape))
