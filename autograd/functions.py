"""Functions that are compositions: of Values and Tensors, and of the sweep itself."""

import math
from collections.abc import Callable
from typing import Any

from . import graph
from .kinds import UNKNOWN
from .primitives import PRIMITIVES
from .scopes import current_scope
from .tensor import Tensor, _tensor, aligned, operand, stack
from .value import Value, apply, nodes


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition is true (not 0), else `b`; broadcasting.

    The branch that was not taken gets no gradient at all, not 0·nan.
    """
    return _entrywise("where", condition, a, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two; in a tie the first takes the whole gradient."""
    return _entrywise("maximum", a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two; in a tie the first takes the whole gradient."""
    return _entrywise("minimum", a, b)


def relu(x: Any) -> Any:
    """max(x, 0); its derivative at 0 is 0."""
    return _entrywise("relu", x)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x for x > 0, else slope·x."""
    return _entrywise("leaky_relu", x, slope)


def stop_gradient(x: Any) -> Any:
    """The same number, a node of the graph whose derivative is 0."""
    return _entrywise("stop", x)


def _entrywise(name, *xs):
    """A primitive of numbers, Values and Tensors, broadcast; a Value where none is a Tensor."""
    operands = [operand(x) for x in xs]
    if NotImplemented in operands:
        raise TypeError(f"{name}: takes numbers, Values, Tensors and sequences, got {xs!r:.80}")
    if all(isinstance(x, Value) for x in operands):
        return apply(PRIMITIVES[name], *operands)
    shape, columns = aligned(*operands)
    return _tensor(shape, nodes(PRIMITIVES[name], columns))


def drawn(shape: Any, rng: Any, number: Callable[[Any], Any]) -> Tensor:
    """Random leaves number(u) for u uniform in [0, 1): eager once, compiled anew for every sample.

    `rng` is a `random.Random` (or the module); `number` must work on a float and on an array.
    """
    trace, n = current_scope().trace, math.prod(shape)
    if trace is None:
        return Tensor([number(rng.random()) for _ in range(n)]).reshape(shape)
    values = [Value(UNKNOWN) for _ in range(n)]
    trace.draws.append((values, rng, number))
    return Tensor(values).reshape(shape)


def logsumexp(x: Any, axis: int = -1, keepdims: bool = False) -> Any:
    """log Σ exp(x) over an axis, shifted by the maximum, so that nothing overflows."""
    x = Tensor(x)
    shift = x.max(axis, keepdims=True).stop()
    log = (x - shift).exp().sum(axis, keepdims).log()
    return log + (shift if keepdims else shift.sum(axis))


def softmax(x: Any, axis: int = -1) -> Tensor:
    """exp(x) / Σ exp(x) over an axis, shifted by the maximum; same shape."""
    x = Tensor(x)
    powers = (x - x.max(axis, keepdims=True).stop()).exp()
    return powers / powers.sum(axis, keepdims=True)


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """x - log Σ exp(x) over an axis, shifted by the maximum; same shape."""
    x = Tensor(x)
    shifted = x - x.max(axis, keepdims=True).stop()
    return shifted - shifted.exp().sum(axis, keepdims=True).log()


# --- derivatives as Values ----------------------------------------------------------------------


def grad(y: Value, xs: Any) -> list[Any]:
    """[∂y/∂x for x in xs] as Values and Tensors that can be differentiated again; `.grad` is left
    alone.

    `xs` is a sequence of Values and Tensors. What y does not depend on gets a constant 0.

    >>> x = Value(3.0)
    >>> (dx,) = grad(x**3, [x])
    >>> (ddx,) = grad(dx, [x])
    >>> dx.data, ddx.data
    (27.0, 18.0)
    """
    if not isinstance(y, Value):
        raise TypeError(f"grad(y, xs): y must be a Value, got {type(y).__name__}; sum it first")
    if isinstance(xs, Value):
        raise TypeError("grad(y, xs): xs must be a sequence; write grad(y, [x])")
    targets = {v for x in xs for v in _entries(x)}
    mirrors = _mirrored(graph.order(y), targets)
    leaf = mirrors.get(y) or graph.Node(None, (), y)
    adjoint = graph.adjoints(list(mirrors.values()), {leaf: Value(1)})
    found = {v: adjoint.get(mirrors.get(v)) for v in targets}
    found.update({v: Value(0) for v, g in found.items() if g is None})
    return [
        _tensor(x.shape, [found[v] for v in x.values]) if isinstance(x, Tensor) else found[x]
        for x in xs
    ]


def _entries(x):
    if isinstance(x, Tensor):
        return x.values
    if isinstance(x, Value):
        return [x]
    raise TypeError(f"grad(y, xs): xs must hold Values and Tensors, got {type(x).__name__}")


def _mirrored(ordered, targets):
    """{node: mirror} of the nodes that depend on the targets, inputs first.

    A mirror's number is the Value itself. So the sweep that computes a gradient from numbers makes
    the graph of the gradient from mirrors.
    """
    mirrors = {}
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


def _number(node):
    return node if isinstance(node, Value) else node.inputs


def jacobian(ys: Any, xs: Any) -> Any:
    """∂y/∂x for each y and x: a Tensor of shape (*ys.shape, *xs.shape), differentiable again.

    `ys` and `xs` are Tensors or sequences of Values.
    """
    ys, xs = Tensor(ys), Tensor(xs)
    rows = [grad(y, [xs])[0] for y in ys.values]
    return stack(rows).reshape(*ys.shape, *xs.shape)


def hessian(y: Value, xs: Any) -> Tensor:
    """∂²y/∂x∂x': a Tensor of shape (*xs.shape, *xs.shape), differentiable again."""
    xs = Tensor(xs)
    return jacobian(grad(y, [xs])[0], xs)
