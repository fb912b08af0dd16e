"""The mistakes of a normalisation inside of a forward, for x, γ and β at once."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..catalogue.core import Array, Given, Mistake
from ..catalogue.normalising import BATCH_NORM, deviation
from ..trace.nodes import Gather, Node
from ..trace.record import Sends
from .changes import Change, at
from .normalised import Axes, Norm, Run, normalisations, size_of
from .steps import Steps, name_of, root
from .sums import others_of, said_of

REUSED = Mistake(
    "dgamma-reused", "dx.outer dg.hat",
    "dγ is not divided by √(σ² + ε), nor is the term of the variance that is made of it",
    lambda hat, given: hat * deviation(given["x"], given.options, given.options["eps"]),
)  # fmt: skip


def norms(steps: Steps) -> Iterator[Change]:
    """The mistakes of every normalisation that is found."""
    for norm in normalisations(steps):
        for mistake in (*_fitting(norm), *_over_others(norm)):
            yield _change(norm, mistake)
        yield from _skipped(norm)
        yield from _whole_over_others(norm)
        yield from _gains(steps, norm)
        yield from _of_others(steps, norm)


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
                    f"the {'mean' if divided else 'sum'} of {summed} runs over {said_of(axes)}, "
                    f"not over {said_of(norm.options['over'])}",
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
        return np.asarray(found * size / size_of(terms.shape, axes) if size else found)

    return change


def _other_axes(norm: Norm) -> Iterator[Axes]:
    return others_of(norm.last.x.value.shape, norm.options["over"])


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
        size = size_of(norm.last.x.value.shape, axes)
        less = size - 1 if norm.is_length else norm.options["less"]
        options = {**norm.options, "over": axes, "less": less}
        what = _what(norm, f"the variance and all sums are taken over {said_of(axes)}, not over "
                           f"{said_of(norm.options['over'])}")  # fmt: skip

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
