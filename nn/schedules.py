"""Schedules of the learning rate: lr(t) = factor(t)·lr(0)."""

import math
from typing import Self

from .annotations import Plain
from .arguments import written
from .optim import Optimizer
from .validate import above_zero, foreign_keywords, made, number, positive, within


class Schedule:
    """Sets an optimiser's learning rate: lr(t) = factor(t)·lr(0), t counted by `step`."""

    def __new__(cls, *arguments: object, **options: object) -> Self:
        """Say what a keyword of another library is called here, and refuse an optimiser's class."""
        foreign_keywords(cls, options)
        made(cls.__name__, *arguments, *options.values())
        return super().__new__(cls)

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            got = type(optimizer).__name__
            raise TypeError(f"{type(self).__name__}: needs an optimiser first, got a {got}")
        self.optimizer = optimizer
        self.base = optimizer.lr
        self.time = 0
        optimizer.lr = self.base * self.factor(0)

    def __repr__(self) -> str:
        return written(self, type(self.optimizer).__name__, apart="optimizer")

    def step(self) -> None:
        """One epoch (or batch) has passed: set the next learning rate."""
        self.time += 1
        self.optimizer.lr = self.base * self.factor(self.time)

    def state_dict(self) -> dict[str, Plain]:
        """What a continued run needs: the first learning rate, and the time."""
        return {"base": self.base, "time": self.time}

    def load_state_dict(self, state: dict[str, Plain]) -> None:
        """Take up a `state_dict`; the optimiser's learning rate is set accordingly."""
        self.base, self.time = state["base"], state["time"]
        self.optimizer.lr = self.base * self.factor(self.time)

    def factor(self, time: int) -> float:
        """lr(t) / lr(0); each schedule writes its own."""
        raise TypeError(f"{type(self).__name__} has no method factor")


class StepLR(Schedule):
    """Multiply by gamma every `step_size` steps: γ^⌊t / step_size⌋."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = positive("StepLR", "step_size", step_size)
        self.gamma: float = number("StepLR", "gamma", gamma)
        super().__init__(optimizer)

    def factor(self, time: int) -> float:
        """γ^⌊t / step_size⌋."""
        return self.gamma ** (time // self.step_size)


class CosineLR(Schedule):
    """Half a cosine from lr(0) down to `minimum` over `steps`, and `minimum` after (SGDR, 2016)."""

    def __init__(self, optimizer: Optimizer, steps: int, minimum: float = 0.0) -> None:
        self.steps = positive("CosineLR", "steps", steps)
        self.minimum = number("CosineLR", "minimum", minimum)
        super().__init__(optimizer)

    def factor(self, time: int) -> float:
        """low + (1 - low)·(1 + cos(π·t / steps)) / 2, low = minimum / lr(0)."""
        return self._fallen(min(1.0, time / self.steps))

    def _fallen(self, share: float) -> float:
        """The factor after a share of the way down."""
        return _between(1.0, self.minimum / self.base if self.base else 0.0, share)


class CosineRestartsLR(CosineLR):
    """Half a cosine from lr(0) down to `minimum` over `steps`, then again from lr(0) (SGDR, 2016).

    Each time takes `growth` times as many steps as the one before.
    """

    def __init__(
        self, optimizer: Optimizer, steps: int, growth: int = 1, minimum: float = 0.0
    ) -> None:
        self.growth = positive("CosineRestartsLR", "growth", growth)
        super().__init__(optimizer, steps, minimum)

    def factor(self, time: int) -> float:
        """The cosine's factor at the steps since the last restart, of as many as it takes."""
        length = self.steps
        while time >= length:
            time -= length
            length *= self.growth
        return self._fallen(time / length)


class OneCycleLR(Schedule):
    """Rise from lr(0) / `divisor` to lr(0) in a share `rise` of the steps, then fall to almost 0.

    Both along half a cosine, down to lr(0) / (divisor · 10⁴) at the last of `steps` (Smith, Topin
    2017). It is made for steps: `Trainer(..., schedule_every="step")`.
    """

    def __init__(
        self, optimizer: Optimizer, steps: int, rise: float = 0.3, divisor: float = 25.0
    ) -> None:
        self.steps = positive("OneCycleLR", "steps", steps)
        self.rise: float = within("OneCycleLR", "rise", rise, 0, 1)
        self.divisor: float = above_zero("OneCycleLR", "divisor", divisor)
        super().__init__(optimizer)

    def factor(self, time: int) -> float:
        """From 1 / divisor to 1 at the peak, then to 1 / (divisor · 10⁴)."""
        peak, last = self.rise * self.steps - 1, self.steps - 1
        low = 1 / self.divisor
        if time <= peak:
            return _between(low, 1.0, time / peak if peak else 1.0)
        return _between(1.0, low / 1e4, min(1.0, (time - peak) / (last - peak)))


class WarmupLR(Schedule):
    """Rise in equal steps to lr(0) over `warmup` steps, then follow `after` (or stay).

    WarmupLR(optimizer, 5, after=CosineLR(optimizer, 95))
    """

    def __init__(self, optimizer: Optimizer, warmup: int, after: Schedule | None = None) -> None:
        self.warmup = positive("WarmupLR", "warmup", warmup)
        self.after = after
        if after is not None:
            optimizer.lr = after.base
        super().__init__(optimizer)

    def state_dict(self) -> dict[str, Plain]:
        """What a continued run needs: the first learning rate, the time, the state of `after`."""
        state = super().state_dict()
        return {**state, "after": self.after.state_dict()} if self.after else state

    def load_state_dict(self, state: dict[str, Plain]) -> None:
        """Take up a `state_dict`; the optimiser's learning rate is set accordingly."""
        if self.after is not None:
            self.after.load_state_dict(state.get("after", {"base": state["base"], "time": 0}))
        super().load_state_dict(state)

    def factor(self, time: int) -> float:
        """(t + 1) / warmup, at most 1; then the factor of `after`, its clock started there."""
        if time < self.warmup:
            return (time + 1) / self.warmup
        return self.after.factor(time - self.warmup) if self.after else 1.0


def _between(start: float, end: float, share: float) -> float:
    """Along half a cosine from start to end, after a share of the way."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
