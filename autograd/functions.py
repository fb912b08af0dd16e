"""Functions of numbers, Values and Tensors, entry by entry or along an axis."""

import math
from collections.abc import Callable
from typing import Any

from .numbers.kinds import UNKNOWN
from .primitives import PRIMITIVES
from .scopes import current_scope
from .tensor import Tensor, _tensor, aligned, operand
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
