"""What each layer is in ONNX: its node, its parameters and its attributes."""

import math
from collections.abc import Sequence
from typing import Any

from autograd import Tensor

from .. import init, layers
from ..sequential import Sequential
from . import onnx_images, onnx_sequences
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


def _embedding(graph: Graph, layer: layers.Embedding, x: str) -> str:
    return graph.node("Gather", layer.weight, graph.whole(x), axis=0)


def _rms_norm(graph: Graph, layer: layers.RMSNorm, x: str) -> str:
    """What opset 21 has no node for, step by step."""
    square = graph.node("Mul", x, x, part="/square")
    axes = list(range(-len(layer.shape), 0))
    mean = graph.node("ReduceMean", square, axes, part="/mean")
    raised = graph.node("Add", mean, Tensor([layer.eps]), part="/raised")
    root = graph.node("Sqrt", raised, part="/root")
    if layer.weight is None:
        return graph.node("Div", x, root)
    return graph.node("Mul", graph.node("Div", x, root, part="/divided"), layer.weight)


def _scale_and_shift(layer: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    if layer.weight is None or layer.bias is None:
        return init.ones(shape), init.zeros(shape)
    return layer.weight, layer.bias


def _batch_norm(graph: Graph, layer: layers.BatchNorm1D | layers.BatchNorm2D, x: str) -> str:
    if isinstance(layer, layers.BatchNorm2D):
        graph.check_image(x)
    elif len(graph.shape(x)) > 3 or graph.shape(x)[1] != layer.channels:
        known = f"(N, {layer.channels}) or (N, {layer.channels}, L)"
        raise graph.error(f"in ONNX it takes {known}, and its input is {graph.text(x)}")
    scale, shift = _scale_and_shift(layer, (layer.channels,))
    inputs = (x, scale, shift, layer.running_mean, layer.running_var)
    return graph.node("BatchNormalization", *inputs, epsilon=float(layer.eps))


def _softplus(graph: Graph, layer: layers.Softplus, x: str) -> str:
    if layer.beta == 1:
        return graph.node("Softplus", x)
    beta = Tensor([layer.beta])
    scaled = graph.node("Softplus", graph.node("Mul", x, beta, part="/scaled"), part="/softplus")
    return graph.node("Div", scaled, beta)


def _silu(graph: Graph, _: layers.SiLU, x: str) -> str:
    return graph.node("Mul", x, graph.node("Sigmoid", x, part="/sigmoid"))


def _hardtanh(graph: Graph, layer: layers.Hardtanh, x: str) -> str:
    return graph.node("Clip", x, Tensor([layer.low]), Tensor([layer.high]))


RULES: Rules = {
    **onnx_images.RULES,
    Sequential: _sequential,
    layers.Residual: _residual,
    layers.Dense: _dense,
    layers.Flatten: _flatten,
    layers.Reshape: _reshape,
    layers.Embedding: _embedding,
    layers.Dropout: lambda _graph, _layer, x: x,
    layers.Dropout2D: lambda _graph, _layer, x: x,
    layers.Identity: lambda _graph, _layer, x: x,
    layers.LayerNorm: _layer_norm,
    layers.GroupNorm: _group_norm,
    layers.RMSNorm: _rms_norm,
    layers.BatchNorm1D: _batch_norm,
    layers.BatchNorm2D: _batch_norm,
    layers.ReLU: lambda graph, _, x: graph.node("Relu", x),
    layers.LeakyReLU: lambda graph, layer, x: graph.node("LeakyRelu", x, alpha=float(layer.slope)),
    layers.ELU: lambda graph, layer, x: graph.node("Elu", x, alpha=float(layer.alpha)),
    layers.SiLU: _silu,
    layers.Softplus: _softplus,
    layers.Hardtanh: _hardtanh,
    layers.Sigmoid: lambda graph, _, x: graph.node("Sigmoid", x),
    layers.Tanh: lambda graph, _, x: graph.node("Tanh", x),
    layers.Softmax: lambda graph, layer, x: graph.node("Softmax", x, axis=layer.axis),
    layers.LogSoftmax: lambda graph, layer, x: graph.node("LogSoftmax", x, axis=layer.axis),
    layers.GELU: lambda graph, layer, x: graph.node("Gelu", x, approximate=layer.approximate),
    **onnx_sequences.RULES,
}
