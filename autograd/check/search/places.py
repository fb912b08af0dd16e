"""Rearrangements that are not undone, or whose repeated entries overwrite each other."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from ..trace.nodes import Addresses, Array, Contraction, Gather, Node
from ..trace.record import Sends
from .changes import Change, Part, at, each, edges, mend, operand, reads
from .steps import Step, Steps, name_of

FEW = 4  # runs, of which one may go wrong alone


def rearranged(steps: Steps) -> Iterator[Change]:
    """Every rearrangement with its gradient put back otherwise."""
    for step, k in edges(steps):
        operation = step.first.operation
        if isinstance(operation, Gather) and operation.what != "broadcast":
            if step.first.inputs[k].value.size == step.first.value.size:
                yield from _not_undone(steps, step, k)
                yield from _dealt_otherwise(step, k)
            else:
                yield from _put_as_it_lies(step, k)
            yield from _strides(step, k)
            if operation.what in ("max", "min"):
                yield from _spread(step, k)
            if operation.repeats:
                yield from _overwritten(step, k)
            if len(step.nodes) > 1 and not step.is_carried(k):
                yield from _overwritten_by_runs(step, k)


def _spread(step: Step, k: int) -> Iterator[Change]:
    """What belongs to the largest entry alone is handed to all that it is the largest of."""
    axes = _reduced(step.first)
    if axes is not None:
        what = (f"what {at(step)} hands back to `{operand(step, k)}` goes to every entry, not to "
                "the largest alone: its mask is missing")  # fmt: skip
        made = each(step.nodes, k, partial(_to_all, k=k, axes=axes))
        yield Change("not masked", what, mend(step, k), reads(step, k), made, 1)


def _reduced(node: Node) -> tuple[int, ...] | None:
    """The axes of the operand over which an extreme is taken."""
    operation, x, y = node.operation, node.inputs[0].value, node.value
    if not isinstance(operation, Gather) or x.ndim <= y.ndim:
        return None
    where = np.unravel_index(operation.at, x.shape)
    for axes in combinations(range(x.ndim), x.ndim - y.ndim):
        kept = [where[a] for a in range(x.ndim) if a not in axes]
        shape = tuple(n for a, n in enumerate(x.shape) if a not in axes)
        if shape == y.shape and all(map(np.array_equal, kept, np.indices(shape))):
            return axes
    return None


def _to_all(node: Node, k: int, axes: tuple[int, ...]) -> Part:
    shape = node.inputs[k].value.shape
    return lambda g: np.broadcast_to(np.expand_dims(g, axes), shape)


def _not_undone(steps: Steps, step: Step, k: int) -> Iterator[Change]:
    """The gradient as it lies, through one rearrangement or several that follow each other."""
    chain = step.first.inputs[k]
    while chain.varies and chain.value.size == step.first.value.size:
        if chain.value.ndim > 1 or step.first.value.ndim > 1:
            yield from _as_it_lies(steps, step, chain)
        if not isinstance(chain.operation, Gather) or len(steps.uses(chain)) > 1:
            return
        if len(chain.inputs) > 1 or not chain.inputs[0].varies:
            return
        chain = chain.inputs[0]


def _dealt_otherwise(step: Step, k: int) -> Iterator[Change]:
    """A reshape that is undone as if axes lay in another order: tiled for repeated."""
    operation = step.first.operation
    assert isinstance(operation, Gather)
    if not np.array_equal(operation.at.ravel(), np.arange(operation.at.size)):
        return
    x, y = step.first.inputs[k].value.shape, step.first.value.shape
    for shape, mine in ((x, True), (y, False)):
        for order, said in _orders(shape):
            whose = f"`{operand(step, k)}`" if mine else "it"
            what = f"{at(step)} is undone as if {said} of {whose} were exchanged"
            if not mine and _is_summed(step.first):
                what += ": the gradient is tiled (np.tile) where it should be repeated (np.repeat)"
            made = each(step.nodes, k, partial(_dealt, k=k, order=order, mine=mine))
            yield Change("order of axes", what, mend(step, k), reads(step, k), made, 2)


def _is_summed(node: Node) -> bool:
    """Whether axes of an array are summed by what reads it."""
    users = [user.operation for user, _ in node.uses]
    return any(isinstance(op, Contraction) and len(op.letters) == 1 for op in users)


def _orders(shape: tuple[int, ...]) -> Iterator[tuple[list[int], str]]:
    """Orders with neighbouring axes exchanged: one pair, or several beside each other."""
    n = len(shape)
    pairs = [a for a in range(n - 1) if shape[a] > 1 and shape[a + 1] > 1]
    for count in range(1, n // 2 + 1):
        for chosen in combinations(pairs, count):
            if all(b - a > 1 for a, b in pairwise(chosen)):
                order = list(range(n))
                for a in chosen:
                    order[a], order[a + 1] = a + 1, a
                yield order, "axes " + ", and ".join(f"{a} and {a + 1}" for a in chosen)


def _dealt(node: Node, k: int, order: list[int], mine: bool) -> Part:
    x, y = node.inputs[k].value, node.value
    if (x if mine else y).ndim != len(order):  # another run of the step has another shape
        return lambda _: None
    if mine:
        there = tuple(x.shape[a] for a in order)
        return lambda g: g.reshape(there).transpose(np.argsort(order))
    return lambda g: g.reshape(y.shape).transpose(order).reshape(x.shape)


def _as_it_lies(steps: Steps, step: Step, target: Node) -> Iterator[Change]:
    """In all runs, and in one of a few."""
    every = steps.of[target][0].nodes if target in steps.of else [target]
    same = every if len(every) == len(step.nodes) else [target] * len(step.nodes)

    def sends(x: Node) -> Sends:
        return lambda g: [(x, g.reshape(x.value.shape))]

    targets = dict(zip(step.nodes, same, strict=True))
    for said, nodes in _some(step):
        what = (f"{at(step)} is not undone{said}: its gradient is handed to `{name_of(target)}` in "
                "the order in which it lies")  # fmt: skip
        made = {node: sends(targets[node]) for node in nodes}
        yield Change("not undone", what, mend(step, 0), targets[nodes[-1]], partial(dict, made), 2)


def _some(step: Step) -> Iterator[tuple[str, list[Node]]]:
    """All runs of a step, and each alone where there are few."""
    n = len(step.nodes)
    yield "", step.nodes
    for t, node in enumerate(step.nodes if 1 < n <= FEW else ()):
        yield f" in run {t + 1} of {n}", [node]


def _put_as_it_lies(step: Step, k: int) -> Iterator[Change]:
    """A part that is also rearranged, whose gradient is put there as it lies: dq.reshape(n, −1)."""
    operation = step.first.operation
    assert isinstance(operation, Gather)
    places = _places(step.first, k)
    if operation.repeats or places.size < step.first.value.size or (np.diff(places) > 0).all():
        return
    for said, nodes in _some(step):
        what = (f"{at(step)} is not undone{said}: its gradient is put into `{operand(step, k)}` in "
                "the order in which it lies, only reshaped")  # fmt: skip
        made = each(nodes, k, partial(_in_order, k=k))
        yield Change("not undone", what, mend(step, k), nodes[-1].inputs[k], made, 2)


def _in_order(node: Node, k: int) -> Part:
    places, shape = np.sort(_places(node, k)), node.inputs[k].value.shape
    return lambda g: _sums(places, g, int(np.prod(shape))).reshape(shape)


def _strides(step: Step, k: int) -> Iterator[Change]:
    """Windows that are put back as if their stride or dilation were 1."""
    shape = step.first.inputs[k].value.shape
    if any(node.inputs[k].value.shape != shape for node in step.nodes) or not shape:
        return
    for axis in range(len(shape)):
        for said, moved in _unstrided(step, k, axis):
            what = (f"the gradient of `{operand(step, k)}` along {at(step)} is put back with a "
                    f"{said} along axis {axis}")  # fmt: skip
            made = each(step.nodes, k, partial(_put_back, k=k, places=moved))
            yield Change("stride", what, mend(step, k), reads(step, k), made, 2)


def _unstrided(step: Step, k: int, axis: int) -> Iterator[tuple[str, dict[Node, Addresses]]]:
    """(words, addresses for each run) where a stride along an axis of the operand is left out."""
    where = {node: _coordinates(node, k) for node in step.nodes}
    if any(c is None for c in where.values()):
        return
    found = {node: c for node, c in where.items() if c is not None}
    first = found[step.first][axis]
    starts = {node: int(c[axis].flat[0] - first.flat[0]) for node, c in found.items()}
    step_by = int(np.gcd.reduce([abs(s) for s in starts.values()]))
    if step_by > 1:
        yield (
            f"stride of 1 for {step_by}",
            {
                node: _shifted(node, k, c, axis, starts[node] // step_by - starts[node])
                for node, c in found.items()
            },
        )
    for a in range(first.ndim):
        by = np.diff(first, axis=a)
        if by.size and (by == by.flat[0]).all() and by.flat[0] > 1:
            n = int(by.flat[0])
            line = np.arange(first.shape[a]).reshape(
                [-1 if i == a else 1 for i in range(first.ndim)]
            )
            yield (
                f"stride or dilation of 1 for {n}",
                {node: _shifted(node, k, c, axis, -(n - 1) * line) for node, c in found.items()},
            )


def _coordinates(node: Node, k: int) -> tuple[Addresses, ...] | None:
    """Where in the operand each entry comes from; None where some come from nowhere."""
    operation = node.operation
    if not isinstance(operation, Gather) or not (operation.source == k).all():
        return None
    return tuple(np.unravel_index(operation.at, node.inputs[k].value.shape))


def _shifted(node: Node, k: int, at_: tuple[Addresses, ...], axis: int, by: Any) -> Addresses:
    moved = [c + by if a == axis else c for a, c in enumerate(at_)]
    return np.asarray(np.ravel_multi_index(moved, node.inputs[k].value.shape, mode="clip"))


def _put_back(node: Node, k: int, places: Mapping[Node, Addresses]) -> Part:
    at_ = places[node].ravel()
    shape = node.inputs[k].value.shape
    size = int(np.prod(shape))
    return lambda g: _sums(at_, g, size).reshape(shape)


def _sums(places: Addresses, g: Array, size: int) -> Array:
    return np.asarray(np.bincount(places, g.ravel(), size), np.float64)


def _overwritten(step: Step, k: int) -> Iterator[Change]:
    for which, said in ((-1, "last"), (0, "first")):
        what = (f"entries of `{operand(step, k)}` that {at(step)} takes several times keep the "
                f"{said} gradient alone: add them up, with += or np.add.at")  # fmt: skip
        made = each(step.nodes, k, partial(_overwriting, k=k, which=which))
        yield Change("overwritten", what, mend(step, k), reads(step, k), made, 1)
    what = (f"entries of `{operand(step, k)}` that {at(step)} takes several times get the mean of "
            "their gradients, not the sum")  # fmt: skip
    made = each(step.nodes, k, partial(_averaging, k=k))
    yield Change("mean of copies", what, mend(step, k), reads(step, k), made, 1)


def _averaging(node: Node, k: int) -> Part:
    operation, shape = node.operation, node.inputs[k].value.shape
    assert isinstance(operation, Gather)
    count = np.bincount(operation.at[operation.source == k], minlength=int(np.prod(shape)))
    return lambda g: node.part(k, g) / np.maximum(count.reshape(shape), 1)


def _overwriting(node: Node, k: int, which: int) -> Callable[[Array], Array]:
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


def _overwritten_by_runs(step: Step, k: int) -> Iterator[Change]:
    """dx[places] = g in each turn of the loop: the turn that backward reaches last stays."""
    for sign, said in ((1, "first"), (-1, "last")):
        what = (f"entries of `{operand(step, k)}` that {at(step)} takes in several runs are "
                f"overwritten, and the {said} run stays: add up, with += or np.add.at")  # fmt: skip
        made = each(step.nodes, k, partial(_staying, k=k, nodes=step.nodes, sign=sign))
        yield Change("overwritten", what, mend(step, k), reads(step, k), made, 2)


def _staying(node: Node, k: int, nodes: list[Node], sign: int) -> Part:
    """The part of a run in those entries that no run before it (or after it) takes."""
    kept = [_places(n, k) for n in nodes if sign * n.order < sign * node.order]
    taken = np.concatenate(kept) if kept else np.zeros(0, np.intp)
    shape = node.inputs[k].value.shape
    free = ~np.isin(np.arange(int(np.prod(shape))), taken).reshape(shape)
    alone = _overwriting(node, k, -1)
    return lambda g: np.where(free, alone(g), 0.0)


def _places(node: Node, k: int) -> Addresses:
    operation = node.operation
    assert isinstance(operation, Gather)
    return np.asarray(operation.at[operation.source == k])
