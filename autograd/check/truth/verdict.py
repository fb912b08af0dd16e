"""Claimed against true, entry by entry: right, wrong, or undecided, whatever may explain it.

A claim that is off by less than forward's own stabilisers change it (an ε inside of a log or a
root, which backward leaves out) is right; `how` says by how much it is off.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .arrays import Array, Index, Mask, entry_name, largest
from .kinks import Kink
from .measured import MeasuredGradient

RIGHT, WRONG, UNDECIDED = "right", "wrong", "undecided"
TOLERANCE = 1e-6  # relative, for double precision
SINGLE = 2e-4  # for single precision, in the claim or in the forward
STABILISER = 5e-4  # relative: what an ε inside of a log or a root may change, by default
KINK = 1e-4  # relative, for the slopes on both sides of a kink


@dataclass(frozen=True)
class Comparison:
    """One claimed gradient beside the measured one, and which entries differ."""

    name: str
    claimed: Array
    gradient: MeasuredGradient
    tolerance: float
    wrong: Mask
    uncertain: Mask  # the error bar is too wide to say
    kinks: tuple[Kink, ...] = ()
    allowed: float = STABILISER  # relative: what is off by no more is nearly right

    @property
    def true(self) -> Array:
        """The measured gradient; nan where it was not measured."""
        return self.gradient.value

    @property
    def smooth(self) -> Mask:
        """Where there is one true value to compare with: measured, and not at a kink."""
        return self.gradient.measured & ~self.gradient.at_kink

    @property
    def verdict(self) -> str:
        """right, wrong, or undecided."""
        if self.claimed.shape != self.true.shape or not np.isfinite(self.claimed).all():
            return WRONG
        if self.wrong.any():
            return RIGHT if self.is_nearly_right() else WRONG
        unknown = self.uncertain.any() or not self.gradient.measured.any()
        return UNDECIDED if unknown and self.claimed.size else RIGHT

    @property
    def how(self) -> str:
        """What the verdict rests on, where that is not every entry to the last digit."""
        measured = int(self.gradient.measured.sum())
        if self.verdict == RIGHT and not self.claimed.size:
            return "it has no entries"
        if self.verdict == RIGHT and self.wrong.any():
            return f"up to {self.departure():.0e} of its size, within tolerance={self.allowed:g}"
        if self.gradient.unknown.any():
            index = tuple(map(int, np.argwhere(self.gradient.unknown)[0]))
            return f"no two steps agree on a slope at {entry_name(self.name, index)}"
        return f"{measured:,} of {self.true.size:,} entries" if measured < self.true.size else ""

    def departure(self) -> float:
        """How far the claim is off where it is compared, beside the largest true entry."""
        if self.claimed.shape != self.true.shape:
            return float("inf")
        size = largest(self.true[self.smooth])
        off = largest((self.claimed - self.true)[self.smooth])
        return off / size if size else float("inf")

    def is_nearly_right(self) -> bool:
        """Whether every entry is as close as formulas are that differ by a stabiliser."""
        true, claimed = self.true[self.smooth], self.claimed[self.smooth]
        slack = self.allowed * (np.abs(true) + 0.2 * _size(true, self.tolerance))
        slack = slack + 3 * self.gradient.error[self.smooth]
        close = bool(np.all(np.abs(claimed - true) <= slack))
        return close and all(kink.allows_claim(2 * self.allowed) for kink in self.kinks)

    def worst(self, most: int = 3) -> list[Index]:
        """The entries that are furthest off, the worst first."""
        off = np.where(self.wrong & self.smooth, np.abs(self.claimed - self.true), -1.0)
        order = np.argsort(off, axis=None)[::-1][:most]
        places = [tuple(map(int, np.unravel_index(k, off.shape))) for k in order]
        return [place for place in places if off[place] >= 0]

    def wrong_kinks(self) -> list[Kink]:
        """The kinks where the claimed sum is not between the slopes on both sides."""
        slack = max(self.tolerance, KINK)
        return [kink for kink in self.kinks if not kink.allows_claim(slack)]

    def notices_a_wrong_entry(self) -> bool:
        """Move the largest true entry by 1 %, and see whether that is called wrong.

        True also where there is no entry to move.
        """
        true, error = self.true, self.gradient.error
        if not self.smooth.any():
            return True
        moved = np.where(self.smooth, true, self.claimed)
        sizes = np.where(self.smooth, np.abs(true), -1.0)
        index = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
        moved[index] += max(1e-2 * abs(moved[index]), 100 * error[index], 1e-9)
        return bool(compare(self.name, moved, self.gradient, self.tolerance).wrong[index])


def compare(
    name: str,
    claimed: Array,
    gradient: MeasuredGradient,
    tolerance: float,
    kinks: Iterable[Kink] = (),
    negligible: float = 0.0,
    allowed: float = STABILISER,
) -> Comparison:
    """Judge the entries that were measured; those with a kink by their groups.

    `negligible` is a slope that is nothing beside the size of the output: errors below it leave no
    doubt about a gradient that is zero. `allowed` is how far off, beside its size, a gradient is
    nearly right. Of a claim in another shape every entry is wrong.
    """
    smooth = gradient.measured & ~gradient.at_kink
    if claimed.shape != gradient.value.shape:
        return Comparison(name, claimed, gradient, tolerance, smooth, gradient.at_kink)
    sizes = np.abs(gradient.value)
    size = _size(gradient.value[smooth & (sizes > 30 * gradient.error)], tolerance)
    slack = tolerance * (sizes + 1e-2 * size) + 3 * gradient.error
    off = np.abs(claimed - gradient.value)
    wrong = smooth & ~(off <= slack)
    plenty = np.maximum(1e-2 * np.maximum(sizes, size), max(negligible, 1e-300))
    too_wide = 3 * gradient.error > plenty
    uncertain = (smooth & ~wrong & too_wide & (off > 0)) | gradient.unknown
    found = Comparison(name, claimed, gradient, tolerance, wrong, uncertain, tuple(kinks), allowed)
    for kink in found.wrong_kinks():
        for index in kink.entries:
            wrong[index] = True
    return found


def _size(values: Array, tolerance: float) -> float:
    """How large the largest values are, but for a few that are out of all proportion.

    In single precision those few may be sums of which the others are what is left.
    """
    sizes = np.abs(values[values != 0])
    most = 1e5 if tolerance >= SINGLE else 1e3
    return float(min(sizes.max(), most * np.median(sizes))) if sizes.size else 0.0
