"""Normalisations inside of a forward: y = γ·x̂ + β, by their numbers, with what they scale by.

From an array whose squares are summed to a later one of its shape, with a root between: the
catalogue's mistakes are tried in this place, for x, γ and β at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, permutations
from typing import Any, NamedTuple

import numpy as np

from ..catalogue.core import Array, Given, Mistake
from ..catalogue.normalising import BATCH_NORM, LAYER_NORM, deviation
from ..trace.nodes import Contraction, Elementwise, Gather, Node
from ..trace.record import Sends
from .changes import Change, at
from .steps import Step, Steps, name_of, root

REUSED = Mistake(
    "dgamma-reused", "dx.outer dg.hat",
    "dγ is not divided by √(σ² + ε), nor is the term of the variance that is made of it",
    lambda hat, given: hat * deviation(given["x"], given.options, given.options["eps"]),
)  # fmt: skip
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
        return _size(self.last.x.value.shape, self.options["over"])

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


def norms(steps: Steps) -> Iterator[Change]:
    """The mistakes of every normalisation that is found."""
    for norm in normalisations(steps):
        for mistake in (*_fitting(norm), *_over_others(norm)):
            yield _change(norm, mistake)
        yield from _skipped(norm)
        yield from _whole_over_others(norm)
        yield from _gains(steps, norm)
        yield from _of_others(steps, norm)


# --- where they are ------------------------------------------------------------------------------


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
    return over if _size(x.value.shape, over) > 1 and len(set(letters)) == len(letters) else ()


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
        if y.value.size == x.value.size and y in steps.live:
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
    size, squares = _size(x.shape, over), (centre**2).sum(over, keepdims=True)
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


def _size(shape: Sequence[int], over: Axes) -> int:
    return int(np.prod([shape[a] for a in over]))


# --- what is done wrong in them ------------------------------------------------------------------


def _fitting(norm: Norm) -> Iterator[Mistake]:
    """The catalogue's mistakes that can be made here."""
    plain = not norm.options["centred"]
    for mistake in (*BATCH_NORM.mistakes, REUSED):
        roles = {gradient.removeprefix("d") for gradient in mistake.gradients}
        means = plain and "mean" in mistake.steps
        counts = norm.is_length and "m_" in mistake.steps
        known = "sample" in mistake.name or (plain and mistake.name == "centred-for-normalised")
        if not (means or counts or known) and roles <= norm.last.nodes.keys():
            yield mistake


def _over_others(norm: Norm) -> Iterator[Mistake]:
    """One of the sums runs over other axes."""
    terms = {"mean": "dY", "variance": "dY·x̂"} if norm.options["centred"] else {"variance": "dY·x"}
    for axes in _other_axes(norm):
        for name, summed in terms.items():
            for divided in (False, True):
                yield Mistake(
                    "other axis", f"dx.{name}_sum",
                    f"the {'mean' if divided else 'sum'} of {summed} runs over {_said(axes)}, "
                    f"not over {_said(norm.options['over'])}",
                    _sum_over(axes, name, norm.size if divided else 0),
                )  # fmt: skip


def _sum_over(axes: Axes, name: str, size: int) -> Any:
    """The sum of the terms over axes; made to be divided by m as if it were that over its own."""

    def change(_: Array, given: Given) -> Array:
        terms = given.g * given.arrays.get("g", 1.0)
        if name == "variance":
            plain = {"x": given["x"]}
            terms = terms * BATCH_NORM.forward(plain, given.options)
        found = terms.sum(axes, keepdims=True)
        return np.asarray(found * size / _size(terms.shape, axes) if size else found)

    return change


def _other_axes(norm: Norm) -> Iterator[Axes]:
    shape = norm.last.x.value.shape
    for count in (1, 2, 3):
        for axes in combinations(range(len(shape)), count):
            if axes != norm.options["over"] and _size(shape, axes) > 1:
                yield axes


def _said(axes: Axes) -> str:
    *more, last = map(str, axes)
    return f"axes {', '.join(more)} and {last}" if more else f"axis {last}"


def _what(norm: Norm, remark: str) -> str:
    """A remark in its place, which says what the letters in it stand for."""
    if not norm.options["centred"]:
        remark = _of_squares(remark, norm)
    gain = norm.last.gain
    called = f", where γ is `{name_of(root(gain))}`" if gain is not None and "γ" in remark else ""
    return f"in the {norm.name} {at(norm.step)} of `{name_of(norm.last.x)}`{called}: {remark}"


def _line(norm: Norm, *gradients: str) -> str:
    """The algebra of some gradients, without the mean where none is subtracted."""
    given = [each for each in gradients if each.removeprefix("d") in norm.last.nodes]
    line = "; ".join(BATCH_NORM.algebra[gradient] for gradient in given)
    return line if norm.options["centred"] else _of_squares(line, norm)


def _of_squares(line: str, norm: Norm) -> str:
    """A line of algebra where a norm, or a root mean square, is divided by."""
    size, name = ("Σx²", "norm") if norm.is_length else ("mean(x²) + ε", "mean square")
    words = {" − mean(γ·dY)": "", "σ² + ε": size, "x − μ": "x", "the variance": f"the {name}"}
    for of_variance, of_squares in words.items():
        line = line.replace(of_variance, of_squares)
    return line.replace("mean(", "Σ(") if norm.is_length else line


def _change(norm: Norm, mistake: Mistake) -> Change:
    """A mistake of the catalogue at every run."""
    run = norm.last
    role, *more = (gradient.removeprefix("d") for gradient in mistake.gradients)
    reads = run.y if more else run.nodes[role]
    what, line = _what(norm, mistake.remark), _line(norm, *mistake.gradients)

    def made() -> dict[Node, Sends]:
        return {run.y: _sends(run, norm.options, [mistake]) for run in norm.runs}

    return Change(mistake.name, what, line, reads, made)  # says more than what was left out


def _sends(
    run: Run, options: Mapping[str, Any], mistakes: Iterable[Mistake] = (), **others: Array
) -> Sends:
    """The catalogue's gradients of a run, with mistakes, or with other numbers in a role."""

    def sends(g: Array) -> list[tuple[Node, Array]]:
        arrays = run.arrays(**others)
        with np.errstate(all="ignore"):
            found = BATCH_NORM.backward(run.shaped(g), arrays, options, mistakes)
        return [(node, found[role].reshape(node.value.shape)) for role, node in run.nodes.items()]

    return sends


def _skipped(norm: Norm) -> Iterator[Change]:
    """What comes back is handed to x as it is, or times γ."""
    for scaled in (False, True) if norm.last.gain is not None else (False,):
        how = "times γ alone" if scaled else "as it is"
        what = _what(norm, f"its derivative is left out, the gradient is handed on {how}")

        def made(scaled: bool = scaled) -> dict[Node, Sends]:
            return {run.y: _passed(run, norm.options, scaled) for run in norm.runs}

        yield Change("derivative-forgotten", what, _line(norm, "dx"), norm.last.x, made, 1)


def _passed(run: Run, options: Mapping[str, Any], scaled: bool) -> Sends:
    right = _sends(run, options)
    factor = run.arrays()["g"] if scaled else 1.0
    return lambda g: [(run.x, run.shaped(g) * factor), *(s for s in right(g) if s[0] is not run.x)]


def _whole_over_others(norm: Norm) -> Iterator[Change]:
    """Mean and variance over other axes, wherever backward uses them."""
    for axes in _other_axes(norm):
        size = _size(norm.last.x.value.shape, axes)
        less = size - 1 if norm.is_length else norm.options["less"]
        options = {**norm.options, "over": axes, "less": less}
        what = _what(norm, f"the variance and all sums are taken over {_said(axes)}, not over "
                           f"{_said(norm.options['over'])}")  # fmt: skip

        def made(options: Mapping[str, Any] = options) -> dict[Node, Sends]:
            return {run.y: _sends(run, options) for run in norm.runs}

        yield Change("other axes", what, _line(norm, "dx", "dg"), norm.last.y, made, 1)


def _gains(steps: Steps, norm: Norm) -> Iterator[Change]:
    """Another array as γ in dX."""
    gain = norm.last.gain
    if gain is None:
        return
    true = root(gain)
    for other, name in _alike(steps, true):
        remark = f"`{name}` stands where `{name_of(true)}` belongs as γ in dX"
        value = norm.last.shaped(_through(gain, true, other.value))
        yield _change(norm, Mistake("gamma-of-another", "dx.gamma", remark, _instead(value)))


def _instead(value: Array) -> Any:
    return lambda *_: value


def _through(node: Node, start: Node, value: Array) -> Array:
    """Other numbers rearranged as those of an array were."""
    if node is start:
        return value
    assert isinstance(node.operation, Gather)
    return node.operation.forward(_through(node.inputs[0], start, value))


def _alike(steps: Steps, node: Node) -> Iterator[tuple[Node, str]]:
    """Other arrays of a shape that are made once."""
    inputs = list(steps.record.inputs.values())
    made = [s.first for s in steps.every if len(s.nodes) == 1 and not s.is_inner]
    for other in (*inputs, *made):
        if other is not node and other.value.shape == node.value.shape:
            yield other, name_of(other)


def _of_others(steps: Steps, norm: Norm) -> Iterator[Change]:
    """The normalisation as if it were another array's."""
    for other, name in _alike(steps, norm.last.x) if len(norm.runs) == 1 else ():
        what = _what(norm, f"its gradient is computed at `{name}`, where "
                           f"`{name_of(norm.last.x)}` belongs")  # fmt: skip

        def made(value: Array = other.value) -> dict[Node, Sends]:
            return {norm.last.y: _sends(norm.last, norm.options, x=value)}

        yield Change("normalised another", what, _line(norm, "dx", "dg"), norm.last.y, made, 2)
