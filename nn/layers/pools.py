"""Pools of signals (..., C, L) and images (..., C, H, W): one number for every window."""

import math
from collections.abc import Sequence
from typing import Any

from autograd import Tensor, einsum

from .. import validate
from ..module import Layer
from ..validate import Pair, Steps


class _Pool(Layer):
    """Reduce every window of each channel; `stride=None` is the kernel's size (no overlap)."""

    sides: str
    dilation: tuple[int, ...]

    def _take(
        self, kernel_size: Steps, stride: Steps | None, padding: Steps, dilation: Steps, ceil: bool
    ) -> None:
        name, n = type(self).__name__, len(self.sides)
        self.kernel_size = validate.steps(name, "kernel_size", kernel_size, n)
        each = self.kernel_size if stride is None else stride
        self.stride = validate.steps(name, "stride", each, n)
        self.padding = validate.steps(name, "padding", padding, n, least=0)
        self.dilation = validate.steps(name, "dilation", dilation, n)
        self.ceil_mode = ceil
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(f"{name}: padding {padding} is more than half of kernel {kernel_size}")

    def _windows(self, x: Tensor, fill: float) -> Tensor:
        n = len(self.sides)
        validate.image(self, x, self.sides)
        x = x.pad(*self.margins(x.shape[-n:]), value=fill)
        validate.fits(self, x.shape[-n:])
        return x.windows(self.kernel_size, self.stride, self.dilation)

    def margins(self, size: Sequence[int]) -> list[Pair]:
        """What is put around an input of this size: (before, after) on each axis.

        In `ceil_mode` more is put behind, for a last window that begins inside and ends outside.
        """
        steps = zip(size, self.padding, self.stride, validate.spans(self), strict=True)
        return [(p, p + self._more(n + 2 * p, n + p, s, span)) for n, p, s, span in steps]

    def _more(self, padded: int, begins: int, stride: int, span: int) -> int:
        """How many entries further the last window reaches that begins before `begins`."""
        if not self.ceil_mode:
            return 0
        last = min(-(-(padded - span) // stride), (begins - 1) // stride)
        return max(0, last * stride + span - padded)

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, equal ints as one."""
        given = {k: validate.short(v) for k, v in super().arguments().items()}
        return {**given, "stride": None} if self.stride == self.kernel_size else given


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: Steps,
        stride: Steps | None = None,
        padding: Steps = 0,
        dilation: Steps = 1,
        ceil_mode: bool = False,
    ) -> None:
        self._take(kernel_size, stride, padding, dilation, ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        return self._windows(x, -math.inf).max(_last(self.sides))


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: Steps,
        stride: Steps | None = None,
        padding: Steps = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self._take(kernel_size, stride, padding, 1, ceil_mode)
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        total = self._windows(x, 0.0).sum(_last(self.sides))
        return total / self._counts(x.shape[-len(self.sides) :])

    def _counts(self, size: Sequence[int]) -> int | Tensor:
        """How many entries each window has: one number, or an array where they differ."""
        counts = [self._along(axis, n) for axis, n in enumerate(size)]
        if all(len({*line}) == 1 for line in counts):
            return math.prod(line[0] for line in counts)
        labels = "ij"[: len(counts)]
        product: Tensor = einsum(f"{','.join(labels)}->{labels}", *counts)
        return product.detach()

    def _along(self, axis: int, size: int) -> list[int]:
        """The entries of the windows along an axis; those that `ceil_mode` adds count never."""
        k, s, p = self.kernel_size[axis], self.stride[axis], self.padding[axis]
        first, end = (-p, size + p) if self.count_include_pad else (0, size)
        reach = p + self._more(size + 2 * p, size + p, s, k)
        starts = range(-p, size + reach - k + 1, s)
        return [min(start + k, end) - max(start, first) for start in starts]


def _last(sides: str) -> tuple[int, ...]:
    return tuple(range(-len(sides), 0))


class MaxPool1D(_MaxPool):
    """The largest entry of each window: (..., C, L) -> (..., C, L').

    y[c,i] = max_u x[c, s·i + d·u], padded with -inf. In a tie the first entry takes the whole
    gradient. With `ceil_mode` a last window may end outside.
    """

    sides = "L"


class MaxPool(_MaxPool):
    """The largest entry of each window: (..., C, H, W) -> (..., C, H', W').

    y[c,i,j] = max_{u,v} x[c, s·i + d·u, s·j + d·v], padded with -inf. In a tie the first entry, in
    row order, takes the whole gradient. With `ceil_mode` a last window may end outside.
    """

    sides = "HW"


class AvgPool1D(_AvgPool):
    """The mean of each window, margins included: (..., C, L) -> (..., C, L').

    y[c,i] = Σ_u x[c, s·i + u] / k, padded with 0. With `ceil_mode` a last window may end outside,
    where nothing is counted; without `count_include_pad`, margins are not counted either.
    """

    sides = "L"


class AvgPool(_AvgPool):
    """The mean of each window, margins included: (..., C, H, W) -> (..., C, H', W').

    y[c,i,j] = Σ_{u,v} x[c, s·i + u, s·j + v] / (kh·kw), padded with 0. With `ceil_mode` a last
    window may end outside, where nothing is counted; without `count_include_pad`, margins are not
    counted either.
    """

    sides = "HW"


class GlobalAvgPool1D(Layer):
    """The mean of each channel: (..., C, L) -> (..., C)."""

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x, "L")
        return x.mean(-1)


class GlobalAvgPool(Layer):
    """The mean of each channel: (..., C, H, W) -> (..., C)."""

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        return x.mean((-2, -1))
