"""What the boxes of layers, channels and tensors say, and the frames of the modules around them."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ...names import Name
from ..outline import Box, Frame, Outline
from ..read.gradients import Gradients
from ..read.stages import Stage
from ..read.survey import NamedTensor, Survey
from ..read.words import UNSEEN, by, clean, count, kind, norm, number, symbol, title
from ..select.expand import calls, channel_address
from ..select.plan import Group, Plan
from .grids import thumbnail


def group_box(survey: Survey, group: Group, values: bool, back: Gradients) -> Box:
    """The box of a group, with its numbers and gradients where they are wanted."""
    if group.tensor and not group.stages:
        return _tensor_box(survey, group.id, group.tensor, values, back)
    if group.tensor:
        return _channel_box(survey, group, group.tensor, values, back)
    return _alike_box(survey, group, back) if group.alike else _layer_box(survey, group, back)


def _alike_box(survey: Survey, group: Group, back: Gradients) -> Box:
    """Operations of one kind: their sign, `** 2` where all have the same 2, and how many."""
    first: Any = survey.nodes[group.nodes[0]]
    seconds = {survey.nodes[k].inputs[-1] for k in group.nodes}
    same = {x.data for x in seconds} if not any(x.inputs or x.name for x in seconds) else ()
    operand = f" {number(*same)}" if len(first.inputs) == 2 and len(same) == 1 else ""
    box = Box(group.id, "operation", clean(first.name), symbol(first.op) + operand)
    shape = by(first.name.shape) if isinstance(first.name, Name) else ""
    box.lines += [("", shape)] if shape else []
    box.lines.append(("", count(len(group.nodes), "node")))
    if back.wanted:
        box.lines.append(("‖grad‖", _norm(back, group.nodes)))
    return box


def _norm(back: Gradients, numbers: Iterable[int]) -> str:
    """The norm of gradients, or — before there are any."""
    found = [k for k in numbers if k >= 0]
    return number(norm(back.nodes[k].grad for k in found)) if back.known(found) else UNSEEN


def _tensor_box(
    survey: Survey, key: str, tensor: NamedTensor, values: bool, back: Gradients
) -> Box:
    """Leaves that have a name: an input, or a parameter that several layers share."""
    box = Box(key, "parameter" if tensor.parameter else "input", clean(tensor.name))
    box.lines.append(("", by(tensor.name.shape)))
    if back.wanted:
        box.lines.append(("‖grad‖", _norm(back, tensor.entries)))
    shape = tensor.name.shape
    if values and len(shape) > 1 and math.prod(shape[:-2]) <= 4:
        _picture(survey, box, tensor, 0, 14)
    return box


def _picture(survey: Survey, box: Box, tensor: NamedTensor, channel: int, most: int) -> None:
    """A channel's numbers as a small heat map."""
    plane = tensor.entries[channel * tensor.plane : (channel + 1) * tensor.plane]
    if all(k >= 0 for k in plane):
        data = [survey.nodes[k].data for k in plane]
        found = thumbnail("data", data, tensor.name.shape[-1], most)
        box.grids += [found] if found else []


def _channel_box(
    survey: Survey, group: Group, tensor: NamedTensor, values: bool, back: Gradients
) -> Box:
    """One channel of a layer's output."""
    shape = tensor.name.shape
    plane = tensor.entries[group.channel * tensor.plane : (group.channel + 1) * tensor.plane]
    address = ",".join(map(str, channel_address(tensor, group.channel)))
    box = Box(group.id, "layer", f"{clean(tensor.name)}[{address}]")
    if tensor.plane == 1 and plane[0] >= 0:
        return _entry_box(survey.nodes[plane[0]], box, plane[0], values, back)
    box.lines.append(("", by(shape[-2:] if len(shape) > 2 else shape[1:])))
    box.lines.append(("", count(len(group.nodes), "node")))
    if back.wanted:
        box.lines.append(("‖grad‖", _norm(back, plane)))
    if values and len(shape) > 2:
        _picture(survey, box, tensor, group.channel, 28 if group.large else 12)
    return box


def _entry_box(node: Any, box: Box, k: int, values: bool, back: Gradients) -> Box:
    """One entry of a layer's vector, with all that was computed for it."""
    if values:
        box.lines.append(("data", number(node.data)))
    if back.wanted:
        box.lines.append(("grad", number(node.grad) if back.known([k]) else UNSEEN))
    return box


def _layer_box(survey: Survey, group: Group, back: Gradients) -> Box:
    """A layer, or several: shapes in → out, parameters, nodes, and norms of gradients."""
    call = group.call
    box = Box(group.id, "layer", title(call) if call is not None else title(""))
    box.symbol = kind(call) if call is not None else ""
    if call is not None and not call:  # a module's own steps between those of its parts
        steps = dict.fromkeys(symbol(survey.nodes[k].op) for k in group.stages[0].nodes)
        box.symbol = ", ".join(steps) if len(steps) < 4 else ""
    if group.rest:
        box.title += " · the rest"
    outputs = [t for stage in group.stages[-1:] for t in stage.outputs]
    ends = [k for t in outputs for k in t.entries] or _ends(survey, group.stages[-1])
    shapes = " + ".join(by(t.name.shape) for t in outputs) or f"{len(ends):,}"
    box.lines.append(("", f"{_inputs(survey, group)} → {shapes}".strip()))
    parameters = group.parameters
    if len(group.stages) > 1:
        box.lines.append(("", count(len(group.stages), "call")))
    if parameters:
        box.lines.append(("", count(sum(len(t.entries) for t in parameters), "parameter")))
    box.lines.append(("", count(len(group.nodes), "node")))
    if back.wanted:
        box.lines.append(("‖grad‖ of output", _norm(back, ends)))
        if parameters:
            entries = [k for t in parameters for k in t.entries]
            box.lines.append(("‖grad‖ of parameters", _norm(back, entries)))
    box.tip = " · ".join(clean(str(t.name), 80) + " " + by(t.name.shape) for t in parameters)
    return box


def _ends(survey: Survey, stage: Stage) -> list[int]:
    """The nodes of a stage that nothing in it reads: its results, if they have no name."""
    read = _read(survey, [stage])
    return [k for k in stage.nodes if k not in read]


def _read(survey: Survey, stages: Iterable[Stage]) -> set[int]:
    """Numbers of all nodes that stages read."""
    inputs = {x for stage in stages for k in stage.nodes for x in survey.nodes[k].inputs}
    number = survey.number
    return {number[v] for x in inputs for v in ([x] if x in number else x.inputs)}


def _inputs(survey: Survey, group: Group) -> str:
    """The shapes of what a group reads from outside."""
    own, read = set(group.stages), _read(survey, group.stages)
    shapes: dict[Any, str] = {}
    for stage in group.stages:
        for other, n in stage.before.items():
            if other not in own:
                several = [_part(t, read) for t in other.outputs]
                shapes[other] = " + ".join(filter(None, several)) or count(n)
        for t in stage.reads:
            if t not in group.parameters:
                shapes[id(t)] = _part(t, read)
    constants = {k for stage in group.stages for k in stage.loose}
    texts = [*dict.fromkeys(shapes.values())] or [count(len(constants))] * bool(constants)
    return " + ".join(texts[:3]) + (" + …" if len(texts) > 3 else "")


def _part(tensor: NamedTensor, read: set[int]) -> str:
    """The shape of what is read of a tensor: all, a block, or some of its numbers."""
    places = [place for place, k in enumerate(tensor.entries) if k in read]
    if len(places) == len(tensor.entries):
        return by(tensor.name.shape)
    columns = [sorted({*c}) for c in zip(*map(tensor.name.address, places), strict=True)]
    block = all(c[-1] - c[0] + 1 == len(c) for c in columns)
    if block and len(places) == math.prod(map(len, columns)):
        lengths = zip(columns, tensor.name.shape, strict=True)
        return by([len(c) for c, n in lengths if len(c) > 1 or n == 1])
    return f"{clean(tensor.name, 20)}[…] {count(len(places), 'number')}" if places else ""


def passage(survey: Survey, group: Group | None, numbers: set[int]) -> str:
    """What goes along an arrow: the shape of a whole tensor, or how many scalars."""
    tensors = [group.tensor] if group and group.tensor and not group.stages else []
    tensors += [t for stage in group.stages for t in stage.outputs] if group else []
    for tensor in tensors:
        if tensor and len(tensor.entries) == len(numbers) == len(numbers & set(tensor.entries)):
            return by(tensor.name.shape)
    return count(len(numbers), "scalar")


def frames_of(outline: Outline, plan: Plan, stages: dict[str, Any]) -> dict[str, str]:
    """{box: frame}: the module around each box; frames are added to the outline.

    A parameter and a shared operand stand with the one module that reads them.
    """
    chains: dict[str, Sequence[Any]] = {key: calls(stage) for key, stage in stages.items()}
    chains |= {key: group.around for key, group in plan.groups.items() if group.stages}
    heads: dict[str, list[str]] = {}
    for arrow in outline.arrows:
        heads.setdefault(arrow.tail, []).append(arrow.head)
    for key, box in outline.boxes.items():
        readers = {tuple(map(id, chains.get(head, ()))) for head in heads.get(key, [])}
        if key not in chains and _belongs(box) and len(readers) == 1:
            chains[key] = chains.get(heads[key][0], ())
    numbers: dict[int, str] = {}
    found = {}
    for key in outline.boxes:
        around = ""
        for call in chains.get(key, ()):
            if id(call) not in numbers:
                name = numbers[id(call)] = f"f{len(numbers)}"
                what = f"{title(call)}  {kind(call)}".strip()
                outline.frames[name] = Frame(name, what, around)
            around = numbers[id(call)]
        found[key] = around
    return found


def _belongs(box: Box) -> bool:
    """Whether a box is drawn beside what reads it: parameters, and shared operands."""
    return box.kind in ("parameter", "constant") or box.id.endswith("p") or "i" in box.id
