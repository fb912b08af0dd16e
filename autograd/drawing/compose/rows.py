"""Which boxes stand side by side in the order of their index: channels, neurons, weights."""

from typing import Any

from ...names import Name
from ..outline import Outline
from ..select.selection import ChannelGroup
from ..select.structure import Structure


def rows(outline: Outline, structure: Structure) -> list[list[str]]:
    """The boxes of one tensor that are as far from the start, and in one frame."""
    level = outline.levels()
    found: dict[tuple[int, str, int], list[tuple[int, str]]] = {}
    for key, content in structure.boxes.items():
        node: Any = structure.graph.nodes[content] if isinstance(content, int) else None
        if isinstance(content, ChannelGroup):
            name, index = content.tensor.name, content.channel
        elif node is not None and isinstance(node.name, Name):
            name, index = node.name, node.place
        else:
            continue
        together = found.setdefault((id(name), outline.boxes[key].frame, level[key]), [])
        together.append((index, key))
    return [[key for _, key in sorted(row)] for row in found.values() if len(row) > 1]
