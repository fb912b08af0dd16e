"""Known operations inside of a forward, by their numbers: a sigmoid however it is written.

Where one array of the record is a known function of another, the mistakes that the catalogue has
for that function are tried in this place.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..catalogue.activations import ACTIVATIONS
from ..catalogue.core import Mistake, Operation
from ..catalogue.reading import Reading, recognise
from ..catalogue.softmax import LOG_SOFTMAX, SOFTMAX
from ..trace.nodes import Array, Node
from ..trace.record import Sends
from .changes import Change, at
from .operands import WHEN, runs_of
from .steps import Step, Steps, name_of

KNOWN = (*ACTIVATIONS, SOFTMAX, LOG_SOFTMAX)
FEW = 3  # entries, of which fewer are many functions of each other
DEPTH = 10  # operations between the two arrays


class Block(NamedTuple):
    """A step whose result is a known function of another array, at each run."""

    step: Step
    xs: list[Node]
    readings: list[Reading]

    @property
    def name(self) -> str:
        """What the function is called."""
        return self.readings[0].operation.name


def blocks(steps: Steps) -> Iterator[Change]:
    """The catalogue's mistakes in every known operation that is found."""
    for block in known(steps):
        mistakes = block.readings[0].operation.mistakes
        for mistake in mistakes:
            yield _change(block, mistake)
        if all(mistake.name != "derivative-forgotten" for mistake in mistakes):
            yield _skipped(block)
        if block.name in SLOPES:
            yield from _of_others(steps, block)


@lru_cache(maxsize=2)
def inner_nodes(steps: Steps) -> set[Node]:
    """What lies within known functions: the operations of which a sigmoid is made."""
    found: set[Node] = set()
    for block in known(steps):
        for x, y in zip(block.xs, block.step.nodes, strict=True):
            level = [y]
            while level:
                before = {n for node in level for n in node.inputs if n.varies and n is not x}
                level = [n for n in before - found if n.order > x.order]
                found.update(level)
    return found


@lru_cache(maxsize=2)
def known(steps: Steps) -> list[Block]:
    """Every step of which the result is a known function of an array before it.

    Of several of which it is the same function, as a softmax of shifted numbers, the first counts.
    """
    every: list[Block] = []
    for step in steps.every:
        found: dict[str, Block] = {}
        for first in _ancestors(step.first) if step.first.value.size >= FEW else ():
            block = _block(steps, step, first)
            if block is not None and not _is_same(found.get(block.name), block):
                found[block.name] = block
        every += found.values()
    return every


def _is_same(nearer: Block | None, block: Block) -> bool:
    """Whether two are of the same numbers, as before and after a bias of zeros is added."""
    return nearer is not None and np.array_equal(nearer.xs[0].value, block.xs[0].value)


def _block(steps: Steps, step: Step, first: Node) -> Block | None:
    """A step as a known function of an array, if it is one in each of its runs."""
    xs = steps.of[first][0].nodes if first in steps.of else [first]
    reading = _reading(first, step.first, KNOWN) if len(xs) == len(step.nodes) else None
    if reading is None:
        return None
    pairs = zip(xs[1:], step.nodes[1:], strict=True)
    others = [_reading(x, y, (reading.operation,)) for x, y in pairs]
    known = [r for r in others if r is not None]
    return Block(step, xs, [reading, *known]) if len(known) == len(others) else None


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


def _change(block: Block, mistake: Mistake) -> Change:
    operation = block.readings[0].operation
    of = name_of(block.xs[-1])
    what = f"in the {operation.name} {at(block.step)} of `{of}`: {mistake.remark}"
    runs = zip(block.step.nodes, block.xs, block.readings, strict=True)
    made = {y: _sends(x, reading, mistake) for y, x, reading in runs}
    return Change(mistake.name, what, operation.remedy(mistake), block.xs[-1], lambda: made, 1)


def _skipped(block: Block) -> Change:
    """The gradient is handed on as it is."""
    what = (f"in the {block.name} {at(block.step)} of `{name_of(block.xs[-1])}`: its derivative is "
            "left out, the gradient is handed on as it is")  # fmt: skip
    line = "; ".join(block.readings[0].operation.algebra.values())
    made = {y: _as_it_is(x) for y, x in zip(block.step.nodes, block.xs, strict=True)}
    return Change("derivative-forgotten", what, line, block.xs[-1], lambda: made, 1)


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


def _of_others(steps: Steps, block: Block) -> Iterator[Change]:
    """The derivative taken of another array: of another gate, of the step before, of an input."""
    step, shape = block.step, block.step.first.value.shape
    for other in steps.every:
        if other.first.value.shape == shape and not other.is_inner:
            for nodes, which, shift in runs_of(other, len(step.nodes)):
                if nodes != step.nodes and any(nodes):
                    yield _of_other(block, nodes, which + WHEN[shift], 3 + bool(shift))
    for x in steps.record.inputs.values():
        if x.value.shape == shape:
            yield _of_other(block, [x] * len(step.nodes), x.name, 3)


def _of_other(block: Block, others: Sequence[Node | None], which: str, rank: int) -> Change:
    said, slope = SLOPES[block.name]
    true, wrong = (said.format(y=f"`{name}`") for name in (block.step.name, which))
    what = (f"in the {block.name} {at(block.step)}: its derivative is taken as {wrong}, where "
            f"{true} belongs")  # fmt: skip
    runs = list(zip(block.step.nodes, block.xs, others, strict=True))
    return Change("slope of another", what, f"{true} is the derivative", block.xs[-1],
                  lambda: {y: _sloped(x, other, slope) for y, x, other in runs}, rank)  # fmt: skip


def _sloped(x: Node, other: Node | None, slope: Callable[[Array], Array]) -> Sends:
    factor = slope(np.zeros_like(x.value) if other is None else other.value)
    return lambda g: [(x, g * factor)]
