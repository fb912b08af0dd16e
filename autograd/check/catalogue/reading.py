"""Recognise what a forward pass computes, and run its backward pass with every known mistake."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from .axes import assignments, restored, standard
from .core import Array, Axes, Mistake, Operation, Options

Found = dict[str, Array]  # gradients by the names of the inputs
CHEAP = 200_000  # entries of all arrays, up to which pairs of mistakes are tried


@dataclass(frozen=True)
class Reading:
    """An operation that the user's inputs could be read as.

    `roles` gives the name of the input in each role, `axes` its layout in letters (also y's).
    """

    operation: Operation
    roles: Mapping[str, str]
    axes: Axes
    options: Options
    inputs: Mapping[str, Array]

    def describe(self) -> str:
        """The operation and its options, as "convolution, NCHW, kernels OIHW, stride 2"."""
        words = self.operation.describe(self.options)
        return self.operation.name + f", {words}" * bool(words)

    def arrays(self) -> dict[str, Array]:
        """The inputs by role, in the operation's standard order of axes."""
        return {role: self._standard(role, self.inputs[name]) for role, name in self.roles.items()}

    def forward(self) -> Array:
        """The output, in the operation's standard order of axes."""
        return np.asarray(self.operation.forward(self.arrays(), self.options))

    def output(self, shape: tuple[int, ...]) -> Array:
        """The output as the user has it, of this shape."""
        return self._restored("y", self.forward(), shape)

    def backward(self, upstream: Any, mistakes: Iterable[Mistake] = ()) -> Found:
        """The gradient of each input, with some mistakes made."""
        g = self._standard("y", np.asarray(upstream, float))
        with np.errstate(all="ignore"):
            found = self.operation.backward(g, self.arrays(), self.options, mistakes)
        return {
            self.roles[role]: self._restored(role, gradient, self.inputs[self.roles[role]].shape)
            for role, gradient in found.items()
        }

    def touches(self, mistake: Mistake, name: str) -> bool:
        """Whether a mistake changes the gradient of the input of this name."""
        touched = self.operation.touched(mistake)
        return any(self.roles.get(role) == name for role in touched)

    def _standard(self, role: str, array: Array) -> Array:
        order = self.operation.orders.get(role)
        return array if order is None else standard(array, self.axes[role], order)

    def _restored(self, role: str, array: Array, shape: tuple[int, ...]) -> Array:
        order = self.operation.orders.get(role)
        array = np.asarray(array, float)
        return array if order is None else restored(array, self.axes[role], order, shape)


def recognise(
    operations: Iterable[Operation],
    inputs: Mapping[str, Any],
    output: Any,
    tolerance: float = 1e-9,
) -> list[Reading]:
    """Every reading whose forward pass gives the output; the likelier ones first."""
    arrays = {name: np.asarray(x, float) for name, x in inputs.items()}
    output = np.asarray(output, float)
    if not output.size or any(not x.size for x in arrays.values()):
        return []
    found: list[Reading] = []
    with np.errstate(all="ignore"):
        for reading in _candidates(operations, arrays, output):
            y = standard_output(reading, output)
            if equal(reading.forward(), y, tolerance) and not _known(reading, found):
                found.append(reading)
    return found


def _candidates(
    operations: Iterable[Operation], arrays: Mapping[str, Array], output: Array
) -> Iterator[Reading]:
    for operation in operations:
        for roles in assignments(arrays, operation.roles, operation.optional):
            given = {role: arrays[name] for role, name in roles.items()}
            for axes, options in operation.readings(given, output):
                yield Reading(operation, roles, axes, options, arrays)


def standard_output(reading: Reading, output: Array) -> Array:
    """The user's output in the standard order of axes."""
    return reading._standard("y", output)


def equal(a: Array, b: Array, tolerance: float) -> bool:
    """Whether two arrays agree, relative to the largest entry of the second."""
    if a.shape != b.shape or not np.isfinite(a).all():
        return False
    return bool(np.abs(a - b).max() <= tolerance * max(np.abs(b).max(), 1e-300))


def _known(reading: Reading, found: list[Reading]) -> bool:
    """Whether there is a reading already that differs in words or in an invisible ε only."""
    mine = reading.arrays()
    for other in found:
        if other.operation is reading.operation and other.roles == reading.roles:
            theirs = other.arrays()
            settings = {k: v for k, v in reading.options.items() if k not in ("layout", "eps")}
            if all(_same(other.options.get(k), v) for k, v in settings.items()) and all(
                _same(mine[role], theirs[role]) for role in mine
            ):
                return True
    return False


def _same(a: Any, b: Any) -> bool:
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else bool(a == b)


def mistaken(
    reading: Reading, upstream: Any, pairs: bool = True
) -> Iterator[tuple[tuple[Mistake, ...], Found]]:
    """Gradients with each mistake made, then with pairs that touch the same input.

    A mistake that changes nothing on these inputs is left out, and a pair that equals one mistake.
    Pairs are tried on small inputs only. The gradients hold all inputs, changed or not.
    """
    right = reading.backward(upstream)
    single: list[tuple[Mistake, Found]] = []
    for mistake in reading.operation.mistakes:
        wrong = _tried(reading, upstream, (mistake,))
        if wrong is not None and not _alike(wrong, right):
            single.append((mistake, wrong))
            yield (mistake,), wrong
    if pairs and sum(x.size for x in reading.inputs.values()) <= CHEAP:
        yield from _pairs(reading, upstream, right, single)


def _pairs(
    reading: Reading, upstream: Any, right: Found, single: list[tuple[Mistake, Found]]
) -> Iterator[tuple[tuple[Mistake, ...], Found]]:
    touched = reading.operation.touched
    for (one, first), (other, second) in combinations(single, 2):
        if touched(one) & touched(other):
            wrong = _tried(reading, upstream, (one, other))
            if wrong is not None and not any(
                _alike(wrong, known) for known in (right, first, second)
            ):
                yield (one, other), wrong


def _tried(reading: Reading, upstream: Any, mistakes: tuple[Mistake, ...]) -> Found | None:
    """The gradients with these mistakes; None where they are not finite."""
    wrong = reading.backward(upstream, mistakes)
    return wrong if all(np.isfinite(g).all() for g in wrong.values()) else None


def _alike(a: Found, b: Found) -> bool:
    return all(equal(a[name], b[name], 1e-9) for name in b)
