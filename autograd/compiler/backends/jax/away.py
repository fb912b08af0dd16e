"""Numbers that live on devices: columns have them for their truth, and somebody who reads some
has them fetched.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ....columns import Column
from .. import Array
from .devices import Devices


class Numbers:
    """An array on devices, and on the host once somebody has read some of it."""

    __slots__ = ("_host", "array", "lock")

    def __init__(self, array: Any, lock: Any) -> None:
        self.array, self.lock = array, lock
        self._host: Array | None = None

    def fetched(self) -> Array | None:
        """The array on the host; None where a step has used it up before."""
        with self.lock:
            if self._host is None and not self.array.is_deleted():
                self._host = np.array(self.array)  # a copy: what is viewed is not given up
            return self._host

    def serve(self, places: Iterable[tuple[Column, slice]]) -> None:
        """Let parts of the array be the truth of columns."""
        for column, part in places:
            column.take(Away(self, part, column))


class Away:
    """The truth of a column: part of an array on devices."""

    __slots__ = ("column", "numbers", "part")

    def __init__(self, numbers: Numbers, part: slice, column: Column) -> None:
        self.numbers, self.part, self.column = numbers, part, column

    def __len__(self) -> int:
        return len(range(*self.part.indices(len(self.numbers.array))))

    def host(self) -> Array:
        """The numbers; or those of a step that another thread has taken meanwhile."""
        found = self.numbers.fetched()
        if found is not None:
            return found[self.part]
        if self.column.truth is self:
            raise RuntimeError("the numbers were on devices, where a step has failed")
        return np.asarray(self.column.truth)

    def tolist(self) -> list[float]:
        """As an array's."""
        listed: list[float] = self.host().tolist()
        return listed

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.host(), dtype, copy=copy)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is an array of its own."""
        return np.array, (self.host(),)


class Kept:
    """An array on devices that has the numbers of some columns, whoever writes them."""

    def __init__(self, devices: Devices, lock: Any) -> None:
        self.devices, self.lock = devices, lock
        self.array: Any = None
        self._seen: list[tuple[Column, int]] = []  # which version of each the array has

    def current(self, columns: Sequence[Column], host: Callable[[], Array]) -> Any:
        """The array, sent anew from the host's where a column was written, or is another one."""
        now = [(column, column.version) for column in columns]
        if now != self._seen or self.array.is_deleted():
            self.array, self._seen = self.devices.shared(host()), now
        return self.array

    def take(self, array: Any, places: Iterable[tuple[Column, slice]]) -> None:
        """Let another array be this one, and parts of it the truth of columns."""
        self.array = array
        Numbers(array, self.lock).serve(places)
        self._seen = [(column, column.version) for column, _ in self._seen]

    def settle(self) -> None:
        """Have the columns' numbers on the host too, as the array may be lost."""
        for column, _ in self._seen:
            if isinstance(column.truth, Away):
                column.truth.host()
