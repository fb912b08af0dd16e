"""Layers that nobody wrote: what was computed outside of scopes, as calls with named tensors.

micrograd's `MLP(2, [16, 16, 1])`, written in Values, reads as `neurons1`, `neurons2`, `neurons3`;
their weights are `neurons1.w` and their biases `neurons1.b`.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ...names import Name
from ...scopes import Call
from ...text import clean, number
from .alike import FACTORS, Family, families, is_leaf
from .cones import Cones, in_layer
from .formulas import formula
from .graph import Graph, NamedTensor

MANY = 100  # operations outside of layers, from which on they are grouped
MOST = 200_000  # beyond these, looking for layers takes longer than drawing
FEW = 6  # numbers that are written in a formula


def found_calls(graph: Graph) -> dict[int, Any]:
    """{operation: what stands for the call of a layer}, of the layers that are found.

    Their tensors join those of the graph: weights, biases and inputs, and what they make.
    """
    if not has_plain_code(graph):
        return {}
    cones = Cones(graph)
    readers = [_Reader(cones, family) for family in families(cones)]
    if len(readers) == 1 and not readers[0].is_layer:
        return {}  # one kind of operation is no structure
    calls: dict[int, Any] = {}
    taken = {k for tensor in graph.tensors for k in tensor.entries}
    for reader, title in zip(readers, _numbered([r.title for r in readers]), strict=True):
        call = Call(title, reader.formula)
        calls.update((k, call) for cone in reader.family.cones for k in cone.nodes)
        for tensor in reader.tensors(title):
            if taken.isdisjoint(tensor.entries):
                taken.update(tensor.entries)
                graph.tensors.append(tensor)
    return calls


def has_plain_code(graph: Graph) -> bool:
    """Whether enough was computed outside of layers to look for some in it, and not too much."""
    return MANY < sum(not in_layer(graph.nodes[k]) for k in graph.operations) <= MOST


def _numbered(titles: list[str]) -> Iterator[str]:
    """Those that there are several of, counted."""
    times, made = Counter(titles), Counter[str]()
    for title in titles:
        made[title] += 1
        yield f"{title}{made[title]}" if times[title] > 1 else title


class _Reader:
    """A family in words: a letter for each position, a formula, a title, and its tensors."""

    def __init__(self, cones: Cones, family: Family) -> None:
        self.cones, self.family = cones, family
        self.readings = family.cones[0].readings
        self.leaves = sum(is_leaf(r.operand) for r in self.readings)
        self.letters = self._letters()

    @cached_property
    def is_layer(self) -> bool:
        """Whether it multiplies weights with what comes from one place, and adds up."""
        own = [self.readings[p] for p in self.family.own]
        factors = sum(reading.op in FACTORS for reading in own)
        adds = len(own) > 1 or any(reading.operand.inputs for reading in own)
        sources = {self._source(r.operand) for r in self.readings if not is_leaf(r.operand)}
        several = len(self.family.cones) > 1
        return len(sources) < 2 and factors > 0 and adds and (several or factors > 1)

    def _source(self, operand: Any) -> Any:
        """Cones of one kind and depth, or a call of a layer: where an operand comes from."""
        node = next((v for v in (operand, *operand.inputs) if v.op), operand)
        cone = self.cones.of.get(self.cones.graph.number.get(node, -1))
        return (cone.depth, cone.kind) if cone else id(node.scope)

    # --- words -----------------------------------------------------------------------------------

    def _letters(self) -> list[str]:
        """w and b of neurons, x y z for what comes to them, c for what else differs."""
        sources: dict[Any, str] = {}
        found = []
        for position, reading in enumerate(self.readings):
            x = reading.operand
            if not is_leaf(x):
                next_one = "xyz"[min(len(sources), 2)]
                found.append(sources.setdefault(self._source(x), next_one))
            elif position in self.family.constants or not (self.is_layer or x.inputs):
                found.append(self._constant(position))
            elif position in self.family.own:
                found.append("w" if reading.op in FACTORS else "b")
            else:
                found.append("x")
        return found

    def _constant(self, position: int) -> str:
        """A leaf that is no weight: its label or its number, or c where they are many."""
        reading = self.readings[position]
        x = reading.operand
        if len(self.family.cones) == 1 and reading.op not in FACTORS and not x.name and x.data == 0:
            return "0"  # the one that Python's `sum` starts with
        several = len(self.family.cones) > 1 or self.leaves > FEW
        if several and position not in self.family.constants:
            return "c"
        return clean(x.label, 12) or number(x.data)

    @property
    def formula(self) -> str:
        """`16 × relu(Σ w·x + b)`."""
        times = f"{self.family.neurons:,} × " if self.family.neurons > 1 else ""
        return times + formula(self.cones, self.family.cones[0], self.letters)

    @property
    def title(self) -> str:
        """What the user called the one exit, or what is done."""
        last = self.cones.graph.nodes[self.family.cones[0].exit]
        if len(self.family.cones) == 1 and last.name:
            return str(last.label)
        if self.is_layer:
            return "neurons"
        return "sum" if last.op.name == "add" else str(last.op.name)

    # --- tensors ---------------------------------------------------------------------------------

    def tensors(self, title: str) -> Iterator[NamedTensor]:
        """Weights (neurons × inputs), biases, inputs (inputs × samples); what is made of them."""
        if not self.is_layer and len(self.family.cones) == 1:
            return
        for letter in dict.fromkeys(self.letters):
            places = [p for p, given in enumerate(self.letters) if given == letter]
            if letter in "wbxc" and is_leaf(self.readings[places[0]].operand):
                rows = self._rows(letter, places)
                if letter == "c" and len({n for row in rows for n in row}) == 1:
                    continue  # a constant that all share
                name = "x" if letter == "x" else f"{title}.{letter}"
                kind = "Parameter" if letter in "wb" else "Tensor"
                yield _tensor(name, rows, kind, leaf=True)
        exits = [cone.exit for cone in self.family.cones]
        width = self.family.samples if self.is_layer or self.family.neurons > 1 else 1
        yield _tensor(title, _lines(exits, width), "Tensor", leaf=False)

    def _rows(self, letter: str, places: list[int]) -> list[list[int]]:
        """The leaves at some positions: a row for each neuron, a column for each sample."""
        cones, samples = self.family.cones, self.family.samples
        some = cones[:samples] if letter == "x" else cones[::samples]
        entries = self.cones.graph.entries
        rows = [[n for p in places for n in entries(cone.readings[p].operand)] for cone in some]
        return [list(column) for column in zip(*rows, strict=True)] if letter == "x" else rows


def _lines(numbers: list[int], width: int) -> list[list[int]]:
    return [numbers[k : k + width] for k in range(0, len(numbers), width)]


def _tensor(name: str, rows: list[list[int]], kind: str, *, leaf: bool) -> NamedTensor:
    """Rows as a matrix, or a vector where each has one entry; where entries repeat, each once."""
    entries = [n for row in rows for n in row]
    distinct = list(dict.fromkeys(entries))
    whole = len(distinct) == len(entries)
    shape = (len(rows), len(rows[0])) if whole and len(rows[0]) > 1 else (len(distinct),)
    return NamedTensor(Name(name, shape, kind), distinct, leaf)
