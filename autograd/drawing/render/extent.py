"""Which way a drawing runs: from left to right, or downwards where that would be too wide.

Widths are estimated, so that a drawing is the same whatever lays it out.
"""

from collections.abc import Iterable

from ..outline import Arrow, Box, Grid, Outline
from .metrics import text_width
from .tables import ACROSS, CELL_WIDTH, arrow_lines
from .theme import SMALL, TEXT

WIDEST = 720.0  # points, 960 pixels: a notebook's width, of which a README shows 830
MARGIN, BETWEEN, ALONG = 15.0, 16.0, 32.0  # around a box's text, beside boxes, along arrows


def direction(outline: Outline) -> str:
    """LR, or TB where boxes would need more than the width of a page and TB needs less."""
    sideways = _sideways(outline)
    return "TB" if sideways > WIDEST and _downwards(outline) < sideways else "LR"


def _by_level(outline: Outline) -> dict[int, list[Box]]:
    found: dict[int, list[Box]] = {}
    for key, level in outline.levels().items():
        found.setdefault(level, []).append(outline.boxes[key])
    return found


def _sideways(outline: Outline) -> float:
    """The widest box of each level one after the other, with what is written at the arrows."""
    level = outline.levels()
    boxes = (max(_box(box, beside=False) for box in b) for b in _by_level(outline).values())
    labels: dict[int, float] = {}
    for arrow in outline.arrows:
        head = level[arrow.head]
        labels[head] = max(_label(arrow), labels.get(head, 0.0))
    return sum(boxes) + sum(labels.values()) + ALONG * max(0, len(set(level.values())) - 1)


def _downwards(outline: Outline) -> float:
    """The boxes of the widest level side by side, each with what is written at its arrow."""
    in_rows = {key for row in outline.rows for key in row}
    label: dict[str, float] = {}
    for arrow in outline.arrows:
        label[arrow.tail] = max(_label(arrow), label.get(arrow.tail, 0.0))
    return max(
        sum(max(_box(b, b.id not in in_rows), label.get(b.id, 0.0)) + BETWEEN for b in boxes)
        for boxes in _by_level(outline).values()
    )


def _label(arrow: Arrow) -> float:
    return _widest(text_width(line, SMALL) for line in arrow_lines(arrow))


def _widest(widths: Iterable[float]) -> float:
    return max(widths, default=0.0)


def _box(box: Box, beside: bool) -> float:
    head = text_width(f"{box.title}  {box.symbol}", TEXT, bold=True)
    lines = _widest(text_width(f"{a}   {b}", TEXT) for a, b in box.lines)
    grids = _widest(_cells(grid) * (CELL_WIDTH + 1) for grid in box.grids if grid.written)
    maps = [_cells(grid) * grid.side + 2.0 for grid in box.grids if not grid.written]
    row = sum(maps[: ACROSS[beside]])
    text = max(head, lines, grids)
    return MARGIN + (text + row if beside else max(text, row))


def _cells(grid: Grid) -> int:
    return max(map(len, grid.rows), default=0)
