"""Stages: what one call of a layer computed, in an order in which the chain rule can be followed.

The nodes that one call made are a stage. Calls that read each other's nodes in turn (a module that
computes before and after its parts) are cut into several, so that stages form no cycle.
"""

from dataclasses import dataclass, field

from .survey import NamedTensor, Survey


@dataclass(eq=False)
class Stage:
    """Numbers of nodes that one call made, inputs first, and the tensors among them.

    `call` is the path as a `scopes.Call`, or "" outside of all scopes; `before` are the stages
    whose nodes it reads; `reads` the leaf tensors; `loose` the other leaves.
    """

    call: str
    nodes: list[int] = field(default_factory=list)
    number: int = 0
    before: dict["Stage", int] = field(default_factory=dict)
    reads: list[NamedTensor] = field(default_factory=list)
    loose: list[int] = field(default_factory=list)
    outputs: list[NamedTensor] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What was called, such as `Conv2D`."""
        return getattr(self.call, "kind", "")


def stages(survey: Survey) -> list[Stage]:
    """The stages of a graph, inputs first; `before` counts the scalars that are read."""
    groups = _groups(survey, [(id(survey.nodes[k].scope), 0) for k in survey.operations])
    order = _sorted(groups)
    if len(order) < len(groups):
        tangled = {id(g.call) for g in groups if g not in set(order)}
        groups = _groups(survey, _ranked(survey, tangled))
        order = _sorted(groups)
    for k, stage in enumerate(order):
        stage.number = k
    return order


def _groups(survey: Survey, keys: list[tuple[int, int]]) -> list[Stage]:
    """One stage for each key, with what it reads."""
    found: dict[tuple[int, int], Stage] = {}
    of: dict[int, Stage] = {}
    for k, key in zip(survey.operations, keys, strict=True):
        stage = found.get(key)
        if stage is None:
            stage = found[key] = Stage(survey.nodes[k].scope)
        stage.nodes.append(k)
        of[k] = stage
    tensor_of = {
        k: tensor for tensor in survey.tensors if tensor.leaf for k in tensor.entries if k >= 0
    }
    for stage in found.values():
        _link(stage, survey, of, tensor_of)
    for tensor in survey.tensors:
        if not tensor.leaf:
            owner = next(of[k] for k in tensor.entries if k >= 0)
            owner.outputs.append(tensor)
    return list(found.values())


def _link(
    stage: Stage, survey: Survey, of: dict[int, Stage], tensor_of: dict[int, NamedTensor]
) -> None:
    """Note the stages, tensors and leaves that a stage reads; each scalar counts once."""
    read: dict[int, None] = {}
    bundles = set()
    number = survey.number
    for k in stage.nodes:
        for x in survey.nodes[k].inputs:
            if x in number:
                read[number[x]] = None
            elif x not in bundles:
                bundles.add(x)
                read.update(dict.fromkeys([number[v] for v in x.inputs]))
    tensors: dict[int, NamedTensor] = {}
    for k in read:
        other = of.get(k)
        if other is None:
            tensor = tensor_of.get(k)
            if tensor is None:
                stage.loose.append(k)
            else:
                tensors[id(tensor)] = tensor
        elif other is not stage:
            stage.before[other] = stage.before.get(other, 0) + 1
    stage.reads = list(tensors.values())


def _sorted(groups: list[Stage]) -> list[Stage]:
    """The stages in topological order, by their last nodes; cycles are left out."""
    after: dict[Stage, list[Stage]] = {}
    waiting = {stage: len(stage.before) for stage in groups}
    for stage in groups:
        for other in stage.before:
            after.setdefault(other, []).append(stage)
    ready = [stage for stage in groups if not waiting[stage]]
    order = []
    while ready:
        stage = min(ready, key=lambda s: s.nodes[-1])
        ready.remove(stage)
        order.append(stage)
        for other in after.get(stage, []):
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return order


def _ranked(survey: Survey, tangled: set[int]) -> list[tuple[int, int]]:
    """Keys that cut tangled calls: how often the longest path to a node went from call to call."""
    rank: dict[int, int] = {}
    keys = []
    for k in survey.operations:
        node = survey.nodes[k]
        call = id(node.scope)
        if call not in tangled:
            keys.append((call, 0))
            continue
        entries = [v for x in node.inputs for v in ([x] if x in survey.number else x.inputs)]
        steps = [
            rank[n] + (id(v.scope) != call) for v in entries if (n := survey.number[v]) in rank
        ]
        rank[k] = max(steps, default=0)
        keys.append((call, rank[k]))
    return keys
