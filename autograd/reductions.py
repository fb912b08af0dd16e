"""Reductions of Tensors over axes: one node for each position on the axes that are kept."""

import math
from collections.abc import Callable
from functools import wraps
from itertools import accumulate
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

_MUL = PRIMITIVES["mul"]
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


class Dispersion(Protocol):
    """A `Reduction` that divides by the number of entries less `ddof`."""

    @overload
    def __call__(
        self, axis: None = None, keepdims: Literal[False] = False, *, ddof: int = 0
    ) -> Value: ...
    @overload
    def __call__(
        self, axis: Axis = None, *, keepdims: Literal[True], ddof: int = 0
    ) -> "Tensor": ...
    @overload
    def __call__(self, axis: Axis = None, keepdims: bool = False, *, ddof: int = 0) -> Reduced: ...
    @overload
    def __call__(self, *, dim: Axis, keepdim: bool = False, correction: int = 0) -> Reduced: ...
    @overload
    def __call__(self, axis: Axis = None, *, unbiased: bool, keepdim: bool = False) -> Reduced: ...


class Dispersing(Protocol):
    """A `Dispersion` in a class."""

    def __get__(self, tensor: "Tensor", kind: type["Tensor"], /) -> Dispersion: ...


class Reducing(Protocol):
    """A `Reduction` in a class: what `tensor.sum` is before it is bound to its tensor."""

    def __get__(self, tensor: "Tensor", kind: type["Tensor"], /) -> Reduction: ...


TORCH = {"dim": "axis", "keepdim": "keepdims", "correction": "ddof", "unbiased": "ddof"}


def torch_names(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, where what PyTorch calls `dim` is understood as `axis`, and so on (`TORCH`)."""

    @wraps(function)
    def named(*arguments: P.args, **options: P.kwargs) -> R:
        for theirs in TORCH.keys() & options.keys():
            ours = TORCH[theirs]
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


def _dispersing(method: Callable[..., Any]) -> Dispersing:
    return cast(Dispersing, torch_names(method))


def _scan(name: str) -> Callable[..., "Tensor"]:
    op = PRIMITIVES[{"cumsum": "add", "cumprod": "mul"}[name]]

    def method(self: Arrangement, axis: int | None = None) -> "Tensor":
        x, axis = (self.flatten(), 0) if axis is None else (self, indexing.axis_of(axis, self.ndim))
        moved = x.permute(axis, *[a for a in range(x.ndim) if a != axis])
        size = x.size // max(1, len(moved))
        slices = [moved.values[k : k + size] for k in range(0, x.size, max(1, size))]
        sums = accumulate(slices, lambda a, b: nodes(op, [a, b]))
        made = self._like(moved.shape, [v for part in sums for v in part])
        return made.permute(*range(1, axis + 1), 0, *range(axis + 1, x.ndim))

    method.__name__, method.__qualname__ = name, f"Tensor.{name}"
    what = "sum" if name == "cumsum" else "product"
    method.__doc__ = (
        f"The {what} of each entry and those before it along an axis, same shape; without an axis "
        "of the flat sequence."
    )
    return torch_names(method)


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
    def prod(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The product over the axes, of pairs and of pairs of these; 0 has its true gradient."""
        rows, kept = _rows(self, "prod", axis, keepdims)
        n = rows.shape[-1]
        columns = [rows.values[k::n] for k in range(n)]
        while len(columns) > 1:
            pairs = zip(columns[::2], columns[1::2], strict=False)
            columns = [nodes(_MUL, pair) for pair in pairs] + columns[len(columns) // 2 * 2 :]
        return self._like(kept, columns[0]) if kept else columns[0][0]

    cumsum = _scan("cumsum")
    cumprod = _scan("cumprod")

    @_dispersing
    def var(self, axis: Axis = None, keepdims: bool = False, *, ddof: int = 0) -> Any:
        """The variance over the axes, Σ(x - mean)² / (n - ddof). As in NumPy ddof is 0; with 1,
        Bessel's correction, it is what PyTorch gives. ValueError unless n > ddof.
        """
        x, axes = self._itself(), indexing.axes_of(axis, self.ndim)
        n = math.prod(self.shape[a] for a in axes)
        if n <= ddof:
            raise ValueError(f"var: of {n} entries with ddof {ddof}: there must be more than that")
        return ((x - x.mean(axes, keepdims=True)) ** 2).sum(axes, keepdims) / (n - ddof)

    @_dispersing
    def std(self, axis: Axis = None, keepdims: bool = False, *, ddof: int = 0) -> Any:
        """The standard deviation over the axes, √var. It has no derivative where all entries are
        equal: the gradient is nan there.
        """
        return self._itself().var(axis, keepdims, ddof=ddof).sqrt()

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
