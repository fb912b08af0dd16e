"""What to show of a graph: all of it if that is legible, one entry's arithmetic, or its layers."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from ..names import Name
from ..tensor import Tensor
from ..value import Value
from .boxes import outlined
from .grids import caption
from .layers import layers, name_of
from .outline import Outline
from .parts import parts
from .paths import sliced
from .plan import LEGIBLE, Plan, near, whole
from .stages import Stage, stages
from .survey import Survey
from .words import clean, count

HUGE = 200_000  # operations: beyond, who is behind whom is told only of the nearest
Attempt = Callable[[], Plan | None]


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
    names = [expand] if isinstance(expand, str) else [*expand]
    if hasattr(root, "named_children"):
        if names or slice is not None:
            raise ValueError("draw(model): expand and slice are about a graph: draw its output")
        return parts(root, depth)
    survey = Survey(_roots(root))
    cut: list[Stage] = []
    first = ""
    for attempt in _attempts(survey, cut, depth, names, slice, limit, paths):
        plan = attempt()
        if plan is None:
            continue
        outline = outlined(survey, plan, cut, values, gradients)
        if outline.fits(limit):
            return _finished(outline, survey, first, _hint(plan, names))
        size = f"{len(outline.boxes):,} boxes and {len(outline.arrows):,} arrows"
        first = first or f"what was asked for would be {size}: limit={limit} keeps it to this"
    raise ValueError(f"the smallest drawing has more than limit={limit} boxes")


def _check(depth: Any, limit: Any, paths: Any, slice: Any) -> None:
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise ValueError(f"depth={depth!r}: must be None or an int >= 0")
    for name, n in {"limit": limit, "paths": paths}.items():
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"{name}={n!r}: must be an int >= 1")
    if slice is not None and not isinstance(slice, Value):
        raise TypeError(f"slice must be one Value, such as weight[0, 0], got {slice!r:.60}")


def _roots(root: Any) -> list[Value]:
    if isinstance(root, Value):
        return [root]
    if isinstance(root, Tensor) and root.size:
        return list(dict.fromkeys(root.values))
    kind = "an empty Tensor" if isinstance(root, Tensor) else f"{type(root).__name__}"
    raise TypeError(f"draw(root): root must be a Value, a Tensor or a Module, got {kind}")


def _attempts(
    survey: Survey,
    cut: list[Stage],
    depth: int | None,
    names: list[str],
    slice: Value | None,
    limit: int,
    paths: int,
) -> Iterator[Attempt]:
    """Plans from what was asked for to the simplest."""
    if slice is not None:
        cut += stages(survey)
        yield lambda: sliced(survey, slice, paths, limit)
    if depth is None and not names:
        small = whole(survey, min(LEGIBLE, limit))
        if small:
            cut += cut or stages(survey)
            yield lambda: small
    inside = _inside(survey)
    if inside is not None and not names:
        cut += cut or stages(survey)
        yield lambda: near(survey, min(LEGIBLE, limit), depth, inside)
    if any(True for _ in _scoped(survey)):
        cut += cut or stages(survey)
        yield lambda: layers(survey, cut, depth, names)
        yield lambda: layers(survey, cut, depth)
        yield lambda: layers(survey, cut)
    elif names:
        raise ValueError(f"expand={names[0]!r}: this graph was not made by modules or scopes")
    if depth is not None:
        yield lambda: near(survey, limit, depth)
    for most in (LEGIBLE, 30, 10, 1):
        yield partial(near, survey, min(most, limit), depth)


def _scoped(survey: Survey) -> Iterator[Any]:
    """The nodes that a layer made; that of a layer called by itself has no path."""
    return (node for node in survey.ordered if node.op and hasattr(node.scope, "parent"))


def _inside(survey: Survey) -> set[int] | None:
    """The operations of the layer that made the root, if that is one entry of a tensor."""
    root = survey.roots[0]
    if len(survey.roots) > 1 or not isinstance(root.name, Name) or root.op is None:
        return None
    if len(root.name) and root.name.shape in ((), (1,)):
        return None
    return {k for k in survey.operations if survey.nodes[k].scope is root.scope}


def _hint(plan: Plan, names: Sequence[str]) -> str:
    """How to see more of a drawing of layers."""
    layer = next((g for g in plan.groups.values() if g.call), None)
    return f'expand="{clean(layer.call)}" opens a layer' if layer and not names else ""


def _finished(outline: Outline, survey: Survey, first: str, hint: str) -> Outline:
    """Say what is not shown, and what the whole is."""
    scalars, boxes = len(survey.nodes), len(outline.boxes)
    if boxes < scalars:
        outline.notes.insert(
            0, f"{count(scalars, 'scalar')} in {count(boxes, 'box').replace('boxs', 'boxes')}"
        )
    if hint:
        outline.notes.append(hint)
    if first:
        outline.notes.append(first)
    root = survey.roots[0]
    name = clean(root.label) if len(survey.roots) == 1 else caption(survey.roots)
    name = name or clean(name_of(root.scope)) or (root.op.name if root.op else "a leaf")
    outline.title = f"computation graph of {name}, {count(scalars, 'scalar')}"
    return outline
