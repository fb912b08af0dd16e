"""Which trailing axes a layer asks of its input: sizes, and names of axes that are free."""

import math

from ..layers import (
    GRU,
    LSTM,
    RNN,
    AvgPool,
    BatchNorm2D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    LayerNorm,
    MaxPool,
    MultiHeadAttention,
    PositionalEncoding,
    Reshape,
)
from ..module import Module
from .walk import Rules, rule_of

Axes = tuple[int | str, ...]

IMAGE: Axes = ("C", "H", "W")


def axes_of(layer: Module) -> Axes:
    """The trailing axes that a layer asks for; () where it takes and keeps any shape."""
    rule = rule_of(ASKED, layer)
    return rule(layer) if rule else ()


def sample_axes(model: Module) -> Axes:
    """The axes of one sample, as the first layer that asks for any does; () where none does."""
    return next(filter(None, map(axes_of, model.modules())), ())


def _free(n: int) -> Axes:
    return IMAGE if n == len(IMAGE) else tuple(f"axis{k + 1}" for k in range(n))


def _reshape(layer: Reshape) -> Axes:
    is_counted = layer.axes == 1 and min(layer.shape, default=1) > 0
    return (math.prod(layer.shape),) if is_counted else _free(layer.axes)


ASKED: Rules = {
    Dense: lambda layer: (layer.in_features,),
    Conv2D: lambda layer: (layer.in_channels, *IMAGE[1:]),
    MaxPool: lambda _: IMAGE,
    AvgPool: lambda _: IMAGE,
    GlobalAvgPool: lambda _: IMAGE,
    Flatten: lambda layer: _free(layer.axes),
    Reshape: _reshape,
    LayerNorm: lambda layer: layer.shape,
    GroupNorm: lambda layer: (layer.channels, *IMAGE[1:]),
    BatchNorm2D: lambda layer: (layer.channels, *IMAGE[1:]),
    **dict.fromkeys((RNN, LSTM, GRU), lambda layer: ("T", layer.input_size)),
    **dict.fromkeys((MultiHeadAttention, PositionalEncoding), lambda m: ("T", m.embed_dim)),
}


def axes_added(layer: Module) -> int:
    """How many axes more a layer's output has than its input."""
    rule = rule_of(ADDED, layer)
    return rule(layer) if rule else 0


ADDED: Rules = {
    Flatten: lambda layer: 1 - layer.axes,
    Reshape: lambda layer: len(layer.shape) - layer.axes,
    GlobalAvgPool: lambda _: -2,
    **dict.fromkeys((RNN, LSTM, GRU), lambda layer: layer.return_sequences - 1),
}
