"""What is inside of a box, as Graphviz's HTML-like tables: lines of text, numbers, heat maps."""

import html
import math
from collections.abc import Iterable, Sequence

from ...colours import LIGHT
from ...numbers.kinds import is_unknown
from ...text import clean, number
from ..outline import Arrow, Box, Cell, Grid
from ..read.words import sign, size
from .theme import BOXES, CELL, SMALL
from .theme import cell as cell_colours

CELL_WIDTH = 28  # points, of a cell with a number
ACROSS = {True: 8, False: 4}  # maps in a row: beside the text, and below it


def table(box: Box, beside: bool) -> str:
    """Title and sign on top, a row for each line, the grids of numbers, and maps.

    The maps are `beside` the text where boxes follow each other downwards, else below it.
    """
    maps = [grid for grid in box.grids if not grid.written]
    rows = ['<TR><TD HEIGHT="3"></TD></TR>'] if BOXES[box.role].shape != "box" else []
    rows += [_head(box)] if box.title or box.symbol else []
    rows += [_line(what, text) for what, text in box.lines]
    rows += [_row(_grid(grid)) for grid in box.grids if grid.written]
    if maps and not beside:
        rows.append(_row(_maps(maps, ACROSS[beside])))
    text = _table(rows or ["<TR><TD> </TD></TR>"])
    if not (maps and beside):
        return text
    return _table([f"<TR><TD>{text}</TD><TD>{_maps(maps, ACROSS[beside])}</TD></TR>"], spacing=3)


def _table(rows: Iterable[str], spacing: int = 0, padding: int = 1, more: str = "") -> str:
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="{padding}"{more}>'
        f"{''.join(rows)}</TABLE>"
    )


def _row(content: str, columns: int = 2) -> str:
    return f'<TR><TD COLSPAN="{columns}">{content}</TD></TR>'


def _dim(text: str, most: int = 60) -> str:
    return f'<FONT COLOR="{LIGHT.dim}" POINT-SIZE="{SMALL}">{words(text, most)}</FONT>'


def _head(box: Box) -> str:
    """The title, and beside it the sign of the operation or the kind of the layer."""
    parts = [f"<B>{words(box.title, 60)}</B>"] if box.title else []
    if box.symbol and box.role == "layer":
        parts.append(_dim(box.symbol))
    elif box.symbol:
        big = SMALL + 4 if len(box.symbol) < 3 else SMALL + 1
        parts.append(f'<FONT POINT-SIZE="{big}"><B>{words(box.symbol)}</B></FONT>')
    return _row(" \u00a0".join(parts))


def _line(what: str, text: str) -> str:
    """What on the left and its number on the right, or a text that stands alone."""
    if not what:
        return _row(_dim(text))
    return (
        f'<TR><TD ALIGN="LEFT">{_dim(what)}</TD><TD ALIGN="RIGHT">\u00a0{words(text, 60)}</TD></TR>'
    )


# --- grids ---------------------------------------------------------------------------------------


def _grid(grid: Grid) -> str:
    """Numbers in cells that are coloured by sign and size, white at 0."""
    largest = _largest([grid])
    wide = max(map(len, grid.rows), default=1)
    rows = [_row(_dim(grid.caption), wide)]
    for row in grid.rows:
        padded = [*row, *[None] * (wide - len(row))]
        rows.append("<TR>" + "".join(_cell(c, largest) for c in padded) + "</TR>")
    return _table(rows, spacing=1, padding=2)


def _largest(grids: Iterable[Grid]) -> float:
    """The size whose colour is the strongest; nan and inf set no scale."""
    sizes = [size(c.number) for grid in grids for row in grid.rows for c in row if c]
    return max((s for s in sizes if s < float("inf")), default=0.0) or 1.0


def _cell(cell: Cell | None, largest: float) -> str:
    if cell is None:
        return '<TD WIDTH="5"></TD>'
    fill, ink = _colours(cell, largest)
    return (
        f'<TD BGCOLOR="{fill}" WIDTH="{CELL_WIDTH}"><FONT POINT-SIZE="{CELL}" COLOR="{ink}">'
        f"{words(short(cell.number))}</FONT></TD>"
    )


def _colours(cell: Cell, largest: float) -> tuple[str, str]:
    x = cell.number
    grey = is_unknown(x) or x != x
    return cell_colours(math.nan if grey else sign(x) * math.sqrt(min(1.0, size(x) / largest)))


def _maps(grids: Sequence[Grid], across: int) -> str:
    """Heat maps without numbers, in rows and on one scale, under the caption of the first."""
    largest = _largest(grids)
    made = [f"<TD>{_map(grid, largest)}</TD>" for grid in grids]
    rows = [f"<TR>{''.join(made[k : k + across])}</TR>" for k in range(0, len(made), across)]
    return _table([_row(_dim(grids[0].caption), min(across, len(grids))), *rows], spacing=2)


def _map(grid: Grid, largest: float) -> str:
    one = f"{_fixed(1, 1, grid)}></TD>"
    rows = [[_colours(cell, largest)[0] for cell in row if cell] for row in grid.rows]
    lines = ["".join(f'<TD BGCOLOR="{fill}"{one}' for fill in row) for row in rows]
    whole = _fixed(max(map(len, rows)), len(rows), grid)
    return _table([f"<TR>{line}</TR>" for line in lines], padding=0, more=whole)


def _fixed(columns: int, rows: int, grid: Grid) -> str:
    """The size of several cells of a map: tables would grow to the room that there is."""
    return f' WIDTH="{columns * grid.side}" HEIGHT="{rows * grid.side}" FIXEDSIZE="TRUE"'


def short(x: object) -> str:
    """A number for a cell of a grid: two or three digits."""
    if isinstance(x, float) and x:
        text = f"{x:.2g}" if 0 < abs(x) < 0.1 or abs(x) >= 100 else f"{x:.2f}"
        return text.replace("-", "−") if "e" not in text else number(float(text))
    return number(x)


def words(text: str, most: int = 40) -> str:
    """Text for HTML-like labels, in which \\N would be the name of the node."""
    return html.escape(clean(text, most)).replace("\\", "\\\\")


def arrow_lines(arrow: Arrow) -> list[str]:
    """What is written at an arrow: its text, and the chain rule in two lines."""
    lines = [arrow.text] if arrow.text else []
    if arrow.chain_rule:
        upstream, partial, contribution = map(number, arrow.chain_rule)
        lines += [f"{upstream} · {partial} =", contribution]
    return lines
