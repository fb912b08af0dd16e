"""Check a program against the scalars it was recorded from, before anyone relies on it."""

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import graph
from ..value import Value
from .backends import Backend
from .backends.numpy import NumPy
from .plan.plan import Plan
from .trace.record import Recording

Numbers = dict[Value, Any]  # of leaves
Floats = NDArray[np.float64]
TOLERANCE = {"float32": 1e-3, "float64": 1e-6}  # of a backend, relative to the largest number
NOISE = 10  # times the error that NumPy makes in the same precision is no mistake


class Checked(NamedTuple):
    """What is checked: a plan, where it comes from, and the leaves that are its parameters."""

    plan: Plan
    recording: Recording
    values: Sequence[Value]


def check(checked: Checked, backend: Backend) -> None:
    """Run the plan on the examples in float64, and every recorded node by itself, forward and in
    reverse: results and gradients agree. And so does the backend that is to run the program.

    Raises RuntimeError where they do not, which would be a mistake of the compiler; it names the
    result by its label (entries of a layer's output have one) or its place, or the parameter. In a
    tie, rounding may decide otherwise who wins, so gradients that differ are asked for once more,
    beside the examples, and of the backend, whose precision is not that of the nodes, results too.
    The examples are one sample, which is its own mean over the batch.
    """
    reference = NumPy(checked.plan, np.zeros(len(checked.values)))
    numbers = _examples(checked)
    told = _by_nodes(checked, reference, numbers)
    beside = _beside(numbers, _indices(checked))
    if told.startswith("the gradient") and not _by_nodes(checked, reference, beside):
        told = ""
    if not told and not isinstance(backend, NumPy):
        with np.errstate(all="ignore"):
            told = _by_reference(checked, reference, backend, numbers) and _by_reference(
                checked, reference, backend, beside
            )
    if told:
        raise RuntimeError(f"compile: {told}; please report this with the function")


def _examples(checked: Checked) -> Numbers:
    """The numbers of parameters, arguments and draws."""
    numbers = {v: v.data for v in checked.values}
    for argument in checked.recording.arguments:
        numbers.update(zip(argument.values, argument.example, strict=True))
    for (
        drawn,
        _,
        number,
    ) in checked.recording.trace.draws:  # any number does, and the generator stays
        numbers.update((v, number(0.75)) for v in drawn)
    return numbers


def _indices(checked: Checked) -> set[Value]:
    """The arguments by which entries are looked up."""
    arguments = checked.recording.arguments
    return {arguments[k].values[row] for k, rows, _ in checked.plan.indices for row in rows}


def _beside(numbers: Numbers, fixed: set[Value]) -> Numbers:
    """Numbers that differ by about a thousandth, so that there are no ties; but for fixed ones."""
    rng = random.Random(0)
    return {
        v: x if v in fixed else float(x) + 1e-3 * (1 + abs(float(x))) * rng.random()
        for v, x in numbers.items()
    }


def _by_nodes(checked: Checked, reference: NumPy, numbers: Numbers) -> str:
    """What the reference and the recorded nodes disagree on; "" for nothing."""
    roots = [v for result in checked.recording.results for v in result.values]
    got, gradient = _run(checked, reference, numbers)
    twins = _replayed(roots, numbers)
    expected = np.array([float(twins[v].data) for v in roots])
    slopes = _slopes(twins, roots[0], checked.values) if checked.plan.seed else gradient
    scale = 1 + np.abs(slopes[np.isfinite(slopes)]).max(initial=0)
    return _told(
        checked,
        (got, expected, ~np.isclose(got, expected, rtol=1e-6, atol=1e-9, equal_nan=True)),
        (
            gradient,
            slopes,
            np.isfinite(slopes) & ~np.isclose(gradient, slopes, rtol=1e-6, atol=1e-9 * scale),
        ),
    )


def _by_reference(checked: Checked, reference: NumPy, backend: Backend, numbers: Numbers) -> str:
    """What a backend and the reference disagree on, beyond what its precision explains."""
    got, exact = (_run(checked, each, numbers) for each in (backend, reference))
    dtype = backend.weights.dtype
    told = _told(checked, *_wrong(got, exact, exact, TOLERANCE[str(dtype)]))
    if told:
        same = NumPy(checked.plan, np.zeros(len(checked.values), dtype))
        alike = _run(checked, same, numbers)
        told = _told(checked, *_wrong(got, exact, alike, TOLERANCE[str(dtype)]))
    return told


def _wrong(
    got: Sequence[Floats], exact: Sequence[Floats], alike: Sequence[Floats], tolerance: float
) -> Iterator[tuple[Floats, Floats, NDArray[np.bool_]]]:
    """Results, then gradients, and where they are wrong; not where the precision overflows."""
    for ours, right, theirs in zip(got, exact, alike, strict=True):
        known = np.isfinite(right) & np.isfinite(theirs)
        allowed = tolerance * (0.01 + np.abs(right[known]).max(initial=0))
        allowed += NOISE * np.abs(theirs - right)[known].max(initial=0)
        yield ours, right, known & ~(np.abs(ours - right) <= allowed)


def _told(checked: Checked, *compared: tuple[Floats, Floats, NDArray[np.bool_]]) -> str:
    """The first wrong result, or else the first wrong slope, in words."""
    (got, expected, wrong), (gradient, slopes, astray) = compared
    if wrong.any():
        worst = int(wrong.argmax())
        results = enumerate(checked.recording.results)
        places = [(k, v) for k, result in results for v in result.values]
        name = places[worst][1].label or f"result {places[worst][0]}"
        return f"for {name} the program gives {got[worst]}, the recorded graph {expected[worst]}"
    if astray.any():
        worst = int(astray.argmax())
        name = checked.values[worst].label or f"parameter {worst}"
        return (
            f"the gradient of {name} is {gradient[worst]} in the program, {slopes[worst]} in the "
            "recorded graph"
        )
    return ""


def _run(checked: Checked, backend: Backend, numbers: Numbers) -> tuple[Floats, Floats]:
    """The results of one sample, and the gradient, as a backend computes them."""
    recording, dtype = checked.recording, backend.weights.dtype
    groups = [argument.values for argument in recording.arguments]
    groups += [drawn for drawn, _, _ in recording.trace.draws]
    inputs = [np.array([[numbers[v] for v in group]], np.float64) for group in groups]
    with np.errstate(over="ignore"):
        backend.weights[...] = np.array([numbers[v] for v in checked.values], np.float64)
    results = [np.empty((1, *result.shape), dtype) for result in recording.results]
    backend.run(inputs, results, 1.0 if checked.plan.seed else 0.0)
    flat = np.concatenate([rows.ravel() for rows in results])
    return flat.astype(np.float64), backend.gradient.astype(np.float64)


def _replayed(roots: Sequence[Value], numbers: Numbers) -> dict[Any, graph.Node]:
    """A twin of every node behind the roots, inputs first, with numbers computed one by one."""
    twins = {v: graph.Node(None, (), number) for v, number in numbers.items()}
    for node in graph.order(*roots):
        for leaf in node.inputs or [node]:
            if leaf not in twins:
                twins[leaf] = graph.Node(None, (), leaf.data)
        if node.inputs:
            inputs = tuple([twins[x] for x in node.inputs])
            data = tuple([x.data for x in inputs])
            twins[node] = graph.Node(node.op, inputs, node.op.forward(*data) if node.op else data)
    return twins


def _slopes(twins: dict[Any, graph.Node], loss: Value, values: Sequence[Value]) -> Floats:
    """The gradient by the chain rule from node to node; nan where a row has no slope here."""
    try:
        twins[loss].grad = 1.0
        graph.sweep([twin for twin in twins.values() if twin.inputs])
    except ArithmeticError:  # of a row of one's own: those of the table never raise
        return np.full(len(values), np.nan)
    sent = (twins[v].grad for v in values)
    return np.array([0.0 if g is graph.UNREACHED else float(g) for g in sent])
