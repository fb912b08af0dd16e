"""PyTorch's layers of images and signals as ours; `read` is the translation that asks."""

from functools import partial
from typing import Any

from .. import init, layers
from ..module import Module
from ..sequential import Sequential
from . import torch_layers
from .walk import Rules


def _conv(read: Any, m: Any, layer: type[Module]) -> Any:
    read.only(m, padding_mode="zeros")
    sizes = m.in_channels, m.out_channels, m.kernel_size, m.stride, m.padding, m.dilation
    return read.new(layer, *sizes, m.groups, m.bias is not None, init=init.zeros)


def _conv_transpose(read: Any, m: Any) -> Any:
    read.only(m, padding_mode="zeros")
    sizes = m.in_channels, m.out_channels, m.kernel_size, m.stride, m.padding, m.output_padding
    rest = m.groups, m.bias is not None, m.dilation
    return read.new(layers.ConvTranspose2D, *sizes, *rest, init=init.zeros)


def _max_pool(read: Any, m: Any, layer: type[Module]) -> Any:
    read.only(m, return_indices=False)
    return read.new(layer, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode)


def _avg_pool(read: Any, m: Any, layer: type[Module]) -> Any:
    if hasattr(m, "divisor_override"):
        read.only(m, divisor_override=None)
    return read.new(layer, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad)


def _global_avg_pool(read: Any, m: Any, layer: type[Module]) -> Module:
    read.only(m, output_size=1)
    ones = [1] if layer is layers.GlobalAvgPool1D else [1, 1]
    return Sequential(layer(), layers.Reshape(-1, *ones))


def _upsample(read: Any, m: Any) -> Any:
    if m.mode not in ("nearest", "bilinear") or m.recompute_scale_factor:
        raise read.error(
            f"mode={m.mode!r}, recompute_scale_factor={m.recompute_scale_factor!r}; "
            "here only nearest and bilinear are possible, without that"
        )
    return read.new(layers.Upsample, m.size, m.scale_factor, m.mode, bool(m.align_corners))


def rules(nn: Any) -> Rules:
    """The rules of the classes of torch.nn, and of those that we have added."""
    return {
        nn.Conv1d: partial(_conv, layer=layers.Conv1D),
        nn.Conv2d: partial(_conv, layer=layers.Conv2D),
        torch_layers.Conv1dSame: partial(_conv, layer=layers.Conv1D),
        torch_layers.Conv2dSame: partial(_conv, layer=layers.Conv2D),
        nn.ConvTranspose2d: _conv_transpose,
        nn.MaxPool1d: partial(_max_pool, layer=layers.MaxPool1D),
        nn.MaxPool2d: partial(_max_pool, layer=layers.MaxPool),
        nn.AvgPool1d: partial(_avg_pool, layer=layers.AvgPool1D),
        nn.AvgPool2d: partial(_avg_pool, layer=layers.AvgPool),
        nn.AdaptiveAvgPool1d: partial(_global_avg_pool, layer=layers.GlobalAvgPool1D),
        nn.AdaptiveAvgPool2d: partial(_global_avg_pool, layer=layers.GlobalAvgPool),
        torch_layers.GlobalAvgPool1D: lambda *_: layers.GlobalAvgPool1D(),
        torch_layers.GlobalAvgPool: lambda *_: layers.GlobalAvgPool(),
        nn.Upsample: _upsample,
        nn.UpsamplingNearest2d: _upsample,
        nn.UpsamplingBilinear2d: _upsample,
    }
