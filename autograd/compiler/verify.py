"""Check a program against the scalars it was recorded from, before anyone relies on it."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import graph
from ..value import Value
from .backends.numpy import NumPy
from .plan.plan import Plan
from .trace.record import Recording

Numbers = dict[Value, Any]  # of leaves
Floats = NDArray[np.float64]


def check(plan: Plan, recording: Recording, values: Sequence[Value]) -> None:
    """Run the plan on the examples in float64, and every recorded node by itself, forward and in
    reverse: results and gradients agree.

    Raises RuntimeError where they do not, which would be a mistake of the compiler; it names the
    result by its label (entries of a layer's output have one) or its place, or the parameter. In a
    tie, rounding may decide otherwise who wins, so gradients that differ are asked for once more,
    beside the examples.
    """
    numbers = _examples(recording, values)
    told = _difference(plan, recording, values, numbers)
    tie = told.startswith("the gradient") and not _difference(
        plan, recording, values, _beside(numbers)
    )
    if told and not tie:
        raise RuntimeError(f"compile: {told}; please report this with the function")


def _examples(recording: Recording, values: Sequence[Value]) -> Numbers:
    """The numbers of parameters, arguments and draws."""
    numbers = {v: v.data for v in values}
    for argument in recording.arguments:
        numbers.update(zip(argument.values, argument.example, strict=True))
    for drawn, _, number in recording.trace.draws:  # any number does, and the generator stays
        numbers.update((v, number(0.75)) for v in drawn)
    return numbers


def _beside(numbers: Numbers) -> Numbers:
    """Numbers that differ by about a thousandth, so that there are no ties."""
    rng = random.Random(0)
    return {v: float(x) + 1e-3 * (1 + abs(float(x))) * rng.random() for v, x in numbers.items()}


def _difference(plan: Plan, recording: Recording, values: Sequence[Value], numbers: Numbers) -> str:
    """What the plan and the recorded nodes disagree on; "" for nothing."""
    roots = [(k, v) for k, result in enumerate(recording.results) for v in result.values]
    got, gradient = _by_kernels(plan, recording, values, numbers)
    with _known([v for _, v in roots], numbers) as ordered:
        expected = np.array([float(v.data) for _, v in roots])
        slopes = _slopes(ordered, roots[0][1], values) if plan.seed else gradient
    wrong = ~np.isclose(got, expected, rtol=1e-6, atol=1e-9, equal_nan=True)
    if wrong.any():
        worst = int(wrong.argmax())
        name = roots[worst][1].label or f"result {roots[worst][0]}"
        return f"for {name} the program gives {got[worst]}, the recorded graph {expected[worst]}"
    finite = np.isfinite(slopes)
    scale = 1 + np.abs(slopes[finite]).max(initial=0)
    wrong = finite & ~np.isclose(gradient, slopes, rtol=1e-6, atol=1e-9 * scale)
    if wrong.any():
        worst = int(wrong.argmax())
        name = values[worst].label or f"parameter {worst}"
        return (
            f"the gradient of {name} is {gradient[worst]} in the program, {slopes[worst]} in the "
            "recorded graph"
        )
    return ""


def _by_kernels(
    plan: Plan, recording: Recording, values: Sequence[Value], numbers: Numbers
) -> tuple[Floats, Floats]:
    """The results of one sample, and the gradient, as the plan's kernels compute them."""
    groups = [argument.values for argument in recording.arguments]
    groups += [drawn for drawn, _, _ in recording.trace.draws]
    inputs = [np.array([[numbers[v] for v in group]], np.float64) for group in groups]
    reference = NumPy(plan, np.array([numbers[v] for v in values], np.float64))
    results = [np.empty((1, *result.shape)) for result in recording.results]
    reference.run(inputs, results, 1.0 if plan.seed else 0.0)
    return np.concatenate([rows.ravel() for rows in results]), reference.gradient


@contextmanager
def _known(roots: Sequence[Value], numbers: Numbers) -> Iterator[list[Any]]:
    """What is behind the roots, inputs first, for a while with numbers, computed one by one."""
    ordered = graph.order(*roots)
    before = [(node, node.data) for node in [*numbers, *ordered]]
    try:
        for leaf, number in numbers.items():
            leaf.data = number
        for node in ordered:
            if node.op is not None:
                node.data = node.op.forward(*[x.data for x in node.inputs])
            elif node.inputs:
                node.data = tuple([x.data for x in node.inputs])
        yield ordered
    finally:
        for node, data in before:
            node.data = data


def _slopes(ordered: Sequence[Any], loss: Value, values: Sequence[Value]) -> Floats:
    """The gradient by the chain rule from node to node; nan where a row has no slope here."""
    try:
        adjoints = graph.adjoints(ordered, {loss: 1.0})
    except ArithmeticError:  # of a row of one's own: those of the table never raise
        return np.full(len(values), np.nan)
    return np.array([float(adjoints.get(v, 0.0)) for v in values])
