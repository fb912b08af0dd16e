"""Record functions that do the same each time: what others draw or count would stand still."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from numbers import Number
from typing import Any, NamedTuple

import numpy as np

from ...graph import is_bundle
from ...numbers.kinds import STATISTICS, UNKNOWN
from ...reach import Holder, holders, reached, values_of
from ...scopes import chance
from ...tensor import Tensor
from ...value import Value
from .record import Recording, record

ABSENT = object()


def recorded(function: Callable[..., Any], examples: Sequence[Any], parameters: Any) -> Recording:
    """`record` a function that does the same each time; TypeError names what it draws or counts.

    Where its objects hold other numbers after it, it is recorded again: what is drawn or changes
    again (a counter) or is read (a running mean) matters; what is only kept (a size, a Tensor to be
    looked at) does not. No unknown numbers are left in the objects, and where the function cannot
    be recorded, nothing is.
    """
    if isinstance(parameters, Iterator):
        parameters = list(parameters)
    with chance:
        before = State(function, parameters)
        try:
            recording = record(function, examples, parameters)
            if changes := before.changes():
                after = State(function, parameters)
                for change in changes:
                    change.refuse_bare()
                    change.draw_again()
                read = _read(record(function, examples, parameters), recording)
                for change in changes:
                    change.refuse(read)
                after.restore()
                before.restore_unknown()
        except BaseException:
            before.restore()
            raise
        return recording


class State:
    """What the objects that a function reaches were at one moment, parameters left out."""

    def __init__(self, function: Any, parameters: Any) -> None:
        skipped = {id(p) for p in parameters} if isinstance(parameters, Iterable) else set()
        self.holders = list(holders(function, skipped))

    def changes(self) -> list["Change"]:
        """The parts that are other numbers now, or hold unknown ones."""
        return [
            Change(holder, key, part)
            for holder in self.holders
            for key, part in holder.read().items()
            if _is_other(holder.parts.get(key, ABSENT), part)
        ]

    def restore(self) -> None:
        """Put everything back."""
        for holder in self.holders:
            holder.restore()

    def restore_unknown(self) -> None:
        """Put back what holds unknown numbers now, and leave the rest."""
        for holder in self.holders:
            now, before = holder.read(), holder.parts
            put = {k for k, x in now.items() if x is not before.get(k) and _unknown(x)}
            if put:
                parts = {k: before.get(k, ABSENT) if k in put else x for k, x in now.items()}
                holder.write({k: x for k, x in parts.items() if x is not ABSENT})


class Change(NamedTuple):
    """A part of what a function reaches, and what it was after the function was called."""

    holder: Holder
    key: Any
    part: Any

    def draw_again(self) -> None:
        """Let a generator give the same numbers to the next call."""
        if self.holder.is_generator:
            self.holder.restore()

    def refuse_bare(self) -> None:
        """TypeError for unknown numbers without their Values, which another call cannot take."""
        if _is_bare(self.part):
            raise TypeError(self._told())

    def _told(self) -> str:
        return (
            f"compile: the function changes {self.holder.word(self.key)} at each call, and a "
            f"program would not: {STATISTICS}"
        )

    def refuse(self, read: set[int]) -> None:
        """TypeError where another call draws the same (so it was no other thread that drew), or
        makes another number of it, or reads the Values of it, by their ids.
        """
        word, now = self.holder.word(self.key), self.holder.read().get(self.key)
        if self.holder.is_generator and now == self.part:
            raise TypeError(
                f"compile: the function draws from {word}, and a program would repeat these "
                "numbers for ever: autograd.drawn.normal, .uniform and .bernoulli draw anew for "
                "each sample"
            )
        unknown = _unknown(self.part)
        is_read = any(id(v) in read for v in unknown)
        if not self.holder.is_generator and (is_read if unknown else _is_other(self.part, now)):
            raise TypeError(self._told())


def _is_other(before: Any, now: Any) -> bool:
    """Whether a part became another number, or something that holds unknown ones."""
    if before is now:
        return False
    found = _plain(now)
    return bool(_unknown(now)) if found is None else found != _plain(before)


def _plain(x: Any) -> Any:
    """A number, several, or a generator's state, so that it can be compared; None for the rest."""
    if isinstance(x, np.ndarray):
        return (x.shape, x.tobytes()) if x.dtype.kind in "biufc" else None
    if isinstance(x, Value | Tensor):
        known = [v.data for v in values_of(x)]
        return None if any(number is UNKNOWN for number in known) else repr(known)
    if isinstance(x, bytes):
        return x
    return repr(x) if isinstance(x, Number | np.generic) else None


def _unknown(part: Any) -> list[Any]:
    """The unknown numbers that an object holds, and the Values with one."""
    values = (x for y, _ in reached(part) for x in (y.values if isinstance(y, Tensor) else [y]))
    return [x for x in values if x is UNKNOWN or (isinstance(x, Value) and x.unknown)]


def _is_bare(part: Any) -> bool:
    """Whether it is an unknown number that no Value holds, or lists some: it was computed with."""
    if isinstance(part, list | tuple | dict):
        return any(map(_is_bare, part.values() if isinstance(part, dict) else part))
    return part is UNKNOWN


def _read(again: Recording, first: Recording) -> set[int]:
    """The ids of those Values of a first recording that another one reads."""
    sources = chain(
        (argument.values for argument in first.arguments),
        (values for values, _, _ in first.trace.draws),
    )
    made = {id(v) for v in chain(first.trace, *sources)}
    operands = {id(x): x for v in again.trace for x in v.inputs}
    inputs = (x.inputs if is_bundle(x) else [x] for x in operands.values())
    results = (result.values for result in again.results)
    return made & {id(x) for x in chain(*inputs, *results)}
