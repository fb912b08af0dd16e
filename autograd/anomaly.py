"""Where a graph first went wrong: the node that became nan or inf from finite inputs."""

from dataclasses import dataclass
from typing import Any

from . import graph
from .value import Value


@dataclass(frozen=True)
class Anomaly:
    """The first node that is not finite, in the order of computation."""

    node: Value

    @property
    def operands(self) -> list[Any]:
        """The numbers that the operation read; a list for each bundle."""
        return [x.data for x in self.node.inputs]

    def __str__(self) -> str:
        node = self.node
        where = f" in {node.scope}" if node.scope else ""
        if node.op is None:
            return f"leaf {node.label or 'without a label'}{where} is {node.data}"
        arguments = ", ".join(f"{x!r:.120}" for x in self.operands)
        return f"{node.op.name}({arguments}) = {node.data}{where}"


def trace_anomaly(root: Value) -> Anomaly | None:
    """The first nan or inf behind a node: its scope, operation and input values; None if all is
    finite.

    >>> print(trace_anomaly((Value(2.0) - 2.0).log() * 3.0))
    log(0.0) = -inf
    """
    for node in graph.nodes(root):
        if not _is_finite(node.data):
            return Anomaly(node)
    return None


def _is_finite(x: Any) -> bool:
    return bool(x - x == 0)
