"""Another array in the place of a factor: the present for the previous state, Q for K."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations

import numpy as np

from ..trace.nodes import Array, Contraction, Elementwise, Gather, Node
from ..trace.record import Changes, Sends
from .changes import Change, Part, at, each, edges, mend, operand, reads
from .steps import Step, Steps, name_of, root

Turn = Callable[[Array], Array]
WHEN = {-1: " of the step before", 0: "", 1: " of the step after"}


Runs = tuple[list[Node | None], str, int]  # an array for each run, its name, a shift
Values = Mapping[Node, Array | None]  # for each run; None for nothing


def operands(steps: Steps) -> Iterator[Change]:
    """Every factor of a product replaced by another array of its shape, or turned."""
    for step, k in edges(steps):
        if _is_product(step.first):
            yield from _upstream_turned(step, k)
            for j, factor in enumerate(step.first.inputs):
                if j != k:
                    yield from _replaced(steps, step, k, j)
                    yield from _turned(step, k, j, factor.value)


def together(steps: Steps) -> Iterator[Change]:
    """All products with one array, each made with the same other array in its place."""
    groups: dict[tuple[Node, ...], list[tuple[Step, int]]] = defaultdict(list)
    for step, k in edges(steps):
        if isinstance(step.first.operation, Contraction) and len(step.first.inputs) == 2:
            read = [x for node in step.nodes if (x := node.inputs[1 - k]).varies]
            groups[tuple(read)].append((step, k))
    for key, group in groups.items():
        if key and len(group) > 1 and len({(len(step.nodes), k) for step, k in group}) == 1:
            yield from _all_replaced(steps, group)


def _all_replaced(steps: Steps, group: list[tuple[Step, int]]) -> Iterator[Change]:
    step, k = group[0]
    j, named, carried = 1 - k, operand(step, 1 - k), step.is_carried(1 - k)
    to = " and ".join(f"`{operand(each_step, k)}`" for each_step, _ in group)
    line = "; ".join(mend(each_step, k) for each_step, _ in group)
    meeting = _meeting(steps, group)
    for values, name, shift in _candidates(steps, step, j):
        when = WHEN[shift] or (" of the same step" if carried and name == named else "")
        what = (f"the gradients of {to} ({step.spot}) are made with {_shown(name)}{when} where "
                f"`{named}`{WHEN[-1] if carried else ''} belongs")  # fmt: skip
        made = partial(_replacing, [s for s, _ in group], k, list(values.values()))
        yield Change("other operand", what, line, meeting, made, 2)


def _meeting(steps: Steps, group: list[tuple[Step, int]]) -> Node:
    """An array that depends on all that some edges hand to, and on as little else as there is."""
    wanted = frozenset[str]().union(*(steps.reach[reads(step, k)] for step, k in group))
    meeting = [node for node, names in steps.reach.items() if wanted <= names]
    return min(meeting, key=lambda node: len(steps.reach[node]))


def _replacing(group: list[Step], k: int, values: list[Array | None]) -> Changes:
    found: dict[Node, Sends] = {}
    for step in group:
        own = dict(zip(step.nodes, values, strict=True))
        found |= each(step.nodes, k, partial(_with, k=k, j=1 - k, values=own))()
    return found


def _shown(name: str) -> str:
    return f"`{name[:-1]}`ᵀ" if name.endswith("ᵀ") else f"`{name}`"


def untransposed(steps: Steps) -> Iterator[Change]:
    """All matrices that multiply one array, each without its transpose."""
    groups: dict[tuple[Node, ...], list[tuple[Step, int]]] = defaultdict(list)
    for step, k in edges(steps):
        if isinstance(step.first.operation, Contraction) and len(step.first.inputs) == 2:
            rows, *columns = step.first.inputs[1 - k].value.shape
            if [rows] == columns:
                read = [root(node.inputs[k]) for node in step.nodes if node.inputs[k].varies]
                groups[tuple(read)].append((step, k))
    for group in groups.values():
        if len(group) > 1:
            yield _all_turned(group)


def _all_turned(group: list[tuple[Step, int]]) -> Change:
    names = " and ".join(f"`{operand(step, 1 - k)}`" for step, k in group)
    step, k = group[0]
    what = (f"the gradient of `{operand(step, k)}` takes {names} without their transposes "
            f"({step.spot})")  # fmt: skip

    def made() -> Changes:
        found: dict[Node, Sends] = {}
        for step, k in group:
            turned = partial(_with_turned, k=k, j=1 - k, turn=np.transpose)
            found |= each(step.nodes, k, turned)()
        return found

    line = "; ".join(mend(step, k) for step, k in group)
    return Change("not transposed", what, line, reads(step, k), made, 2)


def _is_product(node: Node) -> bool:
    operation = node.operation
    return isinstance(operation, Contraction) or operation == Elementwise("mul")


def _replaced(steps: Steps, step: Step, k: int, j: int) -> Iterator[Change]:
    carried = step.is_carried(j)
    to, named, true = operand(step, k), operand(step, j), name_of(step.nodes[-1].inputs[j])
    for values, name, shift in _candidates(steps, step, j):
        before = WHEN[-1] if carried else ""
        when = WHEN[shift] or (" of the same step" if carried and name == true else "")
        what = (f"the gradient of `{to}` along {at(step)} is made with {_shown(name)}{when} where "
                f"`{named}`{before} belongs")  # fmt: skip
        made = each(step.nodes, k, partial(_with, k=k, j=j, values=values))
        rank = 3 if shift == 0 or name == true else 4
        yield Change("other operand", what, mend(step, k), reads(step, k), made, rank)


def _candidates(steps: Steps, step: Step, j: int) -> Iterator[tuple[Values, str, int]]:
    """(an array for each run, its name, which iteration's it is).

    What is rearranged before it is a factor (k.T) is compared before that, and then rearranged.
    """
    factors = [node.inputs[j] for node in step.nodes]
    shape = factors[0].value.shape
    yield from _of_shape(steps, step, factors, shape, lambda _, value: value)
    if all(isinstance(f.operation, Gather) and len(f.inputs) == 1 for f in factors):
        sources = [factor.inputs[0] for factor in factors]
        through = [partial(_rearranged, factor) for factor in factors]
        yield from _of_shape(steps, step, sources, sources[0].value.shape,
                             lambda t, value: through[t](value))  # fmt: skip
    if len(shape) == 2 and isinstance(step.first.operation, Contraction):
        yield from _of_transposes(steps, step, factors)


def _rearranged(factor: Node, value: Array) -> Array:
    assert factor.operation is not None
    return factor.operation.forward(value)


def _of_shape(
    steps: Steps, step: Step, true: list[Node], shape: tuple[int, ...],
    arranged: Callable[[int, Array], Array],
) -> Iterator[tuple[Values, str, int]]:  # fmt: skip
    """Arrays of a shape in the place of the true ones."""
    runs = len(step.nodes)
    every: list[Runs] = [([x] * runs, x.name, 0) for x in steps.record.inputs.values()]
    found = [r for other in steps.every if other.first.value.shape == shape
             and not other.is_inner for r in runs_of(other, runs)]  # fmt: skip
    found += _dealt_otherwise(steps, true)
    for others, name, shift in [*every, *found]:
        wrong = any(o is not t for o, t in zip(others, true, strict=True))
        wrong = wrong and len({t.value.shape for t in true}) == 1
        if wrong and all(o is None or o.value.shape == shape for o in others) and any(others):
            values = [None if o is None else arranged(t, o.value) for t, o in enumerate(others)]
            yield dict(zip(step.nodes, values, strict=True)), name, shift


def _dealt_otherwise(steps: Steps, true: list[Node]) -> Iterator[Runs]:
    """Parts that several runs share, such as a group's kernels, in the opposite order."""
    step = steps.of[true[0]][0] if true[0] in steps.of else None
    if step is not None and 1 < len(step.nodes) < len(true) and {*true} == {*step.nodes}:
        opposite = dict(zip(step.nodes, reversed(step.nodes), strict=True))
        said = "of the other block" if len(step.nodes) == 2 else "of the blocks in opposite order"
        yield [opposite[node] for node in true], f"{step.name} {said}", 0


def _of_transposes(steps: Steps, step: Step, true: list[Node]) -> Iterator[tuple[Values, str, int]]:
    """Matrices whose transpose has the shape of the true one."""
    rows, columns = true[0].value.shape
    for values, name, shift in _of_shape(steps, step, true, (columns, rows), lambda _, v: v.T):
        yield values, f"{name}ᵀ", shift


def runs_of(other: Step, runs: int) -> Iterator[Runs]:
    """What a step with so many runs may read of another: the same run, a neighbour, one of all."""
    nodes, many = other.nodes, len(other.nodes)
    if many == runs > 1:
        for shift in (0, -1, 1):
            yield ([nodes[t + shift] if 0 <= t + shift < many else None for t in range(runs)],
                   other.name, shift)  # fmt: skip
        yield [*reversed(nodes)], f"{other.name} in the opposite order of the runs (flipped)", 0
    one = {0: " of the first run", many - 2: " of the run before the last",
           many - 1: " of the last run"}  # fmt: skip
    for t, said in one.items() if many > 1 else ((0, ""),):
        if many == 1 or (runs in (1, many) and t >= 0):
            yield [nodes[t]] * runs, other.name + said, 0


def _with(node: Node, k: int, j: int, values: Values) -> Part:
    """What the k-th operand gets, where another array stands for the j-th."""
    value = values[node]
    return (lambda _: None) if value is None else _with_value(node, k, j, value)


def _with_value(node: Node, k: int, j: int, value: Array) -> Part:
    if isinstance(node.operation, Contraction):
        operation = node.operation
        factors = [value if i == j else x.value for i, x in enumerate(node.inputs)]
        return operation.with_factors(k, factors)
    return lambda g: g * value


def _turned(step: Step, k: int, j: int, factor: Array) -> Iterator[Change]:
    """The factor without its transpose, with two axes exchanged, or flipped."""
    to, name = operand(step, k), operand(step, j)
    for key, how, turn in _turns(factor.shape):
        what = f"the gradient of `{to}` along {at(step)} takes `{name}` {how}"
        made = each(step.nodes, k, partial(_with_turned, k=k, j=j, turn=turn))
        yield Change(key, what, mend(step, k), reads(step, k), made, 2)


def _upstream_turned(step: Step, k: int) -> Iterator[Change]:
    """What comes back to a product without its transpose, or flipped."""
    for key, how, turn in _turns(step.first.value.shape):
        what = (
            f"the gradient of `{operand(step, k)}` along {at(step)} takes ∂L/∂`{step.name}` {how}"
        )
        made = each(step.nodes, k, partial(_of_turned, k=k, turn=turn))
        yield Change(key, what, mend(step, k), reads(step, k), made, 3)


def _of_turned(node: Node, k: int, turn: Turn) -> Part:
    return lambda g: node.part(k, turn(g))


def _with_turned(node: Node, k: int, j: int, turn: Turn) -> Part:
    return _with_value(node, k, j, turn(node.inputs[j].value))


def _turns(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Turn]]:
    """(key, words, what is done) to an array of a shape, which stays its shape."""
    n = len(shape)
    for a, b in combinations(range(n), 2):
        if shape[a] == shape[b] > 1:
            how = "without its transpose" if n == 2 else f"with its axes {a} and {b} exchanged"
            yield "not transposed", how, partial(np.swapaxes, axis1=a, axis2=b)
    long = [a for a in range(n) if shape[a] > 1]
    for axes in (axes for m in (1, 2) for axes in combinations(long, m)):
        said = "axis " if len(axes) == 1 else "axes "
        how = f"flipped along its {said}{' and '.join(map(str, axes))}"
        yield "flipped", how, partial(np.flip, axis=axes)
