"""The graph behind some roots, numbered: every view starts here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ... import graph as walks
from ...names import Name, Shaped
from ...value import Value


@dataclass
class NamedTensor:
    """The entries of one tensor that the graph reads: number of each node, or -1.

    Results have the name of what made them; a leaf without a label has a shape alone.
    """

    name: Shaped
    entries: list[int]
    leaf: bool

    @property
    def parameter(self) -> bool:
        """Whether training changes it."""
        return is_parameter(self.name)

    @property
    def plane(self) -> int:
        """How many entries a channel has: the last two axes of three and more, the last of two."""
        shape = self.name.shape
        return shape[-1] * (shape[-2] if len(shape) > 2 else 1) if len(shape) > 1 else 1

    @property
    def channels(self) -> int:
        """How many channels (rows of a matrix, entries of a vector) there are."""
        return len(self.entries) // self.plane

    def channel(self, index: int) -> list[int]:
        """The entries of one channel."""
        return self.entries[index * self.plane : (index + 1) * self.plane]


def is_parameter(name: Any) -> bool:
    """Whether a name is that of a trained tensor."""
    return isinstance(name, Name) and name.kind == "Parameter"


class Graph:
    """Every scalar behind the roots, inputs first; a node's number is its position in `nodes`."""

    def __init__(self, roots: Sequence[Value]) -> None:
        self.roots = list(roots)
        self.ordered: list[Any] = walks.order(*self.roots)
        self.nodes: list[Any] = walks.scalars(self.ordered)
        self.number: dict[Any, int] = {node: k for k, node in enumerate(self.nodes)}

    @cached_property
    def operations(self) -> list[int]:
        """The numbers of the nodes that were computed, inputs first."""
        return [self.number[node] for node in self.ordered if node.op is not None]

    def entries(self, operand: Any) -> list[int]:
        """The numbers of an operand's scalars: one, or the entries of a bundle."""
        number = self.number
        return [number[operand]] if operand in number else [number[v] for v in operand.inputs]

    @cached_property
    def tensors(self) -> list[NamedTensor]:
        """The tensors that entries know of, in the order of their first entries."""
        found: dict[int, NamedTensor] = {}
        for k, node in enumerate(self.nodes):
            name = node.name
            if isinstance(name, Shaped):
                tensor = found.get(id(name))
                if tensor is None:
                    entries = [-1] * math.prod(name.shape)
                    tensor = found[id(name)] = NamedTensor(name, entries, leaf=True)
                tensor.entries[node.place] = k
                tensor.leaf = tensor.leaf and not node.inputs
        return list(found.values())

    @cached_property
    def adjoints(self) -> dict[Any, Any]:
        """∂(sum of the roots)/∂node, by a sweep of its own: `grad` of the nodes stays as it is."""
        seeds = {root: 1.0 if isinstance(root.data, float) else 1 for root in self.roots}
        found: dict[Any, Any] = walks.adjoints(self.ordered, seeds)
        return found
