"""Sums over the batch that are means, or one sample's; axes that are not put back."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ..trace.nodes import Addresses, Array, Contraction, Gather, Node
from ..trace.record import Changes, Sends
from .changes import Change, Part, at, each, edges, mend, operand, reads
from .steps import Step, Steps, becomes

Axes = tuple[int, ...]
Kept = Callable[[Array, Axes], Array]
INSTEAD: dict[str, Kept] = {
    "the mean over {axes} stands where the sum belongs":
        lambda g, axes: g / np.prod([g.shape[a] for a in axes]),
    "only the first entry along {axes} is taken, not the sum": lambda g, axes: _only(g, axes, 0),
    "only the last entry along {axes} is taken, not the sum": lambda g, axes: _only(g, axes, -1),
}  # fmt: skip


def _only(g: Array, axes: Axes, place: int) -> Array:
    kept = np.zeros_like(g)
    at = tuple(place if a in axes else slice(None) for a in range(g.ndim))
    kept[at] = g[at]
    return kept


def sums(steps: Steps) -> Iterator[Change]:
    """Where an edge adds up over axes of its result: a mean, one entry."""
    for step, k in edges(steps):
        every = _summed(step.first, k)
        several = [every] if len(every) > 1 else []
        for axes in [*((axis,) for axis in every), *several]:
            words = ("axis " if len(axes) == 1 else "axes ") + ", ".join(map(str, axes))
            for said, change in INSTEAD.items():
                what = (f"in the gradient of `{operand(step, k)}` along {at(step)}, "
                        f"{said.format(axes=words)}")  # fmt: skip
                made = each(step.nodes, k, partial(_part, k=k, change=change, axes=axes))
                yield Change("sum", what, mend(step, k), reads(step, k), made, 1)


def _part(node: Node, k: int, change: Kept, axes: Axes) -> Part:
    return lambda g: node.part(k, change(g, axes))


def _summed(node: Node, k: int) -> Axes:
    """The axes of y over which the adjoint of an operand adds up."""
    shape = node.value.shape
    if isinstance(node.operation, Contraction):
        out, letters = node.operation.out, node.operation.letters[k]
        return tuple(a for a, c in enumerate(out) if c not in letters and shape[a] > 1)
    if isinstance(node.operation, Gather) and node.operation.what == "broadcast":
        x = (1,) * (len(shape) - node.inputs[0].value.ndim) + node.inputs[0].value.shape
        return tuple(a for a, n in enumerate(shape) if n > 1 and x[a] == 1)
    return ()


def swapped(steps: Steps) -> Iterator[Change]:
    """Two parts of an array whose gradients are put in each other's place."""
    parts = [step for step in steps.every if step.is_part]
    for n, one in enumerate(parts):
        for two in parts[n + 1 :]:
            if _are_siblings(one, two):
                yield _swap(one, two)


def _are_siblings(one: Step, two: Step) -> bool:
    """Whether two steps take parts of one size, with nothing in common, out of the same arrays."""
    pairs = list(zip(one.nodes, two.nodes, strict=False))
    alike = len(one.nodes) == len(two.nodes) and one.first.value.size == two.first.value.size
    apart = not np.isin(_places(one.first), _places(two.first)).any()
    return alike and apart and all(a.inputs[0] is b.inputs[0] for a, b in pairs)


def _places(node: Node) -> Addresses:
    """Where in the array a part lies, in order."""
    assert isinstance(node.operation, Gather)
    return np.sort(node.operation.at[node.operation.source >= 0])


def _swap(one: Step, two: Step) -> Change:
    what = (f"the gradients of {at(one)}{becomes(one)} and {at(two)}{becomes(two)} are put in each "
            "other's place: the blocks are exchanged")  # fmt: skip
    line = f"∂L/∂`{operand(one, 0)}` holds them in the order of the forward"
    return Change("swapped", what, line, reads(one, 0), partial(_crossing, one, two), 2)


def _crossing(one: Step, two: Step) -> Changes:
    """Each array hands on its adjoint with two blocks exchanged."""
    made: dict[Node, Sends] = {}
    for a, b in zip(one.nodes, two.nodes, strict=True):
        whole = a.inputs[0]
        made[whole] = partial(_crossed, whole, _places(a), _places(b))
    return made


def _crossed(whole: Node, here: Addresses, there: Addresses, g: Array) -> list[tuple[Node, Array]]:
    other = g.copy()
    other.flat[here], other.flat[there] = g.flat[there], g.flat[here]
    return list(whole.sends(other))
