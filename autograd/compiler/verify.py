"""Check a program against the scalars it was recorded from, before anyone relies on it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import graph
from ..value import Value
from .backends.numpy import NumPy
from .plan.plan import Plan
from .trace.record import Recording


def check(plan: Plan, recording: Recording, values: Sequence[Value]) -> None:
    """Run the plan on the examples in float64, and every recorded node by itself: they agree.

    Raises RuntimeError where they do not, which would be a mistake of the compiler; it names the
    result by its label (entries of a layer's output have one) or its place.
    """
    numbers = {v: v.data for v in values}
    inputs = [np.array([a.example], np.float64) for a in recording.arguments]
    for argument in recording.arguments:
        numbers.update(zip(argument.values, argument.example, strict=True))
    for drawn, _, number in recording.trace.draws:
        draws = [number(0.75) for _ in drawn]  # any number does, and the generator stays
        numbers.update(zip(drawn, draws, strict=True))
        inputs.append(np.array([draws], np.float64))
    reference = NumPy(plan, np.array([numbers[v] for v in values], np.float64))
    results = [np.empty((1, *result.shape)) for result in recording.results]
    reference.run(inputs, results, 0.0)
    roots = [(k, v) for k, result in enumerate(recording.results) for v in result.values]
    expected = evaluated([v for _, v in roots], numbers)
    got = np.concatenate([np.ravel(rows) for rows in results])
    wrong = ~np.isclose(got, expected, rtol=1e-6, atol=1e-9, equal_nan=True)
    if wrong.any():
        worst = int(wrong.argmax())
        k, node = roots[worst]
        raise RuntimeError(
            f"compile: for {node.label or f'result {k}'} the program gives {got[worst]}, the "
            f"recorded graph {expected[worst]}; please report this with the function"
        )


def evaluated(roots: Sequence[Value], numbers: dict[Value, Any]) -> list[float]:
    """The numbers of nodes, computed one by one from those of the leaves."""
    found: dict[Any, Any] = {**{v: v.data for v in roots}, **numbers}
    for node in graph.order(*roots):
        operands = [found.get(x, x.data) for x in node.inputs]
        if node.op is not None:
            found[node] = node.op.forward(*operands)
        elif operands:
            found[node] = tuple(operands)
    return [float(found[v]) for v in roots]
