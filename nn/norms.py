"""Normalisation layers: (x - mean) / √(variance + ε), then scaled and shifted by what is learnt."""

import math
from collections.abc import Sequence

from autograd import Tensor, Value, is_compiling

from . import init, validate
from .module import Buffer, Layer, Parameter


def normalized(x: Tensor, axes: Sequence[int], eps: float) -> Tensor:
    """(x - mean) / √(variance + ε) over the axes; same shape."""
    centred = x - x.mean(axes, keepdims=True)
    variance = (centred**2).mean(axes, keepdims=True)
    return centred / (variance + eps).sqrt()


class LayerNorm(Layer):
    """Normalise over the trailing axes of this shape, an int or a tuple; same shape.

    y = w · (x - mean) / √(var + ε) + b, with w and b of that shape (Ba, Kiros, Hinton 2016).
    """

    def __init__(self, shape: int | Sequence[int], eps: float = 1e-5, affine: bool = True) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        for n in self.shape:
            validate.positive("LayerNorm", "shape", n)
        self.eps, self.affine = eps, affine
        self.weight = Parameter(init.ones(self.shape)) if affine else None
        self.bias = Parameter(init.zeros(self.shape)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        n = len(self.shape)
        if x.shape[-n:] != self.shape:
            raise ValueError(
                f"{self!r}: input has shape {x.shape}, its last axes must be {self.shape}"
            )
        y = normalized(x, range(-n, 0), self.eps)
        return y if self.weight is None or self.bias is None else y * self.weight + self.bias


class GroupNorm(Layer):
    """Normalise over groups of channels and the whole image: (..., C, H, W), same shape.

    y[c] = w[c] · (x[c] - mean) / √(var + ε) + b[c], mean and var over the C / groups channels of
    c's group (Wu, He 2018). It needs no batch statistics, so it serves batches of any size.
    """

    def __init__(self, groups: int, channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        self.groups = validate.positive("GroupNorm", "groups", groups)
        self.channels = validate.positive("GroupNorm", "channels", channels)
        validate.divides("GroupNorm", "groups", groups, channels=channels)
        self.eps, self.affine = eps, affine
        self.weight = Parameter([1.0] * channels) if affine else None
        self.bias = Parameter([0.0] * channels) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        validate.axis(self, x, -3, "channels", self.channels)
        grouped = x.reshape(*x.shape[:-3], self.groups, -1, *x.shape[-2:])
        y = normalized(grouped, (-1, -2, -3), self.eps).reshape(x.shape)
        if self.weight is None or self.bias is None:
            return y
        return y * self.weight.reshape(-1, 1, 1) + self.bias.reshape(-1, 1, 1)


class BatchNorm2D(Layer):
    """Normalise each channel over the batch and the image: (..., C, H, W), same shape.

    y[n,c] = w[c] · (x[n,c] - mean[c]) / √(var[c] + ε) + b[c]

    In training, mean and var are the batch's, and the running ones move by `momentum` towards them
    (the variance with Bessel's correction, as in PyTorch); in evaluation the running ones serve
    (Ioffe, Szegedy 2015). ValueError for training on one entry per channel.
    """

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        self.channels = validate.positive("BatchNorm2D", "channels", channels)
        self.eps = eps
        self.momentum = validate.number("BatchNorm2D", "momentum", momentum)
        if not 0 <= momentum <= 1:
            raise ValueError(f"BatchNorm2D: momentum must be from 0 to 1, got {momentum}")
        self.weight = Parameter([1.0] * channels)
        self.bias = Parameter([0.0] * channels)
        self.running_mean = Buffer([0.0] * channels)
        self.running_var = Buffer([1.0] * channels)

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        validate.axis(self, x, -3, "channels", self.channels)
        if self.training:
            if is_compiling():
                raise TypeError(
                    f"{self!r}: its statistics need the whole batch, and a compiled program sees "
                    "one sample at a time; train with compiled=False, or use GroupNorm"
                )
            axes = [a for a in range(x.ndim) if a != x.ndim - 3]
            self._observe(x, axes)
            y = normalized(x, axes, self.eps)
        else:
            mean, var = (b.reshape(-1, 1, 1) for b in (self.running_mean, self.running_var))
            y = (x - mean) / (var + self.eps).sqrt()
        return y * self.weight.reshape(-1, 1, 1) + self.bias.reshape(-1, 1, 1)

    def _observe(self, x: Tensor, axes: Sequence[int]) -> None:
        """Move the running statistics towards the batch's; numbers only, no graph."""
        n = math.prod(x.shape[a] for a in axes)
        if n < 2:
            raise ValueError(f"{self!r}: training needs several entries per channel, got {x.shape}")
        by_channel = x.detach().permute(x.ndim - 3, *axes).reshape(self.channels, n).tolist()
        for c, entries in enumerate(by_channel):
            mean = sum(entries) / n
            var = sum((e - mean) ** 2 for e in entries) / (n - 1)
            self._move(self.running_mean.values[c], mean)
            self._move(self.running_var.values[c], var)

    def _move(self, running: Value, observed: float) -> None:
        running.data += self.momentum * (observed - running.data)
