"""What layers of images and signals are in ONNX: convolutions, pools, other sizes."""

from typing import Any

from autograd import Tensor

from .. import layers, validate
from .onnx_graph import Graph
from .walk import Rules

Convolution = layers.Conv1D | layers.Conv2D
Pool = layers.MaxPool | layers.MaxPool1D | layers.AvgPool | layers.AvgPool1D


def _conv(graph: Graph, layer: Convolution, x: str) -> str:
    size = _size(graph, layer, x)
    if layer.padding == "same" and {*layer.stride} != {1} and not size:
        raise graph.error(
            'padding="same" with a stride depends on the size of its input; give shape=, one '
            "sample's, such as shape=(1, 28, 28)"
        )
    slides = _sliding(graph, layer, size)
    return graph.node("Conv", x, layer.weight, layer.bias, group=layer.groups, **slides)


def _conv_transpose(graph: Graph, layer: layers.ConvTranspose2D, x: str) -> str:
    graph.check_image(x)
    return graph.node(
        "ConvTranspose", x, layer.weight, layer.bias,
        kernel_shape=layer.kernel_size, strides=layer.stride, dilations=layer.dilation,
        pads=layer.padding * 2, output_padding=layer.output_padding, group=layer.groups,
    )  # fmt: skip


def _max_pool(graph: Graph, layer: layers.MaxPool | layers.MaxPool1D, x: str) -> str:
    slides = _sliding(graph, layer, _size(graph, layer, x))
    return graph.node("MaxPool", x, ceil_mode=int(layer.ceil_mode), **slides)


def _avg_pool(graph: Graph, layer: layers.AvgPool | layers.AvgPool1D, x: str) -> str:
    slides = _sliding(graph, layer, _size(graph, layer, x))
    slides["count_include_pad"] = int(layer.count_include_pad)
    return graph.node("AveragePool", x, ceil_mode=int(layer.ceil_mode), **slides)


def _size(graph: Graph, layer: Convolution | Pool, x: str) -> list[int]:
    """The sides of the input of what slides, [] where they are free."""
    graph.check_image(x, layer.sides)
    size = graph.shape(x)[-len(layer.sides) :]
    known = [n for n in size if isinstance(n, int)]
    return known if len(known) == len(size) else []


def _sliding(graph: Graph, layer: Convolution | Pool, size: list[int]) -> dict[str, Any]:
    """The attributes of a window that slides; ValueError where it does not fit."""
    before, after = zip(*validate.margins(layer, size or [1] * len(layer.sides)), strict=True)
    if size:
        around = zip(size, layer.margins(size), strict=True)
        with graph.located():
            validate.fits(layer, [n + sum(margins) for n, margins in around])
    return {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "pads": before + after,
        "dilations": layer.dilation,
    }


def _global_avg_pool(graph: Graph, layer: Any, x: str) -> str:
    axes = [-1] if isinstance(layer, layers.GlobalAvgPool1D) else [-2, -1]
    return graph.node("ReduceMean", x, axes, keepdims=0)


def _upsample(graph: Graph, layer: layers.Upsample, x: str) -> str:
    graph.check_image(x)
    mode, where = "linear", "align_corners" if layer.align_corners else "half_pixel"
    if layer.mode == "nearest":
        mode, where = "nearest", "asymmetric"
    scales = None if layer.size else Tensor(layer.scale_factor)
    return graph.node(
        "Resize", x, None, scales, list(layer.size) if layer.size else None,
        axes=[2, 3], mode=mode, coordinate_transformation_mode=where, nearest_mode="floor",
    )  # fmt: skip


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
