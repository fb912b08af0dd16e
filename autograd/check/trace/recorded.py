"""`Recorded` and `Number`: arrays and numbers that remember what they were computed from.

To whoever asks they are an ndarray and a float64, and their numbers are in plain sight: NumPy
computes every result by itself, and a rule only says which node computes the same. So what has no
rule, and what comes after the recording, is what it would be without one.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy import arange, array, asarray  # as they are: np's may be exchanged

from .buffers import Buffer
from .nodes import Addresses, Node, constant
from .recording import CURRENT, Recording
from .traced import Traced, move, node_of, plain

BASIC = (int, slice, type(None), type(...), np.integer)  # what makes a view, and no copy


class Recorded(Traced, np.ndarray[Any, np.dtype[np.float64]]):
    """An array of a recording; views share their memory and its `Buffer`."""

    buffer: Buffer | None = None
    is_whole = False  # whether it is all of its buffer's memory
    seen_at: Addresses | None = None

    @classmethod
    def of(cls, node: Node, recording: Recording) -> "Recorded":
        """The array of a node, in memory of its own."""
        return cls.over(array(node.value, order="C"), recording, node)

    @classmethod
    def over(cls, memory: Any, recording: Recording, node: Node | None = None) -> "Recorded":
        """Memory that is recorded from now on; it may hold the numbers of a node."""
        made: Recorded = memory.view(cls)
        made.buffer, made.is_whole = Buffer(memory, recording, node), True
        return made

    def __array_finalize__(self, other: Any) -> None:
        """A view is one of the same buffer."""
        self.buffer = getattr(other, "buffer", None)

    @property
    def plain(self) -> Any:
        """Its numbers, without the record."""
        return self.view(np.ndarray)

    @property
    def live(self) -> Buffer | None:
        """Its buffer, while that is being recorded."""
        buffer = self.buffer
        return buffer if buffer is not None and buffer.recording is CURRENT.get() else None

    @property
    def varies(self) -> bool:
        """Whether an entry of its buffer depends on an input."""
        buffer = self.live
        return buffer is not None and buffer.varies

    @property
    def places(self) -> Addresses | None:
        """The address of each entry in its buffer; None for memory that NumPy made by itself."""
        if self.buffer is None:
            return None
        if self.is_whole and self.shape == self.buffer.memory.shape:
            return self.buffer.order
        if self.seen_at is None or self.seen_at.shape != self.shape:
            self.seen_at = self.buffer.located(self)
        return self.seen_at

    @property
    def node(self) -> Node:
        """The node of these entries, as they are now."""
        return self.read("part")

    def read(self, what: str) -> Node:
        """The same; `what` names the rearrangement."""
        buffer = self.live
        if buffer is None or not buffer.varies:
            return constant(self.plain)
        if self.is_whole and buffer.node is not None and self.shape == buffer.node.value.shape:
            return buffer.node
        places = self.places
        if places is None:
            buffer.recording.lose("an array that NumPy made by itself")
            return constant(self.plain)
        return buffer.read(places, what)

    def receive(self, key: Any, node: Node | None, where: Any = True) -> None:
        """Note that self[key] was written, where a mask allows it: by a node, or by numbers."""
        buffer, places = self.live, self.places
        if buffer is not None and places is not None:
            at, node = asarray(places[key]), node or constant(0.0)
            numbers = arange(node.value.size).reshape(node.value.shape)
            numbers = np.broadcast_to(numbers, at.shape)
            if where is not True:
                mask = np.broadcast_to(where, at.shape)
                at, numbers = at[mask], numbers[mask]
            buffer.write(at, node, numbers)

    # --- Python asks --------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        buffer, key = self.live, plain(key)
        if buffer is None:
            return self.plain[key]
        got: Any = np.ndarray.__getitem__(self, key)
        is_array = isinstance(got, np.ndarray)
        places = self.places if is_array or buffer.varies else None
        if places is None:
            return got
        at = places[key]
        if not is_array:
            return own(got, buffer.entry(int(at)), buffer.recording)
        keys = key if isinstance(key, tuple) else (key,)
        if not all(isinstance(k, BASIC) and k is not True for k in keys):
            return own(plain(got), buffer.read(at, "part"), buffer.recording)
        got.seen_at = at
        if buffer.varies:
            buffer.read(at, "part")  # now: its place in the source is here
        return got

    def __setitem__(self, key: Any, value: Any) -> None:
        key = plain(key)
        buffer, places = self.live, self.places
        node = node_of(value) if buffer is not None else None
        self.plain[key] = plain(value)
        if buffer is None or places is None or node is None:
            return
        at = places[key]
        if not isinstance(at, np.ndarray) and node.value.ndim == 0:
            buffer.write_entry(int(at), node)
            return
        n = np.ndim(at)  # leading axes of length 1 may be left out
        if node.value.ndim > n:
            node = move(lambda x: x.reshape(x.shape[x.ndim - n :]), node)
        self.receive(key, node)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __float__(self) -> float:
        return leave(float(self.plain), self)

    def item(self, *at: Any) -> Any:
        """An entry, which goes on being recorded."""
        return self.reshape(-1)[at[0] if at else 0] if len(at) < 2 else self[at]

    def tolist(self) -> Any:
        """Nested lists of numbers that go on being recorded."""
        return [x.tolist() for x in self] if self.ndim else self[()]

    def astype(self, dtype: Any, *args: Any, **named: Any) -> Any:
        """A copy; one of integers, or of truths, depends on nothing."""
        return self._same(self.plain.astype(dtype, *args, **named))

    def copy(self, order: Any = "C") -> Any:
        """A copy, in memory of its own."""
        return self._same(self.plain.copy(order))

    def _same(self, made: Any) -> Any:
        buffer = self.live
        return made if buffer is None else own(made, self.node, buffer.recording)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __reduce__(self) -> Any:
        return self.plain.__reduce__()

    def __repr__(self) -> str:
        return repr(self.plain)


class Number(np.float64, Traced):  # in this order: NumPy's C takes the first for the dtype
    """A number of a recording: an entry of an array, or a sum."""

    recorded: Node
    recording: Recording | None = None

    @classmethod
    def of(cls, value: Any, node: Node, recording: Recording) -> "Number":
        """The number of a node."""
        made = cls(value)
        made.recorded, made.recording = node, recording
        return made

    @property
    def plain(self) -> Any:
        """The number itself."""
        return np.float64(float.__float__(self))

    @property
    def varies(self) -> bool:
        """Whether it is being recorded."""
        return self.recording is not None and self.recording is CURRENT.get()

    @property
    def node(self) -> Node:
        """Its node; a constant outside of its recording."""
        return self.recorded if self.varies else constant(self.plain)

    # of float64, which compares with arrays too, and not of float
    __lt__: Any = np.float64.__lt__
    __le__: Any = np.float64.__le__
    __gt__: Any = np.float64.__gt__
    __ge__: Any = np.float64.__ge__

    def __float__(self) -> float:
        return leave(float.__float__(self), self)

    def item(self, *_: Any) -> Any:
        """The number itself."""
        return self

    tolist: Any = item
    copy: Any = item

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        return self.plain.__reduce__()


def leave(number: float, x: Traced) -> float:
    """Remember which entry a number is that leaves the recording."""
    recording = CURRENT.get()
    if recording is not None and x.varies:
        recording.left[number] = x.node
    return number


def own(result: Any, node: Node | None, recording: Recording) -> Any:
    """What NumPy has computed, as the array or the number of a node."""
    if node is not None and node.value.shape != np.shape(result):
        recording.lose("a result of another shape")
        node = None
    if isinstance(result, np.ndarray):
        if result.dtype.kind != "f":
            return result
        ordered = result if result.flags.c_contiguous else result.copy(order="C")
        return Recorded.over(ordered, recording, node)
    if node is None or not node.varies or not isinstance(result, float | np.floating):
        return result
    return Number.of(result, node, recording)
