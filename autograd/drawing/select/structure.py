"""The boxes of a drawing and the arrows between them, before anything is written into a box.

So a selection that is too large is refused before a number is formatted.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...names import Name
from ...text import clean, shape_text
from ..read.gradients import Read
from ..read.graph import Graph
from ..read.words import count
from .selection import (
    WRITTEN,
    ChannelGroup,
    Group,
    LayerGroup,
    Selection,
    scalar_id,
)


class Operand(NamedTuple):
    """A shared operand in a box of its own: those of its entries that have none.

    `shared` says that other operations that are drawn read it too.
    """

    reader: int
    position: int
    entries: list[int]
    shared: bool


class Products(NamedTuple):
    """The operands of a dot that are too many for two grids, pair by pair in one box."""

    reader: int


class Leaves(NamedTuple):
    """The entries of a tensor by itself: nothing was computed."""

    nodes: list[int]


Content = int | Group | Operand | Products | Leaves


class Edge(NamedTuple):
    """An arrow: what is written at it, and the reading that it is, if one scalar is read."""

    tail: str
    head: str
    text: str
    read: Read | None = None


class Structure:
    """{id: what is in the box}, inputs before what reads them, and the edges of a selection.

    The edges into operations are in the order of operands.
    """

    def __init__(self, graph: Graph, selection: Selection) -> None:
        self.graph, self.selection = graph, selection
        self.boxes = _ordered(graph, selection)
        self.edges: list[Edge] = []
        self.operand_boxes: dict[Any, str] = {}
        opened = [k for k in graph.operations if selection.opened(k)]
        self.readers = Counter(x for k in opened for x in graph.nodes[k].inputs)
        for k in opened:
            self._read_operands(k)
        if selection.edges is None:
            self._read_groups()
        if not graph.operations and len(graph.roots) > 1:
            self.boxes = {"t0": Leaves([graph.number[root] for root in graph.roots])}

    def fits(self, limit: int) -> bool:
        """Whether it can be laid out in seconds and read: `limit` boxes, 2.4 arrows for each."""
        return len(self.boxes) <= limit and len(self.edges) <= limit * 12 // 5

    # --- operations that are drawn one by one ----------------------------------------------------

    def _read_operands(self, k: int) -> None:
        """The edges into one operation."""
        folded = self._products(k)
        for position, x in enumerate(self.graph.nodes[k].inputs):
            entries = self.graph.entries(x)
            if x in self.graph.number:
                self._edge(Read(entries[0], k, position))
                continue
            rest = []
            for j, n in enumerate(entries):
                if self.selection.alone(n):
                    self._edge(Read(n, k, position, j))
                else:
                    rest.append(j)
            if rest and not folded and self.selection.edges is None:
                self._operand(Operand(k, position, rest, self.readers[x] > 1))

    def _edge(self, read: Read) -> None:
        """The edge from one scalar to an operation that reads it."""
        edges, tail = self.selection.edges, self.selection.box_of.get(read.node)
        if tail is not None and (edges is None or (read.node, read.reader) in edges):
            named = "" if self.selection.alone(read.node) else self.graph.nodes[read.node].label
            self.edges.append(Edge(tail, scalar_id(read.reader), clean(named), read))

    def _products(self, k: int) -> bool:
        """Draw the operands of a dot as one box, if they are too many for two grids."""
        node = self.graph.nodes[k]
        if node.op.name != "dot" or len(node.inputs[0].inputs) <= WRITTEN:
            return False
        entries = [n for x in node.inputs for n in self.graph.entries(x)]
        if self.selection.edges is not None or any(map(self.selection.alone, entries)):
            return False
        key, head = f"{scalar_id(k)}p", scalar_id(k)
        self.boxes[key] = Products(k)
        self._sources(entries, key)
        self.edges.append(Edge(key, head, f"{len(entries) // 2:,} products"))
        return True

    def _operand(self, operand: Operand) -> None:
        """A shared operand as one box, made once."""
        x = self.graph.nodes[operand.reader].inputs[operand.position]
        all_entries = self.graph.entries(x)
        nodes = [all_entries[j] for j in operand.entries]
        head = scalar_id(operand.reader)
        boxes = {self.selection.box_of.get(n, "") for n in nodes}
        if not self.selection.grids and len(boxes) == 1 and boxes <= self.selection.groups.keys():
            self._sources(nodes, head)
            return
        if x not in self.operand_boxes:
            key = self.operand_boxes[x] = f"{head}i{operand.position}"
            self.boxes[key] = operand
            self._sources(nodes, key)
        self.edges.append(Edge(self.operand_boxes[x], head, count(len(nodes), "value")))

    def _sources(self, nodes: Sequence[int], head: str) -> None:
        """Edges from the groups that entries come from; a layer's own leaves come from nowhere."""
        tally: dict[str, set[int]] = {}
        for n in nodes:
            group = self.selection.group_of(n)
            if group and (self.graph.nodes[n].op is not None or type(group) is not LayerGroup):
                tally.setdefault(group.id, set()).add(n)
        for tail, found in tally.items():
            self.edges.append(Edge(tail, head, count(len(found), "value")))

    # --- groups ----------------------------------------------------------------------------------

    def _read_groups(self) -> None:
        """What groups read of other boxes, in the order of the boxes unless there are no grids."""
        box_of = self.selection.box_of
        pairs: dict[tuple[str, str], set[int]] = {}
        seen: set[tuple[Any, str]] = set()
        for k in self.graph.operations:
            head = box_of.get(k)
            if not head or self.selection.alone(k):
                continue
            for x in self.graph.nodes[k].inputs:
                if (x, head) in seen:
                    continue
                seen.add((x, head))
                for n in self.graph.entries(x):
                    tail = box_of.get(n)
                    if tail and tail != head:
                        pairs.setdefault((tail, head), set()).add(n)
        place = {key: at for at, key in enumerate(self.boxes)}
        ordered = [*pairs]
        if self.selection.grids:  # without, they are in the order of operands
            ordered.sort(key=lambda pair: [place[key] for key in pair])
        self.edges += [Edge(*pair, self._passed(pair[0], pairs[pair])) for pair in ordered]

    def _passed(self, tail: str, numbers: set[int]) -> str:
        """What goes along an arrow: the shape of a whole tensor, or how many scalars."""
        group = self.selection.groups.get(tail)
        for tensor in group.tensors if group else []:
            if len(tensor.entries) == len(numbers) == len(numbers & set(tensor.entries)):
                return shape_text(tensor.name.shape)
        return count(len(numbers), "scalar")


def _ordered(graph: Graph, selection: Selection) -> dict[str, Content]:
    """The boxes, inputs first, those of one tensor in the order of its entries.

    Its channels stand together, where the first of them is. (Walks meet entries from the last.)
    """
    boxes: dict[str, Content] = {}
    for k in range(len(graph.nodes)):
        key = selection.box_of.get(k)
        if key and key not in boxes:
            boxes[key] = k if key == scalar_id(k) else selection.groups[key]
    same_tensor: dict[int, list[tuple[int, int, str]]] = {}
    for at, (key, content) in enumerate(boxes.items()):
        if isinstance(content, ChannelGroup):
            same_tensor.setdefault(id(content.tensor), []).append((content.channel, at, key))
        elif isinstance(content, int) and isinstance(graph.nodes[content].name, Name):
            node = graph.nodes[content]
            same_tensor.setdefault(id(node.name), []).append((node.place, at, key))
    rank: dict[str, tuple[int, int]] = {key: (at, 0) for at, key in enumerate(boxes)}
    for several in same_tensor.values():
        slots = sorted(at for _, at, _ in several)
        for place, ((_, _, key), slot) in enumerate(zip(sorted(several), slots, strict=True)):
            together = isinstance(boxes[key], ChannelGroup)
            rank[key] = (slots[0] if together else slot, place)
    return {key: boxes[key] for key in sorted(boxes, key=rank.__getitem__)}
