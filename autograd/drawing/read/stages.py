"""Stages: what one call of a layer computed, in an order in which the chain rule can be followed.

The nodes that one call made are a stage. Calls that read each other's nodes in turn (a module that
computes before and after its parts) are cut into several, so that stages form no cycle. What was
computed outside of layers is one stage, or several where layers are found in it.
"""

import heapq
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ...names import Name
from .found import found_calls
from .graph import Graph, NamedTensor


@dataclass(eq=False)
class Stage:
    """Numbers of nodes that one call made, inputs first, and the tensors among them.

    `call` is the path as a `scopes.Call`, or "" outside of all scopes; `predecessors` are the
    stages whose nodes it reads, and how many; `reads` the leaf tensors; `other_leaves` the rest.
    """

    call: str
    nodes: list[int] = field(default_factory=list)
    number: int = 0
    predecessors: dict["Stage", int] = field(default_factory=dict)
    reads: list[NamedTensor] = field(default_factory=list)
    other_leaves: list[int] = field(default_factory=list)
    outputs: list[NamedTensor] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What was called, such as `Conv2D`."""
        return getattr(self.call, "kind", "")

    @property
    def first_channels(self) -> list[int]:
        """The number of each output's first channel; channels are counted on over the outputs."""
        return [*accumulate([t.channels for t in self.outputs], initial=0)][:-1]

    @property
    def calls(self) -> list[Any]:
        """The calls around the stage and its own, the outermost first; none outside of scopes."""
        found = []
        call: Any = self.call
        while hasattr(call, "parent"):
            found.append(call)
            call = call.parent
        return found[::-1]


def stages(graph: Graph) -> list[Stage]:
    """The stages of a graph, inputs first."""
    found = found_calls(graph)
    calls = {k: found.get(k, graph.nodes[k].scope) for k in graph.operations}
    groups = _groups(graph, calls, [(id(call), 0) for call in calls.values()])
    order = _sorted(groups)
    if len(order) < len(groups):
        cyclic = {id(g.call) for g in groups if g not in set(order)}
        groups = _groups(graph, calls, _ranked(graph, calls, cyclic))
        order = _sorted(groups)
    for k, stage in enumerate(order):
        stage.number = k
    _name_results(graph, [stage for stage in order if stage.nodes[0] not in found])
    return order


def _groups(graph: Graph, calls: dict[int, Any], keys: list[tuple[int, int]]) -> list[Stage]:
    """One stage for each key, with what it reads."""
    found: dict[tuple[int, int], Stage] = {}
    of: dict[int, Stage] = {}
    for k, key in zip(graph.operations, keys, strict=True):
        stage = found.get(key)
        if stage is None:
            stage = found[key] = Stage(calls[k])
        stage.nodes.append(k)
        of[k] = stage
    tensor_of = {
        k: tensor for tensor in graph.tensors if tensor.leaf for k in tensor.entries if k >= 0
    }
    for stage in found.values():
        _link(stage, graph, of, tensor_of)
    for tensor in graph.tensors:
        if not tensor.leaf:
            owner = next(of[k] for k in tensor.entries if k in of)
            owner.outputs.append(tensor)
    return list(found.values())


def _link(
    stage: Stage, graph: Graph, of: dict[int, Stage], tensor_of: dict[int, NamedTensor]
) -> None:
    """Note the stages, tensors and leaves that a stage reads; each scalar counts once."""
    read: dict[int, None] = {}
    operands = dict.fromkeys(x for k in stage.nodes for x in graph.nodes[k].inputs)
    for x in operands:
        read.update(dict.fromkeys(graph.entries(x)))
    tensors: dict[int, NamedTensor] = {}
    for k in read:
        other = of.get(k)
        if other is None:
            tensor = tensor_of.get(k)
            if tensor is None:
                stage.other_leaves.append(k)
            else:
                tensors[id(tensor)] = tensor
        elif other is not stage:
            stage.predecessors[other] = stage.predecessors.get(other, 0) + 1
    stage.reads = list(tensors.values())


def _sorted(groups: list[Stage]) -> list[Stage]:
    """The stages in topological order, by their last nodes; cycles are left out."""
    after: dict[Stage, list[Stage]] = {}
    waiting = {stage: len(stage.predecessors) for stage in groups}
    for stage in groups:
        for other in stage.predecessors:
            after.setdefault(other, []).append(stage)
    ready = [(stage.nodes[-1], stage) for stage in groups if not waiting[stage]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, stage = heapq.heappop(ready)
        order.append(stage)
        for other in after.get(stage, []):
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(ready, (other.nodes[-1], other))
    return order


def _ranked(graph: Graph, calls: dict[int, Any], cyclic: set[int]) -> list[tuple[int, int]]:
    """Keys that cut cyclic calls: how often the longest path to a node went from call to call."""
    call_of = {graph.nodes[k]: id(call) for k, call in calls.items()}
    rank: dict[Any, int] = {}
    bundled: dict[Any, dict[int, int]] = {}  # the highest rank of each call among the entries
    keys = []
    for node in graph.ordered:
        call = call_of.get(node, 0)
        if node.op is None:
            highest = bundled[node] = {}
            for v in node.inputs:
                if v in rank and rank[v] >= highest.get(call_of[v], 0):
                    highest[call_of[v]] = rank[v]
        elif call not in cyclic:
            keys.append((call, 0))
        else:
            found = [0]
            for x in node.inputs:
                if x in rank:
                    found.append(rank[x] + (call_of[x] != call))
                elif x in bundled:
                    found += [r + (c != call) for c, r in bundled[x].items()]
            rank[node] = max(found)
            keys.append((call, rank[node]))
    return keys


# --- shapes of what has no name ------------------------------------------------------------------


def _name_results(graph: Graph, order: list[Stage]) -> None:
    """Give results without a name the shape of the tensor that the stage works on.

    `y = (y + x).relu()` in a module's forward computes entry by entry: what it makes is called
    `block.relu`, and is arranged as `y` is.
    """
    at: dict[int, tuple[NamedTensor, int]] = {
        k: (tensor, place)
        for tensor in graph.tensors
        for place, k in enumerate(tensor.entries)
        if len(tensor.entries) > 1
    }
    for stage in order:
        if not stage.outputs:
            made = _results(graph, stage, at)
            stage.outputs = made
            graph.tensors += made
            at.update({k: (t, place) for t in made for place, k in enumerate(t.entries)})


def _results(
    graph: Graph, stage: Stage, at: dict[int, tuple[NamedTensor, int]]
) -> list[NamedTensor]:
    """The tensors that a stage's results form, one for each entry of a tensor that it reads."""
    here: dict[int, tuple[NamedTensor, int]] = {}
    read: set[Any] = set()
    for k in stage.nodes:
        inputs = graph.nodes[k].inputs
        read.update(inputs)
        numbers = [graph.number[x] for x in inputs if x in graph.number]
        where = next((at.get(n) or here.get(n) for n in numbers if n in at or n in here), None)
        if where:
            here[k] = where
    inner = {x for bundle in read if bundle not in graph.number for x in bundle.inputs} | read
    found: dict[int, list[int]] = {}
    for k, (tensor, place) in here.items():
        if graph.nodes[k] not in inner:
            entries = found.setdefault(id(tensor), [-1] * len(tensor.entries))
            entries[place] = k
    shapes = {id(tensor): tensor.name.shape for tensor, _ in here.values()}
    return [
        NamedTensor(_result_name(graph, stage, entries[0], shapes[key]), entries, leaf=False)
        for key, entries in found.items()
        if -1 not in entries
    ]


def _result_name(graph: Graph, stage: Stage, k: int, shape: tuple[int, ...]) -> Name:
    path = stage.call or stage.kind
    op: Any = graph.nodes[k].op
    return Name(f"{path}.{op.name}" if path else op.name, shape, "Tensor")
