"""What the inputs did not put to the test: mistakes hide where a size is 1 or a shape is square."""

from collections.abc import Mapping

import numpy as np

from .truth.arrays import Array


def unexercised(inputs: Mapping[str, Array], output: Array) -> tuple[str, ...]:
    """Remarks on batch, shapes, values and ties of the inputs."""
    found = []
    batched = [x for x in inputs.values() if x.ndim >= 2]
    if batched and batched[0].ndim in (2, 4) and batched[0].shape[0] == 1:
        found.append("a batch of more than 1: 1/N and sums over samples")
    for name, x in inputs.items():
        if x.ndim >= 2 and x.shape[-1] == x.shape[-2] > 1:
            found.append(f"{name} that is not square ({x.shape[-2]}×{x.shape[-1]})")
        if x.size > 1 and np.all(x == x.flat[0]):
            found.append(f"{name} with entries that differ (all are {x.flat[0]:g})")
        elif x.size > 1 and not (x < 0).any() and name not in ("labels", "y", "target"):
            found.append(f"negative numbers in {name}")
    first = next(iter(inputs.values()), None)
    if first is not None and first.ndim >= 2 and len(np.unique(first)) == first.size:
        found.append("ties: no two entries of the first input are equal")
    if output.ndim == 0:
        found.append("an upstream gradient other than 1 (forward returns a number)")
    return tuple(found)
