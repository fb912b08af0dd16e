"""Branches that hand on nothing, the wrong sign, twice, or only in some runs of a loop."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ..trace.nodes import Array, Contraction, Gather, Node
from ..trace.record import Changes, Sends
from .changes import Change, Part, at, each, edges, mend, operand, reads, times
from .steps import Step, Steps, becomes


def branches(steps: Steps) -> Iterator[Change]:
    """Every edge left out, negated or doubled, in all runs and in some."""
    for step, k in edges(steps):
        yield from _left_out(steps, step, k)
        for factor, verb in ((-1.0, "with the wrong sign"), (2.0, "twice")):
            made = each(step.nodes, k, partial(times, k=k, factor=factor))
            name = "sign" if factor < 0 else "twice"
            what = f"what {at(step)} hands back to `{operand(step, k)}` is taken {verb}"
            rank = 1 + _far(step, k, steps)
            yield Change(name, what, mend(step, k), reads(step, k), made, rank)


def _far(step: Step, k: int, steps: Steps) -> int:
    """How unlikely an edge is the one that is meant: those where paths meet or part come first."""
    x = reads(step, k)
    parts = len(steps.uses(x)) > 1 or bool(x.name)
    return (0 if parts else 1) + step.is_inner


def _nothing(_: Node) -> Part:
    return lambda _: None


def _left_out(steps: Steps, step: Step, k: int) -> Iterator[Change]:
    """The edge is missing, in all runs, or in all but some."""
    to, x, made = operand(step, k), reads(step, k), each(step.nodes, k, _nothing)
    if step.is_assignment and k == 0:
        what = (f"only the last `{step.name}` is used: what the others were given as their "
                "gradient is left out")  # fmt: skip
        yield Change("only the last", what, mend(step, k), x, made, 1)
    elif step.is_carried(k):
        yield from _carried(step, k, to, x)
    else:
        what = f"what {at(step)} hands back to `{to}` is left out"
        yield Change("left out", what, mend(step, k), x, made, 1 + _far(step, k, steps))
        yield from _some_runs(step, k, to) if len(step.nodes) > 1 else ()


def _carried(step: Step, k: int, to: str, x: Node) -> Iterator[Change]:
    """The gradient of a state is lost on its way to the step before, always or somewhere."""
    n, nodes = len(step.nodes), step.nodes
    sends = f"what {at(step)} sends back to it is left out"
    what = f"the gradient of the state `{to}` is not handed to the step before: {sends}"
    for lost in (nodes, nodes[1:]):  # with and without the state that the loop starts from
        yield Change("not carried", what, mend(step, k), x, each(lost, k, _nothing))
    if nodes[0].inputs[k].varies:
        what = (
            f"the gradient of the state `{to}` is not handed to the one that the loop starts from"
        )
        yield Change("not carried", what, mend(step, k), x, each(nodes[:1], k, _nothing), 1)
    for t in range(1, n - 1):
        what = (f"the gradient of the state `{to}` along {at(step)} is carried back over the last "
                f"{n - 1 - t} steps only: truncated")  # fmt: skip
        yield Change("truncated", what, mend(step, k), x, each(nodes[: t + 1], k, _nothing), 2)
    what = (f"what {at(step)} carries to the step before is added up over all later steps, where "
            f"it replaces the gradient of `{to}` at each step: = and not +=")  # fmt: skip
    yield Change("carry summed", what, mend(step, k), x, _added_up(step, k), 1)
    what = f"the gradient of the state `{to}` along {at(step)} is lost at the last step"
    yield Change("last step", what, mend(step, k), x, each(nodes[-1:], k, _nothing), 2)


def _some_runs(step: Step, k: int, to: str) -> Iterator[Change]:
    """Of the runs of a loop only some hand on a gradient."""
    n, nodes, x = len(step.nodes), step.nodes, reads(step, k)
    one = "is kept, the others are lost: add up over all runs with +="
    kept = {
        f"only what the last of its {n} runs hands back {one}": nodes[:-1],
        f"only what the first of its {n} runs hands back {one}": nodes[1:],
        f"what the last of its {n} runs hands back is left out": nodes[-1:],
        f"what the first of its {n} runs hands back is left out": nodes[:1],
    }
    for said, lost in kept.items():
        what = f"the gradient of `{to}` along {at(step)}: {said}"
        yield Change("some runs", what, mend(step, k), x, each(lost, k, _nothing), 2)
    for t in range(2, n - 1):
        what = f"the gradient of `{to}` along {at(step)} adds up over the last {n - t} runs only"
        yield Change("truncated", what, mend(step, k), x, each(nodes[:t], k, _nothing), 3)


def paths(steps: Steps) -> Iterator[Change]:
    """Where what comes back along one path goes on to some operands and not to the others."""
    for step, k in edges(steps):
        if sum(x.varies for x in step.nodes[-1].inputs) < 2:
            continue
        users = {steps.of[user][0]: j for node in step.nodes for user, j in steps.uses(node)}
        for user, j in users.items() if len(users) > 1 else ():
            what = (f"what {at(user)} hands back to `{step.name}` is left out of the gradient of "
                    f"`{operand(step, k)}`, though not of the others")  # fmt: skip
            made = _without(step, k, user, j, alone=False)
            yield Change("path", what, mend(step, k), reads(step, k), made, 3)
            what = (f"only what {at(user)} hands back to `{step.name}` goes on to "
                    f"`{operand(step, k)}`")  # fmt: skip
            made = _without(step, k, user, j, alone=True)
            yield Change("one path", what, mend(step, k), reads(step, k), made, 3)


def gates(steps: Steps) -> Iterator[Change]:
    """Products that are handed one block of what comes back to an array, or all but one."""
    parts = [step for step in steps.every if step.is_part]
    for step, k in edges(steps):
        if isinstance(step.first.operation, Contraction):
            for block in parts:
                whole = block.first.inputs[0].value.shape
                if whole == step.first.value.shape and block.first.value.shape != whole:
                    yield from _blocked(step, k, block)


def _blocked(step: Step, k: int, block: Step) -> Iterator[Change]:
    assert isinstance(block.first.operation, Gather)
    mask = np.zeros(step.first.value.shape)
    mask.flat[block.first.operation.at.ravel()] = 1.0
    for kept, said in ((mask, "only the block"), (1 - mask, "all but the block")):
        what = (f"the gradient of `{operand(step, k)}` along {at(step)} is made of {said} "
                f"`{block.name}`{becomes(block)} of what comes back")  # fmt: skip
        made = each(step.nodes, k, partial(_masked, k=k, mask=kept))
        yield Change("block", what, mend(step, k), reads(step, k), made, 3)


def _masked(node: Node, k: int, mask: Array) -> Part:
    return lambda g: node.part(k, g * mask)


def _without(step: Step, k: int, user: Step, j: int, *, alone: bool) -> Callable[[], Changes]:
    """One operand of a step gets its part without what comes along one use, or that alone."""

    def make() -> Changes:
        along: dict[Node, Array] = {}

        def remembered(node: Node) -> Sends:
            def sends(g: Array) -> list[tuple[Node, Array]]:
                along[node.inputs[j]] = node.part(j, g)
                return list(node.sends(g))

            return sends

        def cut(node: Node) -> Part:
            def part(g: Array) -> Array:
                one = along.pop(node, np.zeros_like(g))
                return node.part(k, one if alone else g - one)

            return part

        kept = {n: remembered(n) for n in user.nodes if n.inputs[j].varies}
        return {**kept, **each(step.nodes, k, cut)()}

    return make


def _added_up(step: Step, k: int) -> Callable[[], Changes]:
    """What is carried to the step before is the sum over all later steps."""

    def make() -> Changes:
        carried: list[Array] = []

        def part(node: Node) -> Part:
            def sends(g: Array) -> Array:
                carried.append(node.part(k, g))
                return np.asarray(sum(carried))

            return sends

        return each(step.nodes, k, part)()

    return make
