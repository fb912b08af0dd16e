"""Layers, composed from the primitives: each `forward` is the layer's equation, and no derivative.

Layers act on the trailing axes; all leading axes are batch. Images are (..., C, H, W), convolution
weights (out, in, kh, kw), Dense weights (out, in).
"""

import math
import random
from collections.abc import Sequence
from typing import Any

from autograd import Tensor, drawn, einsum, softmax

from . import init, validate
from .annotations import Generator
from .module import Layer, Module, Parameter


class Dense(Layer):
    """Every output sees every input: (..., I) -> (..., O).

    y[o] = b[o] + Σ_i w[o,i] · x[i]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: init.Initializer = init.he,
        rng: Generator = random,
    ) -> None:
        self.in_features = validate.positive("Dense", "in_features", in_features)
        self.out_features = validate.positive("Dense", "out_features", out_features)
        self.weight = Parameter(init((self.out_features, self.in_features), rng))
        self.bias = Parameter([0.0] * self.out_features) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        validate.axis(self, x, -1, "features", self.in_features)
        y = einsum("oi,...i->...o", self.weight, x)
        return y if self.bias is None else y + self.bias


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


class Flatten(Layer):
    """The last axes as one, by default an image's: (..., C, H, W) -> (..., C·H·W)."""

    def __init__(self, axes: int = 3) -> None:
        self.axes = validate.positive("Flatten", "axes", axes)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < self.axes:
            raise ValueError(
                f"{self!r}: input of shape {x.shape} has no {self.axes} axes to flatten"
            )
        return x.flatten(-self.axes)


class Reshape(Layer):
    """The trailing axes in another shape: Reshape(shape, axes=n) turns the last n axes into it.

    By default one axis becomes the shape, as after Dense: (..., C·H·W) -> (..., C, H, W).
    """

    def __init__(self, *shape: int | Sequence[int], axes: int = 1) -> None:
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        self.shape = tuple([validate.whole("Reshape", "shape", n) for n in sizes])
        self.axes = validate.positive("Reshape", "axes", axes)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < self.axes:
            raise ValueError(
                f"{self!r}: input of shape {x.shape} has no {self.axes} axes to reshape"
            )
        return x.reshape(*x.shape[: x.ndim - self.axes], *self.shape)


class Dropout(Layer):
    """In training, drop each entry with probability `rate` and scale the others: same shape.

    y = x · m / (1 - rate), m = 0 with probability rate, else 1; in evaluation y = x.
    """

    def __init__(self, rate: float = 0.5, *, rng: Generator | None = None) -> None:
        self.rate = validate.within("Dropout", "rate", rate, 0, 1)
        self.rng = rng  # None is Python's own: modules, unlike the module `random`, can be copied

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.rate:
            return x
        rate = self.rate
        return x * drawn(x.shape, self.rng or random, lambda u: (u >= rate) * (1 / (1 - rate)))


class Residual(Layer):
    """y = body(x) + shortcut(x); without a shortcut, y = body(x) + x."""

    def __init__(self, body: Module, shortcut: Module | None = None) -> None:
        validate.made("Residual", body, shortcut)
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        straight: Tensor = x if self.shortcut is None else self.shortcut(x)
        if y.shape != straight.shape:
            raise ValueError(
                f"Residual: the body makes {y.shape} of {x.shape}, the shortcut {straight.shape}"
            )
        return y + straight


class ReLU(Layer):
    """max(x, 0) of each entry."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class LeakyReLU(Layer):
    """x for x > 0, else slope·x, of each entry."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = validate.number("LeakyReLU", "slope", slope)

    def forward(self, x: Tensor) -> Tensor:
        return x.leaky_relu(self.slope)


class Sigmoid(Layer):
    """1 / (1 + exp(-x)) of each entry."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sigmoid()


class Tanh(Layer):
    """tanh(x) of each entry."""

    def forward(self, x: Tensor) -> Tensor:
        return x.tanh()


class Softmax(Layer):
    """exp(x) / Σ exp(x) over an axis. CrossEntropyLoss takes logits: leave this out before it."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = validate.whole("Softmax", "axis", axis)

    def forward(self, x: Tensor) -> Tensor:
        return softmax(x, self.axis)


class GELU(Layer):
    """x · Φ(x) of each entry, Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks, Gimpel 2016).

    With approximate="tanh", Φ(x) ≈ (1 + tanh(√(2/π)·(x + 0.044715·x³))) / 2.
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f'GELU: approximate must be "none" or "tanh", got {approximate!r}')
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        if self.approximate == "tanh":
            return x * (1 + (math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)).tanh()) / 2
        return x * (1 + (x / math.sqrt(2)).erf()) / 2
