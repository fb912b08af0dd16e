"""Lists, tuples and dicts of numbers (time steps, channels, states) as one array, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
NUMBERS = (int, float, np.floating, np.integer)


def is_number(value: Any) -> bool:
    """True for a real number that is not a bool."""
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def is_numbers(value: Any) -> bool:
    """True for a non-empty nested list of numbers, as scalar loops keep their weights."""
    if not isinstance(value, list) or not value:
        return False
    return all(is_number(entry) or is_numbers(entry) for entry in value)


def is_container(value: Any) -> bool:
    """True for a list, tuple or dict whose entries are arrays, or containers of arrays."""
    if isinstance(value, np.ndarray):  # the most frequent, and isinstance of Mapping is slow
        return False
    return isinstance(value, list | tuple | Mapping) and len(value) > 0 and not is_numbers(value)


def entries(container: Any) -> list[Any]:
    """What a list, tuple or dict holds; by its keys in order, where they have one."""
    return [container[key] for key in _keys(container)]


def _keys(container: Any) -> list[Any]:
    if not isinstance(container, Mapping):
        return list(range(len(container)))
    whole = all(isinstance(key, int) for key in container)
    return sorted(container) if whole else list(container)


def joined(value: Any) -> Any:
    """The entries as one array of their own class: stacked if all are alike, else end to end."""
    if not is_container(value):
        return np.asanyarray(value)
    parts = [joined(entry) for entry in entries(value)]
    alike = all(part.shape == parts[0].shape for part in parts)
    return np.stack(parts) if alike else np.concatenate([np.ravel(part) for part in parts])


def as_array(value: Any) -> Numbers | None:
    """A copy of the numbers as one array; None where there are no real numbers alone."""
    try:
        array = np.array(joined(value))
    except ValueError:  # a ragged list of numbers
        return None
    return array if array.dtype.kind in "fiu" else None


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of the numbers as one array; of what holds none, ()."""
    array = as_array(value)
    return () if array is None else array.shape


def like(value: Any, original: Any) -> Any:
    """An array in the form of the original: a container, a nested list, a number or an array."""
    if is_container(original):
        parts, start, flat = [], 0, np.ravel(value)
        for entry in entries(original):
            shape = shape_of(entry)
            stop = start + int(np.prod(shape))
            parts.append(like(flat[start:stop].reshape(shape), entry))
            start = stop
        if isinstance(original, Mapping):
            return dict(zip(_keys(original), parts, strict=True))
        if isinstance(original, tuple):
            return getattr(type(original), "_make", tuple)(parts)
        return parts
    array = value.copy(order="K") if isinstance(value, np.ndarray) else np.array(value)
    if isinstance(original, list):
        return array.tolist()
    return array.item() if is_number(original) else array


def identical(a: Any, b: Any) -> bool:
    """Whether two arrays of numbers are equal, bit for bit."""
    left, right = as_array(a), as_array(b)
    if left is None or right is None:
        return False
    return left.shape == right.shape and np.array_equal(left, right, equal_nan=left.dtype == float)
