"""Normalisation layers: (x - mean) / √(variance + ε), then scaled and shifted by what is learnt."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autograd import Tensor, batch_mean, is_compiling, observe

from .. import init, validate
from ..annotations import Shape
from ..module import Buffer, Layer, Parameter

Average = Callable[[Tensor], Tensor]


def average_over(axes: Sequence[int]) -> Average:
    """The mean over these axes, which stay as axes of 1."""
    return lambda x: x.mean(axes, keepdims=True)


def normalized(x: Tensor, average: Average, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """(x - mean) / √(variance + ε), of the same shape, with the mean and the variance."""
    mean = average(x)
    centred = x - mean
    variance = average(centred**2)
    return centred / (variance + eps).sqrt(), mean, variance


class LayerNorm(Layer):
    """Normalise over the trailing axes of this shape, an int or a tuple; same shape.

    y = w · (x - mean) / √(var + ε) + b, with w and b of that shape (Ba, Kiros, Hinton 2016).
    """

    def __init__(self, shape: int | Sequence[int], eps: float = 1e-5, affine: bool = True) -> None:
        self.shape = validate.sizes("LayerNorm", "shape", shape)
        self.eps, self.affine = validate.within("LayerNorm", "eps", eps, 0), affine
        self.weight = Parameter(init.ones(self.shape)) if affine else None
        self.bias = Parameter(init.zeros(self.shape)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        y, *_ = normalized(x, average_over(_trailing(self, x)), self.eps)
        return y if self.weight is None or self.bias is None else y * self.weight + self.bias


class RMSNorm(Layer):
    """Divide by the root mean square over the trailing axes of this shape; same shape.

    y = w · x / √(mean(x²) + ε), with w of that shape (Zhang, Sennrich 2019). ε is the one that
    PyTorch takes in float32.
    """

    def __init__(
        self, shape: int | Sequence[int], eps: float = 2**-23, affine: bool = True
    ) -> None:
        self.shape = validate.sizes("RMSNorm", "shape", shape)
        self.eps, self.affine = validate.within("RMSNorm", "eps", eps, 0), affine
        self.weight = Parameter(init.ones(self.shape)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        axes = _trailing(self, x)
        y: Tensor = x / ((x * x).mean(axes, keepdims=True) + self.eps).sqrt()
        return y if self.weight is None else y * self.weight


def _trailing(layer: LayerNorm | RMSNorm, x: Tensor) -> tuple[int, ...]:
    """The axes that a layer was built for, which must be the input's last."""
    n = len(layer.shape)
    if x.shape[-n:] != layer.shape:
        raise ValueError(
            f"{layer!r}: input has shape {x.shape}, its last axes must be {layer.shape}"
        )
    return tuple(range(-n, 0))


class GroupNorm(Layer):
    """Normalise over groups of channels and the whole image: (..., C, H, W), same shape.

    y[c] = w[c] · (x[c] - mean) / √(var + ε) + b[c], mean and var over the C / groups channels of
    c's group (Wu, He 2018). It needs no batch statistics, so it serves batches of any size.
    """

    def __init__(self, groups: int, channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        self.groups = validate.positive("GroupNorm", "groups", groups)
        self.channels = validate.positive("GroupNorm", "channels", channels)
        validate.divides("GroupNorm", "groups", self.groups, channels=self.channels)
        self.eps, self.affine = validate.within("GroupNorm", "eps", eps, 0), affine
        self.weight = Parameter([1.0] * self.channels) if affine else None
        self.bias = Parameter([0.0] * self.channels) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        validate.axis(self, x, -3, "channels", self.channels)
        grouped = x.reshape(*x.shape[:-3], self.groups, -1, *x.shape[-2:])
        y = normalized(grouped, average_over((-1, -2, -3)), self.eps)[0].reshape(x.shape)
        if self.weight is None or self.bias is None:
            return y
        return y * self.weight.reshape(-1, 1, 1) + self.bias.reshape(-1, 1, 1)


class _BatchNorm(Layer):
    """Normalise each channel over all other axes; classes say which axis is the channels'."""

    batch_statistics = True

    def __init__(
        self, channels: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True
    ) -> None:
        name = type(self).__name__
        self.channels = validate.positive(name, "channels", channels)
        self.eps, self.affine = validate.within(name, "eps", eps, 0), affine
        self.momentum = validate.number(name, "momentum", momentum)
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"{name}: momentum must be from 0 to 1, got {momentum}")
        self.weight = Parameter([1.0] * self.channels) if affine else None
        self.bias = Parameter([0.0] * self.channels) if affine else None
        self.running_mean = Buffer([0.0] * self.channels)
        self.running_var = Buffer([1.0] * self.channels)

    def _axis(self, x: Tensor) -> int:
        """The axis of the channels, counted from the last; ValueError where it does not fit."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        axis = self._axis(x)
        if self.training:
            y = self._by_the_batch(x, axis)
        else:
            mean, var = (_along(axis, b) for b in (self.running_mean, self.running_var))
            y = (x - mean) / (var + self.eps).sqrt()
        if self.weight is None or self.bias is None:
            return y
        return y * _along(axis, self.weight) + _along(axis, self.bias)

    def _by_the_batch(self, x: Tensor, axis: int) -> Tensor:
        """Normalised by the statistics of the batch, which move the running ones."""
        axes = [a for a in range(-x.ndim, 0) if a != axis]
        average: Average = average_over(axes) if axes else lambda x: x
        y, mean, var = normalized(x, lambda x: batch_mean(average(x)), self.eps)
        entries = math.prod(x.shape[a] for a in axes)
        observe(partial(self._move, x.shape, entries), mean.reshape(-1), var.reshape(-1))
        return y

    def _move(
        self, shape: Shape, entries: int, samples: int, means: list[Any], variances: list[Any]
    ) -> None:
        """Move the running statistics towards those of so many entries of each of the samples."""
        n = entries * samples
        if n < 2:
            raise ValueError(f"{self!r}: training needs several entries per channel, got {shape}")
        unbiased = [var * n / (n - 1) for var in variances]
        for buffer, seen in ((self.running_mean, means), (self.running_var, unbiased)):
            for running, observed in zip(buffer.values, seen, strict=True):
                now = running.data
                running.data = now + self.momentum * (observed - now)


def _along(axis: int, channels: Tensor) -> Tensor:
    """Numbers of channels on this axis, counted from the last."""
    return channels.reshape(-1, *[1] * (-1 - axis))


class BatchNorm1D(_BatchNorm):
    """Normalise each channel over the batch: (..., C), or over signals too: (..., C, L).

    y[n,c] = w[c] · (x[n,c] - mean[c]) / √(var[c] + ε) + b[c], as BatchNorm2D. Which it is, is told
    by the sizes; where both fit, two axes are (N, C), and three (N, C, L), as in PyTorch. (To a
    compiled function, which sees one sample, one axis is (C,), and two are (C, L).)
    """

    def _axis(self, x: Tensor) -> int:
        rank = x.ndim + is_compiling()  # with the batch's axis
        is_signal = x.ndim > 1 and x.shape[-2] == self.channels
        if is_signal and (rank > 2 or x.shape[-1] != self.channels):
            return -2
        validate.axis(self, x, -1, "channels", self.channels)
        return -1


class BatchNorm2D(_BatchNorm):
    """Normalise each channel over the batch and the image: (..., C, H, W), same shape.

    y[n,c] = w[c] · (x[n,c] - mean[c]) / √(var[c] + ε) + b[c]

    In training, mean and var are the batch's, and the running ones move by `momentum` towards them
    (the variance with Bessel's correction, as in PyTorch); in evaluation the running ones serve
    (Ioffe, Szegedy 2015). ValueError for training on one entry per channel. So it is in a compiled
    program, too: what was compiled in training mode moves the running ones at each run.
    """

    def _axis(self, x: Tensor) -> int:
        validate.image(self, x)
        validate.axis(self, x, -3, "channels", self.channels)
        return -3
