"""ONNX files: checked, and written whole or not at all."""

import json
import os
from collections.abc import Sequence
from typing import Any

from autograd import files

from .. import validate
from ..module import Module
from ..nests import flattened
from .axes import AnyShape, Axes, each_input, sample_axes
from .onnx_graph import IR_VERSION, OPSET, Graph
from .onnx_layers import RULES
from .onnx_operations import own
from .recorded import input_names
from .walk import rule_of


def to_onnx(model: Module, path: str | os.PathLike[str], shape: AnyShape | None = None) -> None:
    """Write a model as an ONNX file that maps batches: input (N, ...) -> output (N, ...), float32.

    It computes what the model does in evaluation, whatever its mode. The batch axis N is free.
    `shape` is one sample's, (1, 28, 28); a name in it is a free axis, ("time", 8). Without it, the
    first layers say what they were built for, after Conv2D images of any size. Nodes are called by
    the paths of layers, weights by those of parameters; `model.preprocessing` goes along as JSON.

    A module whose forward is its own, or a function among the layers, is recorded: products,
    convolutions and pools are found in what it computes. It needs a shape in numbers; a model of
    several inputs takes one for each, shape=[(3,), (4, 8)], and calls them by the arguments of its
    forward pass. Several results are `output.0`, `output.1`, or called by the keys of a dict.

    ValueError where shapes do not fit or a shape is needed, for random numbers, for what is decided
    by a number, and for weights that are not real. Needs the extra `glassgrad[onnx]`.
    """
    if not isinstance(model, Module):
        raise TypeError(f"to_onnx: needs a Module, got {model!r:.60}")
    shapes = _shapes(model, shape)
    graph = Graph(model, RULES, own)
    names = input_names(model, len(shapes))
    for name, axes in zip(names, shapes, strict=True):
        graph.input(name, ("N", *axes))
    for name, y in flattened(graph.visit("", model, *names), "output"):
        graph.output(name, y)
    proto = _model_proto(graph, model, names)
    graph.onnx.checker.check_model(proto, full_check=True)
    files.write(path, proto.SerializeToString())


def _shapes(model: Module, shape: AnyShape | None) -> list[Axes]:
    """The axes of one sample of each input; ValueError where nothing says them."""
    if shape is not None:
        return [_checked(part) for part in each_input(shape)]
    is_own = rule_of(RULES, model) is None
    axes = (model.input_shape if is_own else None) or sample_axes(model)
    if not axes:
        raise ValueError(
            "to_onnx: the model takes inputs of any shape; give shape=, one sample's, such as "
            "shape=(1, 28, 28)"
        )
    return [tuple(axes)]


def _checked(shape: Sequence[int | str]) -> Axes:
    what = "an axis of shape"
    return tuple(n if isinstance(n, str) else validate.positive("to_onnx", what, n) for n in shape)


def _model_proto(graph: Graph, model: Module, inputs: list[str]) -> Any:
    """The whole file: nodes, constants, and the shape of every value."""
    helper = graph.onnx.helper
    infos = {
        name: helper.make_value_info(name, type_proto)
        for name, type_proto in graph.types.items()
        if name not in graph.constants
    }
    ends = list(map(infos.pop, inputs)), list(map(infos.pop, graph.outputs))
    constants, between = list(graph.constants.values()), list(infos.values())
    made = helper.make_graph(
        graph.nodes, type(model).__name__, *ends, constants, repr(model), between
    )
    opsets = [helper.make_opsetid("", OPSET)]
    proto = helper.make_model(
        made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="glassgrad"
    )
    if model.preprocessing is not None:
        helper.set_model_props(proto, {"preprocessing": json.dumps(model.preprocessing)})
    return proto
