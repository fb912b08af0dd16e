"""What a drawing shows, as plain data: boxes, ordered arrows, frames, and notes."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class ChainRule(NamedTuple):
    """What an operation y sends to its operand x: ∂root/∂y · ∂y/∂x, and the product."""

    upstream: Any
    partial: Any
    contribution: Any


class Cell(NamedTuple):
    """An entry of a grid: its number, and its name for those who ask."""

    number: Any
    name: str


@dataclass
class Grid:
    """Numbers in rows; a None is a gap between two blocks, such as the channels of a kernel.

    `written` says whether the numbers are there to read, or as colours only: a map, of cells whose
    `side` is given in points.
    """

    caption: str
    rows: list[list[Cell | None]]
    written: bool = True
    side: int = 7


@dataclass
class Box:
    """One thing that is seen: a scalar, the entries of a shared operand, a channel, or a layer.

    `role` says how it looks, one of `theme.STYLES`; `lines` are (what, text), and a text that needs
    no "what" stands alone; `frame` is the module around it.
    """

    id: str
    role: str
    title: str = ""
    symbol: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    tooltip: str = ""
    frame: str = ""
    root: bool = False


@dataclass
class Arrow:
    """What one box reads of another; in the order of the operands."""

    tail: str
    head: str
    text: str = ""
    chain_rule: ChainRule | None = None


@dataclass
class Frame:
    """A module around boxes and other frames; `parent` is the frame around it."""

    id: str
    title: str
    parent: str = ""


@dataclass
class Outline:
    """A whole drawing.

    `order` are pairs of boxes that follow each other without an arrow, and `rows` boxes that stand
    side by side in the order of their index: channels, neurons.
    """

    boxes: dict[str, Box] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    frames: dict[str, Frame] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    title: str = ""

    def levels(self) -> dict[str, int]:
        """How many boxes are before each; what nothing is before stands with its first reader."""
        pairs = [(arrow.tail, arrow.head) for arrow in self.arrows] + self.order
        readers: dict[str, list[str]] = {key: [] for key in self.boxes}
        waiting = dict.fromkeys(self.boxes, 0)
        for tail, head in pairs:
            readers[tail].append(head)
            waiting[head] += 1
        sources = [key for key, n in waiting.items() if not n]
        level = dict.fromkeys(self.boxes, 0)
        ready = [*sources]
        for tail in ready:
            for head in readers[tail]:
                level[head] = max(level[head], level[tail] + 1)
                waiting[head] -= 1
                if not waiting[head]:
                    ready.append(head)
        first = {key: min((level[head] for head in readers[key]), default=1) for key in sources}
        return level | {key: n - 1 for key, n in first.items()}
