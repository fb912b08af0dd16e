"""What each layer is in ONNX: its node, its parameters and its attributes."""

import math
from collections.abc import Sequence
from typing import Any

from .. import init, layers, validate
from ..sequential import Sequential
from . import onnx_sequences
from .onnx_graph import Graph, Shape
from .walk import Rules


def _sequential(graph: Graph, model: Sequential, x: str) -> str:
    for name, layer in model.named_layers():
        x = graph.visit(name, layer, x)
    return x


def _residual(graph: Graph, block: layers.Residual, x: str) -> str:
    y = graph.visit("body", block.body, x)
    straight = x if block.shortcut is None else graph.visit("shortcut", block.shortcut, x)
    graph.check_alike(y, straight)
    return graph.node("Add", y, straight)


def _dense(graph: Graph, layer: layers.Dense, x: str) -> str:
    if len(graph.shape(x)) == 2:
        return graph.node("Gemm", x, layer.weight, layer.bias, transB=1)
    transposed = graph.node("Transpose", layer.weight, part="/transposed", perm=[1, 0])
    if layer.bias is None:
        return graph.node("MatMul", x, transposed)
    return graph.node("Add", graph.node("MatMul", x, transposed, part="/product"), layer.bias)


def _conv2d(graph: Graph, layer: layers.Conv2D, x: str) -> str:
    slides = _sliding(graph, layer, x)
    return graph.node("Conv", x, layer.weight, layer.bias, group=layer.groups, **slides)


def _max_pool(graph: Graph, layer: layers.MaxPool, x: str) -> str:
    return graph.node("MaxPool", x, **_sliding(graph, layer, x))


def _avg_pool(graph: Graph, layer: layers.AvgPool, x: str) -> str:
    return graph.node("AveragePool", x, count_include_pad=1, **_sliding(graph, layer, x))


def _sliding(
    graph: Graph, layer: layers.Conv2D | layers.MaxPool | layers.AvgPool, x: str
) -> dict[str, Any]:
    """The attributes of a window that slides over an image; ValueError where it does not fit."""
    graph.check_image(x)
    size: Any = graph.shape(x)[-2:]
    is_known = _are_known(size)
    if layer.padding == "same" and layer.stride != (1, 1) and not is_known:
        raise graph.error(
            'padding="same" with a stride depends on the size of its input; give shape=, one '
            "sample's, such as shape=(1, 28, 28)"
        )
    size = size if is_known else (1, 1)
    before, after = zip(*validate.margins(layer, size), strict=True)
    if is_known:
        with graph.located():
            validate.fits(layer, [sum(parts) for parts in zip(size, before, after, strict=True)])
    return {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "pads": before + after,
        "dilations": layer.dilation,
    }


def _global_avg_pool(graph: Graph, _: layers.GlobalAvgPool, x: str) -> str:
    return graph.node("ReduceMean", x, [-2, -1], keepdims=0)


def _flatten(graph: Graph, layer: layers.Flatten, x: str) -> str:
    return _reshaped(graph, x, layer.axes, -1)


def _reshape(graph: Graph, layer: layers.Reshape, x: str) -> str:
    return _reshaped(graph, x, layer.axes, *layer.shape)


def _reshaped(graph: Graph, x: str, axes: int, *shape: int) -> str:
    """The last axes in another shape; 0 leaves an axis as it is."""
    kept = len(graph.shape(x)) - axes
    if not _can_become(graph.shape(x)[kept:], shape):
        raise graph.error(f"its input is {graph.text(x)}, which cannot be reshaped to {shape}")
    return graph.node("Reshape", x, [0] * kept + list(shape))


def _can_become(axes: Shape, shape: Sequence[int]) -> bool:
    """True if the sizes, as far as they are known, give as many entries as the shape has."""
    counted = math.prod(n for n in shape if n != -1)
    if counted < 1 or not _are_known(axes):
        return counted > 0
    entries = math.prod(n for n in axes if isinstance(n, int))
    return entries % counted == 0 if -1 in shape else entries == counted


def _are_known(axes: Shape) -> bool:
    return all(isinstance(n, int) for n in axes)


def _layer_norm(graph: Graph, layer: layers.LayerNorm, x: str) -> str:
    inputs = (x, *_scale_and_shift(layer, layer.shape))
    axis, eps = -len(layer.shape), float(layer.eps)
    return graph.node("LayerNormalization", *inputs, axis=axis, epsilon=eps)


def _group_norm(graph: Graph, layer: layers.GroupNorm, x: str) -> str:
    graph.check_image(x)
    inputs = (x, *_scale_and_shift(layer, (layer.channels,)))
    groups, eps = layer.groups, float(layer.eps)
    return graph.node("GroupNormalization", *inputs, num_groups=groups, epsilon=eps)


def _scale_and_shift(
    layer: layers.LayerNorm | layers.GroupNorm, shape: tuple[int, ...]
) -> tuple[Any, Any]:
    if layer.weight is None or layer.bias is None:
        return init.ones(shape), init.zeros(shape)
    return layer.weight, layer.bias


def _batch_norm(graph: Graph, layer: layers.BatchNorm2D, x: str) -> str:
    graph.check_image(x)
    inputs = (x, layer.weight, layer.bias, layer.running_mean, layer.running_var)
    return graph.node("BatchNormalization", *inputs, epsilon=float(layer.eps))


RULES: Rules = {
    Sequential: _sequential,
    layers.Residual: _residual,
    layers.Dense: _dense,
    layers.Conv2D: _conv2d,
    layers.MaxPool: _max_pool,
    layers.AvgPool: _avg_pool,
    layers.GlobalAvgPool: _global_avg_pool,
    layers.Flatten: _flatten,
    layers.Reshape: _reshape,
    layers.Dropout: lambda _graph, _layer, x: x,
    layers.LayerNorm: _layer_norm,
    layers.GroupNorm: _group_norm,
    layers.BatchNorm2D: _batch_norm,
    layers.ReLU: lambda graph, _, x: graph.node("Relu", x),
    layers.LeakyReLU: lambda graph, layer, x: graph.node("LeakyRelu", x, alpha=float(layer.slope)),
    layers.Sigmoid: lambda graph, _, x: graph.node("Sigmoid", x),
    layers.Tanh: lambda graph, _, x: graph.node("Tanh", x),
    layers.Softmax: lambda graph, layer, x: graph.node("Softmax", x, axis=layer.axis),
    layers.GELU: lambda graph, layer, x: graph.node("Gelu", x, approximate=layer.approximate),
    **onnx_sequences.RULES,
}
