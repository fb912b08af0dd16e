"""Arrangements of Values: reading them, and views that rearrange references and make no node."""

import math
from collections.abc import Iterator, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast, overload

from .drawable import Drawable
from .elsewhere import Elsewhere
from .leaving import tensor_as_array
from .lists import Copied, refuse_writing
from .lookup import looked_up
from .names import Name
from .numbers.kinds import AnyNumber, numpy
from .numpy_functions import NumPyFunctions
from .shapes import indexing
from .shapes.indexing import Array, Shape
from .shapes.locating import Position, located
from .text import IN_FULL, shape_text, shortened
from .value import Scalar, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .tensor import Tensor

Lists = list[Any]
"""Nested lists of numbers, as deep as there are axes."""


class Arrangement(Drawable, NumPyFunctions, Elsewhere):
    """A shape, and a flat row-major sequence of Values; the base of Tensor, without arithmetic."""

    __slots__ = ("shape", "values")

    shape: Shape
    values: Sequence[Value]

    def _like(self, shape: Shape, values: Sequence[Value]) -> "Tensor":
        """Values that are already there, as a plain Tensor."""
        raise NotImplementedError

    def _itself(self) -> "Tensor":
        return cast("Tensor", self)

    def rename(self, label: str) -> Self:
        """Call the entries `label[i,j,...]`; the tensor itself."""
        if not isinstance(label, str):
            raise TypeError(f"a tensor's label must be text, got {label!r:.60}")
        kind = "Parameter" if getattr(self, "trainable", False) else "Tensor"
        name = Name(label, self.shape, kind)
        for place, value in enumerate(self.values):
            value.name = name
            value.place = place
        return self

    # --- reading ---------------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.values)

    @property
    def data(self) -> Lists:
        """The numbers as nested lists; to write is a TypeError, since it would be lost."""
        return indexing.nested([v.data for v in self.values], self.shape, Copied)

    @data.setter
    def data(self, _: object) -> NoReturn:
        refuse_writing()

    @property
    def grad(self) -> Lists:
        """The gradients as nested lists, to read as `data`."""
        return indexing.nested([v.grad for v in self.values], self.shape, Copied)

    @grad.setter
    def grad(self, _: object) -> NoReturn:
        refuse_writing()

    def tolist(self) -> Lists:
        """The numbers as nested lists of your own."""
        return indexing.nested([v.data for v in self.values], self.shape)

    def numpy(self) -> "NDArray[Any]":
        """The numbers as a NumPy array."""
        array: NDArray[Any] = numpy().array([v.data for v in self.values])
        return array.reshape(self.shape)

    def astype(self, dtype: Any) -> Any:
        """The tensor itself for a kind of float; else, as for indices, the numbers as a NumPy
        array, which have no gradient: of x.floor().astype(int) it is 0 anyway. Where a function is
        recorded, and they are not known, a tensor without their digits, which indexes too.
        """
        kind, x = numpy().dtype(dtype), self._itself()
        if kind.kind == "f":
            return x
        if any(v.unknown for v in self.values):
            return x.maximum(0.0).floor() + x.minimum(0.0).ceil()
        return self.numpy().astype(kind)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> "NDArray[Any]":
        tensor_as_array(any(v.inputs or v.unknown for v in self.values))
        return self.numpy().astype(dtype) if dtype else self.numpy()

    def item(self) -> AnyNumber:
        """The number of a tensor with one entry; ValueError for others."""
        return self._only("item()", "t.tolist() has all").data

    def backward(self) -> None:
        """`Value.backward` of a tensor's one entry; ValueError for others."""
        self._only("backward()", "start from one number, as in t.sum().backward()").backward()

    def _only(self, what: str, instead: str) -> Value:
        if self.size != 1:
            raise ValueError(
                f"{what} of a tensor with {self.size} entries, shape {self.shape}; {instead}"
            )
        return self.values[0]

    def detach(self) -> "Tensor":
        """The same numbers as leaves, apart from the graph."""
        names: dict[int, Name] = {}  # the same entries of other tensors, which keep their names
        made = []
        for v in self.values:
            name = v.name
            if isinstance(name, Name) and not v.unknown:
                new = Value(v.data)
                fresh = names.get(id(name)) or Name(name, name.shape, name.kind)
                new.name, new.place = names.setdefault(id(name), fresh), v.place
                made.append(new)
            else:
                made.append(v.detach())
        return self._like(self.shape, made)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:  # Values of a vector, else Tensors
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Tensor({shape_text(self.shape)}, {shortened(self.tolist(), self.size <= IN_FULL)})"

    def __bool__(self) -> bool:
        raise ValueError(
            f"the truth of a tensor of shape {self.shape} is ambiguous: ask its entries"
        )

    # --- views: addresses only -------------------------------------------------------------------

    def _at(self, shape: Shape, addresses: Sequence[int]) -> "Tensor":
        return self._like(shape, indexing.gather(addresses)(self.values))

    @overload
    def __getitem__(self, key: slice | EllipsisType | Lists | Array | None) -> "Tensor": ...
    @overload
    def __getitem__(self, key: tuple[slice, *tuple[Position, ...]]) -> "Tensor": ...
    @overload
    def __getitem__(self, key: tuple[*tuple[Position, ...], slice]) -> "Tensor": ...
    @overload
    def __getitem__(self, key: Position | tuple[Position, ...]) -> Any: ...
    def __getitem__(self, key: Position | tuple[Position, ...]) -> Any:
        keys = tuple(map(_entries, key)) if isinstance(key, tuple) else _entries(key)
        shape, addresses = located(self.shape, keys)
        values = looked_up(self.values, addresses)
        return self._like(shape, values) if shape else values[0]

    def gather(self, axis: int, index: Any) -> "Tensor":
        """The entries that an index (...) names along an axis: (...), with as many axes.

        Along axis 0 it is y[i, j] = x[index[i, j], j]; on the other axes the index may be smaller.
        """
        axis, named = indexing.axis_of(axis, self.ndim), _entries(index)
        named = named.tolist() if hasattr(named, "tolist") else named
        shape = indexing.shape_of(named)
        fits = [
            m <= n or a == axis for a, (m, n) in enumerate(zip(shape, self.shape, strict=False))
        ]
        if len(shape) != self.ndim or not all(fits):
            raise ValueError(
                f"gather: an index of shape {shape} does not fit a tensor of shape {self.shape}"
            )
        lines = [
            indexing.nested(list(range(n)), tuple(n if a == b else 1 for b in range(self.ndim)))
            for a, n in enumerate(shape)
        ]
        return cast("Tensor", self[(*lines[:axis], named, *lines[axis + 1 :])])

    def take(self, index: Position, axis: int | None = None) -> Any:
        """The entries that an index names along an axis, t[:, index] for axis 1; of the flat
        tensor without an axis.
        """
        if axis is None:
            return self.reshape(self.size)[index]
        return self[(*[slice(None)] * indexing.axis_of(axis, self.ndim), index)]

    def reshape(self, *shape: int | Sequence[int]) -> "Tensor":
        """The same entries in another shape; one size may be -1."""
        new = spread(shape)
        return self._like(indexing.reshaped(self.shape, new), self.values)

    def flatten(self, start: int = 0) -> "Tensor":
        """The axes from `start` on as one."""
        lead = self.shape[: indexing.axis_of(start, self.ndim, "start")]
        return self.reshape(*lead, self.size // max(1, math.prod(lead)))

    def ravel(self) -> "Tensor":
        """All axes as one."""
        return self.flatten()

    def permute(self, *axes: int | Sequence[int]) -> "Tensor":
        """The axes in another order: permute(2, 0, 1), or with one tuple."""
        order = indexing.axes_of(spread(axes, "axis"), self.ndim)
        if order == tuple(range(self.ndim)):
            return self._itself()
        return self._at(*indexing.permuted(self.shape, order))

    def transpose(self, a: int = -2, b: int = -1) -> "Tensor":
        """Two axes exchanged, by default the last two; a 1-d tensor stays as it is."""
        if self.ndim == 1 and (a, b) == (-2, -1):
            return self._itself()
        axes = list(range(self.ndim))
        i, j = indexing.axis_of(a, self.ndim), indexing.axis_of(b, self.ndim)
        axes[i], axes[j] = axes[j], axes[i]
        return self.permute(*axes)

    @property
    def T(self) -> "Tensor":
        """All axes in reverse order."""
        return self.permute(*reversed(range(self.ndim)))

    def pad(self, *margins: int | tuple[int, int], value: Scalar = 0.0) -> "Tensor":
        """Margins around the last axes: `pad(1, (0, 2))` is 1 on both sides of the last axis but
        one, and 2 after the last axis. All margins are one and the same constant.
        """
        pairs = [_margin(m) for m in margins]
        if len(pairs) > self.ndim:
            raise ValueError(f"pad{margins}: a tensor of shape {self.shape} has fewer axes")
        if not any(map(any, pairs)):
            return self._itself()
        pairs = [(0, 0)] * (self.ndim - len(pairs)) + pairs
        shape, addresses = indexing.padded(self.shape, pairs)
        fill = value if isinstance(value, Value) else Value(value)
        return self._like(shape, [*self.values, fill])._at(shape, addresses)

    def windows(
        self,
        kernel: Sequence[int],
        stride: int | Sequence[int] = 1,
        dilation: int | Sequence[int] = 1,
    ) -> "Tensor":
        """Every position of a kernel on the last axes: (..., H, W) -> (..., H', W', kh, kw).

        windows[..., i, j, u, v] = x[..., stride·i + dilation·u, stride·j + dilation·v]; ValueError
        where the kernel does not fit.
        """
        sizes = indexing.wholes(kernel, "windows: kernel")
        n = len(sizes)
        strides, dilations = _steps("stride", stride, n), _steps("dilation", dilation, n)
        if min(sizes + strides + dilations, default=0) < 1:
            raise ValueError(f"windows({kernel}, {stride}, {dilation}): sizes and steps are >= 1")
        return self._at(*indexing.windows(self.shape, sizes, strides, dilations))


def _entries(index: Any) -> Any:
    """An index; of a Tensor its Values, as nested lists."""
    if isinstance(index, Arrangement):
        return indexing.nested(index.values, index.shape)
    return index


def spread(numbers: tuple[Any, ...], what: str = "shape") -> tuple[int, ...]:
    """Sizes or axes that were given one by one, or as one sequence."""
    return indexing.wholes(numbers[0] if len(numbers) == 1 else numbers, what)


def _steps(name: str, steps: Any, n: int) -> tuple[int, ...]:
    """A stride or dilation for each of n axes, of one for all or of as many."""
    given = indexing.wholes(steps, f"windows: {name}")
    if len(given) not in (1, n):
        raise ValueError(f"windows: {name} {given} must be one int, or {n}: one for each axis")
    return given if len(given) == n else given * n


def _margin(m: Any) -> tuple[int, int]:
    """The margins before and after an axis, of one int for both or of a pair."""
    pair = indexing.wholes(m, "pad: a margin")
    if len(pair) > 2 or min(pair, default=-1) < 0:
        raise ValueError(f"pad: a margin is an int >= 0, or a pair of them, got {m!r}")
    return pair[0], pair[-1]
