"""Derivatives as Values, which can be differentiated again: `grad`, `jacobian`, `hessian`.

The sweep of `graph` runs on mirrors of the nodes, whose numbers are Values.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, overload

from . import graph
from .conditional import Conditional
from .numbers.kinds import AnyNumber
from .tensor import Arrays, Tensor, _tensor
from .value import Value

Mirrors = dict[graph.Node, graph.Node]


@overload
def grad(y: Value, xs: Iterable[Value]) -> list[Value]: ...
@overload
def grad(y: Value, xs: Iterable[Tensor]) -> list[Tensor]: ...
@overload
def grad(y: Value, xs: Iterable[Value | Tensor]) -> list[Any]: ...
def grad(y: Value, xs: Any = None) -> list[Any]:
    """[∂y/∂x for x in xs] as Values and Tensors that can be differentiated again; `.grad` is left
    alone.

    `xs` are Values and Tensors. What y does not depend on gets a constant 0.

    >>> x = Value(3.0)
    >>> (dx,) = grad(x**3, [x])
    >>> (ddx,) = grad(dx, [x])
    >>> dx.data, ddx.data
    (27.0, 18.0)
    """
    _refuse_functions("grad", y)
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


def _refuse_functions(name: str, y: object) -> None:
    if callable(y):
        raise TypeError(
            f"{name}(y, xs) takes what a function returned, not the function: y = f(x), and then "
            f"{name}(y, [x])"
        )


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
    _refuse_functions("jacobian", ys)
    outputs, inputs = Tensor(ys), Tensor(xs)
    rows = [grad(y, [inputs])[0] for y in outputs.values]
    return _tensor((*outputs.shape, *inputs.shape), [v for row in rows for v in row.values])


def hessian(y: Value, xs: Arrays = ()) -> Tensor:
    """∂²y/∂x∂x': a Tensor of shape (*xs.shape, *xs.shape), differentiable again."""
    _refuse_functions("hessian", y)
    inputs = Tensor(xs)
    return jacobian(grad(y, [inputs])[0], inputs)
