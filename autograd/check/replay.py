"""The record of a forward as a graph of Values, which the explorer shows.

What one statement of the user's source computed is a scope, called as the source calls its result.
An array of the record is a list of Values in row-major order, so rearrangements make no node.
"""

import math
from collections import defaultdict
from collections.abc import Sequence

from ..contraction import contracted
from ..scopes import Call, resumed
from ..tensor import Tensor
from ..value import Value, nodes
from .trace.nodes import Array, Contraction, Elementwise, Gather, Node, Scatter
from .trace.record import Record
from .trace.statements import Statements, Written

Values = Sequence[Value]
MOST = 1_000_000  # scalars in a record's arrays, beyond which a page is of no use
LONGEST = 48  # characters of an expression on a card


def replay(record: Record, upstream: Array) -> tuple[Value, dict[str, Values]]:
    """L = Σ upstream · output of a recorded forward, and its inputs by name."""
    live = [node for node in reversed(record.live) if node.operation is not None]
    made = {node: _leaves(node.value, node.name) for node in record.inputs.values()}
    computing = [node.site for node in live if not isinstance(node.operation, Gather)]
    statements = Statements([site for site in computing if site is not None and site.places])
    calls: dict[Written, Call] = {}
    for node in live:
        operands = [made[x] if x in made else _leaves(x.value) for x in node.inputs]
        name, text = written = statements.of(node.site)
        with resumed(calls.setdefault(written, Call(name, _short(text)))):
            made[node] = _computed(node, operands)
        _name(made[node], _target(node), node.value.shape)
    output = made[record.output] if record.output in made else _leaves(record.output.value)
    _name(output, "output", record.output.value.shape)
    return _loss(output, upstream), {name: made[node] for name, node in record.inputs.items()}


def is_small(record: Record) -> bool:
    """Whether a page can show it."""
    return sum(node.value.size for node in record.live) <= MOST


def _loss(output: Values, upstream: Array) -> Value:
    """L, which is the output itself where that is a number and its gradient 1."""
    if not upstream.ndim and upstream == 1:
        (loss,) = output
    else:
        sides = [((len(output),), values) for values in (_leaves(upstream, "upstream"), output)]
        with resumed(Call("L", "Σ upstream · output")):
            _, (loss,) = contracted("a,a->", sides)
    loss.label = "L"
    return loss


def _leaves(array: Array, name: str = "") -> Values:
    values = [Value(x) for x in array.ravel().tolist()]
    _name(values, name, array.shape)
    return values


def _name(values: Values, name: str, shape: tuple[int, ...]) -> None:
    """Call the entries `name[i,j]`, but for those that have a name already."""
    if not name or not values or any(v.name for v in values):
        return
    if shape:
        Tensor(values).reshape(*shape).rename(name)
    else:
        values[0].label = name


def _target(node: Node) -> str:
    """What the user calls a result, if he gives it a name."""
    name = node.site.name if node.site is not None and node.site.places else ""
    return name if name.isidentifier() else ""


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _computed(node: Node, operands: Sequence[Values]) -> Values:
    """The Values of an operation of the record: its forward, on Values."""
    operation = node.operation
    if isinstance(operation, Elementwise):
        return nodes(operation.row, operands)
    if isinstance(operation, Contraction):
        shapes = [x.value.shape for x in node.inputs]
        return contracted(operation.spec, [*zip(shapes, operands, strict=True)])[1]
    if isinstance(operation, Gather):
        pairs = zip(operation.source.ravel().tolist(), operation.at.ravel().tolist(), strict=True)
        return [operands[k][at] if k >= 0 else Value(0.0) for k, at in pairs]
    if isinstance(operation, Scatter):
        return _scattered(operation, operands[0])
    raise TypeError(f"an operation of another kind: {operation}")


def _scattered(operation: Scatter, values: Values) -> Values:
    """Zeros, with Values added at addresses."""
    parts = defaultdict(list)
    for at, value in zip(operation.at.ravel().tolist(), values, strict=True):
        parts[at].append(value)
    sums = range(math.prod(operation.shape))
    return [contracted("a->", [((len(parts[k]),), parts[k])])[1][0] for k in sums]
