"""What a drawing shows, as plain data: boxes, ordered arrows, frames, and notes."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Chain(NamedTuple):
    """The chain rule on one arrow: ∂root/∂y · ∂y/∂x, what y sends to its operand x.

    A partial that is True handed the upstream gradient on, and one that is False stopped it.
    """

    upstream: Any
    partial: Any
    contribution: Any


class Cell(NamedTuple):
    """An entry of a grid: its number, and its name for those who ask."""

    number: Any
    name: str


@dataclass
class Grid:
    """Numbers in rows; a None is a gap between two blocks, such as the channels of a kernel."""

    caption: str
    rows: list[list[Cell | None]]
    written: bool = True


@dataclass
class Box:
    """One thing that is seen: a scalar, the entries of a shared operand, a channel, or a layer.

    `lines` are (what, text); a line that says nothing of what it is stands alone.
    """

    id: str
    kind: str
    title: str = ""
    symbol: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    tip: str = ""
    frame: str = ""
    root: bool = False


@dataclass
class Arrow:
    """What one box reads of another; in the order of the operands."""

    tail: str
    head: str
    text: str = ""
    chain: Chain | None = None


@dataclass
class Frame:
    """A module around boxes and other frames."""

    id: str
    title: str
    around: str = ""


@dataclass
class Outline:
    """A whole drawing; `order` are pairs of boxes that follow each other without an arrow."""

    boxes: dict[str, Box] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    frames: dict[str, Frame] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    title: str = ""

    def fits(self, limit: int) -> bool:
        """Whether it can be laid out in seconds and read: `limit` boxes, 2.4 arrows for each."""
        return len(self.boxes) <= limit and len(self.arrows) <= limit * 12 // 5
