"""Derivatives of Values as Values, which can be differentiated again (`operators` has these of
functions too).

The sweep of `graph` runs on mirrors of the nodes, whose numbers are Values.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from . import graph
from .conditional import Conditional
from .numbers.kinds import AnyNumber
from .tensor import Arrays, Tensor, _tensor
from .value import Value

Mirrors = dict[graph.Node, graph.Node]


def grad(y: Value, xs: Any) -> list[Any]:
    """[∂y/∂x for x in xs] as Values and Tensors that can be differentiated again."""
    if not isinstance(y, Value):
        raise TypeError(f"grad(y, xs): y must be a Value, got {type(y).__name__}; sum it first")
    if isinstance(xs, Value | Tensor | Set | Mapping) or not isinstance(xs, Iterable):
        got = type(xs).__name__
        raise TypeError(f"grad(y, xs): xs must be a list, as in grad(y, [x]), got a {got}")
    xs = list(xs)
    targets = {v for x in xs for v in _entries(x)}
    ordered = graph.order(y)
    if not y.unknown:
        graph.refuse_changed(ordered)
    mirrors = _mirrored(ordered, targets)
    leaf = mirrors.get(y) or graph.Node(None, (), y)
    leaf.grad = Conditional(Value(1)) if y.unknown else Value(1)
    graph.sweep([mirror for mirror in mirrors.values() if mirror.inputs])
    reached = {v: mirrors[v].grad for v in targets if v in mirrors}
    bars = {v: bar for v, bar in reached.items() if bar is not graph.UNREACHED}
    found = {v: bar.value if isinstance(bar, Conditional) else bar for v, bar in bars.items()}
    found |= {v: Value(0) for v in targets - bars.keys()}
    return [
        _tensor(x.shape, [found[v] for v in x.values]) if isinstance(x, Tensor) else found[x]
        for x in xs
    ]


def _entries(x: object) -> Sequence[Value]:
    if isinstance(x, Tensor):
        return x.values
    if isinstance(x, Value):
        return [x]
    raise TypeError(f"grad(y, xs): xs must hold Values and Tensors, got {type(x).__name__}")


def _mirrored(ordered: Iterable[graph.Node], targets: set[Value]) -> Mirrors:
    """{node: mirror} of the nodes that depend on the targets, inputs first.

    A mirror's number is the Value itself. So the sweep that computes a gradient from numbers makes
    the graph of the gradient from mirrors.
    """
    mirrors: Mirrors = {}
    for node in ordered:
        for x in node.inputs:
            if x in targets and x not in mirrors:
                mirrors[x] = graph.Node(None, (), x)
        if node in targets or any(x in mirrors for x in node.inputs):
            inputs = tuple(
                [mirrors.get(x) or graph.Node(None, (), _number(x)) for x in node.inputs]
            )
            mirrors[node] = graph.Node(node.op, inputs, _number(node))
    return mirrors


def _number(node: graph.Node) -> AnyNumber:
    return node if isinstance(node, Value) else node.inputs


def jacobian(ys: Arrays, xs: Arrays = ()) -> Tensor:
    """∂y/∂x for each y and x: a Tensor of shape (*ys.shape, *xs.shape), differentiable again.

    `ys` and `xs` are Tensors or sequences of Values.
    """
    outputs, inputs = Tensor(ys), Tensor(xs)
    rows = [grad(y, [inputs])[0] for y in outputs.values]
    return _tensor((*outputs.shape, *inputs.shape), [v for row in rows for v in row.values])


def hessian(y: Value, xs: Arrays = ()) -> Tensor:
    """∂²y/∂x∂x': a Tensor of shape (*xs.shape, *xs.shape), differentiable again."""
    inputs = Tensor(xs)
    return jacobian(grad(y, [inputs])[0], inputs)
