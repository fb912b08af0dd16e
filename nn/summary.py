"""What a model is made of: layers, shapes, parameters, multiply-adds and scalar nodes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd import Tensor, Value, graph


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


def summarize(model: Any, shape: Sequence[int]) -> Summary:
    """Run a model on one sample of zeros of this shape, and count."""
    outputs: dict[str, tuple[Any, tuple[int, ...]]] = {}
    modules = list(model.modules())
    modes = [m.training for m in modules]
    for layer in modules:
        layer.forward = _recorded(layer, outputs)
    try:
        result = model.eval()(Tensor([0.0] * math.prod(shape)).reshape(*shape))
    finally:
        for module, mode in zip(modules, modes, strict=True):
            del module.forward
            module.training = mode
    nodes = graph.nodes(*(result.values if isinstance(result, Tensor) else [result]))
    made = [node for node in nodes if node.op is not None]
    found = [_row(path, layer, shape, made) for path, (layer, shape) in outputs.items()]
    rows = [row for row in found if row.nodes or row.parameters or row.is_leaf]
    return Summary(rows, len(nodes) - len(made))


def _recorded(layer: Any, outputs: dict[str, Any]) -> Any:
    forward = layer.forward

    def recorded(*inputs: Any) -> Any:
        y = forward(*inputs)
        outputs[layer.path or ""] = (layer, getattr(y, "shape", ()))
        return y

    return recorded


def _row(path: str, layer: Any, shape: tuple[int, ...], made: list[Value]) -> Row:
    own = [node for node in made if node.scope == path and node.op]
    multiply_adds = sum(_multiply_adds(node) for node in own)
    children = [part for _, part in layer.named_children()]
    parameters = sum(c.size for c in children if not hasattr(c, "forward") and c.trainable)
    is_leaf = not any(hasattr(c, "forward") for c in children)
    name = repr(layer) if is_leaf else type(layer).__name__
    return Row(path, name, shape, parameters, multiply_adds, len(own), is_leaf)


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
