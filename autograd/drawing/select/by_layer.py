"""Models: a box for each call of a layer, opened to channels and to single entries."""

from collections.abc import Sequence
from typing import Any

from ..read.graph import Graph, NamedTensor
from ..read.owners import Owner, owners
from ..read.stages import Stage
from .expand import Target, call_name, locate, target
from .selection import (
    LEGIBLE,
    ChannelGroup,
    LayerGroup,
    Selection,
    TensorGroup,
    single_leaves,
)

FEW = 40  # operations of a channel that are drawn one by one
USER_CODE = 16  # operations outside of modules that are drawn one by one
LITTLE = 20  # nodes of a layer that opens to all of them, and not to its channels


def by_layer(
    graph: Graph, stages: Sequence[Stage], depth: int | None = None, expand: Sequence[str] = ()
) -> Selection:
    """A box for each call of a layer, with `depth` levels of nested modules opened.

    Without a depth, as many levels as give a hundred boxes. ValueError for an unknown name.
    """
    calls = {stage: stage.calls for stage in stages}
    targets = [target(name, stages) for name in expand]
    deepest = max(map(len, calls.values()), default=1) - 1
    level = deepest if depth is None else max(0, min(depth, deepest))
    groups = _by_call(calls, level, targets)
    while depth is None and len(groups) > LEGIBLE and level > 0:
        level -= 1
        groups = _by_call(calls, level, targets)
    selection = Selection()
    if len(groups) > LEGIBLE and depth is None:
        groups = _by_layer_path(stages)
        selection.notes.append("all calls of one layer are one box")
    _assign_parameters(groups, stages)
    for group in groups:
        selection.add(group, [k for stage in group.stages for k in stage.nodes])
        if len(group.stages) == 1:
            _open_targets(graph, selection, group, targets)
    _place_leaves(graph, selection)
    for k in selection.box_of:
        if group_of_k := selection.group_of(k):
            group_of_k.nodes.append(k)
    selection.groups = {key: group for key, group in selection.groups.items() if group.nodes}
    return selection


def _by_call(
    calls: dict[Stage, list[Any]], level: int, targets: Sequence[Target]
) -> list[LayerGroup]:
    """The stages by the calls at a level; targets are opened, and what is around them."""
    paths = {path for path, _ in targets}
    opened = set(paths)
    for around in calls.values():
        names = [call_name(call) for call in around]
        inner = [at for at, name in enumerate(names) if name in paths]
        opened.update(names[: max(inner, default=0)])
    cut = {}
    for stage, around in calls.items():
        at = level
        while at + 1 < len(around) and call_name(around[at]) in opened:
            at += 1
        cut[stage] = min(at, len(around) - 1)
    collapsed = {id(c[cut[stage]]) for stage, c in calls.items() if len(c) > cut[stage] + 1}
    parents = {id(call) for around in calls.values() for call in around[:-1]}
    found: dict[Any, LayerGroup] = {}
    for stage, around in calls.items():
        call = around[cut[stage]] if around else None
        alone = id(call) not in collapsed
        frames = cut[stage] + (alone and id(call) in parents)
        key = ("stage", stage.number) if alone else id(call)
        new = LayerGroup(f"s{stage.number}", enclosing=around[:frames])
        group = found.setdefault(key, new)
        group.call = group.call if call is None else call
        group.stages.append(stage)
    return list(found.values())


def _by_layer_path(stages: Sequence[Stage]) -> list[LayerGroup]:
    """The stages by their paths: all calls of one layer, such as the steps of a recurrent one."""
    found: dict[Any, LayerGroup] = {}
    for stage in stages:
        new = LayerGroup(f"s{stage.number}", call=stage.call)
        found.setdefault((stage.call, stage.kind), new).stages.append(stage)
    return list(found.values())


def _assign_parameters(groups: Sequence[LayerGroup], stages: Sequence[Stage]) -> None:
    """Give groups the parameters that belong to them: by the paths of calls and of parameters.

    Where paths do not tell, as for a module that is called by itself, a parameter is its first
    reader's, if all of it is read: of an embedding that is looked up there are some rows.
    """
    first: dict[int, Stage] = {}
    paths_tell = False
    for stage in stages:
        for tensor in stage.reads:
            first.setdefault(id(tensor), stage)
            paths_tell = paths_tell or (tensor.parameter and _under(tensor.name, stage.call))
    for group in groups:
        read = {id(t): t for stage in group.stages for t in stage.reads if t.parameter}
        if paths_tell and group.call and getattr(group.call, "kind", ""):
            group.parameters = [t for t in read.values() if _under(t.name, group.call)]
        else:
            group.parameters = [
                t for t in read.values() if first[id(t)] in group.stages and -1 not in t.entries
            ]


def _under(name: str, path: str) -> bool:
    """Whether a parameter is inside of a module; either may have been called from further out."""
    owner = name.rpartition(".")[0]
    within = f".{path}." in f".{owner}." or f".{path}".endswith(f".{owner}")
    return bool(path and owner and within)


def _open_targets(
    graph: Graph, selection: Selection, group: LayerGroup, targets: Sequence[Target]
) -> None:
    """Open what is asked for of a stage: all, its channels, or some; and little user code."""
    (stage,) = group.stages
    path = None if group.call is None else call_name(group.call)
    addresses = [target.address for target in targets if target.path == path]
    size = len(stage.nodes) + sum(len(t.entries) for t in stage.reads)
    user_code = not stage.calls and len(stage.nodes) <= USER_CODE
    if user_code or (() in addresses and (not stage.outputs or size <= LITTLE)):
        _scalars(graph, selection, stage.nodes)
    elif addresses:
        found = owners(graph, stage)
        if () in addresses:
            _channels(selection, group, found, range(sum(t.channels for t in stage.outputs)))
        for address in filter(None, addresses):
            _open(graph, selection, group, found, address)


def _open(
    graph: Graph,
    selection: Selection,
    group: LayerGroup,
    found: dict[int, Owner],
    address: tuple[int, ...],
) -> None:
    """Open channels of a stage, or one entry down to its scalars; another call may lack it."""
    (stage,) = group.stages
    channels = zip(stage.first_channels, stage.outputs, strict=True)
    located = ((n, t, at) for n, t in channels if (at := locate(t, address)))
    first, tensor, location = next(located, (0, None, None))
    if tensor is None or location is None:
        return
    which = range(first + location.channels.start, first + location.channels.stop)
    inside = [k for k, owner in found.items() if owner.channel in which]
    if location.place >= 0:
        entry = tensor.entries[location.place]
        _scalars(graph, selection, [k for k, owner in found.items() if owner.entry == entry])
    elif len(inside) <= FEW:
        _scalars(graph, selection, inside)
    else:
        _channels(selection, group, found, which)
    group.rest = True


def _scalars(graph: Graph, selection: Selection, nodes: Sequence[int]) -> None:
    """Operations one by one, with the unnamed leaves that they read."""
    selection.show(nodes)
    for k in nodes:
        for x in graph.nodes[k].inputs:
            leaves = [x] if x in graph.number else single_leaves(x)
            selection.show(graph.number[v] for v in leaves if v.op is None)


def _channels(
    selection: Selection, group: LayerGroup, found: dict[int, Owner], which: range
) -> None:
    """A box for each of these channels; what several of them share stays behind."""
    (stage,) = group.stages
    for k, owner in found.items():
        if owner.channel in which and not selection.alone(k):
            selection.box_of[k] = f"{group.id}c{owner.channel}"
    enclosing = [*group.enclosing, group.call]
    for first, tensor in zip(stage.first_channels, stage.outputs, strict=True):
        for channel in range(tensor.channels):
            if first + channel in which:
                key = f"{group.id}c{first + channel}"
                selection.groups[key] = ChannelGroup(
                    key, stages=[stage], enclosing=enclosing, call=group.call, tensor=tensor,
                    channel=channel, large=len(which) == 1, parameters=group.parameters,
                )  # fmt: skip
    group.rest = True
    group.enclosing = enclosing


def _place_leaves(graph: Graph, selection: Selection) -> None:
    """Leaves: inputs have a box, parameters are part of the one layer that reads them."""
    readers = _readers(graph, selection)
    for n, boxes in readers.items():
        if len(boxes) == 1:
            selection.box_of.setdefault(n, *boxes)
    for index, tensor in enumerate(graph.tensors):
        entries = [n for n in tensor.entries if n in readers and not selection.alone(n)]
        if tensor.leaf and entries and not _belongs(tensor, entries, readers, selection):
            selection.add(TensorGroup(f"t{index}", tensor=tensor), entries)


def _readers(graph: Graph, selection: Selection) -> dict[int, set[str]]:
    """{leaf: the boxes of several nodes that read it}."""
    readers: dict[int, set[str]] = {}
    seen: set[tuple[Any, str]] = set()
    for k in graph.operations:
        box = selection.box_of[k]
        for x in graph.nodes[k].inputs:
            if not selection.alone(k) and (x, box) not in seen:
                seen.add((x, box))
                for n in graph.entries(x):
                    if graph.nodes[n].op is None:
                        readers.setdefault(n, set()).add(box)
    return readers


def _belongs(
    tensor: NamedTensor, entries: list[int], readers: dict[int, set[str]], selection: Selection
) -> bool:
    """Whether a parameter is shown in the box of its layer, which alone reads it."""
    boxes = {frozenset(readers[n]) for n in entries}
    layers = [selection.groups[box] for several in boxes if len(several) == 1 for box in several]
    owned = any(tensor in layer.parameters for layer in layers if isinstance(layer, LayerGroup))
    return tensor.parameter and owned and all(len(several) == 1 for several in boxes)
