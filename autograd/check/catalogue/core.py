"""What an operation is: its equation, its backward pass, and the mistakes people make in it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]  # by role, e.g. x, w, b
Options = Mapping[str, Any]
Switches = frozenset[str]
Axes = Mapping[
    str, str
]  # by role: a letter for each axis, 1 for one of length 1 that means nothing


@dataclass(frozen=True)
class Mistake:
    """What goes wrong, as a colleague says it, and the line of algebra that fixes it.

    `touches` are the roles whose gradient is changed.
    """

    name: str
    remark: str
    algebra: str
    touches: frozenset[str]


@dataclass(frozen=True)
class Operation:
    """An operation on arrays by role, in its standard order of axes.

    `rule(upstream, arrays, options, switches)` is the backward pass; a switch is the name of a
    mistake. `readings(arrays, output)` proposes what arrays that come as the user has them could
    mean: the axes of each, and options. The user's arrays are rearranged before `forward` and
    `rule` see them.
    """

    name: str
    roles: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    forward: Callable[[Arrays, Options], Array]
    rule: Callable[[Array, Arrays, Options, Switches], dict[str, Array]]
    readings: Callable[[Arrays, Array], Iterator[tuple[Axes, Options]]]
    optional: frozenset[str] = frozenset()
    orders: Axes = field(default_factory=dict)
    describe: Callable[[Options], str] = lambda options: ""

    def backward(
        self, upstream: Array, arrays: Arrays, options: Options, mistakes: Switches = frozenset()
    ) -> dict[str, Array]:
        """The gradient of each role that is there, with some mistakes switched on."""
        if "upstream-ignored" in mistakes:
            upstream = np.ones_like(upstream)
        if "upstream-squared" in mistakes:
            upstream = upstream * upstream
        sign = -1.0 if "sign" in mistakes else 1.0
        found = self.rule(upstream, arrays, options, mistakes)
        return {role: sign * g for role, g in found.items() if role in arrays}


Row = tuple[str, str, str, str]


def table(*rows: Row) -> tuple[Mistake, ...]:
    """Mistakes from rows of (roles touched, name, remark, algebra)."""
    return tuple(
        Mistake(name, remark, algebra, frozenset(roles.split()))
        for roles, name, remark, algebra in rows
    )


def shared(roles: str, algebra: str) -> tuple[Mistake, ...]:
    """The mistakes that every backward pass can have; `algebra` is the whole pass in a line."""
    return table(
        (roles, "upstream-ignored", "the upstream gradient is not multiplied in", algebra),
        (roles, "upstream-squared", "the upstream gradient is multiplied in twice", algebra),
        (roles, "sign", "the sign is reversed", algebra),
    )
