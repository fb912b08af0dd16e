"""The scores: what a loss reads, where the paths of a gradient end.

Through a softmax paths come in pairs that cancel, and explain nothing. So a path from a weight ends
at a score, and is weighed by ∂loss/∂score, which holds them all.
"""

from typing import Any

from .graph import Graph


def scores(graph: Graph) -> set[int]:
    """The numbers of the results that losses read, before a softmax that nothing else reads.

    Labels are leaves, and no scores; where no loss was called there are none.
    """
    others: set[Any] = set()  # the calls that are no part of a loss
    while True:
        inner, read, elsewhere = _parts(graph, others)
        shared = {id(v.scope) for v in inner if v in elsewhere and not _is_loss(v.scope)}
        if not shared:
            return {graph.number[v] for v in read - inner if v.op is not None}
        others |= shared


def _parts(graph: Graph, others: set[int]) -> tuple[set[Any], set[Any], set[Any]]:
    """The nodes of losses and of the softmaxes that they read; what those read; what others do."""
    inner: set[Any] = set()
    read: set[Any] = set()
    elsewhere: set[Any] = set()
    for node in reversed(graph.ordered):
        if node.op is None:  # a leaf, or a bundle: its entries are read by whoever reads it
            readers = [kind for kind in (read, elsewhere) if node in kind]
        elif _is_loss(node.scope) or (
            node in read and _is_softmax(node.scope) and id(node.scope) not in others
        ):
            inner.add(node)
            readers = [read]
        else:
            readers = [elsewhere]
        for kind in readers:
            kind.update(node.inputs)
    return inner, read, elsewhere


def _is_loss(call: str) -> bool:
    return getattr(call, "kind", "").endswith("Loss") or call.endswith("loss")


def _is_softmax(call: str) -> bool:
    return getattr(call, "kind", "") == "Softmax"
