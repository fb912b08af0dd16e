"""Layers of images (..., C, H, W): convolutions, with weights (out, in, kh, kw), and pools."""

import math
import random
from typing import Any

from autograd import Tensor, einsum

from .. import init, validate
from ..annotations import Generator
from ..module import Layer, Parameter


class Conv2D(Layer):
    """Slide kernels over an image: (..., C, H, W) -> (..., O, H', W').

    y[o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[c, s·i + d·u, s·j + d·v]

    with stride s and dilation d, after padding with zeros: an int, a pair (rows, columns), "valid"
    (none) or "same" (H' = ⌈H / s⌉, the odd one of the margins below and right). With groups, an
    output channel sees C / groups input channels only. H' = (H + padding - d·(kh-1) - 1) // s + 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        init: init.Initializer = init.he,
        rng: Generator = random,
    ) -> None:
        self.in_channels = validate.positive("Conv2D", "in_channels", in_channels)
        self.out_channels = validate.positive("Conv2D", "out_channels", out_channels)
        self.kernel_size = validate.pair("Conv2D", "kernel_size", kernel_size)
        self.stride = validate.pair("Conv2D", "stride", stride)
        self.padding = validate.padding("Conv2D", padding)
        self.dilation = validate.pair("Conv2D", "dilation", dilation)
        self.groups = validate.positive("Conv2D", "groups", groups)
        inputs, outputs = self.in_channels, self.out_channels
        validate.divides("Conv2D", "groups", self.groups, in_channels=inputs, out_channels=outputs)
        self.weight = Parameter(init((outputs, inputs // self.groups, *self.kernel_size), rng))
        self.bias = Parameter([0.0] * outputs) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        validate.axis(self, x, -3, "channels", self.in_channels)
        x = x.pad(*validate.margins(self, x.shape[-2:]))
        validate.fits(self, x.shape[-2:])
        patches = x.windows(self.kernel_size, self.stride, self.dilation)  # [..., c, i, j, u, v]
        if self.groups == 1:
            y = einsum("ocuv,...cijuv->...oij", self.weight, patches)
        else:
            y = self._grouped(patches)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)

    def _grouped(self, patches: Tensor) -> Tensor:
        """Each group g of output channels sees its own group of input channels."""
        weight = self.weight.reshape(self.groups, -1, *self.weight.shape[1:])
        lead, (_, *rest) = patches.shape[:-5], patches.shape[-5:]
        patches = patches.reshape(*lead, self.groups, self.in_channels // self.groups, *rest)
        y = einsum("gocuv,...gcijuv->...goij", weight, patches)
        return y.reshape(*lead, self.out_channels, *y.shape[-2:])

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, pairs of equal ints as one."""
        return {k: _short(v) for k, v in super().arguments().items()}


def _short(pair: object) -> object:
    """A pair of equal ints as one, the way people write it."""
    return pair[0] if isinstance(pair, tuple) and pair[0] == pair[1] else pair


class _Pool(Layer):
    """Reduce every window of each channel; `stride=None` is the kernel's size (no overlap)."""

    dilation = (1, 1)

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        name = type(self).__name__
        self.kernel_size = validate.pair(name, "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else validate.pair(name, "stride", stride)
        self.padding = validate.pair(name, "padding", padding, least=0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(f"{name}: padding {padding} is more than half of kernel {kernel_size}")

    def _windows(self, x: Tensor, fill: float) -> Tensor:
        validate.image(self, x)
        x = x.pad(*self.padding, value=fill)
        validate.fits(self, x.shape[-2:])
        return x.windows(self.kernel_size, self.stride)

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, pairs of equal ints as one."""
        given = {k: _short(v) for k, v in super().arguments().items()}
        return {**given, "stride": None} if self.stride == self.kernel_size else given


class MaxPool(_Pool):
    """The largest entry of each window: (..., C, H, W) -> (..., C, H', W').

    y[c,i,j] = max_{u,v} x[c, s·i + u, s·j + v], padded with -inf. In a tie the first entry, in row
    order, takes the whole gradient.
    """

    def forward(self, x: Tensor) -> Tensor:
        return self._windows(x, -math.inf).max((-2, -1))


class AvgPool(_Pool):
    """The mean of each window, margins included: (..., C, H, W) -> (..., C, H', W').

    y[c,i,j] = Σ_{u,v} x[c, s·i + u, s·j + v] / (kh·kw), padded with 0.
    """

    def forward(self, x: Tensor) -> Tensor:
        return self._windows(x, 0.0).mean((-2, -1))


class GlobalAvgPool(Layer):
    """The mean of each channel: (..., C, H, W) -> (..., C)."""

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        return x.mean((-2, -1))
