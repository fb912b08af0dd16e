"""A program's parameters as one array, in step with the storages where their numbers live."""

import threading
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..storage import Locks, Storage
from ..value import Value
from .trace.record import Result
from .trace.tape import real

Array = NDArray[Any]
Place = slice | NDArray[np.intp]


class Part:
    """Neighbours in a program, `here`, that are of one storage, `there`."""

    memory: Array | None = None  # where the storage keeps them, which is within the program's array

    def __init__(self, storage: Storage, there: Sequence[int], here: int) -> None:
        self.storage, self.column = storage, storage.numbers
        self.here = slice(here, here + len(there))
        start, stop = there[0], there[0] + len(there)
        in_row = list(there) == list(range(start, stop))
        self.there: Place = slice(start, stop) if in_row else np.array(there)
        self.whole = in_row and start == 0 and stop == len(storage.numbers)
        self.seen = -1  # the version of the numbers that were read last


class Parameters:
    """The numbers of a program's parameters, one after the other in an `array` for its backend.

    The array is where the storages keep their numbers, and nothing is ever copied; or it is a copy,
    where the storages lie apart because another program has put them in another order.
    """

    def __init__(self, groups: Sequence[Result], dtype: Any) -> None:
        self.values = [v for group in groups for v in group.values]
        self.dtype = dtype
        self.parts = list(_parts(self.values))
        locks = {part.storage.lock for part in self.parts} or {threading.RLock()}
        self.lock: Any = Locks(locks) if len(locks) > 1 else locks.pop()
        with self.lock:
            joined = self._joined()
        self.array = np.zeros(len(self.values), dtype) if joined is None else joined
        if joined is not None:
            for part in self.parts:
                part.memory = part.column.memory[dtype]

    def _joined(self) -> Array | None:
        """One array in which all storages lie in this order, or None."""
        columns = [part.column for part in self.parts]
        if not all(part.whole for part in self.parts) or len(set(columns)) < len(columns):
            return None
        kept = [column.memory.get(self.dtype) for column in columns]
        if all(memory is None for memory in kept):
            array = np.zeros(len(self.values), self.dtype)
            for part in self.parts:
                part.column.keep(array[part.here])
            return array
        return _neighbours([memory for memory in kept if memory is not None], len(self.values))

    def refresh(self) -> None:
        """Read what has been written elsewhere; errors name the parameter."""
        try:
            for part in self.parts:
                if part.memory is None:
                    self._copy(part)
                elif part.column.truth is not part.memory:
                    part.column.array(self.dtype)
        except (TypeError, ValueError):
            for v in self.values:
                real(v.data, f"parameter {v.label}")
            raise

    def _copy(self, part: Part) -> None:
        if part.seen != part.column.version:
            self.array[part.here] = part.column.array(self.dtype)[part.there]
            part.seen = part.column.version

    def written(self, parts: Iterable[Part]) -> None:
        """Let everybody see what was written into the array."""
        for part in parts:
            memory = part.memory
            if memory is None:
                memory = part.column.array(self.dtype)
                memory[part.there] = self.array[part.here]
                part.seen = part.column.version + 1
            part.column.take(memory)

    def parts_of(self, values: set[Value]) -> list[Part]:
        """Those where one of the values is."""
        return [p for p in self.parts if not values.isdisjoint(self.values[p.here])]


class Gradients:
    """The gradient of a program's parameters, as its backend leaves it, and their Values see it."""

    def __init__(self, parts: Sequence[Part], array: Array) -> None:
        self.columns = [(p.storage.gradients, p, array[p.here]) for p in parts]

    def show(self) -> None:
        """Let the Values have these gradients, until the array is written again."""
        for column, part, gradient in self.columns:
            if part.whole:
                column.take(gradient)
            else:
                memory = column.array(gradient.dtype)
                memory[part.there] = gradient
                column.take(memory)

    def settle(self) -> None:
        """The array is about to be written: let the Values keep what they have."""
        for column, _, gradient in self.columns:
            column.settle(gradient)


def _parts(values: Sequence[Value]) -> Iterable[Part]:
    for storage, row in groupby(enumerate(values), lambda item: item[1].home[0]):
        places = [(k, v.home[1]) for k, v in row]
        yield Part(storage, [there for _, there in places], places[0][0])


def _neighbours(arrays: Sequence[Array], size: int) -> Array | None:
    """The array of which these are one after the other, as a view of what they are views of."""
    base, ends = arrays[0].base, [a.ctypes.data + a.nbytes for a in arrays]
    starts = [a.ctypes.data for a in arrays]
    if base is None or sum(map(len, arrays)) != size or ends[:-1] != starts[1:]:
        return None
    if any(a.base is not base for a in arrays) or base.dtype != arrays[0].dtype:
        return None
    first = (starts[0] - base.ctypes.data) // base.itemsize
    found: Array = base[first : first + size]
    return found
