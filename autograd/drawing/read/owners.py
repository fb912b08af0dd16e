"""Which output entry a node works for: the arithmetic of one pixel, one channel, one unit.

Within a stage, a node's home is the one output entry that it is or feeds. A node that feeds several
entries of one channel, such as a statistic of GroupNorm, belongs to the channel; one that feeds
several channels, such as the sum of a softmax, is shared.
"""

import heapq

from .stages import Stage
from .survey import Survey

SHARED = -1
UNREAD = (-2, -2)


def homes(survey: Survey, stage: Stage) -> dict[int, tuple[int, int]]:
    """{node: (home, channel)}: numbers of an output entry and of a channel of the stage, or SHARED.

    Channels are counted on over the stage's output tensors.
    """
    found = dict.fromkeys(stage.nodes, UNREAD)
    first = 0
    for tensor in stage.outputs:
        for place, k in enumerate(tensor.entries):
            if k in found:
                found[k] = (k, first + place // tensor.plane)
        first += tensor.channels
    outputs = {k for k, home in found.items() if home is not UNREAD}
    bundled: dict[object, tuple[int, int]] = {}
    for k in reversed(stage.nodes):
        home = found[k] = (SHARED, SHARED) if found[k] is UNREAD else found[k]
        for x in survey.nodes[k].inputs:
            if x in survey.number:
                _send(home, [survey.number[x]], found, outputs)
            elif (joined := _joined(bundled.get(x, UNREAD), home)) != bundled.get(x):
                bundled[x] = joined
                _send(joined, [survey.number[v] for v in x.inputs], found, outputs)
    return found


def _send(
    home: tuple[int, int],
    nodes: list[int],
    found: dict[int, tuple[int, int]],
    outputs: set[int],
) -> None:
    """Tell nodes of the stage what they are read for."""
    for n in nodes:
        if n in found and n not in outputs:
            found[n] = _joined(found[n], home)


def _joined(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """What two consumers' homes have in common."""
    if a is UNREAD or a == b:
        return b
    return SHARED, a[1] if a[1] == b[1] else SHARED


def reverse_order(survey: Survey, stage: Stage, found: dict[int, tuple[int, int]]) -> list[int]:
    """A stage's nodes, readers before what they read: channel by channel, what is shared last.

    Where channels read each other in turn, as the steps of a recurrence may, in reverse order.
    """
    groups: dict[int, list[int]] = {}
    for k in reversed(stage.nodes):
        groups.setdefault(found[k][1], []).append(k)
    reads = _reads(survey, found, stage)
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


def _reads(survey: Survey, found: dict[int, tuple[int, int]], stage: Stage) -> dict[int, set[int]]:
    """{channel: the other channels whose nodes its nodes read}."""
    reads: dict[int, set[int]] = {}
    inside: dict[object, set[int]] = {}
    for k in stage.nodes:
        reader = found[k][1]
        for x in survey.nodes[k].inputs:
            n = survey.number.get(x)
            if n is not None:
                read = {found[n][1]} if n in found else set()
            elif x in inside:
                read = inside[x]
            else:
                entries = (survey.number[v] for v in x.inputs)
                read = inside[x] = {found[n][1] for n in entries if n in found}
            if read - {reader}:
                reads.setdefault(reader, set()).update(read - {reader})
    return reads
