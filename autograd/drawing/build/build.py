"""From a plan to an outline: what each box says, and the chain rule on arrows between scalars."""

from collections.abc import Sequence
from typing import Any

from ...names import Name
from ..outline import Arrow, Box, Outline
from ..read.gradients import Gradients, accumulated, partials
from ..read.stages import Stage
from ..read.survey import Survey
from ..read.words import UNSEEN, clean, count, number, symbol
from ..select.plan import Plan
from .grids import WRITTEN
from .groups import frames_of, group_box, passage
from .operands import add_gradients, leaves, operand, products

HIDDEN = "·"  # a number in a formula, where no values are wanted
INFIX = {"add", "sub", "mul", "div", "pow", "greater", "at_least", "equal"}


def outlined(
    survey: Survey,
    plan: Plan,
    stages: Sequence[Stage] = (),
    values: bool = True,
    gradients: bool = True,
) -> Outline:
    """The boxes and arrows of a plan."""
    return _Builder(survey, plan, stages, values, gradients).build()


class _Builder:
    """An outline in the making."""

    def __init__(
        self, survey: Survey, plan: Plan, stages: Sequence[Stage], values: bool, gradients: bool
    ) -> None:
        self.survey, self.plan, self.values = survey, plan, values
        self.number = survey.number
        self.back = Gradients(survey, gradients)
        self.outline = Outline(notes=list(plan.notes))
        self.grids: dict[Any, str] = {}
        self.readers: dict[Any, int] = {}
        self.roots = {survey.number[root] for root in survey.roots}
        self.scope_of = {k: stage for stage in stages for k in stage.nodes}

    def build(self) -> Outline:
        """Boxes first, inputs before what reads them; then arrows in the order of operands."""
        plan, survey, boxes = self.plan, self.survey, self.outline.boxes
        for k in survey.operations:
            if plan.alone(k) and k not in plan.folded:
                for x in survey.nodes[k].inputs:
                    self.readers[x] = self.readers.get(x, 0) + 1
        for k in range(len(survey.nodes)):
            key = plan.owner.get(k)
            if key and key not in boxes:
                boxes[key] = self._scalar(k) if key == f"n{k}" else self._group(key)
            if key and k in self.roots:
                boxes[key].root = True
        self._in_order()
        boxes = self.outline.boxes
        pairs: dict[tuple[str, str], set[int]] = {}
        seen: set[tuple[Any, str]] = set()
        for k in survey.operations:
            key = plan.owner.get(k)
            if plan.alone(k) and k not in plan.folded:
                self._operands(k)
            elif key and k not in plan.folded and plan.only is None:
                self._passages(k, key, pairs, seen)
        place = {key: at for at, key in enumerate(boxes)}
        if not plan.direct:  # there, they are in the order of operands
            pairs = {
                pair: pairs[pair] for pair in sorted(pairs, key=lambda p: [*map(place.get, p)])
            }
        for (tail, head), found in pairs.items():
            text = passage(self.survey, self.plan.groups.get(tail), found)
            self.outline.arrows.append(Arrow(tail, head, text))
        if self.back.ran and plan.only is None:
            for n in accumulated(survey, self.outline.arrows):
                boxes[f"n{n}"].lines.append(("", "grad also holds earlier backward passes"))
        if not survey.operations and len(survey.roots) > 1:
            self.outline.boxes = {"t0": leaves(survey.roots, self.back.wanted)}
        self._frame()
        return self.outline

    def _in_order(self) -> None:
        """Boxes of one tensor in the order of its entries; walks meet them from the last.

        Its channels stand together, where the first of them is.
        """
        keys = [*self.outline.boxes]
        found: dict[Any, list[tuple[int, int]]] = {}
        for at, key in enumerate(keys):
            if group := self.plan.groups.get(key):
                place, tensor = group.channel, group.tensor and id(group.tensor)
            else:
                node = self.survey.nodes[int(key[1:])]
                named = isinstance(node.name, Name)
                place, tensor = (node.place, id(node.name)) if named else (0, None)
            if tensor:
                found.setdefault(tensor, []).append((place, at))
        ordered: list[tuple[float, int, str]] = [(at, 0, key) for at, key in enumerate(keys)]
        for several in found.values():
            slots = sorted(at for _, at in several)
            for place, ((_, source), slot) in enumerate(zip(sorted(several), slots, strict=True)):
                channel = keys[source] in self.plan.groups
                ordered[source] = (slots[0] if channel else slot, place, keys[source])
        self.outline.boxes = {key: self.outline.boxes[key] for _, _, key in sorted(ordered)}

    # --- boxes -----------------------------------------------------------------------------------

    def _group(self, key: str) -> Box:
        return group_box(self.survey, self.plan.groups[key], self.values, self.back)

    def _scalar(self, k: int) -> Box:
        """A node: what it is called, how it was made, its number and its gradient."""
        node = self.survey.nodes[k]
        box = Box(f"n{k}", self._kind(k), clean(node.label), tip=self._tip(k))
        if node.op is not None:
            box.symbol = symbol(node.op)
            if k not in self.plan.folded and (formula := self._formula(node)):
                box.lines.append(("", formula))
        if self.values:
            box.lines.append(("data", number(node.data)))
        if self.back.wanted and self.back.told(k):
            box.lines.append(("grad", number(node.grad) if self.back.known([k]) else UNSEEN))
        if self.plan.folded.get(k, 0):
            box.lines.append(("", f"{count(self.plan.folded[k], 'node')} behind"))
        return box

    def _kind(self, k: int) -> str:
        node = self.survey.nodes[k]
        if k in self.plan.folded:
            return "folded"
        if node.op is not None:
            return "root" if k in self.roots else "operation"
        if isinstance(node.name, Name) and node.name.kind == "Parameter":
            return "parameter"
        return "input" if node.name else "constant"

    def _tip(self, k: int) -> str:
        """All of a label that was shortened, what made the node, and where."""
        node = self.survey.nodes[k]
        made = node.op.name if node.op else "leaf"
        where = f" in {clean(node.scope, 80)}" if node.scope else ""
        return ", ".join(filter(None, [clean(node.label, 300), made + where]))

    def _formula(self, node: Any) -> str:
        """`a × b` as it was written, by names or by numbers."""
        names = [self._called(x) if x in self.number else "" for x in node.inputs]
        if "" in names:
            n = len(node.inputs[0].inputs)
            sums = node.op.name == "dot"
            return f"Σ of {n:,} products" if sums else f"{symbol(node.op)} of {n:,}"
        if all(name == HIDDEN for name in names):
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
        return number(x.data) if self.values else HIDDEN

    # --- arrows ----------------------------------------------------------------------------------

    def _operands(self, k: int) -> None:
        """The arrows into one operation, in the order of its operands."""
        node = self.survey.nodes[k]
        rows = partials(node) if self.back.ran else [None] * len(node.inputs)
        folded = self._products(k)
        for position, (x, p) in enumerate(zip(node.inputs, rows, strict=True)):
            if x in self.number:
                self._arrow(self.number[x], k, node, p)
                continue
            rest = []
            for j, v in enumerate(x.inputs):
                if self.plan.alone(self.number[v]):
                    self._arrow(self.number[v], k, node, p[j] if p else None)
                else:
                    rest.append(j)
            if rest and not folded and self.plan.only is None:
                self._grid(k, position, rest, p)

    def _arrow(self, n: int, k: int, node: Any, partial: Any) -> None:
        """The arrow from one scalar to an operation that reads it."""
        only, tail = self.plan.only, self.plan.owner.get(n)
        if tail is None or (only is not None and (n, k) not in only):
            return
        text = "" if self.plan.alone(n) else clean(self.survey.nodes[n].label)
        self.outline.arrows.append(Arrow(tail, f"n{k}", text, self.back.chain(n, node, partial)))

    def _products(self, k: int) -> bool:
        """Draw the operands of a dot as one box, if they are too many for two grids."""
        node: Any = self.survey.nodes[k]
        if node.op.name != "dot" or len(node.inputs[0].inputs) <= WRITTEN or self.plan.only:
            return False
        entries = [v for x in node.inputs for v in x.inputs]
        if any(self.plan.alone(self.number[v]) for v in entries):
            return False
        box = products(f"n{k}p", node, self.values)
        self.outline.boxes[box.id] = box
        self._sources(entries, box.id)
        self.outline.arrows.append(Arrow(box.id, f"n{k}", f"{len(entries) // 2:,} products"))
        return True

    def _grid(self, k: int, position: int, rest: Sequence[int], row: Any) -> None:
        """A shared operand as one box, made once."""
        node = self.survey.nodes[k]
        x = node.inputs[position]
        owners = {self.plan.owner.get(self.number[x.inputs[j]], "") for j in rest}
        if self.plan.direct and len(owners) == 1 and owners <= self.plan.groups.keys():
            self._sources([x.inputs[j] for j in rest], f"n{k}")
            return
        if x not in self.grids:
            key = self.grids[x] = f"n{k}i{position}"
            box = self.outline.boxes[key] = operand(key, node, position, rest, self.values)
            if self.back.ran:
                add_gradients(box, node, position, rest, row if self.readers[x] == 1 else None)
            self._sources([x.inputs[j] for j in rest], key)
        self.outline.arrows.append(Arrow(self.grids[x], f"n{k}", count(len(rest), "value")))

    def _sources(self, entries: Sequence[Any], head: str) -> None:
        """Arrows from the layers and inputs that entries come from."""
        tally: dict[str, set[int]] = {}
        for v in entries:
            n = self.number[v]
            group = self.plan.groups.get(self.plan.owner.get(n, ""))
            if group and (v.op is not None or group.tensor or group.alike):
                tally.setdefault(group.id, set()).add(n)
        for tail, found in tally.items():
            self.outline.arrows.append(Arrow(tail, head, count(len(found), "value")))

    def _passages(
        self, k: int, key: str, pairs: dict[tuple[str, str], set[int]], seen: set[tuple[Any, str]]
    ) -> None:
        """Note what a layer reads of other boxes."""
        owner, number = self.plan.owner, self.number
        for x in self.survey.nodes[k].inputs:
            if x not in number:
                if (x, key) in seen:
                    continue
                seen.add((x, key))
            for v in [x] if x in number else x.inputs:
                tail = owner.get(number[v])
                if tail and tail != key:
                    pairs.setdefault((tail, key), set()).add(number[v])

    def _frame(self) -> None:
        """Frames of modules around what they made."""
        calls = {}
        for k, stage in self.scope_of.items():
            if self.plan.alone(k):
                calls[f"n{k}"] = stage
        for key, found in frames_of(self.outline, self.plan, calls).items():
            self.outline.boxes[key].frame = found
