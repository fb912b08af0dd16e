"""Which box shows which scalar, for models: layers, opened to channels and to single entries."""

from collections.abc import Sequence
from typing import Any

from ..read.owners import homes
from ..read.stages import Stage
from ..read.survey import Survey
from .expand import Wanted, calls, name_of, position, wanted
from .plan import LEGIBLE, Group, Plan, apart

FEW = 40  # operations that are drawn one by one, of a channel and outside of modules
LITTLE = 20  # nodes of a layer that opens to all of them, and not to its channels


def layers(
    survey: Survey, stages: Sequence[Stage], depth: int | None = None, expand: Sequence[str] = ()
) -> Plan:
    """A box for each call of a layer, with `depth` levels of nested modules opened.

    Without a depth, as many levels as give a hundred boxes. ValueError for an unknown name.
    """
    chains = {stage: calls(stage) for stage in stages}
    asked = [wanted(name, chains) for name in expand]
    deepest = max(map(len, chains.values()), default=1) - 1
    level = deepest if depth is None else max(0, min(depth, deepest))
    groups = _grouped(chains, level, asked)
    while depth is None and len(groups) > LEGIBLE and level > 0:
        level -= 1
        groups = _grouped(chains, level, asked)
    plan = Plan()
    if len(groups) > LEGIBLE and depth is None:
        groups = _by_path(chains)
        plan.notes.append("all calls of one layer are one box")
    _assign(groups, stages)
    for group in groups:
        _place(survey, plan, group, asked)
    _place_leaves(survey, plan)
    for k, owner in plan.owner.items():
        if owner in plan.groups:
            plan.groups[owner].nodes.append(k)
    plan.groups = {key: group for key, group in plan.groups.items() if group.nodes}
    return plan


def _grouped(chains: dict[Stage, list[Any]], level: int, asked: Sequence[Wanted]) -> list[Group]:
    """The stages by the calls at a level; what is asked for is opened, and what is around it."""
    opened = {path for path, _ in asked}
    for chain in chains.values():
        names = [name_of(call) for call in chain]
        inner = [at for at, name in enumerate(names) if any(name == path for path, _ in asked)]
        opened.update(names[: max(inner, default=0)])
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


def _assign(groups: Sequence[Group], stages: Sequence[Stage]) -> None:
    """Give groups the parameters that belong to them: by the paths of calls and of parameters.

    Where paths do not tell, as for a module that is called by itself, a parameter is its first
    reader's, if all of it is read: of an embedding that is looked up there are some rows.
    """
    first: dict[int, Stage] = {}
    tells = False
    for stage in stages:
        for tensor in stage.reads:
            first.setdefault(id(tensor), stage)
            tells = tells or (tensor.parameter and _under(tensor.name, stage.call))
    for group in groups:
        read = {id(t): t for stage in group.stages for t in stage.reads if t.parameter}
        if tells and group.call and getattr(group.call, "kind", ""):
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


def _place(survey: Survey, plan: Plan, group: Group, asked: Sequence[Wanted]) -> None:
    """Give the operations of a group their boxes."""
    plan.groups[group.id] = group
    for stage in group.stages:
        plan.owner.update(dict.fromkeys(stage.nodes, group.id))
    if len(group.stages) > 1:
        return
    (stage,) = group.stages
    here = [
        address for path, address in asked if group.call is not None and path == name_of(group.call)
    ]
    size = len(stage.nodes) + sum(len(t.entries) for t in stage.reads)
    if (not hasattr(stage.call, "parent") and len(stage.nodes) <= FEW) or (
        () in here and (not stage.outputs or size <= LITTLE)
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
    """Open channels of a stage, or one entry down to its scalars; another call may lack it."""
    tensor = next((t for t in stage.outputs if position(t, address)), None)
    at = position(tensor, address) if tensor else None
    if not tensor or not at:
        return
    channels, place = at
    first = sum(t.channels for t in stage.outputs[: stage.outputs.index(tensor)])
    which = {first + channel for channel in channels}
    in_channel = [k for k, (_, c) in found.items() if c in which]
    if place >= 0:
        _scalars(survey, plan, [k for k, (h, _) in found.items() if h == tensor.entries[place]])
    elif len(in_channel) <= FEW:
        _scalars(survey, plan, in_channel)
    else:
        _channels(plan, group, stage, found, which)
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
                plan.groups[key].parameters = group.parameters
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
        owners = [plan.groups[key] for key in several if key]
        shared = "" in several or not any(tensor in group.parameters for group in owners)
        if tensor.leaf and entries and (not tensor.parameter or shared):
            plan.groups[f"t{index}"] = Group(f"t{index}", tensor=tensor)
            plan.owner.update(dict.fromkeys(entries, f"t{index}"))
