"""Which box shows which scalar, for models: layers, opened to channels and to single entries."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from .homes import homes
from .plan import LEGIBLE, Group, Plan, apart
from .stages import Stage
from .survey import NamedTensor, Survey

FEW = 40  # operations that are drawn one by one


class Wanted(NamedTuple):
    """What to open: a layer or a module, one of its channels, or one entry of its output."""

    path: str
    address: tuple[int, ...] = ()


def calls(stage: Stage) -> list[Any]:
    """The calls around a stage and its own, the outermost first; none outside of scopes."""
    found = []
    call: Any = stage.call
    while hasattr(call, "parent"):
        found.append(call)
        call = call.parent
    return found[::-1]


def layers(
    survey: Survey, stages: Sequence[Stage], depth: int | None = None, expand: Sequence[str] = ()
) -> Plan:
    """A box for each call of a layer, with `depth` levels of nested modules opened.

    Without a depth, as many levels as give a hundred boxes. ValueError for an unknown name.
    """
    chains = {stage: calls(stage) for stage in stages}
    wanted = [_wanted(name, chains) for name in expand]
    deepest = max(map(len, chains.values()), default=1) - 1
    level = deepest if depth is None else max(0, min(depth, deepest))
    groups = _grouped(chains, level, wanted)
    while depth is None and len(groups) > LEGIBLE and level > 0:
        level -= 1
        groups = _grouped(chains, level, wanted)
    plan = Plan()
    if len(groups) > LEGIBLE and depth is None:
        groups = _by_path(chains)
        plan.notes.append("all calls of one layer are one box")
    for group in groups:
        _place(survey, plan, group, wanted)
    _place_leaves(survey, plan)
    for k, owner in plan.owner.items():
        if owner in plan.groups:
            plan.groups[owner].nodes.append(k)
    plan.groups = {key: group for key, group in plan.groups.items() if group.nodes}
    return plan


def _grouped(chains: dict[Stage, list[Any]], level: int, wanted: Sequence[Wanted]) -> list[Group]:
    """The stages by the calls at a level of nesting; what is in `wanted` is opened further."""
    opened = {path for path, _ in wanted}
    cut = {}
    for stage, chain in chains.items():
        at = level
        while at + 1 < len(chain) and name_of(chain[at]) in opened:
            at += 1
        cut[stage] = min(at, len(chain) - 1)
    collapsed = {id(c[cut[stage]]) for stage, c in chains.items() if len(c) > cut[stage] + 1}
    parents = {id(call) for chain in chains.values() for call in chain[:-1]}
    found: dict[Any, Group] = {}
    for stage, chain in chains.items():
        call = chain[cut[stage]] if chain else None
        alone = id(call) not in collapsed
        frames = cut[stage] + (alone and id(call) in parents)
        key = ("stage", stage.number) if alone else id(call)
        group = found.setdefault(key, Group(f"s{stage.number}", around=chain[:frames]))
        group.call = group.call if call is None else call
        group.stages.append(stage)
    return list(found.values())


def _by_path(chains: dict[Stage, list[Any]]) -> list[Group]:
    """The stages by their paths: all calls of one layer, such as the steps of a recurrent one."""
    found: dict[Any, Group] = {}
    for stage in chains:
        key = stage.call, stage.kind
        group = found.setdefault(key, Group(f"s{stage.number}", call=stage.call))
        group.stages.append(stage)
    return list(found.values())


def name_of(call: Any) -> str:
    """What a call is opened by: its path, or what was called."""
    return str(call or getattr(call, "kind", ""))


def _wanted(name: str, chains: dict[Stage, list[Any]]) -> Wanted:
    """A name of `expand`, checked."""
    known = dict.fromkeys(name_of(call) for chain in chains.values() for call in chain)
    if name in known:
        return Wanted(name)
    match = re.fullmatch(r"(.+)\[([\d\s,]+)\]", name, re.S)
    if match and match[1] in known:
        address = tuple(int(i) for i in match[2].split(",") if i.strip())
        tensors = [
            t for s, c in chains.items() if c and name_of(c[-1]) == match[1] for t in s.outputs
        ]
        shapes = [t.name.shape for t in tensors]
        if any(_position(t, address) is not None for t in tensors):
            return Wanted(match[1], address)
        raise ValueError(
            f"expand={name!r}: {match[1]} has outputs of shape {shapes}: "
            "say a channel, name[c], or an entry with all its indices"
        )
    names = [*known]
    listed = ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "")
    raise ValueError(f"expand={name!r}: there is no such layer; there are {listed or 'no layers'}")


def _position(tensor: NamedTensor, address: tuple[int, ...]) -> tuple[int, int] | None:
    """(channel, place or −1) that an address means in a tensor; None outside of it."""
    shape = tensor.name.shape
    if len(address) == len(shape) and all(i < n for i, n in zip(address, shape, strict=True)):
        place = 0
        for i, n in zip(address, shape, strict=True):
            place = place * n + i
        return place // tensor.plane, place
    if len(address) == 1 and address[0] < tensor.channels:
        return address[0], -1
    return None


def _place(survey: Survey, plan: Plan, group: Group, wanted: Sequence[Wanted]) -> None:
    """Give the operations of a group their boxes."""
    plan.groups[group.id] = group
    for stage in group.stages:
        plan.owner.update(dict.fromkeys(stage.nodes, group.id))
    if len(group.stages) > 1:
        return
    (stage,) = group.stages
    here = [
        address
        for path, address in wanted
        if group.call is not None and path == name_of(group.call)
    ]
    if (not hasattr(stage.call, "parent") and len(stage.nodes) <= FEW) or (
        () in here and (not stage.outputs or len(stage.nodes) <= FEW)
    ):
        _scalars(survey, plan, stage.nodes)
    elif here:
        found = homes(survey, stage)
        if () in here:
            _channels(plan, group, stage, found, set(range(sum(t.channels for t in stage.outputs))))
        for address in filter(None, here):
            _open(survey, plan, group, stage, found, address)


def _open(
    survey: Survey,
    plan: Plan,
    group: Group,
    stage: Stage,
    found: dict[int, tuple[int, int]],
    address: tuple[int, ...],
) -> None:
    """Open one channel of a stage, or one entry down to its scalars."""
    tensor = next(t for t in stage.outputs if _position(t, address))
    channel, place = _position(tensor, address) or (0, 0)
    first = sum(t.channels for t in stage.outputs[: stage.outputs.index(tensor)])
    in_channel = [k for k, (_, c) in found.items() if c == first + channel]
    if place >= 0:
        _scalars(survey, plan, [k for k, (h, _) in found.items() if h == tensor.entries[place]])
    elif len(in_channel) <= FEW:
        _scalars(survey, plan, in_channel)
    else:
        _channels(plan, group, stage, found, {first + channel})
    group.rest = True


def _scalars(survey: Survey, plan: Plan, nodes: Sequence[int]) -> None:
    """Operations one by one, with the unnamed leaves that they read."""
    plan.show(nodes)
    for k in nodes:
        for x in survey.nodes[k].inputs:
            plan.show(
                survey.number[v] for v in ([x] if x in survey.number else apart(x)) if v.op is None
            )


def _channels(
    plan: Plan, group: Group, stage: Stage, found: dict[int, tuple[int, int]], which: set[int]
) -> None:
    """A box for each of these channels; what several of them share stays behind."""
    for k, (_, c) in found.items():
        if c in which and not plan.alone(k):
            plan.owner[k] = f"{group.id}c{c}"
    first = 0
    for tensor in stage.outputs:
        for channel in range(tensor.channels):
            if first + channel in which:
                key = f"{group.id}c{first + channel}"
                around = [*group.around, group.call]
                plan.groups[key] = Group(key, [stage], around, group.call, tensor, channel)
                plan.groups[key].large = len(which) == 1
        first += tensor.channels
    group.rest = True
    group.around = [*group.around, group.call]


def _place_leaves(survey: Survey, plan: Plan) -> None:
    """Leaves: inputs have a box, parameters are part of the one layer that reads them."""
    readers: dict[int, str] = {}
    bundles: dict[Any, set[str]] = {}
    for k in survey.operations:
        owner = plan.owner[k]
        if plan.alone(k):
            continue
        for x in survey.nodes[k].inputs:
            if x in survey.number:
                if x.op is None:
                    n = survey.number[x]
                    readers[n] = owner if readers.get(n, owner) == owner else ""
            elif owner not in bundles.setdefault(x, set()):
                bundles[x].add(owner)
                for v in x.inputs:
                    if v.op is None:
                        n = survey.number[v]
                        readers[n] = owner if readers.get(n, owner) == owner else ""
    for n, owner in readers.items():
        if owner:
            plan.owner.setdefault(n, owner)
    for index, tensor in enumerate(survey.tensors):
        entries = [n for n in tensor.entries if n >= 0 and n in readers and not plan.alone(n)]
        several = {readers[n] for n in entries}
        if tensor.leaf and entries and (not tensor.parameter or "" in several):
            plan.groups[f"t{index}"] = Group(f"t{index}", tensor=tensor)
            plan.owner.update(dict.fromkeys(entries, f"t{index}"))
