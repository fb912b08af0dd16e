"""Numbers that Python reads one by one and programs as an array: one truth in several forms."""

from typing import TYPE_CHECKING, Any

from .numbers.kinds import AnyNumber, numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Column:
    """A row of numbers, as a list and as arrays.

    What was written last is the truth. It is a list of whatever numbers, or an array, or stands for
    one that is elsewhere, such as on a GPU (`tolist`, `__array__`, `__len__`). The other forms are
    made of it when somebody asks for them, and are good until the next number is written.

    `version` counts what was written.
    """

    __slots__ = ("_copies", "listed", "memory", "truth", "version")

    truth: Any  # a list, or an array or what stands for one
    listed: list[AnyNumber] | None  # the truth as a list, where somebody has asked for it

    def __init__(self, numbers: list[AnyNumber]) -> None:
        self.memory: dict[Any, NDArray[Any]] = {}  # that programs share, by dtype
        self._copies: dict[Any, NDArray[Any]] = {}
        self.version = 0
        self.take(numbers)

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, numbers: Any) -> None:
        """Let a list or an array be the truth: itself, not a copy."""
        self.truth = numbers
        self.listed = numbers if numbers.__class__ is list else None
        if self._copies:
            self._copies = {}
        self.version += 1

    def list(self) -> list[AnyNumber]:
        """The numbers as a list, to be read."""
        listed = self.listed
        if listed is None:
            listed = self.listed = self.truth.tolist()
        return listed

    def put(self, place: int, number: AnyNumber) -> None:
        """Write one number."""
        listed = self.list()
        listed[place] = number
        self.take(listed)

    def array(self, dtype: Any) -> "NDArray[Any]":
        """The numbers as an array of this dtype, to be read; after it was written, it is to be
        taken. TypeError and ValueError where a number is none of NumPy's.
        """
        truth = self.truth
        if getattr(truth, "dtype", None) is dtype:
            array: NDArray[Any] = truth
            return array
        if dtype not in self._copies:
            copy = self.memory[dtype] if dtype in self.memory else numpy().empty(len(truth), dtype)
            with numpy().errstate(over="ignore"):
                copy[...] = truth
            self._copies[dtype] = copy
        return self._copies[dtype]

    def keep(self, memory: "NDArray[Any]") -> None:
        """Keep the array of this memory's dtype there from now on."""
        self.memory[memory.dtype] = memory
        self._copies.pop(memory.dtype, None)
        if getattr(self.truth, "dtype", None) is memory.dtype:
            memory[...] = self.truth
            self.truth = memory

    def settle(self, array: Any) -> None:
        """Keep the numbers, where the truth is an array that somebody is about to write."""
        if self.truth is array:
            self.truth = array.copy()
