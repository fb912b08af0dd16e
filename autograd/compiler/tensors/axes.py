"""Rows of a block as axes of a tensor: (size, step), and which part of which axis a view reads.

A tensor that holds a block has each of its rows once, so its axes, from the longest step to the
shortest, are *digits* of the row's number: row = Σ index·step.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Axis(NamedTuple):
    """So many entries, so many rows apart."""

    size: int
    step: int

    @property
    def reach(self) -> int:
        """The step of the next axis."""
        return self.size * self.step


class Part(NamedTuple):
    """What a view's axis takes of a digit: `size` entries of the axis, by its position."""

    size: int
    digit: int


class Match(NamedTuple):
    """A view of a tensor: its digits, where each begins in the view, and the parts of each axis."""

    digits: tuple[Axis, ...]
    starts: tuple[int, ...]
    parts: tuple[tuple[Part, ...], ...]


def dense(shape: Iterable[int]) -> tuple[Axis, ...]:
    """The axes of a tensor that holds its rows in order."""
    axes: list[Axis] = []
    step = 1
    for n in reversed(list(shape)):
        axes.insert(0, Axis(n, step))
        step *= n
    return tuple(axes)


def cut(digits: Sequence[Axis], step: int) -> tuple[Axis, ...] | None:
    """Digits of which one begins at a step: one may have to be cut in two. None where none can."""
    for k, digit in enumerate(digits):
        if digit.step == step or step == 0:
            return tuple(digits)
        if digit.step < step < digit.reach:
            if step % digit.step or digit.reach % step:
                return None
            high, low = Axis(digit.reach // step, step), Axis(step // digit.step, digit.step)
            return (*digits[:k], high, low, *digits[k + 1 :])
    return tuple(digits)


def match(held: Sequence[Axis], offset: int, wanted: Sequence[Axis]) -> Match | None:
    """How a view's axes lie in a tensor, if each is made of parts of digits of their own."""
    digits: tuple[Axis, ...] | None = tuple(axis for axis in held if axis.size > 1)
    for axis in wanted:
        digits = cut(digits, axis.step) if digits is not None and axis.size > 1 else digits
    if digits is None:
        return None
    parts = [_parts(axis, digits) for axis in wanted]
    used = [part for found in parts for part in found or ()]
    starts = tuple(offset // digit.step % digit.size for digit in digits)
    fits = all(starts[k] + n <= digits[k].size for n, k in used)
    if None in parts or not fits or len({part.digit for part in used}) < len(used):
        return None
    return Match(digits, starts, tuple(found for found in parts if found is not None))


def _parts(axis: Axis, digits: Sequence[Axis]) -> tuple[Part, ...] | None:
    """The digits that an axis goes through, the slowest first; () of an axis that repeats."""
    found: list[Part] = []
    n, step = axis
    places = {digit.step: k for k, digit in enumerate(digits)}
    while n > 1 and step:
        if step not in places:
            return None
        size = digits[places[step]].size
        found.insert(0, Part(min(n, size), places[step]))
        if n > size and n % size:
            return None
        n, step = -(-n // size), step * size
    return tuple(found)


def refined(axis: Axis, parts: Sequence[Part]) -> list[Axis]:
    """An axis cut as its parts are: the steps that another view takes there."""
    made: list[Axis] = []
    step = axis.step
    for part in reversed(parts):
        made.insert(0, Axis(part.size, step))
        step *= part.size
    return made or [axis]
