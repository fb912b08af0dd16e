"""Functions of numbers, Values and Tensors, entry by entry or along an axis."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import wraps
from typing import Any, Protocol, cast, overload

from .graph import Node
from .numbers.kinds import AnyNumber, is_finite
from .primitives import PRIMITIVES, SEQUENCES, Primitive
from .reductions import Reduced, torch_names
from .scopes import current_scope, is_compiling
from .shapes import indexing
from .shapes.indexing import Axis
from .tensor import Arrays, Operand, Tensor, _tensor, aligned, operand
from .value import Scalar, Value, nodes
from .value import apply as apply_one


class OfOne(Protocol):
    """A function of each entry: a Value of a number or a Value, else a Tensor."""

    @overload
    def __call__(self, x: Scalar) -> Value: ...
    @overload
    def __call__(self, x: Arrays) -> Tensor: ...


class OfTwo(Protocol):
    """A function of pairs of entries, broadcast: a Value of two scalars, else a Tensor."""

    @overload
    def __call__(self, a: Scalar, b: Scalar) -> Value: ...
    @overload
    def __call__(self, a: Arrays, b: Operand) -> Tensor: ...
    @overload
    def __call__(self, a: Scalar, b: Arrays) -> Tensor: ...


def _of_one(function: Callable[[Operand], Value | Tensor]) -> OfOne:
    return cast(OfOne, function)


def _of_two(function: Callable[[Operand, Operand], Value | Tensor]) -> OfTwo:
    return cast(OfTwo, function)


@overload
def where(condition: Scalar, a: Scalar, b: Scalar) -> Value: ...
@overload
def where(condition: Arrays, a: Operand, b: Operand) -> Tensor: ...
@overload
def where(condition: Scalar, a: Arrays, b: Operand) -> Tensor: ...
@overload
def where(condition: Scalar, a: Scalar, b: Arrays) -> Tensor: ...
def where(condition: Operand, a: Operand, b: Operand) -> Value | Tensor:
    """`a` where the condition is true (not 0), else `b`; broadcasting.

    The branch that was not taken gets no gradient at all, not 0·nan.
    """
    return _entrywise(PRIMITIVES["where"], condition, a, b)


@_of_two
def maximum(a: Operand, b: Operand) -> Value | Tensor:
    """The larger of two; in a tie the first takes the whole gradient."""
    return _entrywise(PRIMITIVES["maximum"], a, b)


@_of_two
def minimum(a: Operand, b: Operand) -> Value | Tensor:
    """The smaller of two; in a tie the first takes the whole gradient."""
    return _entrywise(PRIMITIVES["minimum"], a, b)


@_of_one
def relu(x: Operand) -> Value | Tensor:
    """max(x, 0); its derivative at 0 is 0."""
    return _entrywise(PRIMITIVES["relu"], x)


@overload
def leaky_relu(x: Scalar, slope: Scalar = 0.01) -> Value: ...
@overload
def leaky_relu(x: Arrays, slope: Operand = 0.01) -> Tensor: ...
@overload
def leaky_relu(x: Scalar, slope: Arrays) -> Tensor: ...
def leaky_relu(x: Operand, slope: Operand = 0.01) -> Value | Tensor:
    """x for x > 0, else slope·x."""
    return _entrywise(PRIMITIVES["leaky_relu"], x, slope)


@_of_one
def stop_gradient(x: Operand) -> Value | Tensor:
    """The same number, a node of the graph whose derivative is 0."""
    return _entrywise(PRIMITIVES["stop"], x)


def apply(op: Primitive, *inputs: Any) -> Any:
    """The node y = op(*inputs) of Values and bundles (`graph.bundle`); where one is a Tensor, a
    Tensor of such nodes, entry by entry.
    """
    if all(isinstance(x, Node) for x in inputs):
        return apply_one(op, *inputs)
    if op in SEQUENCES:
        raise TypeError(f"{op.name}: takes graph.bundle(values) for a sequence, got {inputs!r:.60}")
    return _entrywise(op, *inputs)


def _entrywise(op: Primitive, *xs: Operand) -> Value | Tensor:
    """A primitive of numbers, Values and Tensors, broadcast; a Value where none is a Tensor."""
    operands = _operands(op, *xs)
    scalars = [x for x in operands if isinstance(x, Value)]
    if len(scalars) == len(operands):
        return apply_one(op, *scalars)
    shape, columns = aligned(*operands)
    return _tensor(shape, nodes(op, columns))


def _operands(op: Primitive, *xs: Operand) -> list[Value | Tensor]:
    operands = [operand(x) for x in xs]
    if NotImplemented in operands:
        raise TypeError(f"{op.name}: takes numbers, Values, Tensors and sequences, got {xs!r:.80}")
    return operands


def clip(x: Operand, low: Operand | None = None, high: Operand | None = None) -> Value | Tensor:
    """Each entry, but at least `low` and at most `high`; outside the gradient is 0."""
    (raised,) = _operands(PRIMITIVES["maximum"], x) if low is None else (maximum(x, low),)
    return raised if high is None else minimum(raised, high)


def _of_tensor(name: str) -> Callable[..., Reduced]:
    """A method of tensors as a function of what becomes one."""
    method = getattr(Tensor, name)

    @wraps(method)
    def function(x: Arrays, *arguments: Any, **options: Any) -> Reduced:
        return getattr(Tensor(x), name)(*arguments, **options)

    function.__qualname__ = name
    return function


cumprod, cumsum, dot, prod, std, var = map(
    _of_tensor, ["cumprod", "cumsum", "dot", "prod", "std", "var"]
)


@torch_names
def stack(tensors: Sequence[Operand], axis: int = 0) -> Tensor:
    """Tensors (or Values) of one shape along a new axis: n × (...) -> (n, ...) for axis 0."""
    stacked = Tensor(tensors)
    axes = list(range(1, stacked.ndim))
    axes.insert(indexing.axis_of(axis, stacked.ndim), 0)
    return stacked.permute(*axes)


@torch_names
def concatenate(tensors: Sequence[Arrays], axis: int = 0) -> Tensor:
    """Tensors joined along an axis that they have; the other sizes must agree."""
    if isinstance(tensors, Set | Mapping | Value) or not isinstance(tensors, Iterable):
        raise TypeError(f"concatenate: takes a list of tensors, got {tensors!r:.60}")
    listed = list(tensors)
    if any(isinstance(t, Value) for t in listed):
        raise TypeError(
            f"concatenate: Values have no axis to join, stack them; got {tensors!r:.60}"
        )
    parts = [Tensor(t) for t in listed]
    if not parts:
        raise ValueError("concatenate: no tensors")
    axis = indexing.axis_of(axis, parts[0].ndim)
    moved = [t.permute(axis, *[a for a in range(t.ndim) if a != axis]) for t in parts]
    if len({t.shape[1:] for t in moved}) > 1:
        shapes = " and ".join(str(t.shape) for t in parts)
        raise ValueError(f"concatenate: shapes {shapes} differ outside of axis {axis}")
    shape = (sum(len(t) for t in moved), *moved[0].shape[1:])
    joined = _tensor(shape, [v for t in moved for v in t.values])
    return joined.permute(*range(1, axis + 1), 0, *range(axis + 1, joined.ndim))


@torch_names
def gather(x: Arrays, axis: int, index: Arrays) -> Tensor:
    """The entries of x that an index (...) names along an axis: (...), with as many axes.

    Along axis 0 it is y[i, j] = x[index[i, j], j], as PyTorch's gather.
    """
    return Tensor(x).gather(axis, index)


class _Averaging:
    """The partial of a mean over the batch: adjoints are averaged as the numbers were."""

    def __rmul__(self, upstream: AnyNumber) -> AnyNumber:
        return apply_one(BATCH_MEAN, upstream) if isinstance(upstream, Value) else upstream


BATCH_MEAN = Primitive("batch_mean", "mean", operator.pos, lambda *_: (_Averaging(),))


@_of_one
def batch_mean(x: Operand) -> Value | Tensor:
    """The mean of each entry over the samples of a compiled program's batch; same shape.

    A compiled function is written for one sample; this is where it hears of the others, as batch
    normalisation does. Outside of a program there is one sample, which is its own mean.
    """
    if current_scope().trace is None:
        return _operands(BATCH_MEAN, x)[0]
    return _entrywise(BATCH_MEAN, x)


def observe(told: Callable[..., object], *tensors: Tensor | Value) -> None:
    """Call told(samples, *numbers) with the numbers of Tensors (nested lists) and Values: eager at
    once, with samples = 1; in a compiled program after every run of a batch, for its first sample.

    So a layer keeps running statistics of what `batch_mean` gives, which is alike in all samples.
    """
    trace = current_scope().trace
    if trace is None:
        told(1, *[x.tolist() if isinstance(x, Tensor) else x.data for x in tensors])
    else:
        trace.observed.append((told, tensors))


@torch_names
def logsumexp(x: Arrays, axis: Axis = -1, keepdims: bool = False) -> Reduced:
    """log Σ exp(x) over an axis, shifted by the maximum, so that nothing overflows.

    Of entries that all are -inf it is -inf, with one that is inf it is inf; those have no slope:
    their gradient is nan.
    """
    x = Tensor(x)
    axis = indexing.axes_of(axis, x.ndim)
    shift = x.max(axis, keepdims=True).stop()
    if is_compiling() or not all(is_finite(v.data) for v in shift.values):
        shift = where(abs(shift) < math.inf, shift, 0.0)
    log = (x - shift).exp().sum(axis, keepdims).log()
    return log + (shift if keepdims else shift.sum(axis))


@torch_names
def softmax(x: Arrays, axis: Axis = -1) -> Tensor:
    """exp(x) / Σ exp(x) over an axis, shifted by the maximum; same shape.

    An entry of -inf among others has a share of 0. Where all are -inf, or one is inf, there are no
    shares: they are nan.
    """
    x = Tensor(x)
    axis = indexing.axes_of(axis, x.ndim)
    powers = (x - x.max(axis, keepdims=True).stop()).exp()
    return powers / powers.sum(axis, keepdims=True)


@torch_names
def log_softmax(x: Arrays, axis: Axis = -1) -> Tensor:
    """x - log Σ exp(x) over an axis, shifted by the maximum; same shape. It is -inf and nan where
    `softmax` is 0 and nan.
    """
    x = Tensor(x)
    axis = indexing.axes_of(axis, x.ndim)
    shifted = x - x.max(axis, keepdims=True).stop()
    return shifted - shifted.exp().sum(axis, keepdims=True).log()
