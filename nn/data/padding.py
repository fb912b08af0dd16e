"""Sequences of several lengths as one array, and a mask that says which entries are theirs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..annotations import Numbers
from ..optional import needs
from ..validate import positive

if TYPE_CHECKING:
    from numpy.typing import NDArray


def padded(
    sequences: Sequence[Numbers], value: float = 0, length: int | None = None
) -> tuple["NDArray[Any]", "NDArray[Any]"]:
    """Sequences (t, ...) as an array (N, T, ...) that ends in `value`, and a mask (N, T).

    The mask is True where a sequence has an entry. T is `length`, by default that of the longest;
    a compiled program takes one length only. ValueError where a sequence is longer, and where their
    entries have several shapes.

    >>> numbers, mask = padded([[1.0, 2.0, 3.0], [4.0]])
    >>> numbers.tolist(), mask.tolist()
    ([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]], [[True, True, True], [True, False, False]])
    """
    np = needs("numpy", "nn.data.padded", "glassgrad")
    arrays = [np.asarray(s) for s in sequences]
    some = [a for a in arrays if a.ndim and len(a)]
    if not some or not all(a.ndim for a in arrays):
        raise ValueError(f"padded: takes several sequences, got {sequences!r:.60}")
    entries = {a.shape[1:] for a in some}
    if len(entries) > 1:
        shapes = " and ".join(map(str, sorted(entries)))
        raise ValueError(f"padded: the entries of all sequences must have one shape, got {shapes}")
    longest = max(map(len, arrays))
    steps = longest if length is None else positive("padded", "length", length)
    if longest > steps:
        raise ValueError(f"padded: length={steps}, but a sequence has {longest} entries")
    filled = np.full((len(arrays), steps, *entries.pop()), value, np.result_type(*some, value))
    for row, array in zip(filled, arrays, strict=True):
        if len(array):
            row[: len(array)] = array
    return filled, np.arange(steps) < np.array([*map(len, arrays)])[:, None]
