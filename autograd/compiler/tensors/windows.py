"""Windows that slide over an image: found in the steps of a view, and described as layers do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .axes import Axis, cut


class Place(NamedTuple):
    """Part of a view's axis: so many entries along a digit, by its position, so far apart."""

    size: int
    pace: int
    digit: int


@dataclass(frozen=True)
class Windows:
    """Where the axes of a view go along: those of the positions slide along the same digits of an
    image as those of the entries of a window. `starts` is where each digit begins.
    """

    digits: tuple[Axis, ...]
    starts: tuple[int, ...]
    groups: tuple[Place, ...]
    entries: tuple[Place, ...]
    positions: tuple[Place, ...]

    @property
    def sliding(self) -> set[int]:
        """The digits that both positions and entries go along."""
        return {p.digit for p in self.positions} & {e.digit for e in self.entries}

    def side(self, digit: int) -> "Side":
        """How windows slide along a digit."""
        position = next((p for p in self.positions if p.digit == digit), Place(1, 1, digit))
        entry = next((e for e in self.entries if e.digit == digit), Place(1, 1, digit))
        start, (size, step) = self.starts[digit], self.digits[digit]
        return Side(size, step, start, position.size, position.pace, entry.size, entry.pace)


class Side(NamedTuple):
    """A side of an image, and the windows along it: so many steps of them."""

    size: int
    step: int
    start: int
    steps: int
    stride: int
    kernel: int
    dilation: int

    @property
    def span(self) -> int:
        """How much of the side the windows see."""
        return (self.steps - 1) * self.stride + (self.kernel - 1) * self.dilation + 1

    @property
    def is_whole(self) -> bool:
        """Whether windows that slide along the whole side are these."""
        rest = self.size - (self.kernel - 1) * self.dilation - 1
        return self.start == 0 and rest // self.stride + 1 == self.steps


def windows(
    held: Sequence[Axis],
    offset: int,
    groups: Sequence[Axis],
    entries: Sequence[Axis],
    positions: Sequence[Axis],
) -> Windows | None:
    """The windows of a view of an image, as it lies or with its longest axes cut; or None."""
    digits = tuple(axis for axis in held if axis.size > 1)
    crossing = None
    steps = sorted({a.step for a in (*groups, *entries, *positions)} - {0}, reverse=True)
    for step in [0, *steps]:
        finer = cut(digits, step)
        if finer is None:
            return None
        digits = finer
        found = [_placed(axes, digits) for axes in (groups, entries, positions)]
        if None not in found:
            starts = tuple(offset // digit.step % digit.size for digit in digits)
            made = Windows(digits, starts, *(tuple(places or ()) for places in found))
            if _is_sound(made) and not _is_crossing(made):
                return made
            crossing = crossing or (made if _is_sound(made) else None)
    return crossing


def _is_crossing(found: Windows) -> bool:
    """Whether the entries of a window lie further apart than all windows: a digit may be two."""
    sides = [found.side(digit) for digit in found.sliding]
    return any(side.dilation > (side.steps - 1) * side.stride for side in sides)


def _is_sound(found: Windows) -> bool:
    """Whether each digit is gone along in one way, and no window leaves the image."""
    fixed = [p.digit for p in found.groups]
    once = [fixed, [p.digit for p in found.entries], [p.digit for p in found.positions]]
    if any(len(set(digits)) < len(digits) for digits in once):
        return False
    if set(fixed) & {*once[1], *once[2]} or any(p.pace != 1 for p in found.groups):
        return False
    sides = map(found.side, range(len(found.digits)))
    return all(side.start + side.span <= side.size for side in sides)


def _placed(axes: Iterable[Axis], digits: Sequence[Axis]) -> list[Place] | None:
    """Where axes go along, the slowest first; None where one goes along no digit."""
    places: list[Place] = []
    for axis in axes:
        found = _places(axis, digits)
        if found is None:
            return None
        places += found
    return places


def _places(axis: Axis, digits: Sequence[Axis]) -> list[Place] | None:
    n, step = axis
    places: list[Place] = []
    while n > 1:
        k = next((k for k, d in enumerate(digits) if d.step <= step < d.reach), None)
        if k is None or step % digits[k].step:
            return None
        pace, size = step // digits[k].step, digits[k].size
        inside = n if (n - 1) * pace < size else size // pace
        if n % inside or (inside < n and size % pace):
            return None
        places.insert(0, Place(inside, pace, k))
        n, step = n // inside, digits[k].reach
    return places
