"""What a model is made of: layers, shapes, parameters, multiply-adds and scalar nodes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd import Tensor, Value, graph

from .nests import flattened
from .watch import Call, watched

if TYPE_CHECKING:
    from .module import Module


@dataclass(frozen=True)
class Row:
    """What one module adds of its own, for one sample; a leaf has no modules inside."""

    path: str
    layer: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    nodes: int
    is_leaf: bool


class Summary:
    """The layers of a model and their sums; prints as a table."""

    def __init__(self, rows: list[Row], leaves: int) -> None:
        self.rows = rows
        self.parameters = sum(row.parameters for row in rows)
        self.multiply_adds = sum(row.multiply_adds for row in rows)
        self.nodes = leaves + sum(row.nodes for row in rows)

    def __str__(self) -> str:
        head = ("", "layer", "output", "parameters", "multiply-adds", "nodes")
        body = [
            (r.path, r.layer, by(r.shape), *map(_int, (r.parameters, r.multiply_adds, r.nodes)))
            for r in self.rows
        ]
        sums = ("", "one sample, with its leaves", "")
        foot = (*sums, *map(_int, (self.parameters, self.multiply_adds, self.nodes)))
        table = [head, *body, foot]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [_line(row, widths) for row in table]
        rule = "─" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    __repr__ = __str__


def summarize(model: "Module", shape: Sequence[int]) -> Summary:
    """Run a model on one sample of zeros of this shape, and count."""
    with watched("summary", model) as calls:
        result = model(Tensor([0.0] * math.prod(shape)).reshape(*shape))
    nodes = graph.nodes(*[v for x in _outputs(result) for v in getattr(x, "values", [x])])
    made = [node for node in nodes if node.op is not None]
    found = [_row(call, made) for call in {call.path: call for call in calls}.values()]
    rows = [row for row in found if row.nodes or row.parameters or row.is_leaf]
    return Summary(rows, len(nodes) - len(made))


def _row(call: Call, made: list[Value]) -> Row:
    own = [node for node in made if node.scope == call.path]
    multiply_adds = sum(map(_multiply_adds, own))
    children = [part for _, part in call.layer.named_children()]
    parameters = sum(p.size for p in children if isinstance(p, Tensor) and p.trainable)
    shape = getattr(next(iter(_outputs(call.output)), None), "shape", ())  # of y in (y, state)
    return Row(call.path, call.words, shape, parameters, multiply_adds, len(own), call.is_leaf)


def _outputs(result: Any) -> list[Tensor | Value]:
    """The Tensors and Values in nested sequences and dicts, in order."""
    return [x for _, x in flattened(result) if isinstance(x, Tensor | Value)]


def _multiply_adds(node: Any) -> int:
    """How many products a node takes: a dot as many as its operands are long."""
    return len(node.inputs[0].inputs) if node.op.name == "dot" else int(node.op.name == "mul")


def by(shape: Sequence[int | str]) -> str:
    """A shape as people write it: 8×24×24."""
    return "×".join(map(str, shape))


def _int(n: int) -> str:
    return f"{n:,}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    texts = [
        c.rjust(w) if k > 2 else c.ljust(w)
        for k, (c, w) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(texts)
