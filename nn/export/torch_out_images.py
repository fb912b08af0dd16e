"""Layers of images and signals as PyTorch's modules; `to.nn` is torch.nn."""

from typing import Any

from .. import layers
from . import torch_layers
from .walk import Rules


def _conv(to: Any, layer: layers.Conv1D | layers.Conv2D) -> Any:
    n = len(layer.sides)
    sizes = layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride
    rest = {"dilation": layer.dilation, "groups": layer.groups, "bias": layer.bias is not None}
    if layer.padding == "same" and {*layer.stride} != {1}:
        return getattr(torch_layers, f"Conv{n}dSame")(*sizes, **rest)
    return getattr(to.nn, f"Conv{n}d")(*sizes, padding=layer.padding, **rest)


def _conv_transpose(to: Any, layer: layers.ConvTranspose2D) -> Any:
    sizes = layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding
    rest = layer.output_padding, layer.groups, layer.bias is not None, layer.dilation
    return to.nn.ConvTranspose2d(*sizes, *rest)


def _max_pool(to: Any, layer: layers.MaxPool | layers.MaxPool1D) -> Any:
    window = layer.kernel_size, layer.stride, layer.padding, layer.dilation
    return getattr(to.nn, f"MaxPool{len(layer.sides)}d")(*window, ceil_mode=layer.ceil_mode)


def _avg_pool(to: Any, layer: layers.AvgPool | layers.AvgPool1D) -> Any:
    window = layer.kernel_size, layer.stride, layer.padding
    options = layer.ceil_mode, layer.count_include_pad
    return getattr(to.nn, f"AvgPool{len(layer.sides)}d")(*window, *options)


def _global_avg_pool(_: Any, layer: layers.GlobalAvgPool | layers.GlobalAvgPool1D) -> Any:
    is_signal = isinstance(layer, layers.GlobalAvgPool1D)
    return torch_layers.GlobalAvgPool1D() if is_signal else torch_layers.GlobalAvgPool()


def _upsample(to: Any, layer: layers.Upsample) -> Any:
    align = layer.align_corners if layer.mode == "bilinear" else None
    return to.nn.Upsample(layer.size, layer.scale_factor, layer.mode, align)


RULES: Rules = {
    layers.Conv1D: _conv,
    layers.Conv2D: _conv,
    layers.ConvTranspose2D: _conv_transpose,
    layers.MaxPool1D: _max_pool,
    layers.MaxPool: _max_pool,
    layers.AvgPool1D: _avg_pool,
    layers.AvgPool: _avg_pool,
    layers.GlobalAvgPool1D: _global_avg_pool,
    layers.GlobalAvgPool: _global_avg_pool,
    layers.Upsample: _upsample,
}
