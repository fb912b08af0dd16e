"""One run of a forward: its nodes, their sites, and what could not be recorded.

A recording is the current one of its thread; other threads, and arrays that outlive it, see none.
"""

import sys
from contextvars import ContextVar
from types import FrameType

from .nodes import Array, Node, Operation, constant
from .source import Site, Sites

CURRENT: ContextVar["Recording | None"] = ContextVar("recording", default=None)


class Recording:
    """The nodes in the order in which they were made."""

    def __init__(self, outermost: FrameType | None = None) -> None:
        self.nodes: list[Node] = []
        self.lost: dict[str, None] = {}  # operations that are not recorded, in their order
        self.left: dict[float, Node] = {}  # entries that left as Python's numbers
        self.sites = Sites(outermost)

    def add(
        self, operation: Operation, *inputs: Node, site: Site | None = None,
        value: Array | None = None,
    ) -> Node:  # fmt: skip
        """The node of an operation; a constant where none of its inputs varies."""
        if value is None:
            value = operation.forward(*(x.value for x in inputs))
        if not any(x.varies for x in inputs):
            return constant(value)
        return self.keep(Node(operation, inputs, value, site or self.here()))

    def keep(self, node: Node) -> Node:
        """A node in its place."""
        node.order = len(self.nodes)
        self.nodes.append(node)
        for k, x in enumerate(node.inputs):
            x.uses.append((node, k))
        return node

    def here(self) -> Site:
        """Where the user's code is."""
        return self.sites.of(sys._getframe(1))

    def owns(self, node: Node) -> bool:
        """Whether a node is one of this run's."""
        return node.order < len(self.nodes) and self.nodes[node.order] is node

    def lose(self, name: str) -> None:
        """Note that a derivative is lost."""
        self.lost[name] = None
