"""Known operations inside of a forward, by their numbers: a sigmoid however it is written.

Where one array of the record is a known function of another, the mistakes that the catalogue has
for that function are tried in this place.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..catalogue.activations import ACTIVATIONS
from ..catalogue.core import Mistake, Operation
from ..catalogue.reading import Reading, recognise
from ..catalogue.softmax import LOG_SOFTMAX, SOFTMAX
from ..trace.nodes import Array, Node
from ..trace.record import Changes, Sends
from .changes import Change, at
from .operands import WHEN, runs_of
from .steps import Step, Steps, name_of

KNOWN = (*ACTIVATIONS, SOFTMAX, LOG_SOFTMAX)
DEPTH = 10  # operations between the two arrays


def blocks(steps: Steps) -> Iterator[Change]:
    """The catalogue's mistakes in every known operation that is found."""
    for step in steps.every:
        for x, readings in _found(steps, step):
            for mistake in readings[0].operation.mistakes:
                yield _change(step, x, readings, mistake)
            if all(m.name != "derivative-forgotten" for m in readings[0].operation.mistakes):
                yield _skipped(step, x, readings[0])
            if readings[0].operation.name in SLOPES:
                yield from _of_others(steps, step, x, readings[0].operation.name)


def _found(steps: Steps, step: Step) -> Iterator[tuple[list[Node], list[Reading]]]:
    """(x, reading) for each run of a step, where its result is a known function of x."""
    for first in _ancestors(step.first):
        xs = steps.of[first][0].nodes if first in steps.of else [first]
        reading = _reading(first, step.first, KNOWN) if len(xs) == len(step.nodes) else None
        if reading is not None:
            pairs = zip(xs[1:], step.nodes[1:], strict=True)
            others = [_reading(x, y, (reading.operation,)) for x, y in pairs]
            if all(others):
                yield xs, [reading, *(r for r in others if r is not None)]


def _ancestors(node: Node) -> Iterator[Node]:
    """Arrays of the same shape from which a node is computed, the nearest first."""
    seen, level = {node}, [node]
    for _ in range(DEPTH):
        level = [x for n in level for x in n.inputs if x.varies and x not in seen]
        seen.update(level)
        level = list(dict.fromkeys(level))
        yield from (x for x in level if x.value.shape == node.value.shape)


def _reading(x: Node, y: Node, known: Sequence[Operation]) -> Reading | None:
    """What known function y is of x, if it is one."""
    if np.array_equal(x.value, y.value):
        return None
    with np.errstate(all="ignore"):
        found = recognise(known, {"x": x.value}, y.value, 1e-9)
    return found[0] if found else None


def _change(step: Step, xs: list[Node], readings: list[Reading], mistake: Mistake) -> Change:
    runs = list(zip(step.nodes, xs, readings, strict=True))
    operation = readings[0].operation
    what = f"in the {operation.name} {at(step)} of `{name_of(xs[-1])}`: {mistake.remark}"
    made = {y: _sends(x, reading, mistake) for y, x, reading in runs}
    return Change(mistake.name, what, operation.remedy(mistake), xs[-1], lambda: made, 1)


def _skipped(step: Step, xs: list[Node], reading: Reading) -> Change:
    """The gradient is handed on as it is."""
    name = reading.operation.name
    what = (f"in the {name} {at(step)} of `{name_of(xs[-1])}`: its derivative is left out, the "
            "gradient is handed on as it is")  # fmt: skip
    line = "; ".join(reading.operation.algebra.values())
    pairs = list(zip(step.nodes, xs, strict=True))
    return Change("derivative-forgotten", what, line, xs[-1],
                  lambda: {y: _as_it_is(x) for y, x in pairs}, 1)  # fmt: skip


def _as_it_is(x: Node) -> Sends:
    return lambda g: [(x, g)]


def _sends(x: Node, reading: Reading, mistake: Mistake) -> Sends:
    def sends(g: Array) -> list[tuple[Node, Array]]:
        return [(x, np.asarray(reading.backward(g, [mistake])["x"]))]

    return sends


SLOPES: dict[str, tuple[str, Callable[[Array], Array]]] = {  # of the output
    "sigmoid": ("{y}·(1 − {y})", lambda y: y * (1 - y)),
    "tanh": ("1 − {y}²", lambda y: 1 - y * y),
    "relu": ("[{y} > 0]", lambda y: np.where(y > 0, 1.0, 0.0)),
}


def _of_others(steps: Steps, step: Step, xs: list[Node], name: str) -> Iterator[Change]:
    """The derivative taken of another array: of another gate, of the step before."""
    said, slope = SLOPES[name]
    for other in steps.every:
        if other.first.value.shape == step.first.value.shape and not other.is_inner:
            for nodes, which, shift in runs_of(other, len(step.nodes)):
                if nodes == step.nodes or all(node is None for node in nodes):
                    continue
                wrong = said.format(y=f"`{which}{WHEN[shift]}`")
                what = (f"in the {name} {at(step)}: its derivative is taken as {wrong}, of another "
                        "array than its result")  # fmt: skip
                line = f"{said.format(y=f'`{step.name}`')} is the derivative"
                made = _sloped(step, xs, nodes, slope)
                yield Change("slope of another", what, line, xs[-1], made, 3 + bool(shift))
    for x in steps.record.inputs.values():
        if x.value.shape == step.first.value.shape:
            what = f"in the {name} {at(step)}: its derivative is taken as {said.format(y=x.name)}"
            line = f"{said.format(y=f'`{step.name}`')} is the derivative"
            made = _sloped(step, xs, [x] * len(step.nodes), slope)
            yield Change("slope of another", what, line, xs[-1], made, 3)


def _sloped(
    step: Step, xs: list[Node], others: Sequence[Node | None], slope: Callable[[Array], Array]
) -> Callable[[], Changes]:
    def sends(x: Node, other: Node | None) -> Sends:
        factor = slope(np.zeros_like(x.value) if other is None else other.value)
        return lambda g: [(x, g * factor)]

    runs = zip(step.nodes, xs, others, strict=True)
    made = [(y, x, other) for y, x, other in runs]
    return lambda: {y: sends(x, other) for y, x, other in made}
