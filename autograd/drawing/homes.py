"""Which output entry a node works for: the arithmetic of one pixel, one channel, one unit.

Within a stage, a node's home is the one output entry that it is or feeds. A node that feeds several
entries of one channel, such as a statistic of GroupNorm, belongs to the channel; one that feeds
several channels, such as the sum of a softmax, is shared.
"""

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
            if k >= 0:
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
