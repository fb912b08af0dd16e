"""Record a run of the user's forward, and run its reverse pass."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .holders import held
from .nodes import Array, Node, constant
from .patched import patched
from .recorded import Recorded
from .recording import Recording
from .traced import Traced, is_recorded, node_of

from . import methods  # noqa: F401  isort: skip (fills the tables)

Sends = Callable[[Array], list[tuple[Node, Array]]]  # what a node hands on, where ∂L/∂y = g
Changes = Mapping[Node, Sends]


@dataclass(frozen=True, eq=False)
class Record:
    """The nodes of a forward, from the inputs to the output, in the order of their making."""

    nodes: list[Node]
    inputs: Mapping[str, Node]
    output: Node
    lost: tuple[str, ...] = ()

    @cached_property
    def live(self) -> list[Node]:
        """The nodes on which the output depends, the last first."""
        found, reached = [], {self.output}
        for node in reversed(self.nodes):
            if node in reached:
                found.append(node)
                reached.update(x for x in node.inputs if x.varies)
        return found

    def adjoints(self, upstream: Array) -> dict[Node, Array]:
        """∂L/∂node for every node that the output depends on."""
        found = {self.output: upstream} if self.output.varies else {}
        for node in self.live:
            for x, part in node.sends(found[node]):
                found[x] = found[x] + part if x in found else part
        return found

    def gradients(self, upstream: Array) -> dict[str, Array]:
        """∂L/∂input."""
        return self.of_inputs(self.adjoints(upstream))

    def of_inputs(self, adjoints: Mapping[Node, Array]) -> dict[str, Array]:
        """The adjoints of the inputs by name; zeros of those that nothing depends on."""
        return {
            name: adjoints.get(node, np.zeros(node.value.shape))
            for name, node in self.inputs.items()
        }

    def changed(self, adjoints: Mapping[Node, Array], changes: Changes) -> dict[str, Array]:
        """∂L/∂input, where some nodes hand on something else than they should.

        As a reverse pass is linear, only what differs from the right one is followed.
        """
        off: dict[Node, Array] = {}
        for node in self.live:
            if node in changes:
                g = adjoints[node] + off[node] if node in off else adjoints[node]
                parts = [*changes[node](g), *((x, -p) for x, p in node.sends(adjoints[node]))]
            elif node in off:
                parts = list(node.sends(off[node]))
            else:
                continue
            for x, part in parts:
                off[x] = off[x] + part if x in off else part
        return self.of_inputs({n: adjoints[n] + d for n, d in off.items()} | {
            n: adjoints[n] for n in self.inputs.values() if n not in off and n in adjoints
        })  # fmt: skip


def record(
    forward: Callable[..., Any],
    inputs: Any,
    arrays: Mapping[str, Array],
    scopes: Sequence[dict[str, Any]],
    holders: Sequence[Any] = (),
) -> Record:
    """Run forward on recorded arrays; `inputs.call` hands them over as the user's code takes them.

    `scopes` are the names of the user's modules; `holders` are objects of his, whose arrays forward
    writes to or which keep what it computes. Raises whatever forward raises.
    """
    recording = Recording(sys._getframe())
    made, given = {}, {}
    for name, x in arrays.items():
        given[name] = recording.keep(Node(None, (), np.array(x, np.float64), name=name))
        made[name] = Recorded.of(given[name], recording)
    with patched(recording, scopes), held(holders, recording), np.errstate(all="ignore"):
        output = inputs.call(forward, made)
        node = _output(output, recording)
    return Record(recording.nodes, given, node, tuple(recording.lost))


def _output(output: Any, recording: Recording) -> Node:
    """The node of what forward returned: an array, nested lists, a number that left the record."""
    if is_recorded(output) or isinstance(output, Traced):
        return node_of(output)
    node = constant(output)
    left = recording.left.get(float(node.value)) if node.value.ndim == 0 else None
    if left is None:
        recording.lose("the output of forward")
    return left or node


__all__ = ["Changes", "Record", "Sends", "record"]
