"""Sums over the batch that are means, or one sample's; axes that are not put back."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations

import numpy as np

from ..trace.nodes import Addresses, Array, Contraction, Elementwise, Gather, Node
from ..trace.record import Changes, Sends
from .changes import Change, Part, at, each, edge, edges, mend, operand, reads
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

        for axis, other in _confused(step.first, k):
            what = (f"in the gradient of `{operand(step, k)}` along {at(step)}, the sum is taken "
                    f"over axis {other}, where axis {axis} belongs")  # fmt: skip
            made = each(step.nodes, k, partial(_over_other, k=k, axes=(axis, other)))
            yield Change("other axis", what, mend(step, k), reads(step, k), made, 2)


def spread_again(steps: Steps) -> Iterator[Change]:
    """A sum or mean that goes on to every entry of its operand, summed over other axes."""
    for step in steps.every:
        operation, x = step.first.operation, step.first.inputs[0]
        if len(step.nodes) > 1 or not isinstance(operation, Contraction) or not x.varies:
            continue
        over = tuple(a for a, i in enumerate(operation.letters[0]) if i not in operation.out)
        last = _last(steps, step.first, x) if len(operation.letters) == 1 and over else None
        if last is None:
            continue
        for axes in others_of(x.value.shape, over):
            for divided in (False, True):
                what = (f"in the gradient of `{operand(step, 0)}` along {at(step)}, the "
                        f"{'mean' if divided else 'sum'} is taken over {said_of(axes)}, not over "
                        f"{said_of(over)}")  # fmt: skip
                made = partial(_spread_over, last, x, over, axes, divided)
                yield Change("other axis", what, mend(step, 0), x, made, 2)


def _last(steps: Steps, node: Node, x: Node) -> Node | None:
    """Where what is made of a reduction, by numbers alone, is spread over its operand's shape."""
    while len(uses := steps.uses(node)) == 1:
        node = uses[0][0]
        scaled = node.operation in (Elementwise("div"), Elementwise("mul"), Elementwise("neg"))
        if not isinstance(node.operation, Gather) and not scaled:
            return None
        if sum(operand.varies for operand in node.inputs) > 1:
            return None
        if node.value.shape == x.value.shape and _is_spread(node):
            return node
    return None


def others_of(shape: tuple[int, ...], over: Axes) -> Iterator[Axes]:
    """Every choice of axes along which there are several entries, but for one."""
    for count in range(1, len(shape) + 1):
        for axes in combinations(range(len(shape)), count):
            if axes != over and math.prod(shape[a] for a in axes) > 1:
                yield axes


def _spread_over(last: Node, x: Node, over: Axes, axes: Axes, divided: bool) -> Changes:
    """The broadcast hands what it gets to x, summed over the axes and scaled as it would be."""
    through, node = np.ones(x.value.shape), last
    while node is not x:
        k = next(k for k, operand in enumerate(node.inputs) if operand.varies)
        through, node = node.part(k, through), node.inputs[k]
    sizes = [math.prod(x.value.shape[a] for a in each) for each in (over, axes)]
    scale = through / sizes[divided]

    def sends(g: Array) -> list[tuple[Node, Array]]:
        return [(x, scale * g.sum(axes, keepdims=True))]

    return {last: sends}


def said_of(axes: Axes) -> str:
    """`axis 1`, `axes 0, 2 and 3`."""
    *more, last = map(str, axes)
    return f"axes {', '.join(more)} and {last}" if more else f"axis {last}"


def _is_spread(node: Node) -> bool:
    return isinstance(node.operation, Gather) and node.operation.what == "broadcast"


def _confused(node: Node, k: int) -> Iterator[tuple[int, int]]:
    """(an axis that an array was spread over, one of its length that it was not)."""
    shape, over = node.value.shape, _summed(node, k) if _is_spread(node) else ()
    for axis in over:
        for other, length in enumerate(shape):
            if other not in over and length == shape[axis]:
                yield axis, other


def _over_other(node: Node, k: int, axes: tuple[int, int]) -> Part:
    return lambda g: node.part(k, np.swapaxes(g, *axes))


def positions(steps: Steps) -> Iterator[Change]:
    """Where an array is spread over an axis, and one of its operands is handed one entry alone."""
    for step, k in edges(steps):
        uses = steps.uses(step.first)
        if len(uses) != 1 or len(step.nodes) > 1 or len(step.first.inputs) < 2:
            continue
        (spread, j), *_ = uses
        for axis in _summed(spread, j) if _is_spread(spread) else ():
            for said, change in INSTEAD.items():
                what = (
                    f"in the gradient of `{operand(step, k)}` along {at(step)}, "
                    f"{said.format(axes=f'axis {axis}')}, of ∂L/∂`{steps.of[spread][0].name}`"
                )
                use, taken = (spread, j), partial(_along, change, (axis,))
                made = partial(_of_one, step.first, k, use, taken)
                yield Change("sum", what, mend(step, k), reads(step, k), made, 3)


def _along(change: Kept, axes: Axes, g: Array) -> Array:
    return change(g, axes)


def _of_one(node: Node, k: int, use: tuple[Node, int], change: Callable[[Array], Array]) -> Changes:
    """An operand of a node gets its part of something else than the other operands."""
    spread, j = use
    handed: list[Array] = []

    def remembered(g: Array) -> list[tuple[Node, Array]]:
        handed.append(spread.part(j, change(g)))
        return list(spread.sends(g))

    def part(g: Array) -> Array:
        return node.part(k, handed.pop() if handed else g)

    return {spread: remembered, node: edge(node, k, part)}


def _part(node: Node, k: int, change: Kept, axes: Axes) -> Part:
    return lambda g: node.part(k, change(g, axes))


def _summed(node: Node, k: int) -> Axes:
    """The axes of y over which the adjoint of an operand adds up."""
    shape = node.value.shape
    if isinstance(node.operation, Contraction):
        out, letters = node.operation.out, node.operation.letters[k]
        return tuple(a for a, c in enumerate(out) if c not in letters and shape[a] > 1)
    if _is_spread(node):
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
