"""A model that has not run yet: its modules, their parameters, and how many numbers those have."""

from itertools import pairwise
from typing import Any

from ...text import clean, shape_text
from ..outline import Arrow, Box, Frame, Outline
from ..read.words import count
from ..select.selection import LEGIBLE


def model_outline(model: Any, depth: int | None = None) -> Outline:
    """The modules inside of a model as boxes, those that hold others as frames.

    The parts of a Sequential are a chain: the output of one is the input of the next. Those of
    another module stand in the order of its attributes.
    """
    for level in [depth] if depth is not None else range(8, -1, -1):
        outline = Outline(title=type(model).__name__)
        _add(outline, model, "", "", level)
        if len(outline.boxes) <= LEGIBLE:
            break
    total = count(model.num_parameters(), "parameter")
    outline.notes.append(f"{type(model).__name__}: {total}")
    if any(b.role == "folded" for b in outline.boxes.values()):
        outline.notes.append("dashed boxes hold more modules: depth= opens them")
    return outline


def _modules(model: Any) -> list[tuple[str, Any]]:
    return [
        (name, part) for name, part in model.named_children() if hasattr(part, "named_children")
    ]


def _add(
    outline: Outline, model: Any, path: str, frame: str, depth: int, around: tuple[int, ...] = ()
) -> tuple[str, str]:
    """Add a module; the first and the last box of it. One that holds itself stays closed inside."""
    inner = _modules(model)
    if not inner or depth <= 0 or id(model) in around:
        return _box(outline, model, path, frame, bool(inner))
    if path:
        name = f"f{len(outline.frames)}"
        outline.frames[name] = Frame(name, f"{clean(path)}  {type(model).__name__}", frame)
        frame = name
    own = [p for _, p in model.named_children() if not hasattr(p, "named_children")]
    ends = [_box(outline, model, path, frame, True)] if own else []
    for key, part in inner:
        name = f"{path}.{key}" if path else key
        ends.append(_add(outline, part, name, frame, depth - 1, (*around, id(model))))
    follow = [(last, first) for (_, last), (first, _) in pairwise(ends)]
    if type(model).__name__ == "Sequential":
        outline.arrows += [Arrow(last, first) for last, first in follow]
    else:
        outline.order += follow
    return ends[0][0], ends[-1][1]


def _box(outline: Outline, model: Any, path: str, frame: str, holds: bool) -> tuple[str, str]:
    """A module as one box: its repr, and the shape of each parameter."""
    key = f"m{len(outline.boxes)}"
    described = type(model).__name__ if holds else repr(model)
    box = Box(key, "folded" if holds else "layer", clean(path) or type(model).__name__, frame=frame)
    box.lines.append(("", clean(described, 60)))
    own = [(k, p) for k, p in model.named_children() if not hasattr(p, "named_children")]
    for name, parameter in own[:6]:
        box.lines.append((clean(name), shape_text(parameter.shape)))
    if total := model.num_parameters():
        box.lines.append(("", count(total, "parameter")))
    box.tooltip = clean(described, 300)
    outline.boxes[key] = box
    return key, key
