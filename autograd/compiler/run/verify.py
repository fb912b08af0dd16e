"""Check a program against the scalars it was recorded from, before anyone relies on it."""

from typing import Any

import numpy as np

from ... import graph
from ...numbers.kinds import UNKNOWN
from ...value import Value
from ..arrays.executable import Executable
from ..trace.record import Recording


def check(program: Any, recording: Recording) -> None:
    """Run the plan on the examples in float64, and every recorded node by itself: they agree.

    Raises RuntimeError where they do not, which would be a mistake of the compiler.
    """
    plan = program.plan
    numbers = {v: v.data for v in program.values}
    inputs = [np.array([a.example], np.float64) for a in recording.arguments]
    for argument in recording.arguments:
        numbers.update(zip(argument.values, argument.example, strict=True))
    for values, _, number in recording.trace.draws:
        drawn = [number(0.75) for _ in values]  # any number does, and the generator stays
        numbers.update(zip(values, drawn, strict=True))
        inputs.append(np.array([drawn], np.float64))
    weights = np.array([numbers[v] for v in program.values], np.float64)
    executable = Executable(plan, weights, 1)
    executable.run(inputs)
    roots = [v for result in recording.results for v in result.values]
    expected = evaluated(roots, numbers)
    got = np.concatenate([np.ravel(rows) for rows in executable.results])
    wrong = ~np.isclose(got, expected, rtol=1e-6, atol=1e-9, equal_nan=True)
    if wrong.any():
        worst = int(wrong.argmax())
        raise RuntimeError(
            f"compile: the program computes {got[worst]} where the recorded graph gives "
            f"{expected[worst]}; please report this with the function"
        )


def evaluated(roots: list[Value], numbers: dict[Value, Any]) -> list[float]:
    """The numbers of nodes, computed one by one from those of the leaves."""
    found: dict[Any, Any] = dict(numbers)
    for node in graph.order(*roots):
        if node in found:
            continue
        for x in node.inputs:
            if x not in found:
                found[x] = x.data if x.data is not UNKNOWN else float("nan")
        operands = [found[x] for x in node.inputs]
        if node.op is None:
            found[node] = tuple(operands) if node.inputs else node.data
        else:
            found[node] = node.op.forward(*operands)
    return [float(found[v]) for v in roots]
