"""What an operation is: its equation, its backward pass in named steps, and mistakes in the steps.

A backward pass hands the value of each step on by name, `step("dw.x", x).T @ step("dw.g", g)`; a
mistake is a row that names the steps and what it does to them. A step is called after the gradient
that it is part of: `dw` is the whole gradient of w, `dw.x` is the x in it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Arrays = Mapping[str, Array]  # by role, e.g. x, w, b
Options = Mapping[str, Any]
Axes = Mapping[str, str]  # by role: a letter for each axis, 1 for a length of 1 without a meaning
Forward = Callable[[Arrays, Options], Array]
Step = Callable[[str, Any], Any]  # a step's name and value -> the value, where nothing is wrong
UPSTREAM = "dz"  # the gradient that a layer's activation hands on to all of the others


@dataclass(frozen=True)
class Given:
    """What a backward pass is given: the upstream gradient g, the arrays by role, the options."""

    g: Array
    arrays: Arrays
    options: Options
    forward: Forward

    def __getitem__(self, role: str) -> Array:
        """The array in a role."""
        return self.arrays[role]

    @cached_property
    def y(self) -> Array:
        """The output."""
        return np.asarray(self.forward(self.arrays, self.options))


Change = Callable[[Any, Given], Any]  # of a step's value


@dataclass(frozen=True)
class Mistake:
    """A slip: its name, the steps that it changes, what a colleague says of it, and the change.

    Several steps stand with blanks between, and each is changed alike.
    """

    name: str
    steps: str
    remark: str
    change: Change

    @property
    def gradients(self) -> tuple[str, ...]:
        """The gradients that its steps are part of, such as `dw`."""
        return tuple(dict.fromkeys(step.split(".")[0] for step in self.steps.split()))


@dataclass(frozen=True)
class Operation:
    """An operation on arrays by role, in its standard order of axes.

    `rule(step, upstream, arrays, options)` is the backward pass. `algebra` has the right line for
    each gradient, and for a step that needs a line of its own. `readings(arrays, output)` proposes
    what arrays that come as the user has them could mean: the axes of each, and options. The user's
    arrays are rearranged before `forward` and `rule` see them.
    """

    name: str
    roles: tuple[str, ...]
    algebra: Mapping[str, str]
    mistakes: tuple[Mistake, ...]
    forward: Forward
    rule: Callable[[Step, Array, Arrays, Options], dict[str, Array]]
    readings: Callable[[Arrays, Array], Iterator[tuple[Axes, Options]]]
    optional: frozenset[str] = frozenset()
    orders: Axes = field(default_factory=dict)
    describe: Callable[[Options], str] = lambda _: ""

    def backward(
        self, upstream: Array, arrays: Arrays, options: Options, mistakes: Iterable[Mistake] = ()
    ) -> dict[str, Array]:
        """The gradient of each role that is there, with some mistakes made."""
        step = making(mistakes, Given(upstream, arrays, options, self.forward))
        found = self.rule(step, upstream, arrays, options)
        return {role: gradient for role, gradient in found.items() if role in arrays}

    def mistake(self, name: str) -> Mistake:
        """The mistake of this name; a KeyError where there is none."""
        return {mistake.name: mistake for mistake in self.mistakes}[name]

    def touched(self, mistake: Mistake) -> frozenset[str]:
        """The roles whose gradient a mistake changes."""
        if UPSTREAM in mistake.gradients:
            return frozenset(self.roles)
        return frozenset(gradient.removeprefix("d") for gradient in mistake.gradients)

    def remedy(self, mistake: Mistake) -> str:
        """The line of algebra that mends a mistake."""
        steps = mistake.steps.split()
        own = [self.algebra[step] for step in steps if step in self.algebra]
        lines = own or [self.algebra[gradient] for gradient in mistake.gradients]
        return "; ".join(dict.fromkeys(lines))


def making(mistakes: Iterable[Mistake], given: Given) -> Step:
    """Hands each step's value on through the changes of these mistakes, in their order."""
    changes = [(name, m.change) for m in mistakes for name in m.steps.split()]

    def step(name: str, value: Any) -> Any:
        for changed, change in changes:
            if changed == name:
                value = change(value, given)
        return value

    return step
