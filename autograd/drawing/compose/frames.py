"""The frames of the modules around boxes."""

from collections.abc import Sequence
from typing import Any

from ..outline import Box, Frame, Outline
from ..read.stages import Stage
from ..read.words import call_kind, call_title
from ..select.selection import LayerGroup
from ..select.structure import Content, Operand, Products, Structure


def frame(outline: Outline, structure: Structure, stages: Sequence[Stage]) -> None:
    """Put each box into the frame of the module around it.

    A parameter and a shared operand stand with the one module that reads them.
    """
    stage_of = {k: stage for stage in stages for k in stage.nodes}
    enclosing: dict[str, Sequence[Any]] = {}
    for key, content in structure.boxes.items():
        if isinstance(content, LayerGroup):
            enclosing[key] = content.enclosing
        elif isinstance(content, int) and content in stage_of:
            enclosing[key] = stage_of[content].calls
    heads: dict[str, list[str]] = {}
    for arrow in outline.arrows:
        heads.setdefault(arrow.tail, []).append(arrow.head)
    for key, box in outline.boxes.items():
        readers = {tuple(map(id, enclosing.get(head, ()))) for head in heads.get(key, [])}
        if key not in enclosing and _follows(structure.boxes[key], box) and len(readers) == 1:
            enclosing[key] = enclosing.get(heads[key][0], ())
    ids: dict[int, str] = {}
    for key, box in outline.boxes.items():
        for call in enclosing.get(key, ()):
            if id(call) not in ids:
                new = ids[id(call)] = f"f{len(ids)}"
                what = f"{call_title(call)}  {call_kind(call)}".strip()
                outline.frames[new] = Frame(new, what, box.frame)
            box.frame = ids[id(call)]


def _follows(content: Content, box: Box) -> bool:
    """Whether a box stands beside what reads it: parameters, constants and shared operands."""
    return isinstance(content, Operand | Products) or box.role in ("parameter", "constant")
