"""One entry of a sequence, chosen by a number: y = x[i], of any numbers.

A negative index counts from the end, and one that names no entry (2.5, nan, len(x)) gives nan, as
rows of the table never raise; who indexes a Tensor is told.
"""

import math
from collections.abc import Iterator, Sequence

from .kinds import UNKNOWN, AnyNumber, is_array, is_formula
from .piecewise import equals, select, slope


def as_index(number: AnyNumber) -> int:
    """A whole number as an int; TypeError for others."""
    if not hasattr(number, "__index__") and number != number // 1:  # neither inf nor nan is equal
        raise TypeError(f"an index must be a whole number, got {number!r:.40}")
    return int(number)


def place(i: AnyNumber, n: int) -> int | None:
    """The place that a number names among n entries, None where it names none."""
    i = i.item() if hasattr(i, "item") else i
    try:
        k = int(i)
    except (OverflowError, TypeError, ValueError):  # inf, a complex number, nan
        return None
    return k % n if k == i and -n <= k < n else None


def pick(x: Sequence[AnyNumber], i: AnyNumber) -> AnyNumber:
    """The number x[i] of a sequence; nan where i names no entry."""
    if i is UNKNOWN:
        return i
    if not _is_bulk(i):
        k = place(i, len(x))
        return math.nan if k is None else x[k]
    y: AnyNumber = math.nan
    for hit, entry in zip(_hits(i, len(x)), x, strict=True):
        y = select(hit, entry, y)
    return y


def picked(x: Sequence[AnyNumber], i: AnyNumber) -> AnyNumber:
    """∂x[i]/∂x: True for the entry that i names, False for all others."""
    return tuple(map(slope, _hits(i, len(x)))) if _is_bulk(i) else OneHot(place(i, len(x)), len(x))


def _is_bulk(i: AnyNumber) -> bool:
    """True where an index names many entries, or will be known later."""
    return i.__class__ is not float and (is_array(i) or is_formula(i))


def _hits(i: AnyNumber, n: int) -> list[AnyNumber]:
    """For each of n entries, whether it is named."""
    from_start = select(i >= 0, i, i + n)
    return [equals(from_start, k) for k in range(n)]


class OneHot:
    """Slopes of a sequence: True at one place (or none), False at the others.

    An adjoint times it is `Handed`, whose cost is that of the one entry, however long the sequence.
    """

    __slots__ = ("length", "place")
    __array_ufunc__ = None

    def __init__(self, place: int | None, length: int) -> None:
        self.place, self.length = place, length

    def __rmul__(self, upstream: AnyNumber) -> "Handed":
        return Handed({} if self.place is None else {self.place: upstream})

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, k: int) -> bool:
        return k == self.place

    def __iter__(self) -> Iterator[bool]:
        return map(self.__getitem__, range(self.length))


class Handed:
    """What a sequence is handed: to single entries {place: adjoint}, and Σ upstream·row to all.

    Sums are taken in place.
    """

    __slots__ = ("parts", "rows", "upstreams")

    def __init__(self, parts: dict[int, AnyNumber]) -> None:
        self.parts = parts
        self.upstreams: list[AnyNumber] = []
        self.rows: list[Sequence[AnyNumber]] = []

    def __add__(self, other: "Handed") -> "Handed":
        for k, c in other.parts.items():
            self.parts[k] = self.parts[k] + c if k in self.parts else c
        return self
