"""What several steps say of one slope: a bar is believed where a finer step agrees within it."""

from dataclasses import dataclass, field

import numpy as np

from .arrays import Array, Mask
from .measured import Slope


@dataclass(frozen=True)
class Difference:
    """What one step says of a slope."""

    step: float
    outputs: Array  # ∂output/∂t
    value: float
    curvature: float  # the error bar by it
    noise: float  # the error bar by rounding
    left: float
    right: float
    kink: bool

    @property
    def error(self) -> float:
        """Both error bars together."""
        return self.curvature + self.noise

    def agrees(self, other: "Difference") -> bool:
        """Whether both may be of the same slope."""
        return abs(self.value - other.value) <= 2 * (self.error + other.error)

    def slope(self) -> Slope:
        """The same as a slope."""
        low, high = sorted([self.left, self.right])
        return Slope(self.value, self.error, low, high, self.kink, self.outputs)


@dataclass
class Agreement:
    """The differences along one direction, from the first step on."""

    length: float  # of a step of 1
    good: float  # an error bar, beside the slope, that is narrow enough
    negligible: float  # a slope that is nothing
    differences: list[Difference] = field(default_factory=list)
    touched: Mask = field(default_factory=lambda: np.zeros((), bool))  # outputs that moved

    def is_reached(self) -> bool:
        """Whether the last step need not be followed by another."""
        *others, last = self.differences
        if last.kink:
            fine = last.step < 2.0**-26 * self.length
            return fine and len(others) > 1 and all(d.kink for d in others)
        coarser = [d for d in others if d.step > last.step and not d.kink]
        if coarser and not min(coarser, key=lambda d: d.step).agrees(last):
            return False
        only_noise = bool(coarser) and last.noise > last.curvature  # which grows with finer steps
        return only_noise or last.error <= self.good * abs(last.value) + self.negligible

    def slope(self) -> Slope:
        """The narrowest bar among the finest steps that agree; unknown where one is alone."""
        found = sorted(self.differences, key=lambda d: d.step)
        telling = [d for d in found if d.noise <= 1e-2 * max(abs(d.left), abs(d.right))] or found
        if telling and telling[0].kink:
            return telling[0].slope()
        smooth = [d for d in found if not d.kink]
        agreeing: list[Difference] = []
        for difference in smooth:
            if not all(map(difference.agrees, agreeing)):
                break
            agreeing.append(difference)
        if len(agreeing) > 1 or (len(smooth) == 1 and self._is_straight(smooth[0])):
            return min(agreeing, key=lambda d: d.error).slope()
        return Slope.unknown()

    def _is_straight(self, only: Difference) -> bool:
        """Whether the output is so straight between the steps that one of them is enough."""
        return only.curvature <= 1e-4 * abs(only.value) + self.negligible
