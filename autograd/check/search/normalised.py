"""Arrays of a record that are normalised: y = γ·x̂ + β, by their numbers.

From an array of which a sum, or a sum of squares, is taken to a later one of its size, with a root
between; γ and β are what is used on the way and does not depend on x.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from ..catalogue.core import Array
from ..catalogue.normalising import BATCH_NORM, LAYER_NORM
from ..trace.nodes import Contraction, Elementwise, Node
from .steps import Step, Steps, root

AHEAD = 60  # operations in which a normalisation ends
LARGEST = 0.02  # ε
Axes = tuple[int, ...]


class Run(NamedTuple):
    """One run: y = γ·x̂ + β, where γ and β are spread over y, or are not there.

    y may have another shape than x, in the same order: all numbers are taken in the shape of x.
    """

    x: Node
    y: Node
    gain: Node | None
    shift: Node | None

    @property
    def nodes(self) -> dict[str, Node]:
        """x, γ and β, by their role in the catalogue."""
        every = {"x": self.x, "g": self.gain, "b": self.shift}
        return {role: node for role, node in every.items() if node is not None}

    def arrays(self, **others: Array) -> dict[str, Array]:
        """The numbers by their role, some of them others."""
        return {role: self.shaped(node.value) for role, node in self.nodes.items()} | others

    def shaped(self, value: Array) -> Array:
        """Numbers of y's shape in that of x."""
        return value.reshape(self.x.value.shape)


class Norm(NamedTuple):
    """A step that is a normalisation of an array at each run, and the catalogue's options."""

    step: Step
    runs: list[Run]
    options: Mapping[str, Any]

    @property
    def last(self) -> Run:
        """The last run."""
        return self.runs[-1]

    @property
    def size(self) -> int:
        """m, the number of entries that a statistic is taken over."""
        return size_of(self.last.x.value.shape, self.options["over"])

    @property
    def is_length(self) -> bool:
        """Whether it divides by the root of a sum, and not of a mean."""
        return bool(self.options["less"] == self.size - 1 > 1)

    @property
    def name(self) -> str:
        """What it is called."""
        if not self.options["centred"]:
            return "division by the norm" if self.is_length else "RMS normalisation"
        several = self.last.x.value.ndim > 1
        operation = BATCH_NORM if several and 0 in self.options["over"] else LAYER_NORM
        return operation.name


def normalisations(steps: Steps) -> Iterator[Norm]:
    """Every array that is normalised, up to where γ and β are multiplied in and added."""
    tried, made = set(), set()
    for step in steps.every:
        over = _summed(step.first)
        for x, centred in _sources(step.first) if over else ():
            if x.varies and (x, over, centred) not in tried:
                tried.add((x, over, centred))
                norm = _largest(steps, x, over, centred)
                if norm is not None and norm.step not in made:
                    made.add(norm.step)
                    yield norm


def _summed(node: Node) -> Axes:
    """The axes over which an array, or its square, is summed; none for other contractions."""
    operation, x = node.operation, node.inputs[0] if node.inputs else node
    if not isinstance(operation, Contraction) or len(operation.letters) > 2:
        return ()
    letters = operation.letters[0]
    if any(x is not other for other in node.inputs) or set(operation.letters) != {letters}:
        return ()
    over = tuple(a for a, letter in enumerate(letters) if letter not in operation.out)
    return over if size_of(x.value.shape, over) > 1 and len(set(letters)) == len(letters) else ()


def _sources(node: Node) -> Iterator[tuple[Node, bool]]:
    """(array, whether its mean is subtracted) of which a sum may be a statistic."""
    x = node.inputs[0]
    if len(node.inputs) == 1:
        yield x, True
    if len(node.inputs) == 2:
        yield x, False
    elif _is_square(x):
        yield x.inputs[0], False


def _is_square(node: Node) -> bool:
    """x·x or x²."""
    if node.operation == Elementwise("pow"):
        return bool((node.inputs[1].value == 2).all())
    return node.operation == Elementwise("mul") and node.inputs[0] is node.inputs[1]


def _largest(steps: Steps, x: Node, over: Axes, centred: bool) -> Norm | None:
    """The last array that is a normalisation of x."""
    found = None
    for y in steps.record.nodes[x.order + 1 : x.order + AHEAD]:
        if y.value.size == x.value.size and y in steps.of:
            found = _norm(steps, x, y, over, centred) or found
    return found


def _norm(steps: Steps, x: Node, y: Node, over: Axes, centred: bool) -> Norm | None:
    """y as a normalisation of x, if it is one at each of its runs."""
    step, first = steps.of[y][0], _run(steps, x, y, over, centred)
    if first is None or y is not step.first:
        return None
    run, options = first
    xs = steps.of[x][0].nodes if x in steps.of else [x]
    runs = [run]
    for other, result in zip(xs[1:], step.nodes[1:], strict=False):
        same = _run(steps, other, result, over, centred)
        if same is None:
            return None
        runs.append(same[0])
    whole = len(runs) == len(step.nodes) == len(xs)
    return Norm(step, runs, options) if whole else None


def _run(
    steps: Steps, x: Node, y: Node, over: Axes, centred: bool
) -> tuple[Run, dict[str, Any]] | None:
    """γ, β and the options with which y is a normalisation of x."""
    scales = _scales(steps, x, y)
    if scales is None:
        return None
    for gain, shift in dict.fromkeys(permutations((*scales, None, None)[:2])):
        run = Run(x, y, gain, shift)
        options = _options(run, over, centred)
        if options is not None:
            return run, options
    return None


def _scales(steps: Steps, x: Node, y: Node) -> tuple[Node, ...] | None:
    """What is used between x and y and does not depend on x: two spread arrays at most."""
    after = {x}
    for node in steps.record.nodes[x.order + 1 : y.order + 1]:
        if any(operand in after for operand in node.inputs):
            after.add(node)
    beside: dict[Node, None] = {}
    inner, waiting, roots = {x}, [y], False
    while waiting:
        node = waiting.pop()
        if node not in after:
            beside[node] = None
        elif node not in inner:
            inner.add(node)
            roots |= node.operation in (Elementwise("sqrt"), Elementwise("pow"))
            waiting += [operand for operand in node.inputs if operand.varies]
    spread = all(n.value.shape == y.value.shape and _is_scale(n) for n in beside)
    return tuple(beside) if y in after and roots and spread and len(beside) <= 2 else None


def _is_scale(node: Node) -> bool:
    """Whether an array is spread over another, or is an input."""
    return bool(root(node).name) or root(node).value.size < node.value.size


def _options(run: Run, over: Axes, centred: bool) -> dict[str, Any] | None:
    """The catalogue's options, found from the largest entry and compared with all of them."""
    arrays, y = run.arrays(), run.shaped(run.y.value)
    x, gain = arrays["x"], arrays.get("g", 1.0)
    centre = x - x.mean(over, keepdims=True) if centred else x
    size, squares = size_of(x.shape, over), (centre**2).sum(over, keepdims=True)
    scaled, result = gain * centre, y - arrays.get("b", 0.0)
    largest = int(np.argmax(np.abs(scaled)))
    if not scaled.flat[largest] / (result.flat[largest] or np.inf) > 0:
        return None
    deviation = scaled.flat[largest] / result.flat[largest]
    there = float(np.broadcast_to(squares, x.shape).flat[largest])
    for less in dict.fromkeys((0, 1, size - 1)):
        variance = there / (size - less)
        for inside, eps in ((True, deviation**2 - variance),
                            (False, deviation - variance**0.5)):  # fmt: skip
            if -1e-9 * variance <= eps <= LARGEST:
                options = {"over": over, "eps": max(eps, 0.0), "less": less, "inside": inside,
                           "centred": centred}  # fmt: skip
                again = BATCH_NORM.forward(arrays, options)
                if np.allclose(again, y, 1e-8, 1e-9 * np.max(np.abs(y))):
                    return options
    return None


def size_of(shape: Sequence[int], over: Axes) -> int:
    """How many entries there are along some axes."""
    return int(np.prod([shape[a] for a in over]))
