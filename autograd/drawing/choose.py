"""What to show of a graph: all of it if that is legible, one entry's arithmetic, or its layers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..names import Name
from ..tensor import Tensor
from ..value import Value
from .build.build import outlined
from .build.grids import caption
from .build.modules import parts
from .outline import Outline
from .read.stages import Stage, stages
from .read.survey import Survey
from .read.words import by, clean, count
from .select.by_kind import alike
from .select.by_layer import layers
from .select.by_path import sliced
from .select.expand import calls, name_of, wanted
from .select.plan import LEGIBLE, Plan, near, whole


@dataclass
class Wish:
    """What was asked for."""

    survey: Survey
    depth: int | None
    names: list[str]
    slice: Value | None
    limit: int
    paths: int

    @cached_property
    def stages(self) -> list[Stage]:
        """The calls of layers, which small and plain graphs are drawn without."""
        return stages(self.survey)

    @cached_property
    def scoped(self) -> bool:
        """Whether layers made any of it; a layer that is called by itself has no path."""
        return any(node.op and hasattr(node.scope, "parent") for node in self.survey.ordered)


def choose(
    root: Any,
    *,
    depth: int | None = None,
    expand: str | Sequence[str] = (),
    slice: Value | None = None,
    values: bool = True,
    gradients: bool = True,
    limit: int = 500,
    paths: int = 8,
) -> Outline:
    """The outline of a Value, of all entries of a Tensor, or of a model's modules.

    TypeError for another root; ValueError for names and options that mean nothing.
    """
    _check(depth, limit, paths, slice)
    names = _names(expand)
    if hasattr(root, "named_children") and not isinstance(root, type):
        if names or slice is not None:
            raise ValueError("draw(model): expand and slice are about a graph: draw its output")
        return parts(root, depth)
    wish = Wish(Survey(_roots(root)), depth, names, slice, limit, paths)
    return _first_that_fits(wish, values, gradients)


def _first_that_fits(wish: Wish, values: bool, gradients: bool) -> Outline:
    """The outline of the first plan within the limit, with a note if it is not what was asked."""
    excess = ""
    for plan in _plans(wish):
        calls = wish.stages if wish.scoped else []
        outline = outlined(wish.survey, plan, calls, values, gradients)
        if outline.fits(wish.limit):
            hint = "" if wish.names else _hint(plan)
            return _finished(outline, wish.survey, [hint, excess])
        size = f"{len(outline.boxes):,} boxes and {len(outline.arrows):,} arrows"
        excess = excess or f"what was asked for would be {size}: limit={wish.limit} forbids it"
    raise ValueError(f"the smallest drawing has more than limit={wish.limit} boxes")


def _check(depth: Any, limit: Any, paths: Any, slice: Any) -> None:
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise ValueError(f"depth={depth!r}: must be None or an int >= 0")
    for name, n in {"limit": limit, "paths": paths}.items():
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"{name}={n!r}: must be an int >= 1")
    if slice is not None and not isinstance(slice, Value):
        tensor = isinstance(slice, Tensor)
        got = f"a Tensor of shape {by(slice.shape)}" if tensor else f"{slice!r:.60}"
        raise TypeError(f"slice must be one Value, such as weight[0, 0], got {got}")


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
    kind = "an empty Tensor" if isinstance(root, Tensor) else f"{type(root).__name__}"
    if isinstance(root, type):
        kind = f"the class {root.__name__}: make an instance of it"
    raise TypeError(f"draw(root): root must be a Value, a Tensor or a Module, got {kind}")


def _plans(wish: Wish) -> Iterator[Plan]:
    """Plans from what was asked for to the simplest, each made when it is needed."""
    survey, depth, limit = wish.survey, wish.depth, wish.limit
    if wish.names and not wish.scoped:
        raise ValueError(f"expand={wish.names[0]!r}: no module and no scope made this graph")
    if wish.names:
        chains = {stage: calls(stage) for stage in wish.stages}
        for name in wish.names:
            wanted(name, chains)
    if wish.slice is not None:
        yield sliced(survey, wish.slice, wish.paths, limit)
    if not wish.names:
        small = whole(survey, min(LEGIBLE, limit)) if depth is None else None
        if small:
            yield small
        kinds = alike(survey) if depth is None and not wish.scoped else None
        if kinds:
            yield kinds
        inside = _inside(survey)
        if inside:
            yield near(survey, min(LEGIBLE, limit), depth, inside)
    if wish.scoped:
        yield layers(survey, wish.stages, depth, wish.names)
        yield layers(survey, wish.stages)
    if depth is not None:
        yield near(survey, limit, depth)
    for most in (LEGIBLE, 30, 10, 1):
        yield near(survey, min(most, limit), depth)


def _inside(survey: Survey) -> set[int] | None:
    """The operations of the layer that made the root, if that is one entry of a tensor."""
    root = survey.roots[0]
    if len(survey.roots) > 1 or not isinstance(root.name, Name) or root.op is None:
        return None
    if len(root.name) and root.name.shape in ((), (1,)):
        return None
    return {k for k in survey.operations if survey.nodes[k].scope is root.scope}


def _hint(plan: Plan) -> str:
    """How to see more of a drawing of layers."""
    layer = next((g for g in plan.groups.values() if g.call), None)
    return f'expand="{clean(layer.call)}" opens a layer' if layer else ""


def _finished(outline: Outline, survey: Survey, notes: Sequence[str]) -> Outline:
    """Say what is not shown, and what the whole is."""
    scalars, boxes = count(len(survey.nodes), "scalar"), len(outline.boxes)
    if boxes < len(survey.nodes):
        outline.notes.insert(0, f"{scalars} in {boxes:,} box{'es' * (boxes != 1)}")
    outline.notes += filter(None, notes)
    root = survey.roots[0]
    name = clean(root.label) if len(survey.roots) == 1 else caption(survey.roots)
    name = name or clean(name_of(root.scope)) or (root.op.name if root.op else "a leaf")
    outline.title = f"computation graph of {name}, {scalars}"
    return outline
