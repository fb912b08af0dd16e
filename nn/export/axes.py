"""Which trailing axes a layer asks of its input: sizes, and names of axes that are free."""

import math
from collections.abc import Sequence
from typing import Any

from .. import layers, validate
from ..module import Module
from .walk import Rules, rule_of

Axes = tuple[int | str, ...]
AnyShape = Sequence[Any]  # of one sample, or a sequence of such for several inputs

IMAGE: Axes = ("C", "H", "W")
SIGNAL: Axes = ("C", "L")
RECURRENT = (layers.RNN, layers.LSTM, layers.GRU)


def axes_of(layer: Module) -> Axes:
    """The trailing axes that a layer asks for; () where it takes and keeps any shape."""
    rule = rule_of(ASKED, layer)
    return rule(layer) if rule else ()


def sample_axes(model: Module) -> Axes:
    """The axes of one sample, as the first layer that asks for any does; () where none does."""
    return next(filter(None, map(axes_of, model.modules())), ())


def sample_shape(who: str, model: Module, shape: Sequence[int | str] | None) -> tuple[int, ...]:
    """The shape of one sample in sizes; ValueError where nothing says it."""
    asked = tuple((model.input_shape or sample_axes(model)) if shape is None else shape)
    sizes = [n for n in asked if isinstance(n, int)]
    if shape is None and (len(sizes) < len(asked) or not asked):
        raise ValueError(
            f"{who}: the model takes inputs of several shapes; give shape=, one sample's, such as "
            "shape=(1, 28, 28)"
        )
    return tuple(validate.positive(who, "an axis of shape", n) for n in asked)


def sample_shapes(who: str, model: Module, shape: AnyShape | None) -> list[tuple[int, ...]]:
    """The shape of one sample of each input."""
    return [sample_shape(who, model, part) for part in each_input(shape)]


def each_input(shape: AnyShape | None) -> list[Any]:
    """The shapes of several inputs, or the one of one."""
    several = shape and all(isinstance(part, list | tuple) for part in shape)
    return list(shape) if shape and several else [shape]


def _free(n: int) -> Axes:
    return IMAGE if n == len(IMAGE) else tuple(f"axis{k + 1}" for k in range(n))


def _reshape(layer: layers.Reshape) -> Axes:
    is_counted = layer.axes == 1 and min(layer.shape, default=1) > 0
    return (math.prod(layer.shape),) if is_counted else _free(layer.axes)


ASKED: Rules = {
    layers.Dense: lambda layer: (layer.in_features,),
    layers.Conv2D: lambda layer: (layer.in_channels, *IMAGE[1:]),
    layers.ConvTranspose2D: lambda layer: (layer.in_channels, *IMAGE[1:]),
    layers.Conv1D: lambda layer: (layer.in_channels, *SIGNAL[1:]),
    layers.MaxPool: lambda _: IMAGE,
    layers.AvgPool: lambda _: IMAGE,
    layers.GlobalAvgPool: lambda _: IMAGE,
    layers.Upsample: lambda _: IMAGE,
    layers.Dropout2D: lambda _: IMAGE,
    layers.MaxPool1D: lambda _: SIGNAL,
    layers.AvgPool1D: lambda _: SIGNAL,
    layers.GlobalAvgPool1D: lambda _: SIGNAL,
    layers.Flatten: lambda layer: _free(layer.axes),
    layers.Reshape: _reshape,
    layers.LayerNorm: lambda layer: layer.shape,
    layers.RMSNorm: lambda layer: layer.shape,
    layers.GroupNorm: lambda layer: (layer.channels, *IMAGE[1:]),
    layers.BatchNorm2D: lambda layer: (layer.channels, *IMAGE[1:]),
    **dict.fromkeys(RECURRENT, lambda layer: ("T", layer.input_size)),
    layers.MultiHeadAttention: lambda layer: ("T", layer.embed_dim),
    layers.PositionalEncoding: lambda layer: ("T", layer.embed_dim),
}


def axes_added(layer: Module) -> int:
    """How many axes more a layer's output has than its input."""
    rule = rule_of(ADDED, layer)
    return rule(layer) if rule else 0


ADDED: Rules = {
    layers.Embedding: lambda _: 1,
    layers.Flatten: lambda layer: 1 - layer.axes,
    layers.Reshape: lambda layer: len(layer.shape) - layer.axes,
    layers.GlobalAvgPool1D: lambda _: -1,
    layers.GlobalAvgPool: lambda _: -2,
    **dict.fromkeys(RECURRENT, lambda layer: layer.return_sequences - 1),
}
