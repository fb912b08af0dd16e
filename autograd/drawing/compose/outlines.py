"""From a choice to an outline: what each box says, and the chain rule on arrows between scalars."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from ...anomaly import GradientAnomaly, trace_anomaly
from ...text import clean, number
from ..outline import Arrow, Box, ChainRule, Outline
from ..read.gradients import Gradients, as_made, falls_short, partials, uses
from ..read.graph import is_parameter
from ..read.words import NO_GRADIENT, count, symbol, uses_drawn
from ..select.choose import Choice
from ..select.selection import LayerGroup, scalar_id
from ..select.structure import Content, Edge, Leaves, Operand, Products
from .frames import frame
from .groups import group_box
from .maps import CELLS
from .operands import add_gradients, leaves, operand, products
from .rows import rows

NO_VALUE = "·"  # a number in a formula, where no values are wanted
INFIX = {"add", "sub", "mul", "div", "pow", "greater", "at_least", "equal"}


def compose(choice: Choice, values: bool = True, gradients: bool = True) -> Outline:
    """The boxes and arrows of a choice, with numbers and gradients where they are wanted."""
    return _Composer(choice, values, gradients).compose()


class _Composer:
    """An outline in the making."""

    def __init__(self, choice: Choice, values: bool, gradients: bool) -> None:
        self.choice, self.structure = choice, choice.structure
        self.graph, self.selection = self.structure.graph, self.structure.selection
        self.values = values
        self.gradients = Gradients(self.graph, gradients)
        self.roots = {self.graph.number[root] for root in self.graph.roots}
        self.partials: dict[int, Sequence[Any]] = {}
        layers = sum(type(c) is LayerGroup for c in self.structure.boxes.values())
        self.cells = CELLS // max(1, layers) if values else 0

    def compose(self) -> Outline:
        """Boxes first, then arrows, then the modules around both."""
        structure = self.structure
        boxes = {key: self._box(key, content) for key, content in structure.boxes.items()}
        for key in {self.selection.box_of.get(k, "") for k in self.roots} & boxes.keys():
            boxes[key].root = True
        rules = {edge: self._chain_rule(edge) for edge in structure.edges}
        arrows = [Arrow(edge.tail, edge.head, edge.text, rules[edge]) for edge in structure.edges]
        if self.gradients.computed:
            self._note_uses(boxes, rules)
        told = [self.gradients.note] if self.gradients.note else []
        notes = [*told, *self.choice.notes, *self._anomalies(boxes)]
        outline = Outline(boxes, arrows, notes=notes, title=self.choice.title)
        frame(outline, structure, self.choice.stages)
        outline.rows = rows(outline, structure)
        return outline

    def _chain_rule(self, edge: Edge) -> ChainRule | None:
        """The chain rule on the arrow from one scalar to its reader."""
        if edge.read is None or not self.gradients.computed:
            return None
        return self.gradients.chain_rule(edge.read, self._partials(edge.read.reader))

    @cached_property
    def uses(self) -> Counter[int]:
        """How often the graph reads the scalars that are drawn, and the entries of operands."""
        found = {k for k, key in self.selection.box_of.items() if key == scalar_id(k)}
        for content in self.structure.boxes.values():
            if isinstance(content, Operand):
                operand = self.graph.nodes[content.reader].inputs[content.position]
                found.update(self.graph.entries(operand))
        return uses(self.graph, found)

    def _partials(self, k: int) -> Sequence[Any]:
        if k not in self.partials:
            self.partials[k] = partials(self.graph.nodes[k])
        return self.partials[k]

    def _note_uses(self, boxes: dict[str, Box], rules: dict[Edge, ChainRule | None]) -> None:
        """Say of scalars where what is sent along their arrows is not all of their gradient."""
        drawn: dict[int, list[Edge]] = {}
        for edge in rules:
            if edge.read and self.selection.alone(edge.read.node):
                drawn.setdefault(edge.read.node, []).append(edge)
        for n, edges in drawn.items():
            sent = [rule for edge in edges if (rule := rules[edge])]
            if sent and falls_short(self.graph.nodes[n], sent):
                boxes[scalar_id(n)].lines += self._rest(n, edges)

    def _rest(self, n: int, edges: Sequence[Edge]) -> list[tuple[str, str]]:
        """What a gradient holds beside what is drawn, in a line of its box."""
        if self.uses[n] > len(edges):
            return [("", uses_drawn(len(edges), [self.uses[n]]))]
        if self.gradients.note:
            return [("", "grad of other uses too")]
        readers = [self.graph.nodes[edge.read.reader] for edge in edges if edge.read]
        if self.graph.nodes[n].op is None and all(map(as_made, readers)):
            return [("", "grad also holds other backward passes")]
        return []

    def _anomalies(self, boxes: dict[str, Box]) -> Iterator[str]:
        """Where numbers, and gradients, first were nan or inf: in words, and on the boxes."""
        root, *others = self.graph.roots
        if others or root.unknown:
            return
        wanted = [("data", False)] * self.values + [("grad", True)] * self.gradients.spoilt
        for what, backward in wanted:
            found = trace_anomaly(root, backward)
            if found and isinstance(found, GradientAnomaly) == backward:
                yield f"the first {what} that is not finite: {found}"
                key = self.selection.box_of.get(self.graph.number[found.node], "")
                if key in boxes:
                    boxes[key].lines.append(("", f"the first {what} that is not finite"))

    # --- boxes -----------------------------------------------------------------------------------

    def _box(self, key: str, content: Content) -> Box:
        if isinstance(content, int):
            return self._scalar(key, content)
        if isinstance(content, Operand):
            return self._operand(key, content)
        if isinstance(content, Products):
            return products(key, self.graph.nodes[content.reader], self.values)
        if isinstance(content, Leaves):
            entries = [self.graph.nodes[k] for k in content.nodes]
            return leaves(key, entries, self.gradients.asked)
        return group_box(self.graph, content, self.cells, self.gradients)

    def _operand(self, key: str, content: Operand) -> Box:
        """A shared operand, and what its one reader sends, or all gradients of its entries."""
        node = self.graph.nodes[content.reader]
        box = operand(key, node, content.position, content.entries, self.values)
        if self.gradients.computed:
            rows = None if content.shared else self._partials(content.reader)[content.position]
            entries = self.graph.entries(node.inputs[content.position])
            times = [self.uses[entries[j]] for j in content.entries]
            add_gradients(box, node, content.position, content.entries, rows, times)
        return box

    def _scalar(self, key: str, k: int) -> Box:
        """A node: what it is called, how it was made, its number and its gradient."""
        node = self.graph.nodes[k]
        box = Box(key, self._role(k), clean(node.label), tooltip=self._tooltip(k))
        if node.op is not None:
            box.symbol = symbol(node.op)
            if k not in self.selection.folded and (formula := self._formula(node)):
                box.lines.append(("", formula))
        if self.values:
            box.lines.append(("data", number(node.data)))
        if self.gradients.asked and self.gradients.shows(k):
            grad = number(node.grad) if self.gradients.computed else NO_GRADIENT
            box.lines.append(("grad", grad))
        if behind := self.selection.folded.get(k, 0):
            box.lines.append(("", f"{count(behind, 'node')} behind"))
        return box

    def _role(self, k: int) -> str:
        """What a scalar is, as far as drawings tell it."""
        node = self.graph.nodes[k]
        if k in self.selection.folded:
            return "folded"
        if node.op is not None:
            return "root" if k in self.roots else "operation"
        return "parameter" if is_parameter(node.name) else "input" if node.name else "constant"

    def _tooltip(self, k: int) -> str:
        """All of a label that was shortened, what made the node, and where."""
        node = self.graph.nodes[k]
        made = node.op.name if node.op else "leaf"
        where = f" in {clean(node.scope, 80)}" if node.scope else ""
        return ", ".join(filter(None, [clean(node.label, 300), made + where]))

    def _formula(self, node: Any) -> str:
        """`a × b` as it was written, by names or by numbers."""
        names = [self._called(x) if x in self.graph.number else "" for x in node.inputs]
        if "" in names:
            n = len(node.inputs[0].inputs)
            return (
                f"Σ of {n:,} products" if node.op.name == "dot" else f"{symbol(node.op)} of {n:,}"
            )
        if all(name == NO_VALUE for name in names):
            return ""
        if node.op.name in INFIX:
            return f" {symbol(node.op)} ".join(names)
        if node.op.name == "neg":
            return f"−({names[0]})" if names[0][0] in "−-" else f"−{names[0]}"
        return f"{node.op.symbol}({', '.join(names)})"

    def _called(self, x: Any) -> str:
        """An operand in a formula: its label if that is short, or its number."""
        label = clean(x.label)
        if 0 < len(label) <= 16:
            return label
        return number(x.data) if self.values else NO_VALUE
