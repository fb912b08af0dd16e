"""What the boxes of layers, channels, tensors and equal operations say."""

import math
from collections.abc import Iterable
from typing import Any

from ...names import Name
from ...text import clean, number, shape_text
from ..outline import Box
from ..read.gradients import Gradients
from ..read.graph import Graph, NamedTensor
from ..read.stages import Stage
from ..read.words import NO_GRADIENT, call_kind, call_title, count, norm, symbol
from ..select.expand import channel_address
from ..select.selection import ChannelGroup, Group, LayerGroup, TensorGroup
from .maps import feature_maps, picture


def group_box(graph: Graph, group: Group, cells: int, gradients: Gradients) -> Box:
    """The box of a group, with gradients where they are wanted.

    A layer's feature maps have no more than `cells` cells; with 0 no numbers are shown.
    """
    if isinstance(group, TensorGroup):
        return _tensor_box(graph, group, cells > 0, gradients)
    if isinstance(group, ChannelGroup):
        return _channel_box(graph, group, cells > 0, gradients)
    if isinstance(group, LayerGroup):
        return _layer_box(graph, group, cells, gradients)
    return _operations_box(graph, group, gradients)


def _operations_box(graph: Graph, group: Group, gradients: Gradients) -> Box:
    """Equal operations: their sign, `** 2` where all have the same 2, and how many."""
    first = graph.nodes[group.nodes[0]]
    seconds = {graph.nodes[k].inputs[-1] for k in group.nodes}
    same = {x.data for x in seconds} if not any(x.inputs or x.name for x in seconds) else ()
    operand = f" {number(*same)}" if len(first.inputs) == 2 and len(same) == 1 else ""
    box = Box(group.id, "operation", clean(first.name), symbol(first.op) + operand)
    if isinstance(first.name, Name) and first.name.shape:
        box.lines.append(("", shape_text(first.name.shape)))
    box.lines.append(("", count(len(group.nodes), "node")))
    _add_norm(box, "‖grad‖", gradients, group.nodes)
    return box


def _add_norm(box: Box, what: str, gradients: Gradients, numbers: Iterable[int]) -> None:
    """The norm of gradients, or — before there are any; nothing where they are not wanted."""
    if gradients.asked:
        found = [k for k in numbers if k >= 0]
        total = norm(gradients.nodes[k].grad for k in found)
        box.lines.append((what, number(total) if gradients.computed else NO_GRADIENT))


def _tensor_box(graph: Graph, group: TensorGroup, values: bool, gradients: Gradients) -> Box:
    """Leaves that have a name: an input, or a parameter that several layers share."""
    tensor, shape = group.tensor, group.tensor.name.shape
    box = Box(group.id, "parameter" if tensor.parameter else "input", clean(tensor.name))
    if tensor.name:
        box.lines.append(("", shape_text(shape)))
    else:
        box.title = shape_text(shape)
    _add_norm(box, "‖grad‖", gradients, tensor.entries)
    if values and math.prod(shape[:-2]) <= 4:
        _add_picture(graph, box, tensor, 0, 14)
    return box


def _add_picture(graph: Graph, box: Box, tensor: NamedTensor, channel: int, most: int) -> None:
    """A channel's numbers as a small heat map."""
    found = picture(graph, tensor, channel, most)
    box.grids += [found] if found else []


def _channel_box(graph: Graph, group: ChannelGroup, values: bool, gradients: Gradients) -> Box:
    """One channel of a layer's output, or one entry of its vector."""
    tensor, shape = group.tensor, group.tensor.name.shape
    entries = tensor.channel(group.channel)
    address = ",".join(map(str, channel_address(tensor, group.channel)))
    box = Box(group.id, "layer", f"{clean(tensor.name)}[{address}]")
    if tensor.plane == 1 and entries[0] >= 0:
        return _entry_box(graph, box, entries[0], values, gradients)
    box.lines.append(("", shape_text(shape[-2:] if len(shape) > 2 else shape[1:])))
    box.lines.append(("", count(len(group.nodes), "node")))
    _add_norm(box, "‖grad‖", gradients, entries)
    if values and len(shape) > 2:
        _add_picture(graph, box, tensor, group.channel, 28 if group.large else 12)
    return box


def _entry_box(graph: Graph, box: Box, k: int, values: bool, gradients: Gradients) -> Box:
    """One entry of a layer's vector, with all that was computed for it."""
    if values:
        box.lines.append(("data", number(graph.nodes[k].data)))
    if gradients.asked:
        grad = number(graph.nodes[k].grad) if gradients.computed else NO_GRADIENT
        box.lines.append(("grad", grad))
    return box


def _layer_box(graph: Graph, group: LayerGroup, cells: int, gradients: Gradients) -> Box:
    """A layer, or several: shapes in → out, parameters, nodes, norms of gradients, and maps."""
    call = group.call if group.call is not None else ""
    box = Box(group.id, "layer", call_title(call), call_kind(call))
    if group.call is not None and not call:  # a module's own steps between those of its parts
        steps = dict.fromkeys(symbol(graph.nodes[k].op) for k in group.stages[0].nodes)
        box.symbol = ", ".join(steps) if len(steps) < 4 else ""
    if group.rest:
        box.title += " · the rest"
    outputs, parameters = group.stages[-1].outputs, group.parameters
    ends = [k for t in outputs for k in t.entries] or _results(graph, group.stages[-1])
    shapes = " + ".join(shape_text(t.name.shape) for t in outputs) or f"{len(ends):,}"
    box.lines.append(("", f"{_inputs(graph, group)} → {shapes}".strip()))
    if len(group.stages) > 1:
        box.lines.append(("", count(len(group.stages), "call")))
    entries = [k for t in parameters for k in t.entries]
    if parameters:
        box.lines.append(("", count(len(entries), "parameter")))
    box.lines.append(("", count(len(group.nodes), "node")))
    _add_norm(box, "‖grad‖ of output", gradients, ends)
    if parameters:
        _add_norm(box, "‖grad‖ of parameters", gradients, entries)
    named = [f"{clean(str(t.name), 80)} {shape_text(t.name.shape)}" for t in parameters]
    box.tooltip = " · ".join(named)
    if cells and outputs and not group.rest:
        box.grids += feature_maps(graph, outputs[0], cells)
    return box


def _results(graph: Graph, stage: Stage) -> list[int]:
    """The nodes of a stage that nothing in it reads: its results, if they have no name."""
    read = _read(graph, [stage])
    return [k for k in stage.nodes if k not in read]


def _read(graph: Graph, stages: Iterable[Stage]) -> set[int]:
    """Numbers of all nodes that stages read."""
    operands = {x for stage in stages for k in stage.nodes for x in graph.nodes[k].inputs}
    return {n for x in operands for n in graph.entries(x)}


def _inputs(graph: Graph, group: LayerGroup) -> str:
    """The shapes of what a group reads from outside."""
    own, read = set(group.stages), _read(graph, group.stages)
    shapes: dict[Any, str] = {}
    for stage in group.stages:
        for other, n in stage.predecessors.items():
            if other not in own:
                several = [_part(t, read) for t in other.outputs]
                shapes[other] = " + ".join(filter(None, several)) or count(n)
        for t in stage.reads:
            if t not in group.parameters:
                shapes[id(t)] = _part(t, read)
    constants = {k for stage in group.stages for k in stage.other_leaves}
    texts = [*dict.fromkeys(shapes.values())] or [count(len(constants))] * bool(constants)
    return " + ".join(texts[:3]) + (" + …" if len(texts) > 3 else "")


def _part(tensor: NamedTensor, read: set[int]) -> str:
    """The shape of what is read of a tensor: all, a block, or some of its numbers."""
    places = [place for place, k in enumerate(tensor.entries) if k in read]
    if len(places) == len(tensor.entries):
        return shape_text(tensor.name.shape)
    columns = [sorted({*c}) for c in zip(*map(tensor.name.address, places), strict=True)]
    block = all(c[-1] - c[0] + 1 == len(c) for c in columns)
    if block and len(places) == math.prod(map(len, columns)):
        lengths = zip(columns, tensor.name.shape, strict=True)
        return shape_text([len(c) for c, n in lengths if len(c) > 1 or n == 1])
    return f"{clean(tensor.name, 20)}[…] {count(len(places), 'number')}" if places else ""
