"""Numbers that live on devices: columns have them for their truth, and who reads some has them
fetched.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ....columns import Column
from .. import Array
from .devices import Devices


class Numbers:
    """An array on devices, and on the host once somebody has read some of it; `later` are those
    that took its buffer.
    """

    __slots__ = ("_host", "array", "later", "lock")

    def __init__(self, array: Any, lock: Any) -> None:
        self.array, self.lock = array, lock
        self.later: Numbers | None = None
        self._host: Array | None = None

    def serve(self, places: Iterable[tuple[Column, slice]]) -> None:
        """Let parts of the array be the truth of columns."""
        for column, part in places:
            column.take(Away(self, part))

    def fetched(self) -> Array:
        """The array on the host; or a later one, where another thread has taken a step meanwhile.

        RuntimeError where a step failed that had used it up.
        """
        with self.lock:
            now = self
            while now._host is None and now.array.is_deleted():
                if now.later is None:
                    raise RuntimeError("the numbers were on devices, where a step has failed")
                now = now.later
            if now._host is None:
                now._host = np.array(now.array)  # a copy: a buffer with views is not given up
            return now._host


class Away:
    """The truth of a column: part of an array on devices."""

    __slots__ = ("numbers", "part")

    def __init__(self, numbers: Numbers, part: slice) -> None:
        self.numbers, self.part = numbers, part

    def __len__(self) -> int:
        return len(range(*self.part.indices(len(self.numbers.array))))

    def tolist(self) -> list[float]:
        """As an array's."""
        listed: list[float] = self.numbers.fetched()[self.part].tolist()
        return listed

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numbers.fetched()[self.part], dtype, copy=copy)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is an array of its own."""
        return np.array, (self.numbers.fetched()[self.part],)


class Kept:
    """An array on devices that has the numbers of some columns, whoever writes them."""

    def __init__(self, devices: Devices, lock: Any) -> None:
        self.devices, self.lock = devices, lock
        self.array: Any = None
        self._numbers: Numbers | None = None  # where columns have it for their truth
        self._seen: dict[Column, int] = {}  # which version of each it has

    def current(self, columns: Iterable[Column], host: Callable[[], Array]) -> Any:
        """The array, sent anew from the host's where one of these columns was written."""
        now = {column: column.version for column in columns}
        if not now.items() <= self._seen.items() or self.array.is_deleted():
            self.array = self.devices.shared(host())
            self._seen.update(now)
        return self.array

    def take(self, array: Any, places: Sequence[tuple[Column, slice]]) -> None:
        """Let an array that took this one's buffer be this one, and parts of it columns' truth."""
        numbers = Numbers(array, self.lock)
        if self._numbers:
            self._numbers.later = numbers
        self.array, self._numbers = array, numbers
        numbers.serve(places)
        self._seen.update((column, column.version) for column, _ in places)

    def settle(self) -> None:
        """Have the columns' numbers on the host too, as the array may be lost."""
        for column in self._seen:
            if isinstance(column.truth, Away):
                column.truth.numbers.fetched()
