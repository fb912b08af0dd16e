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
    """Where nan or inf came up first behind a node: its scope, operation and input values, or None.

    That is the first nan, or the first infinite result of finite numbers. An infinite leaf, such as
    the padding of MaxPool, is blamed only where nothing else explains a root that is not finite.

    >>> print(trace_anomaly((Value(2.0) - 2.0).log() * 3.0))
    log(0.0) = -inf
    """
    infinite = None
    for node in graph.nodes(root):
        if not _is_finite(node.data):
            if _is_nan(node.data) or (node.inputs and all(map(_is_finite, _operands(node)))):
                return Anomaly(node)
            infinite = infinite or Anomaly(node)
    return None if _is_finite(root.data) else infinite


def _operands(node: Value) -> list[Any]:
    """The numbers that an operation read, in one list."""
    numbers = [x.data if isinstance(x.data, tuple) else (x.data,) for x in node.inputs]
    return [number for several in numbers for number in several]


def _is_finite(x: Any) -> bool:
    return bool(x - x == 0)


def _is_nan(x: Any) -> bool:
    return bool(x != x)
