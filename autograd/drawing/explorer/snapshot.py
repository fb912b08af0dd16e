"""A graph as arrays: what the explorer's page carries, and the rows of the table that it runs on.

A graph that the page cannot run is frozen: its numbers travel with the partial derivatives that the
table gave for them. A partial that is the very sequence of the other operand (a dot's) is a
reference to it, so the page need not repeat it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.javascript import words
from ...dialects.mathematics import equations
from ...names import Name
from ..read.graph import Graph, NamedTensor
from ..read.losses import comparisons
from ..read.matrix_products import matrix_products
from ..read.owners import owners, reverse_order
from ..read.scores import scores
from ..read.stages import Stage, stages

STOP, PASS, NUMBER, ROW, OPERAND = range(5)  # how partials are given; OPERAND + k: operand k
EXACT = 200_000  # graphs up to this many nodes travel in double precision

Arrays = dict[str, NDArray[Any]]


class Snapshot:
    """A header of names, shapes and layers, and the arrays of nodes, bundles and partials."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.stages = stages(graph)
        self.comparisons = comparisons(graph, self.stages)
        self.float = np.float64 if len(graph.nodes) <= EXACT else np.float32
        operands = (x for k in graph.operations for x in graph.nodes[k].inputs)
        bundles = dict.fromkeys(x for x in operands if x not in graph.number)
        self.bundles = {b: len(graph.nodes) + k for k, b in enumerate(bundles)}
        self.ops: list[Any] = list(dict.fromkeys(graph.nodes[k].op for k in graph.operations))
        self.arrays: Arrays = {}
        self.texts: dict[int, str] = {}
        self._numbers()
        self._operands()
        self.primitives, unsayable = words(self.ops)
        self.frozen = self._frozen(unsayable)
        if self.frozen:
            self._partials()
        self._order()
        self.header = self._header()

    def add(self, header: Mapping[str, Any], arrays: Arrays) -> None:
        """Take more along."""
        self.header.update(header)
        self.arrays.update(arrays)

    def _numbers(self) -> None:
        """The numbers of the nodes, and their gradients by a sweep of the graph's own."""
        nodes, adjoints = self.graph.nodes, self.graph.adjoints
        data = [self._real(k, node.data) for k, node in enumerate(nodes)]
        self.arrays["data"] = np.array(data, self.float)
        adjoint = [_real(adjoints.get(node, 0)) for node in nodes]
        self.arrays["adjoint"] = np.array(adjoint, self.float)

    def _real(self, k: int, x: Any) -> float:
        """A number as a float; what a float cannot hold is kept as text too."""
        if x.__class__ is not float and x.__class__ is not bool:
            real = _real(x)
            if real != x:
                self.texts[k] = str(x)
            return real
        return float(x)

    def _frozen(self, unsayable: dict[int, str]) -> str:
        """Why the page cannot run the graph; "" where it can."""
        if self.texts:
            k, text = next(iter(self.texts.items()))
            return f"{self.graph.nodes[k].label or f'n{k}'} is {text}, which is not a double"
        return next(iter(unsayable.values()), "")

    def _operands(self) -> None:
        """What each node reads: nodes, and bundles as numbers beyond those of the nodes."""
        number = {**self.graph.number, **self.bundles}
        codes = {op: k + 1 for k, op in enumerate(self.ops)}
        nodes = self.graph.nodes
        put = self.arrays.__setitem__
        put("op", np.array([codes[n.op] if n.inputs else 0 for n in nodes], np.uint8))
        put("arity", np.array([len(n.inputs) for n in nodes], np.uint8))
        put("operands", np.array([number[x] for n in nodes for x in n.inputs], np.int32))
        put("length", np.array([len(b.inputs) for b in self.bundles], np.int32))
        put("entries", np.array([number[x] for b in self.bundles for x in b.inputs], np.int32))

    def _partials(self) -> None:
        """How each operand's partials are given, in the order of nodes and operands."""
        modes: list[int] = []
        numbers: list[float] = []
        rows: list[int] = []
        for n in self.graph.operations:
            node: Any = self.graph.nodes[n]
            operands = [x.data for x in node.inputs]
            for p in node.op.partials(node.data, *operands):
                given: Sequence[Any] = [p]
                if p.__class__ is not tuple and p.__class__ is not list:
                    modes.append(_mode(p))
                elif (k := _position(p, operands)) >= 0:
                    modes.append(OPERAND + k)
                elif all(q is True for q in p):
                    modes.append(PASS)
                else:
                    modes.append(ROW)
                    given = p
                    rows += map(_mode, p)
                if modes[-1] in (NUMBER, ROW):
                    numbers += [_real(q) for q in given if q.__class__ is not bool]
        put = self.arrays.__setitem__
        put("modes", np.array(modes, np.uint8))
        put("partials", np.array(numbers, self.float))
        put("rows", np.array(rows, np.uint8))

    def _order(self) -> None:
        """The order of the reverse pass: by layers, in each by channels, then what is shared."""
        n = len(self.graph.nodes)
        owner, channel = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
        sequence = []
        for stage in reversed(self.stages):
            found = owners(self.graph, stage)
            members = np.array(reverse_order(self.graph, stage, found))
            owner[members], channel[members] = np.array([found[k] for k in members.tolist()]).T
            sequence.append(members)
        put = self.arrays.__setitem__
        put("owner", owner)
        put("channel", channel)
        put("sequence", np.concatenate([np.zeros(0, np.int32), *sequence]).astype(np.int32))

    # --- the header ------------------------------------------------------------------------------

    def _header(self) -> dict[str, Any]:
        """What is not one number for each node; entries of tensors go to the arrays."""
        graph = self.graph
        named = [t for t in graph.tensors if t.name]
        tensors = {id(t): k for k, t in enumerate(named)}
        entries = [k for t in named for k in t.entries]
        self.arrays["tensorEntries"] = np.array(entries, np.int32)
        labels = {
            k: str(node.name)
            for k, node in enumerate(graph.nodes)
            if node.name and node.name.__class__ is not Name
        }
        return {
            "frozen": self.frozen,
            "roots": [graph.number[root] for root in graph.roots],
            "scores": sorted(scores(graph)),
            "ops": [[op.name, op.symbol, equations(op)] for op in self.ops],
            "labels": labels,
            "texts": self.texts,
            "tensors": [_tensor(t) for t in named],
            "stages": [self._stage(stage, tensors) for stage in self.stages],
            "calls": [*self._calls()],
        }

    @cached_property
    def _call_numbers(self) -> dict[int, int]:
        """{id of a call: its number}, each after the one that it is within."""
        calls = dict.fromkeys(id(call) for stage in self.stages for call in stage.calls)
        return {key: k for k, key in enumerate(calls)}

    def _calls(self) -> Iterator[dict[str, Any]]:
        """The calls of layers, and within which others they are."""
        numbers = self._call_numbers
        calls = {id(call): call for stage in self.stages for call in stage.calls}
        for call in calls.values():
            parent = numbers.get(id(call.parent), -1)
            yield {"path": str(call), "kind": call.kind, "parent": parent}

    def _stage(self, stage: Stage, tensors: dict[int, int]) -> dict[str, Any]:
        """A layer: its path and kind (Conv2D), what it reads and makes, its matrix products."""
        return {
            "call": self._call_numbers.get(id(stage.call), -1),
            "path": str(stage.call),
            "kind": stage.kind,
            "count": len(stage.nodes),
            "predecessors": [[other.number, n] for other, n in stage.predecessors.items()],
            "reads": [tensors[id(t)] for t in stage.reads if t.name],
            "outputs": [tensors[id(t)] for t in stage.outputs],
            "matrixProducts": [asdict(p) for p in matrix_products(self.graph, stage)],
            "comparisons": self.comparisons.get(stage, []),
        }


def _tensor(tensor: NamedTensor) -> dict[str, Any]:
    name, parameter = tensor.name, tensor.parameter
    return {"name": str(name), "shape": name.shape, "parameter": parameter, "leaf": tensor.leaf}


def _real(x: Any) -> float:
    """A number as a float; nan where it is none."""
    try:
        return float(x)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _position(p: Any, operands: list[Any]) -> int:
    """Which operand's numbers the partials are: a dot's are the other one's; or -1."""
    return next((k for k, x in enumerate(operands) if x is p), -1)


def _mode(p: Any) -> int:
    """How one partial is given."""
    if p.__class__ is bool:
        return PASS if p else STOP
    return NUMBER
