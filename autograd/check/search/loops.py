"""Backward runs through a loop in the order of forward: a state gets what comes before it."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from ..trace.nodes import Array, Node
from ..trace.record import Changes, Sends
from .changes import Change, edges, reads
from .steps import Step, Steps

Edge = tuple[Node, int]
Carried = dict[Edge, Array]
Made = dict[tuple[Step, int], Step]  # the step whose runs make a state


def forwards(steps: Steps) -> Iterator[Change]:
    """All states of a loop whose gradients go to the step after, and not to the one before."""
    loops: dict[int, list[tuple[Step, int]]] = defaultdict(list)
    for step, k in edges(steps):
        if step.is_carried(k) and step.nodes[-1].inputs[k].value.size:
            loops[len(step.nodes)].append((step, k))
    for carried in loops.values():
        made = {(step, k): steps.of[step.nodes[-1].inputs[k]][0] for step, k in carried}
        if any(len(made[step, k].nodes) != len(step.nodes) for step, k in carried):
            continue
        names = " and ".join(f"`{step.name}`" for step, _ in carried[:2])
        what = (f"backward runs through the loop of {names} in the order of forward: the gradient "
                "of the state goes to the step after, not to the one before")  # fmt: skip
        yield Change("forward order", what, "for t in reversed(range(T))", reads(*carried[0]),
                     _forwards(steps, carried, made), 2)  # fmt: skip


def _forwards(steps: Steps, states: list[tuple[Step, int]], made: Made) -> Callable[[], Changes]:
    """What each run carries is added where the next run's state is made.

    A reverse pass meets that before it is known: it is found by running the pass once for each run.
    """

    def make() -> Changes:
        carried: Carried = {}
        for _ in states[0][0].nodes:
            found: Carried = {}
            steps.record.changed(steps.adjoints, _built(states, made, carried, found))
            carried = found
        return _built(states, made, carried, {})

    return make


def _built(states: list[tuple[Step, int]], made: Made, carried: Carried, found: Carried) -> Changes:
    """One pass in which runs keep what they carry, and states get what was carried before."""
    held: dict[Node, set[int]] = defaultdict(set)
    given: dict[Node, list[Edge]] = defaultdict(list)
    started: dict[Node, list[Edge]] = defaultdict(list)  # where the loop's first state is read
    for step, k in states:
        for t, node in enumerate(step.nodes):
            held[node].add(k)
            if t:
                given[made[step, k].nodes[t]].append((step.nodes[t - 1], k))
            elif node.inputs[k].varies:
                started[node].append((step.nodes[-1], k))
    nodes = dict.fromkeys([*held, *given])
    return {node: _pass(node, held[node], given[node], started[node], carried, found)
            for node in nodes}  # fmt: skip


def _pass(
    node: Node, held: set[int], given: list[Edge], started: list[Edge],
    carried: Carried, found: Carried,
) -> Sends:  # fmt: skip
    """A node that adds what it is given, and keeps back what it holds.

    What the loop starts from gets what the last run carries.
    """

    def sends(g: Array) -> list[tuple[Node, Array]]:
        for edge in given:
            g = g + carried.get(edge, 0.0)
        parts = [(node.inputs[k], carried[last, k]) for last, k in started if (last, k) in carried]
        for k, x in enumerate(node.inputs):
            if k in held:
                found[node, k] = node.part(k, g)
            elif x.varies:
                parts.append((x, node.part(k, g)))
        return parts

    return sends
