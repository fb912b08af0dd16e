"""Tensors are addresses: a shape, and a flat sequence of Values that views share.

reshape, transpose, slices, padding, broadcasting and windows only rearrange references, and add
nothing to the graph. Arithmetic is elementwise on the Values, and a contraction makes one `dot`
node for each output entry (`einsum`).
"""

import math
import operator
import random
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Protocol, Union

from . import contraction
from .lists import Comparisons
from .names import Shaped
from .numbers.kinds import STATISTICS, Number, UnknownNumberError
from .primitives import PRIMITIVES
from .reductions import Reduced, Reductions
from .scalar import identity
from .shapes import indexing
from .shapes.indexing import Array, Shape
from .value import Scalar, Value, lift, nodes, reflected, strict
from .views import spread

Nested = Sequence[Union[Scalar, Array, "Nested"]]
Arrays = Array | Nested  # what becomes a Tensor, and Tensors
Operand = Scalar | Arrays
Elementwise = Callable[["Tensor"], "Tensor"]
Broadcasting = Callable[["Tensor", Operand], "Tensor"]
Comparison = Callable[["Tensor", Operand], list[Any]]


class Gauss(Protocol):
    """A `random.Random`, or the module: numbers from a normal distribution."""

    def gauss(self, mu: float, sigma: float) -> float:
        """The next number, of this mean and standard deviation."""


def _plain(data: Any) -> Any:
    """Nested lists of numbers and Values from arrays, tensors, iterators, and sequences of them.

    An array without entries stays one, since lists would lose its shape.
    """
    if isinstance(data, Tensor):
        return indexing.nested(data.values, data.shape) if data.values else data
    if hasattr(data, "to_numpy"):  # a table, which iterates over the names of its columns
        data = data.to_numpy()
    if hasattr(data, "tolist"):
        return data if 0 in getattr(data, "shape", ()) else data.tolist()
    if isinstance(data, Sequence) and len(data) and data[0].__class__ is float:
        return data
    if isinstance(data, Set | Mapping):
        kind = type(data).__name__
        raise TypeError(
            f"Tensor(data): data must be a sequence, and a {kind} is none: {data!r:.60}"
        )
    if isinstance(data, Iterable) and not isinstance(data, str | bytes):
        return [_plain(row) for row in data]
    return data


def operand(x: Any) -> Union[Value, "Tensor"]:
    """A Tensor or a Value as it is, an array or sequence as a Tensor, a number as a Value, or
    NotImplemented.
    """
    if isinstance(x, Tensor | Value):
        return x
    if isinstance(x, list | tuple) or getattr(x, "shape", None):
        return Tensor(x)
    return lift(x)


def _elementwise(name: str) -> Elementwise:
    """A primitive of one number, for each entry."""
    op = PRIMITIVES[name]

    def method(self: "Tensor") -> "Tensor":
        return _tensor(self.shape, nodes(op, [self.values]))

    method.__name__, method.__qualname__ = name, f"Tensor.{name}"
    method.__doc__ = f"{name}(x) of each entry x; same shape."
    return method


def _broadcasting(name: str) -> Broadcasting:
    """A primitive of two numbers, for each pair of entries under NumPy's broadcasting."""
    op = PRIMITIVES[name]

    def method(self: "Tensor", other: Any) -> Any:  # a Tensor or NotImplemented
        other = operand(other)
        if other is NotImplemented:
            return NotImplemented
        shape, columns = aligned(self, other)
        return _tensor(shape, nodes(op, columns))

    method.__name__, method.__qualname__ = name, f"Tensor.{name}"
    method.__doc__ = f"{name}(a, b) of each pair of entries, with broadcasting."
    return method


def _operator(name: str) -> tuple[Broadcasting, Broadcasting]:
    """A Python operator, and its form for an operand on the left."""
    method = _broadcasting(name)
    return method, reflected(method, operand)


def _comparison(compare: Callable[[Value, Value], Any]) -> Comparison:
    """A comparison of data, entry by entry: nested lists of bools, as `where` takes them."""

    def method(self: "Tensor", other: Any) -> Any:  # lists or NotImplemented
        other = operand(other)
        if other is NotImplemented:
            return NotImplemented
        shape, (a, b) = aligned(self, other)
        return indexing.nested(list(map(compare, a, b)), shape, Comparisons)

    return method


class Tensor(Reductions):
    """An n-dimensional arrangement of Values, n >= 1.

    `data` is nested sequences of numbers or Values, a NumPy array, or a Tensor; numbers become
    leaves, Values stay the same Values. `values` is the flat row-major sequence. With a label,
    the entries are called `label[0,1]`.

    Full indexing and full reductions give a Value, so there is no 0-d Tensor. `<`, `>`, `<=` and
    `>=` compare data and give nested lists of bools; `==` is identity, as of Values.

    >>> t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> (t @ t.T).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    >>> (t * t).sum().backward()
    >>> t.grad
    [[2.0, 4.0], [6.0, 8.0]]

    Raises ValueError for ragged or 0-d data, TypeError for entries that are not numbers.
    """

    __slots__ = ()

    def __init__(self, data: Arrays, label: str = "") -> None:
        if isinstance(data, Tensor):
            self.shape, self.values = data.shape, data.values
        else:
            plain = _plain(data)
            self.shape = indexing.shape_of(plain)
            if not self.shape:
                raise ValueError(f"Tensor(data): data must be a sequence, got {data!r:.60}")
            flat = indexing.flattened(plain)
            self.values = [v if isinstance(v, Value) else Value(v) for v in flat]
            _keep_shape(self.shape, self.values)
        if label != "":
            self.rename(label)

    def _like(self, shape: Shape, values: Sequence[Value]) -> "Tensor":
        return _tensor(shape, values)

    __eq__ = identity
    __hash__ = object.__hash__

    # --- creation --------------------------------------------------------------------------------

    @staticmethod
    def full(shape: int | Sequence[int], number: Number) -> "Tensor":
        """Leaves that all hold one number: full((2, 3), 0.5)."""
        return _leaves((shape,), lambda: number)

    @staticmethod
    def zeros(*shape: int | Sequence[int]) -> "Tensor":
        """Leaves of 0.0: zeros(2, 3), or with one tuple."""
        return _leaves(shape, lambda: 0.0)

    @staticmethod
    def ones(*shape: int | Sequence[int]) -> "Tensor":
        """Leaves of 1.0: ones(2, 3), or with one tuple."""
        return _leaves(shape, lambda: 1.0)

    @staticmethod
    def randn(*shape: int | Sequence[int], rng: Gauss = random) -> "Tensor":
        """Leaves from the normal distribution of mean 0 and variance 1: randn(2, 3).

        `rng` is a `random.Random`; by default Python's own, so `random.seed(0)` repeats them.
        """
        if not hasattr(rng, "gauss"):
            raise TypeError(f"randn: rng must be random or a random.Random, got {rng!r:.60}")
        return _leaves(shape, lambda: rng.gauss(0.0, 1.0))

    def assign(self, data: Arrays) -> None:
        """Copy numbers of the same shape into the entries, which must be leaves: those of a tensor
        that was computed follow from others (TypeError). ValueError for another shape.
        """
        numbers, name = Tensor(data), getattr(self, "name", "") or type(self).__name__.lower()
        if numbers.shape != self.shape:
            raise ValueError(f"{name}: shape is {self.shape}, got {numbers.shape}")
        if any(v.inputs for v in self.values):
            raise TypeError(f"{name}.assign(...): it was computed, and only leaves take numbers")
        if any(v.unknown for v in numbers.values):
            raise UnknownNumberError(
                f"{name}.assign(...) of numbers that are not known: {STATISTICS}"
            )
        for value, number in zip(self.values, [v.data for v in numbers.values], strict=True):
            value.data = number

    # --- arithmetic ------------------------------------------------------------------------------

    __add__, __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("sub")
    __mul__, __rmul__ = _operator("mul")
    __truediv__, __rtruediv__ = _operator("div")
    __pow__, __rpow__ = _operator("pow")
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)
    __neg__ = _elementwise("neg")
    __abs__ = abs = _elementwise("abs")

    floor = _elementwise("floor")
    ceil = _elementwise("ceil")
    round = _elementwise("round")
    exp = _elementwise("exp")
    log = _elementwise("log")
    sqrt = _elementwise("sqrt")
    sin = _elementwise("sin")
    cos = _elementwise("cos")
    tanh = _elementwise("tanh")
    sigmoid = _elementwise("sigmoid")
    softplus = _elementwise("softplus")
    erf = _elementwise("erf")
    relu = _elementwise("relu")
    stop = _elementwise("stop")
    maximum = strict(_broadcasting("maximum"))
    minimum = strict(_broadcasting("minimum"))
    _leaky_relu = strict(_broadcasting("leaky_relu"))

    def leaky_relu(self, slope: Operand = 0.01) -> "Tensor":
        """x for x > 0, else slope·x, of each entry; the slope may be a Value or a Tensor."""
        return self._leaky_relu(slope)

    pow = strict(__pow__)

    def clip(self, low: Operand | None = None, high: Operand | None = None) -> "Tensor":
        """Each entry, but at least `low` and at most `high`; outside the gradient is 0."""
        raised = self if low is None else self.maximum(low)
        return raised if high is None else raised.minimum(high)

    def __matmul__(self, other: Arrays) -> Reduced:
        """Matrix product of the last two axes, NumPy's rules for 1-d operands and leading axes."""
        right = operand(other)
        if not isinstance(right, Tensor):
            return NotImplemented
        a = "i" if self.ndim == 1 else "...ai"
        b = "i" if right.ndim == 1 else "...ib"
        out = (
            "" if self.ndim == right.ndim == 1 else "..." + "a" * (len(a) > 1) + "b" * (len(b) > 1)
        )
        if self.shape[-1] != right.shape[max(0, right.ndim - 2)]:
            raise ValueError(f"@: shapes {self.shape} and {right.shape} do not match")
        return einsum(f"{a},{b}->{out}", self, right)

    def dot(self, other: Operand) -> Reduced:
        """NumPy's dot: a product with a number, else Σ over the last axis of this and the last but
        one of the other: (..., n)·(n,), (..., n)·(n, m), (..., n)·(a, n, m) -> (..., a, m).
        """
        right = operand(other)
        if right is NotImplemented:
            raise TypeError(f"dot(other): other must be numbers, got a {type(other).__name__}")
        if isinstance(right, Value) or right.ndim <= 2:
            return self * right if isinstance(right, Value) else self @ right
        moved = right.permute(right.ndim - 2, *range(right.ndim - 2), right.ndim - 1)
        product = self @ moved.reshape(len(moved), -1)
        return product.reshape(*self.shape[:-1], *moved.shape[1:])

    def __rmatmul__(self, other: Arrays) -> Reduced:
        return Tensor(other) @ self


def _tensor(shape: Shape, values: Sequence[Value]) -> Tensor:
    """A Tensor of Values that are already there."""
    new = Tensor.__new__(Tensor)
    new.shape = shape
    new.values = values
    return new


def _leaves(shape: tuple[int | Sequence[int], ...], number: Callable[[], Number]) -> Tensor:
    """A new leaf for each entry of a shape, its sizes one by one or as one sequence."""
    sizes = indexing.sizes(spread(shape))
    made = _tensor(sizes, [Value(number()) for _ in range(math.prod(sizes))])
    _keep_shape(sizes, made.values)
    return made


def _keep_shape(shape: Shape, values: Sequence[Value]) -> None:
    """Let leaves without a label know their place in rows and columns, for drawings."""
    if len(shape) > 1:
        name = Shaped("", shape)
        for place, value in enumerate(values):
            if value.op is None and value.name.__class__ is str and not value.name:
                value.name, value.place = name, place


def aligned(*operands: Value | Tensor) -> tuple[Shape, list[Sequence[Value]]]:
    """The broadcast shape of Tensors and Values, and the flat entries of each in that shape."""
    shape = indexing.broadcast(*[getattr(x, "shape", ()) for x in operands])
    return shape, [_stretched(x, shape) for x in operands]


def _stretched(x: Value | Tensor, shape: Shape) -> Sequence[Value]:
    if isinstance(x, Value):
        return [x] * math.prod(shape)
    if x.shape == shape:
        return x.values
    values: Sequence[Value] = indexing.gather(indexing.stretched(x.shape, shape))(x.values)
    return values


def einsum(subscripts: str, *operands: Arrays) -> Reduced:
    """Einstein summation as in NumPy, `...` included: einsum("oi,...i->...o", w, x).

    Each output entry is one `dot` node over two bundles. A bundle is shared by all entries that
    read the same operand tuple, so a convolution has one for each kernel and one for each window.
    Three and more operands are contracted from left to right.

    Raises ValueError where subscripts and shapes do not fit, naming both.
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: the subscripts come first, as text, got {subscripts!r:.60}")
    tensors = [Tensor(x) for x in operands]
    pairs = [(t.shape, t.values) for t in tensors]
    shape, values = contraction.contracted(subscripts, pairs)
    return _tensor(shape, values) if shape else values[0]
