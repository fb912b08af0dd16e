"""Reductions of Tensors over axes: one node for each position on the axes that are kept."""

import math
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, TypeVar, Union, cast, overload

from . import contraction
from .numbers import piecewise
from .numbers.kinds import AnyNumber
from .primitives import PRIMITIVES
from .shapes import indexing
from .shapes.indexing import Axis
from .value import Value, nodes
from .views import Arrangement, Lists

if TYPE_CHECKING:
    from .tensor import Tensor

P = ParamSpec("P")
R = TypeVar("R")
Reduced = Union["Tensor", Any]  # a Tensor, or a Value where no axis is left: only shapes know which


class Reduction(Protocol):
    """A method that reduces axes: all of them to a Value, with `keepdims` to a Tensor."""

    @overload
    def __call__(self, axis: None = None, keepdims: Literal[False] = False) -> Value: ...
    @overload
    def __call__(self, axis: Axis = None, *, keepdims: Literal[True]) -> "Tensor": ...
    @overload
    def __call__(self, axis: Axis = None, keepdims: bool = False) -> Reduced: ...
    @overload
    def __call__(self, *, dim: Axis, keepdim: bool = False) -> Reduced: ...


class Reducing(Protocol):
    """A `Reduction` in a class: what `tensor.sum` is before it is bound to its tensor."""

    def __get__(self, tensor: "Tensor", kind: type["Tensor"], /) -> Reduction: ...


def torch_names(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, where PyTorch's `dim` and `keepdim` are understood as `axis` and `keepdims`."""

    @wraps(function)
    def named(*arguments: P.args, **options: P.kwargs) -> R:
        for theirs, ours in (("dim", "axis"), ("keepdim", "keepdims")):
            if theirs in options:
                if ours in options:
                    raise TypeError(f"{function.__name__}: {theirs} is {ours}, and both are given")
                options[ours] = options.pop(theirs)
        return function(*arguments, **options)

    return named


def _reducing(method: Callable[..., Any]) -> Reducing:
    return cast(Reducing, torch_names(method))


def _reduction(name: str) -> Reducing:
    op = PRIMITIVES[name]

    def method(self: Arrangement, axis: Axis = None, keepdims: bool = False) -> Any:
        rows, kept = _rows(self, name, axis, keepdims)
        results = nodes(op, [contraction.rows(rows.values, rows.shape[-1])])
        return self._like(kept, results) if kept else results[0]

    method.__name__, method.__qualname__ = name, f"Tensor.{name}"
    method.__doc__ = f"{name} over the axes, one node each; a Value where no axis is left."
    return _reducing(method)


def _rows(
    x: Arrangement, name: str, axis: Axis, keepdims: bool = False
) -> tuple["Tensor", tuple[int, ...]]:
    """The entries that are reduced together as rows, (positions, entries), and the result's shape.

    Entries are in the tensor's order, so the first of a tie wins.
    """
    axes = sorted(indexing.axes_of(axis, x.ndim))
    kept = [a for a in range(x.ndim) if a not in axes]
    count = math.prod(x.shape[a] for a in axes)
    if not count:
        raise ValueError(f"{name} over no entries: shape {x.shape}, axis {axis}")
    shape = [1 if a in axes else n for a, n in enumerate(x.shape) if keepdims or a in kept]
    return x.permute(*kept, *axes).reshape(x.size // count, count), tuple(shape)


class Reductions(Arrangement):
    """What is computed over axes: None is all of them; PyTorch's `dim` is understood too."""

    __slots__ = ()

    sum = _reduction("sum")
    max = _reduction("max")
    min = _reduction("min")

    @_reducing
    def mean(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The mean over the axes, Σx / n."""
        axes = indexing.axes_of(axis, self.ndim)
        return self._itself().sum(axes, keepdims) / math.prod(self.shape[a] for a in axes)

    @_reducing
    def var(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The variance over the axes, Σ(x - mean)² / n (NumPy's, without Bessel's correction)."""
        x, axes = self._itself(), indexing.axes_of(axis, self.ndim)
        return ((x - x.mean(axes, keepdims=True)) ** 2).mean(axes, keepdims)

    @_reducing
    def std(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The standard deviation over the axes, √(Σ(x - mean)² / n): NumPy's; PyTorch divides by
        n - 1. It has no derivative where all entries are equal: the gradient is nan there.
        """
        return self._itself().var(axis, keepdims).sqrt()

    @torch_names
    def argmax(self, axis: int | None = None) -> int | Lists:
        """Where the largest entry is, the first in a tie: an int, or nested lists over an axis.

        Without an axis it is a position in the flat sequence. Positions have no gradient.
        """
        return self._where("argmax", piecewise.exceeds, axis)

    @torch_names
    def argmin(self, axis: int | None = None) -> int | Lists:
        """Where the smallest entry is, as `argmax`."""
        return self._where("argmin", piecewise.undercuts, axis)

    def _where(
        self, name: str, beats: Callable[[AnyNumber, AnyNumber], AnyNumber], axis: int | None
    ) -> int | Lists:
        rows, kept = _rows(self, name, axis)
        found = [piecewise.winner(row, beats) for row in rows.tolist()]
        return indexing.nested(found, kept) if kept else found[0]
