"""Rearrangements that are not undone, or whose repeated entries overwrite each other."""

from collections.abc import Iterator

import numpy as np

from ..trace.nodes import Array, Gather, Node
from .changes import Change, Part, at, each, edges, mend, operand, reads
from .steps import Step, Steps


def rearranged(steps: Steps) -> Iterator[Change]:
    """Every rearrangement with its gradient put back otherwise."""
    for step, k in edges(steps):
        operation = step.first.operation
        if isinstance(operation, Gather) and operation.what != "broadcast":
            if step.first.inputs[k].value.size == step.first.value.size:
                yield _not_undone(step, k)
            if operation.repeats:
                yield from _overwritten(step, k)
            if len(step.nodes) > 1 and not step.is_carried(k):
                yield _overwritten_by_runs(step, k)


def _not_undone(step: Step, k: int) -> Change:
    shape = step.first.inputs[k].value.shape
    what = (f"{at(step)} is not undone: its gradient is handed to `{operand(step, k)}` in the order "
            "in which it lies")  # fmt: skip
    made = each(step.nodes, k, lambda _: lambda g: g.reshape(shape))
    return Change("not undone", what, mend(step, k), reads(step, k), made, 2)


def _overwritten(step: Step, k: int) -> Iterator[Change]:
    for which, said in ((-1, "last"), (0, "first")):
        what = (f"entries of `{operand(step, k)}` that {at(step)} takes several times keep the "
                f"{said} gradient alone: add them up, with += or np.add.at")  # fmt: skip
        made = each(step.nodes, k, lambda n, w=which: _overwriting(n, k, w))
        yield Change("overwritten", what, mend(step, k), reads(step, k), made, 1)


def _overwriting(node: Node, k: int, which: int) -> Part:
    """dx[places] = g, where the first or the last of several stays."""
    operation = node.operation
    assert isinstance(operation, Gather)
    here = operation.source == k
    places, shape = operation.at[here], node.inputs[k].value.shape

    def part(g: Array) -> Array:
        found, values = np.zeros(int(np.prod(shape))), g[here]
        order = slice(None) if which < 0 else slice(None, None, -1)
        found[places[order]] = values[order]
        return found.reshape(shape)

    return part


def _overwritten_by_runs(step: Step, k: int) -> Change:
    """dx[places] = g in each turn of the loop: the turn that backward reaches last stays."""
    what = (f"entries of `{operand(step, k)}` that {at(step)} takes in several runs of the loop are "
            "overwritten, not added up: use += or np.add.at")  # fmt: skip

    def part(node: Node) -> Part:
        before = [_places(n, k) for n in step.nodes if n.order < node.order]
        taken = np.concatenate(before) if before else np.zeros(0, np.intp)
        shape = node.inputs[k].value.shape
        free = ~np.isin(np.arange(int(np.prod(shape))), taken).reshape(shape)
        alone = _overwriting(node, k, -1)
        return lambda g: alone(g) * free

    made = each(step.nodes, k, part)
    return Change("overwritten", what, mend(step, k), reads(step, k), made, 2)


def _places(node: Node, k: int) -> Array:
    operation = node.operation
    assert isinstance(operation, Gather)
    return operation.at[operation.source == k]
