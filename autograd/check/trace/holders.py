"""Arrays that the user's objects hold: buffers and states that were made before the recording."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from .recorded import Recorded
from .recording import Recording
from .traced import plain

Swap = Callable[[Any], Any]


@contextmanager
def held(holders: Sequence[Any], recording: Recording) -> Iterator[None]:
    """Record what is written to the arrays of some objects; these hold plain ones again after it.

    An array stays in its memory, so that what is written stays as well.
    """
    known: dict[int, Any] = {}

    def recorded(x: Any) -> Any:
        if type(x) is not np.ndarray or x.dtype.kind != "f":
            return x
        return known.setdefault(id(x), Recorded.over(x, recording))

    try:
        _exchange(holders, recorded, set())
        yield
    finally:
        _exchange(holders, plain, set())


def _exchange(x: Any, swap: Swap, seen: set[int]) -> Any:
    """x, with its arrays swapped in place: in lists, dicts, and the attributes of objects."""
    if isinstance(x, np.ndarray | np.generic):
        return swap(x)
    if id(x) in seen or isinstance(x, type | ModuleType | FunctionType):
        return x
    seen.add(id(x))
    if type(x) is tuple:
        return tuple(_exchange(part, swap, seen) for part in x)
    if isinstance(x, list):
        x[:] = [_exchange(part, swap, seen) for part in x]
    elif isinstance(x, dict):
        x.update({key: _exchange(part, swap, seen) for key, part in x.items()})
    elif hasattr(x, "__dict__"):
        _exchange(vars(x), swap, seen)
    return x
