"""ONNX files: checked, and written whole or not at all."""

import json
import os
from collections.abc import Sequence
from typing import Any

from autograd import files

from .. import validate
from ..module import Module
from .axes import Axes, sample_axes
from .onnx_graph import IR_VERSION, OPSET, Graph
from .onnx_layers import RULES


def to_onnx(
    model: Module, path: str | os.PathLike[str], shape: Sequence[int | str] | None = None
) -> None:
    """Write a model as an ONNX file that maps batches: input (N, ...) -> output (N, ...), float32.

    It computes what the model does in evaluation, whatever its mode. The batch axis N is free.
    `shape` is one sample's, (1, 28, 28); a name in it is a free axis, ("time", 8). Without it, the
    first layers say what they were built for, after Conv2D images of any size. Nodes are called by
    the paths of layers, weights by those of parameters; `model.preprocessing` goes along as JSON.

    ValueError where shapes do not fit or a shape is needed, and for weights that are not real
    numbers; TypeError for a module whose forward is its own. Needs the extra `glassgrad[onnx]`.
    """
    if not isinstance(model, Module):
        raise TypeError(f"to_onnx: needs a Module, got {model!r:.60}")
    axes = sample_axes(model) if shape is None else _checked(shape)
    graph = Graph(model, RULES)
    y = graph.visit("", model, graph.input("input", ("N", *axes)))
    if not axes:  # only now, because an unknown module is the graver mistake
        raise ValueError(
            "to_onnx: the model takes inputs of any shape; give shape=, one sample's, such as "
            "shape=(1, 28, 28)"
        )
    graph.output("output", y)
    proto = _model_proto(graph, model)
    graph.onnx.checker.check_model(proto, full_check=True)
    files.write(path, proto.SerializeToString())


def _checked(shape: Sequence[int | str]) -> Axes:
    what = "an axis of shape"
    return tuple(n if isinstance(n, str) else validate.positive("to_onnx", what, n) for n in shape)


def _model_proto(graph: Graph, model: Module) -> Any:
    """The whole file: nodes, constants, and the shape of every value."""
    helper = graph.onnx.helper
    infos = {
        name: helper.make_value_info(name, type_proto)
        for name, type_proto in graph.types.items()
        if name not in graph.constants
    }
    ends = [infos.pop("input")], [infos.pop("output")]
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
