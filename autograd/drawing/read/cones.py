"""Cones: the operations that work for one number alone, found where no layer made them.

An operation that one other reads, once, belongs to its reader: the products of a sum, the sum of a
tanh. So `tanh(Σ w·x + b)` is one cone. What sums and is then multiplied, or is a term of another
sum, has a cone of its own: neurons do not melt into the layer after them, nor losses into their
mean.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .graph import Graph

SUMS = {"add", "sum", "dot"}
NOT_FUNCTIONS = {"add", "sub", "mul", "sum", "dot"}


@dataclass(frozen=True)
class Reading:
    """What an operation of a cone reads from outside: a node, or a sequence of them."""

    operand: Any
    op: str
    position: int


@dataclass(eq=False)
class Cone:
    """Operations by number, inputs first, the last its exit; what they read, from left to right.

    Cones of one `kind` do the same; `depth` counts the cones along the longest way from leaves.
    """

    nodes: list[int]
    kind: int
    depth: int = 0
    readings: list[Reading] = field(default_factory=list)

    @property
    def exit(self) -> int:
        """The one node that others may read."""
        return self.nodes[-1]


def in_layer(node: Any) -> bool:
    """Whether the call of a layer, or of another scope, made a node."""
    return hasattr(node.scope, "parent")


class Cones:
    """The cones of the operations outside of scopes, and in which cone an operation is."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.plain = {k for k in graph.operations if not in_layer(graph.nodes[k])}
        self.uses = _uses(graph)
        self.reader = {x: node.op.name for node in graph.ordered if node.op for x in node.inputs}
        self.inside: dict[int, int] = {}  # the operation of its cone that reads an operation
        self.sums: set[int] = set()
        self.of = self._collected(self._kinds())

    def _kinds(self) -> dict[int, int]:
        """A number for each operation: the same for those that do the same with the same kinds."""
        kinds: dict[Any, int] = {}
        found: dict[int, int] = {}
        for k in self.graph.operations:
            if k in self.plain:
                node = self.graph.nodes[k]
                operands = tuple(self._operand_kind(k, x, found) for x in node.inputs)
                twice = len(node.inputs) == 2 and node.inputs[0] is node.inputs[1]
                found[k] = kinds.setdefault((node.op.name, operands, twice), len(kinds))
                if node.op.name in SUMS or node.op.name == "sub":
                    self.sums.add(k)
        return found

    def _operand_kind(self, k: int, x: Any, kinds: dict[int, int]) -> Any:
        """The kind of an operand; operations that belong to k are noted as such."""
        if x not in self.graph.number:
            several = self.uses[x] == 1 and self.graph.nodes[k].op.name == "sum"
            if several and any(v.op for v in x.inputs):
                return tuple(self._operand_kind(k, v, kinds) for v in x.inputs)
            return f"{len(x.inputs)} {'leaves' if all(v.op is None for v in x.inputs) else 'nodes'}"
        n = self.graph.number[x]
        if x.op is None:
            return "leaf"
        if n not in self.plain or self.uses[x] != 1 or not self._absorbs(k, n):
            return "node"
        self.inside[n] = k
        if n in self.sums:
            self.sums.add(k)
        return kinds[n]

    def _absorbs(self, k: int, n: int) -> bool:
        """Whether operation k takes an operand that it alone reads into its cone."""
        if n not in self.sums:
            return True
        node, inner = self.graph.nodes[k], self.graph.nodes[n]
        if node.op.name in SUMS:
            return inner.op.name in SUMS or self._shifts(node)
        return self._function(node) and node.op.name not in NOT_FUNCTIONS

    def _function(self, node: Any) -> bool:
        """Whether an operation has one operand that was computed, and constants."""
        return sum(bool(x.inputs) for x in node.inputs) == 1

    def _shifts(self, node: Any) -> bool:
        """Whether a constant is added within a formula: the 1 of `1 / (1 + exp(-z))`."""
        formula = self.uses[node] == 1 and self.reader.get(node) in ("div", "pow", "log")
        return formula and self._function(node)

    def _collected(self, kinds: dict[int, int]) -> dict[int, Cone]:
        """The cones by their operations, with depths and readings."""
        graph = self.graph
        cones: dict[int, Cone] = {}
        for k in reversed(graph.operations):
            if k in self.plain:
                reader = self.inside.get(k)
                cones[k] = Cone([], kinds[k]) if reader is None else cones[reader]
                cones[k].nodes.append(k)
        for cone in {id(c): c for c in cones.values()}.values():
            cone.nodes.reverse()
            cone.readings = [*self._readings(cone.exit)]
        self._measure(cones)
        return cones

    def opened(self, x: Any) -> Sequence[Any] | None:
        """The operands of what is inside of a cone: of an operation that another takes in, or of a
        sequence that a sum reads term by term. None for what is read from outside.
        """
        n = self.graph.number.get(x)
        if n is None:
            inner = self.uses[x] == 1 and any(self.graph.number[v] in self.inside for v in x.inputs)
        else:
            inner = n in self.inside
        operands: Sequence[Any] = x.inputs
        return operands if inner else None

    def _readings(self, k: int) -> Iterator[Reading]:
        """What a cone reads from outside, from left to right."""
        node = self.graph.nodes[k]
        stack = [Reading(x, node.op.name, k) for k, x in enumerate(node.inputs)][::-1]
        while stack:
            reading = stack.pop()
            x = reading.operand
            operands = self.opened(x)
            if operands is None:
                yield reading
            else:
                name = x.op.name if x.op else reading.op
                stack += [Reading(v, name, k) for k, v in enumerate(operands)][::-1]

    def _measure(self, cones: dict[int, Cone]) -> None:
        """The depth of each cone; what layers made counts as one more."""
        graph = self.graph
        depth: dict[Any, int] = {}
        for node in graph.ordered:
            below = max((depth.get(x, 0) for x in node.inputs), default=0)
            k = graph.number.get(node)
            if k is None or k in self.inside:
                depth[node] = below
            else:
                depth[node] = below + 1
                if k in cones:
                    cones[k].depth = below + 1


def _uses(graph: Graph) -> Counter[Any]:
    """How often each node and each sequence is read; roots are read by whoever looks."""
    uses = Counter(x for node in graph.ordered for x in node.inputs)
    for node in graph.ordered:
        if node.op is None and uses[node] > 1:
            for v in node.inputs:
                uses[v] += uses[node] - 1
    uses.update(graph.roots)
    return uses
