"""What to show of a graph: all of it if that is legible, one entry's arithmetic, or its layers."""

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...names import Name
from ...tensor import Tensor
from ...text import clean, shape_text
from ...value import Value
from ..read.cones import in_layer
from ..read.found import has_plain_code
from ..read.graph import Graph
from ..read.stages import Stage, stages
from ..read.words import caption, count
from .by_layer import by_layer
from .by_operation import by_operation
from .by_path import by_path
from .by_scalar import nearest, whole
from .expand import call_name, target
from .selection import LEGIBLE, LayerGroup, Selection
from .structure import Structure


@dataclass
class Request:
    """What was asked for of the graph behind some roots."""

    graph: Graph
    depth: int | None
    expand: list[str]
    slice: Value | None
    limit: int
    paths: int

    @cached_property
    def stages(self) -> list[Stage]:
        """The calls of layers, which small and plain graphs are drawn without."""
        return stages(self.graph)

    @cached_property
    def has_scopes(self) -> bool:
        """Whether layers made any of it; a layer that is called by itself has no path."""
        return any(node.op and in_layer(node) for node in self.graph.ordered)

    @cached_property
    def has_layers(self) -> bool:
        """Whether layers made any of it, or are found in it."""
        plain = not self.has_scopes and has_plain_code(self.graph)
        return self.has_scopes or (plain and any(stage.calls for stage in self.stages))


@dataclass
class Choice:
    """What is drawn: boxes and edges within the limit, the calls of layers, and what is said."""

    structure: Structure
    stages: list[Stage]
    title: str
    notes: list[str]


def is_model(root: Any) -> bool:
    """Whether a root is a module, and no graph."""
    return hasattr(root, "named_children") and not isinstance(root, type)


def _at_least(least: int, name: str, n: Any) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < least:
        raise ValueError(f"{name}={n!r}: must be an int >= {least}")
    return operator.index(n)


def request(
    root: Any, depth: Any, expand: Any, slice: Any, limit: Any, paths: Any
) -> Request | None:
    """A request that makes sense, or None for a model, which is no graph.

    TypeError for another root; ValueError for options that mean nothing.
    """
    depth = None if depth is None else _at_least(0, "depth", depth)
    limit, paths = _at_least(1, "limit", limit), _at_least(1, "paths", paths)
    if slice is not None and not isinstance(slice, Value):
        tensor = isinstance(slice, Tensor)
        got = f"a Tensor of shape {shape_text(slice.shape)}" if tensor else f"{slice!r:.60}"
        raise TypeError(f"slice must be one Value, such as weight[0, 0], got {got}")
    names = _names(expand)
    if not is_model(root):
        return Request(Graph(_roots(root)), depth, names, slice, limit, paths)
    if names or slice is not None:
        raise ValueError("draw(model): expand and slice are about a graph: draw its output")
    return None


def _names(expand: Any) -> list[str]:
    """What to open, as a list of names."""
    names = [expand] if isinstance(expand, str) else expand
    if not isinstance(names, list | tuple | set | frozenset) or not all(
        isinstance(name, str) for name in names
    ):
        raise TypeError(f"expand={expand!r:.60}: must be the name of a layer, or a list of names")
    return [str(name) for name in names]


def _roots(root: Any) -> list[Value]:
    if isinstance(root, Value):
        return [root]
    if isinstance(root, Tensor) and root.size:
        return list(dict.fromkeys(root.values))
    got = "an empty Tensor" if isinstance(root, Tensor) else type(root).__name__
    if isinstance(root, type):
        got = f"the class {root.__name__}: make an instance of it"
    raise TypeError(f"draw(root): root must be a Value, a Tensor or a Module, got {got}")


def choose(asked: Request) -> Choice:
    """The first selection within the limit, with a note if it is not what was asked for.

    ValueError for names that are not there, and if there is no drawing so small.
    """
    excess = ""
    for selection in _selections(asked):
        structure = Structure(asked.graph, selection)
        if structure.fits(asked.limit):
            layers = asked.stages if asked.has_layers else []
            hint = "" if asked.expand else _hint(selection)
            notes = [*_size_notes(structure), *selection.notes, *filter(None, [hint, excess])]
            return Choice(structure, layers, _title(asked.graph), notes)
        size = f"{len(structure.boxes):,} boxes and {len(structure.edges):,} arrows"
        excess = excess or f"what was asked for would be {size}: limit={asked.limit} forbids it"
    raise ValueError(f"the smallest drawing has more than limit={asked.limit} boxes")


def _selections(asked: Request) -> Iterator[Selection]:
    """Selections from what was asked for to the simplest, each made when it is needed."""
    graph, depth, limit = asked.graph, asked.depth, asked.limit
    if asked.expand and not asked.has_layers:
        raise ValueError(f"expand={asked.expand[0]!r}: no module and no scope made this graph")
    for name in asked.expand:
        target(name, asked.stages)
    if asked.slice is not None:
        yield by_path(graph, asked.slice, asked.paths, limit)
    if not asked.expand:
        yield from _without_layers(asked)
    if asked.has_layers:
        yield by_layer(graph, asked.stages, depth, asked.expand)
        yield by_layer(graph, asked.stages)
    if depth is not None:
        yield nearest(graph, limit, depth)
    for most in (LEGIBLE, 30, 10, 1):
        yield nearest(graph, min(most, limit), depth)


def _without_layers(asked: Request) -> Iterator[Selection]:
    """All scalars of a small graph, equal operations of a plain one, the inside of one entry."""
    graph, most = asked.graph, min(LEGIBLE, asked.limit)
    if asked.depth is None:
        if small := whole(graph, most):
            yield small
        if not asked.has_scopes and (plain := by_operation(graph)):
            yield plain
    if inside := _operations_of_entry(graph):
        yield nearest(graph, most, asked.depth, inside)


def _operations_of_entry(graph: Graph) -> set[int]:
    """The operations of the layer that made the root, if that is one entry of a tensor."""
    root: Any = graph.roots[0]
    if len(graph.roots) > 1 or not isinstance(root.name, Name) or root.op is None:
        return set()
    if len(root.name) and root.name.shape in ((), (1,)):
        return set()
    return {k for k in graph.operations if graph.nodes[k].scope is root.scope}


def _hint(selection: Selection) -> str:
    """How to see more of a drawing of layers."""
    layers = [g for g in selection.groups.values() if isinstance(g, LayerGroup) and g.call]
    return f'expand="{clean(layers[0].call)}" opens a layer' if layers else ""


def _size_notes(structure: Structure) -> Sequence[str]:
    """What the whole is, if not all of it is seen."""
    scalars, boxes = len(structure.graph.nodes), len(structure.boxes)
    what = f"{count(scalars, 'scalar')} in {boxes:,} box{'es' * (boxes != 1)}"
    return [what] if boxes < scalars else []


def _title(graph: Graph) -> str:
    """What is drawn: the root by its label, by what made it, or the entries of a tensor."""
    root: Any = graph.roots[0]
    name = clean(root.label) if len(graph.roots) == 1 else caption(graph.roots)
    name = name or clean(call_name(root.scope)) or (root.op.name if root.op else "a leaf")
    return f"computation graph of {name}, {count(len(graph.nodes), 'scalar')}"
