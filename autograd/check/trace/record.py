"""Record a run of the user's forward, and run its reverse pass."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .nodes import Array, Gather, Node, constant
from .patched import patched
from .recorded import Recorded, Recording

from . import functions  # noqa: F401  isort: skip (fills the tables)

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
        found = {self.output: upstream}
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
    scopes: list[dict[str, Any]],
) -> Record:
    """Run forward on recorded arrays; `inputs.call` hands them over as the user's code takes them.

    `scopes` are the names of the user's modules. Raises whatever forward raises.
    """
    recording = Recording(sys._getframe())
    made, leaves = {}, {}
    for name, x in arrays.items():
        leaves[name] = recording.keep(Node(None, (), np.array(x, np.float64), name=name))
        made[name] = Recorded.of(leaves[name], recording)
    with patched(recording, scopes), np.errstate(all="ignore"):
        output = inputs.call(forward, made)
        node = _output(output, recording)
    return Record(recording.nodes, leaves, node, tuple(dict.fromkeys(recording.lost)))


def _output(output: Any, recording: Recording) -> Node:
    """The node of what forward returned: an array, nested lists, a number that left the record."""
    if isinstance(output, list | tuple):
        output = functions.array(output)
    if isinstance(output, Recorded):
        return output.node
    number = np.asarray(output, np.float64)
    left = recording.numbers.get(float(number)) if number.ndim == 0 else None
    if left is None:
        raise ValueError("the output of forward was not recorded")
    return left


__all__ = ["Changes", "Gather", "Record", "Sends", "constant", "record"]
