"""Linear maps without weights, such as a rotation: applied again in backward, or not undone."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from ..trace.nodes import Array, Contraction, Elementwise, Gather, Node, Scatter
from ..trace.record import Sends
from .changes import Change
from .steps import Steps, name_of

AHEAD = 40  # operations of a map


def linear(steps: Steps) -> Iterator[Change]:
    """Every map of an array to one of its shape that is not its own transpose."""
    named = [s.first for s in steps.every if len(s.nodes) == 1 and s.name.isidentifier()]
    for x in (*steps.record.inputs.values(), *named):
        for y in _mapped(steps, x):
            g = steps.adjoints.get(y)
            if g is not None and not np.allclose(_applied(steps, x, y, g),
                                                 _undone(steps, x, y, g)):  # fmt: skip
                yield from _wrongly(steps, x, y)


def _mapped(steps: Steps, x: Node) -> Iterator[Node]:
    """Arrays of the shape of x that are linear in it, and the result of a name or a call."""
    within = {x}
    for y in steps.record.nodes[x.order + 1 : x.order + AHEAD]:
        if y in steps.of and _is_linear(y, within):
            within.add(y)
            step = steps.of[y][0]
            ends = any(user not in within for user, _ in steps.uses(y)) or _leaves(steps, y)
            if ends and y.value.shape == x.value.shape and len(step.nodes) == 1:
                yield y


def _is_linear(y: Node, within: set[Node]) -> bool:
    """Whether y is linear in what varies of its operands, which all is within."""
    moving = [x for x in y.inputs if x.varies]
    if any(x not in within for x in moving):
        return False
    if isinstance(y.operation, Gather | Scatter):
        return True
    if isinstance(y.operation, Contraction) or y.operation == Elementwise("mul"):
        return len(moving) == 1
    if y.operation == Elementwise("div"):
        return not y.inputs[1].varies
    return y.operation in (Elementwise("add"), Elementwise("sub"), Elementwise("neg"))


def _leaves(steps: Steps, y: Node) -> bool:
    """Whether y is what a function returns: nothing in it reads y."""
    return all(_depth(user) < _depth(y) for user, _ in steps.uses(y))


def _depth(node: Node) -> int:
    return len(node.site.places) if node.site is not None else 0


def _between(steps: Steps, x: Node, y: Node) -> list[Node]:
    """What lies between x and y, in the order of the forward, with y."""
    needed = {y}
    for node in reversed(steps.record.nodes[x.order + 1 : y.order + 1]):
        if node in needed:
            needed.update(other for other in node.inputs if other.varies)
    return [n for n in steps.record.nodes[x.order + 1 : y.order + 1] if n in needed]


def _applied(steps: Steps, x: Node, y: Node, g: Array) -> Array:
    """The map of g."""

    def run(start: Array) -> Array:
        values = {x: start}
        for node in _between(steps, x, y):
            assert node.operation is not None
            values[node] = node.operation.forward(*(values.get(i, i.value) for i in node.inputs))
        return values[y]

    return np.asarray(run(g) - run(np.zeros_like(g)))


def _undone(steps: Steps, x: Node, y: Node, g: Array) -> Array:
    """The transpose of the map, of g."""
    found = {y: g}
    for node in reversed(_between(steps, x, y)):
        for operand, part in node.sends(found.pop(node)):
            found[operand] = found[operand] + part if operand in found else part
    return found[x]


def _wrongly(steps: Steps, x: Node, y: Node) -> Iterator[Change]:
    """The map once more, and nothing at all."""
    step = steps.of[y][0]
    name = name_of(y)
    spot = f" ({step.spot})" if step.spot else ""
    line = f"∂L/∂`{name_of(x)}` is the transpose of the map applied to ∂L/∂`{name}`"

    def again(g: Array) -> list[tuple[Node, Array]]:
        return [(x, _applied(steps, x, y, g))]

    def passed(g: Array) -> list[tuple[Node, Array]]:
        return [(x, g)]

    said: dict[str, tuple[str, Sends]] = {
        "applied again": ("is applied to the gradient again, where its transpose belongs: it is "
                          "done once more, not undone", again),
        "map not undone": (f"is not undone: the gradient is handed to `{name_of(x)}` as it is",
                           passed),
    }  # fmt: skip
    for key, (what, sends) in said.items():
        yield Change(key, f"`{name}`{spot} {what}", line, x, partial(dict, [(y, sends)]), 2)
