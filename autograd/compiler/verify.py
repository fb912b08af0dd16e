"""Check a program against the scalars it was recorded from, before anyone relies on it."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import graph
from ..value import Value
from .backends import Backend
from .backends.numpy import NumPy
from .plan.plan import Indices, Plan
from .trace.record import Recording

Floats = NDArray[np.float64]
TOLERANCE = {
    "float32": 1e-3,
    "float64": 1e-6,
    "bfloat16": 0.1,
}  # of a backend, relative to the largest number
NOISE = 10  # times the error that NumPy makes in the same precision is no mistake


class Checked(NamedTuple):
    """What is checked: a plan, where it comes from, and the leaves that are its parameters."""

    plan: Plan
    recording: Recording
    values: Sequence[Value]


class Point(NamedTuple):
    """Where it is checked: the numbers of the parameters, and of each argument and draw."""

    parameters: Floats
    inputs: list[Floats]


@np.errstate(all="ignore")
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
    point = _examples(checked)
    told = _by_nodes(checked, reference, point)
    if told.startswith("the gradient"):
        beside = _beside(point, checked.plan.indices)
        told = told if _by_nodes(checked, reference, beside) else ""
    _refuse(told)
    check_backend(checked, backend)


@np.errstate(all="ignore")
def check_backend(checked: Checked, backend: Backend) -> None:
    """Run the plan on a backend and on the reference; of what was recorded, no graph is needed.

    Raises RuntimeError where they do not agree.
    """
    if isinstance(backend, NumPy):
        return
    reference = NumPy(checked.plan, np.zeros(len(checked.values)))
    point = _examples(checked)
    told = _by_reference(checked, reference, backend, point)
    if told:
        beside = _beside(point, checked.plan.indices)
        told = _by_reference(checked, reference, backend, beside)
    _refuse(told)


def _refuse(told: str) -> None:
    if told:
        raise RuntimeError(f"compile: {told}; please report this with the function")


def _examples(checked: Checked) -> Point:
    """The numbers of parameters, arguments and draws."""
    recording = checked.recording
    inputs = [np.array(argument.example, np.float64) for argument in recording.arguments]
    for values, _, number in recording.trace.draws:  # any number does, and the generator stays
        inputs.append(np.full(len(values), number(0.75), np.float64))
    return Point(np.array([v.data for v in checked.values], np.float64), inputs)


def _beside(point: Point, indices: Indices) -> Point:
    """Numbers that differ by about a thousandth, so that there are no ties; but not those by which
    entries are looked up.
    """
    rng = random.Random(0)

    def moved(numbers: Floats) -> Floats:
        return numbers + 1e-3 * (1 + np.abs(numbers)) * [rng.random() for _ in numbers]

    inputs = list(map(moved, point.inputs))
    for argument, numbers, _ in indices:
        inputs[argument][numbers] = point.inputs[argument][numbers]
    return Point(moved(point.parameters), inputs)


def _by_nodes(checked: Checked, reference: NumPy, point: Point) -> str:
    """What the reference and the recorded nodes disagree on; "" for nothing."""
    roots = [v for result in checked.recording.results for v in result.values]
    got, gradient = _run(checked, reference, point)
    twins = _replayed(roots, _by_leaf(checked, point))
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


def _by_leaf(checked: Checked, point: Point) -> dict[Value, float]:
    """The number of each leaf."""
    recording = checked.recording
    numbers = dict(zip(checked.values, point.parameters.tolist(), strict=True))
    groups = [argument.values for argument in recording.arguments]
    groups += [drawn for drawn, _, _ in recording.trace.draws]
    for values, row in zip(groups, point.inputs, strict=True):
        numbers.update(zip(values, row.tolist(), strict=True))
    return numbers


def _by_reference(checked: Checked, reference: NumPy, backend: Backend, point: Point) -> str:
    """What a backend and the reference disagree on, beyond what its precision explains."""
    got, exact = (_run(checked, each, point) for each in (backend, reference))
    tolerance = TOLERANCE[backend.precision]
    told = _told(checked, *_wrong(got, exact, exact, tolerance))
    if told:
        same = NumPy(checked.plan, np.zeros(len(checked.values), backend.weights.dtype))
        alike = _run(checked, same, point)
        told = _told(checked, *_wrong(got, exact, alike, tolerance))
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
        name = _name(checked.recording, worst)
        return f"for {name} the program gives {got[worst]}, the recorded graph {expected[worst]}"
    if astray.any():
        worst = int(astray.argmax())
        name = checked.values[worst].label or f"parameter {worst}"
        return (
            f"the gradient of {name} is {gradient[worst]} in the program, {slopes[worst]} in the "
            "recorded graph"
        )
    return ""


def _name(recording: Recording, place: int) -> str:
    """What a number among the results is called."""
    for k, result in enumerate(recording.results):
        size = math.prod(result.shape)
        if place < size:
            label = result.values[place].label if result.values else ""
            return label or f"result {k}"
        place -= size
    raise IndexError(place)


def _run(checked: Checked, backend: Backend, point: Point) -> tuple[Floats, Floats]:
    """The results of one sample, and the gradient, as a backend computes them."""
    recording, dtype = checked.recording, backend.weights.dtype
    with np.errstate(over="ignore"):
        backend.weights[...] = point.parameters
    results = [np.empty((1, *result.shape), dtype) for result in recording.results]
    backend.run([row[None] for row in point.inputs], results, 1.0 if checked.plan.seed else 0.0)
    flat = np.concatenate([rows.ravel() for rows in results])
    return flat.astype(np.float64), backend.gradient.astype(np.float64)


def _replayed(roots: Sequence[Value], numbers: dict[Value, float]) -> dict[Any, graph.Node]:
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
