"""Which output entry a node works for: the arithmetic of one pixel, one channel, one unit.

Within a stage, a node's owner is the one output entry that it is or feeds. A node that feeds
several entries of one channel, such as a statistic of GroupNorm, belongs to the channel; one that
feeds several channels, such as the sum of a softmax, is shared.
"""

import heapq
from typing import NamedTuple

from .graph import Graph
from .stages import Stage

SHARED = -1


class Owner(NamedTuple):
    """The number of an output entry and of a channel, each SHARED where there are several."""

    entry: int
    channel: int


UNREAD = Owner(-2, -2)


def owners(graph: Graph, stage: Stage) -> dict[int, Owner]:
    """{node: its owner}, for the nodes of a stage; channels are counted on over its outputs."""
    found = dict.fromkeys(stage.nodes, UNREAD)
    for first, tensor in zip(stage.first_channels, stage.outputs, strict=True):
        for place, k in enumerate(tensor.entries):
            if k in found:
                found[k] = Owner(k, first + place // tensor.plane)
    outputs = {k for k, owner in found.items() if owner is not UNREAD}
    bundled: dict[object, Owner] = {}
    for k in reversed(stage.nodes):
        owner = found[k] = Owner(SHARED, SHARED) if found[k] is UNREAD else found[k]
        for x in graph.nodes[k].inputs:
            if x in graph.number:
                _pass_on(owner, graph.entries(x), found, outputs)
            elif (both := _joined(bundled.get(x, UNREAD), owner)) != bundled.get(x):
                bundled[x] = both
                _pass_on(both, graph.entries(x), found, outputs)
    return found


def _pass_on(owner: Owner, nodes: list[int], found: dict[int, Owner], outputs: set[int]) -> None:
    """Nodes of the stage, outputs apart, work for what reads them too."""
    for n in nodes:
        if n in found and n not in outputs:
            found[n] = _joined(found[n], owner)


def _joined(a: Owner, b: Owner) -> Owner:
    """What two readers' owners have in common."""
    if a is UNREAD or a == b:
        return b
    return Owner(SHARED, a.channel if a.channel == b.channel else SHARED)


def reverse_order(graph: Graph, stage: Stage, found: dict[int, Owner]) -> list[int]:
    """A stage's nodes, readers before what they read: channel by channel, what is shared last.

    Where channels read each other in turn, as the steps of a recurrence may, in reverse order.
    """
    groups: dict[int, list[int]] = {}
    for k in reversed(stage.nodes):
        groups.setdefault(found[k].channel, []).append(k)
    reads = _reads(graph, found, stage)
    waiting = dict.fromkeys(groups, 0)
    for read in reads.values():
        for c in read:
            waiting[c] += 1
    ready = [(c == SHARED, c) for c in groups if not waiting[c]]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        _, reader = heapq.heappop(ready)
        order += groups[reader]
        for c in reads.get(reader, ()):
            waiting[c] -= 1
            if not waiting[c]:
                heapq.heappush(ready, (c == SHARED, c))
    return order if len(order) == len(stage.nodes) else stage.nodes[::-1]


def _reads(graph: Graph, found: dict[int, Owner], stage: Stage) -> dict[int, set[int]]:
    """{channel: the other channels whose nodes its nodes read}."""
    reads: dict[int, set[int]] = {}
    inside: dict[object, set[int]] = {}
    for k in stage.nodes:
        reader = found[k].channel
        for x in graph.nodes[k].inputs:
            if x not in inside:
                inside[x] = {found[n].channel for n in graph.entries(x) if n in found}
            if inside[x] - {reader}:
                reads.setdefault(reader, set()).update(inside[x] - {reader})
    return reads
