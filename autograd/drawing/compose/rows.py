"""Which boxes stand side by side in the order of their index: channels, neurons, weights."""

from ...names import Name
from ..outline import Outline
from ..select.selection import ChannelGroup
from ..select.structure import Content, Operand, Structure


def rows(outline: Outline, structure: Structure) -> list[list[str]]:
    """The boxes of one tensor that are as far from the start, and in one frame."""
    level = outline.levels()
    found: dict[tuple[int, str, int], list[tuple[int, str]]] = {}
    for key, content in structure.boxes.items():
        name, index = _indexed(structure, content)
        if name:
            together = (id(name), outline.boxes[key].frame, level[key])
            found.setdefault(together, []).append((index, key))
    return [[key for _, key in sorted(row)] for row in found.values() if len(row) > 1]


def _indexed(structure: Structure, content: Content) -> tuple[str, int]:
    """The tensor that a box is of, and which of its entries is the first there."""
    if isinstance(content, ChannelGroup):
        return content.tensor.name, content.channel
    nodes = structure.graph.nodes
    entries = [nodes[content]] if isinstance(content, int) else []
    if isinstance(content, Operand):
        entries = nodes[content.reader].inputs[content.position].inputs
    names = {id(v.name): v.name for v in entries if isinstance(v.name, Name)}
    if len(names) != 1:
        return "", 0
    (name,) = names.values()
    return name, min(v.place for v in entries if v.name is name)
