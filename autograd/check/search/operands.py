"""Another array in the place of a factor: the present for the previous state, Q for K."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations

import numpy as np

from ..trace.nodes import Array, Contraction, Elementwise, Gather, Node
from ..trace.record import Changes, Sends
from .changes import Change, Part, at, each, edges, mend, operand, reads
from .steps import Step, Steps, root

Turn = Callable[[Array], Array]
WHEN = {-1: " of the step before", 0: "", 1: " of the step after"}


def operands(steps: Steps) -> Iterator[Change]:
    """Every factor of a product replaced by another array of its shape."""
    for step, k in edges(steps):
        for j, factor in enumerate(step.first.inputs):
            if j != k and _is_product(step.first):
                yield from _replaced(steps, step, k, j)
                if isinstance(step.first.operation, Contraction):
                    yield from _turned(step, k, j, factor.value)


def _is_product(node: Node) -> bool:
    operation = node.operation
    return isinstance(operation, Contraction) or (
        isinstance(operation, Elementwise) and operation.what == "mul"
    )


def _replaced(steps: Steps, step: Step, k: int, j: int) -> Iterator[Change]:
    carried = step.is_carried(j)
    named, to = operand(step, j), operand(step, k)
    for others, name, shift in _candidates(steps, step, j):
        if all(o is n.inputs[j] for o, n in zip(others, step.nodes, strict=True)):
            continue
        if all(o is None for o in others):
            continue
        before = WHEN[-1] if carried else ""
        when = WHEN[shift] or (" of the same step" if carried and name == named else "")
        what = (f"the gradient of `{to}` along {at(step)} is made with `{name}`{when} where "
                f"`{named}`{before} belongs")  # fmt: skip
        pairs = dict(zip(step.nodes, others, strict=True))
        made = each(step.nodes, k, partial(_with, k=k, j=j, others=pairs))
        rank = 3 if shift == 0 or name == named else 4
        yield Change("other operand", what, mend(step, k), reads(step, k), made, rank)


def _candidates(steps: Steps, step: Step, j: int) -> Iterator[tuple[list[Node | None], str, int]]:
    """(an array for each run, its name, which iteration's it is)."""
    shape, runs = step.first.inputs[j].value.shape, range(len(step.nodes))
    for x in steps.record.inputs.values():
        if x.value.shape == shape:
            yield [x for _ in runs], x.name, 0
    for other in steps.every:
        if other.first.value.shape == shape:
            yield from runs_of(other, len(runs))


def runs_of(other: Step, runs: int) -> Iterator[tuple[list[Node | None], str, int]]:
    """What a step with so many runs may read of another: the same run, a neighbour, one of all."""
    nodes, many = other.nodes, len(other.nodes)
    if many == runs > 1:
        for shift in (0, -1, 1):
            yield ([nodes[t + shift] if 0 <= t + shift < many else None for t in range(runs)],
                   other.name, shift)  # fmt: skip
    one = {0: " of the first run", many - 2: " of the run before the last",
           many - 1: " of the last run"}  # fmt: skip
    for t, said in one.items() if many > 1 else ((0, ""),):
        if many == 1 or (runs in (1, many) and t >= 0):
            yield [nodes[t]] * runs, other.name + said, 0


def _with(node: Node, k: int, j: int, others: Mapping[Node, Node | None]) -> Part:
    """What the k-th operand gets, where another array stands for the j-th."""
    other = others[node]
    return (lambda _: None) if other is None else _with_value(node, k, j, other.value)


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


def upstreams(steps: Steps) -> Iterator[Change]:
    """Every product whose gradient is made with the adjoint of another array."""
    for step, k in edges(steps):
        if not _is_product(step.first) and not (isinstance(step.first.operation, Gather)
                                                and step.first.value.size > 1):  # fmt: skip
            continue
        for other in steps.every:
            fits = other.first.value.shape == step.first.value.shape
            if fits and len(other.nodes) == len(step.nodes) and other is not step:
                what = (f"the gradient of `{operand(step, k)}` along {at(step)} is made with "
                        f"∂L/∂`{other.name}` where ∂L/∂`{step.name}` belongs")  # fmt: skip
                made = _with_adjoint(steps, step, k, other)
                rank = 3 if root(step.first.inputs[k]).operation is None else 4
                yield Change("other upstream", what, mend(step, k), reads(step, k), made, rank)


def _with_adjoint(steps: Steps, step: Step, k: int, other: Step) -> Callable[[], Changes]:
    """A step that takes the adjoint of another node, as it is then if that comes first."""

    def make() -> Changes:
        seen: dict[Node, Array] = {}

        def remembered(node: Node) -> Sends:
            def sends(g: Array) -> list[tuple[Node, Array]]:
                seen[node] = g
                return list(node.sends(g))

            return sends

        def given(node: Node) -> Part:
            source = pairs[node]
            return lambda _: node.part(k, seen.pop(source, steps.adjoints[source]))

        pairs = dict(zip(step.nodes, other.nodes, strict=True))
        return {**{n: remembered(n) for n in other.nodes}, **each(step.nodes, k, given)()}

    return make
