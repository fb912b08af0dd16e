"""An outline in Graphviz's language: boxes as HTML-like tables, one line for each box and arrow."""

import html
from collections.abc import Iterable

from ...colours import LIGHT, heat
from ...text import clean, number
from ..outline import Arrow, Box, Cell, Grid, Outline
from ..read.words import sign, size
from .theme import BOXES, FONT

WIDEST = 4.0


def dot(outline: Outline, rankdir: str = "LR") -> list[str]:
    """The lines between the braces of `digraph { }`."""
    inside: dict[str, list[str]] = {}
    for box in outline.boxes.values():
        inside.setdefault(box.frame, []).append(_box(box))
    nested: dict[str, list[str]] = {}
    for frame in outline.frames.values():
        nested.setdefault(frame.parent, []).append(frame.id)
    lines = [*_settings(outline, rankdir), *_framed(outline, "", inside, nested)]
    largest = _largest(outline)
    lines += [_arrow(arrow, largest) for arrow in outline.arrows]
    lines += [f"{first} -> {second} [style=invis]" for first, second in outline.order]
    return [f"\t{line}\n" for line in lines]


def _largest(outline: Outline) -> float:
    """The contribution that is drawn widest: nan and inf set no scale, nor do constants."""
    found: dict[bool, float] = {}
    for arrow in outline.arrows:
        amount = size(arrow.chain_rule.contribution) if arrow.chain_rule else float("inf")
        if amount < float("inf"):
            constant = outline.boxes[arrow.tail].role == "constant"
            found[constant] = max(amount, found.get(constant, 0.0))
    return found.get(False) or found.get(True, 0.0)


def _settings(outline: Outline, rankdir: str) -> Iterable[str]:
    yield (
        f'graph [rankdir={rankdir} bgcolor="{LIGHT.paper}" fontname="{FONT}" fontsize=9 '
        f'fontcolor="{LIGHT.dim}" pad=0.25 nodesep=0.22 ranksep=0.45 labeljust=l '
        f"labelloc=b tooltip={_quoted(outline.title or 'computation graph')}]"
    )
    yield f'node [fontname="{FONT}" fontsize=10 fontcolor="{LIGHT.ink}" margin="0.09,0.05"]'
    yield (
        f'edge [fontname="{FONT}" fontsize=8 fontcolor="{LIGHT.dim}" color="{LIGHT.line}" '
        "arrowsize=0.6 penwidth=1]"
    )
    if outline.notes:
        words = '<BR ALIGN="LEFT"/>'.join(_text(note, 200) for note in outline.notes)
        yield f'label=<{words}<BR ALIGN="LEFT"/>>'


def _framed(
    outline: Outline, parent: str, inside: dict[str, list[str]], nested: dict[str, list[str]]
) -> list[str]:
    """The boxes of a frame and the frames within, from the outside to the inside."""
    lines = []
    stack: list[tuple[str, bool]] = [(parent, True)]
    while stack:
        name, opening = stack.pop()
        if not opening:
            lines.append("}")
            continue
        if name:
            frame = outline.frames[name]
            lines += [
                f"subgraph cluster_{name} {{",
                f'graph [style=rounded color="{LIGHT.frame}" labelloc=t fontcolor="{LIGHT.dim}" '
                f"label=<<B>{_text(frame.title, 60)}</B>> tooltip={_quoted(frame.title)}]",
            ]
            stack.append((name, False))
        lines += inside.get(name, [])
        stack += [(inner, True) for inner in reversed(nested.get(name, []))]
    return lines


def _box(box: Box) -> str:
    look = BOXES[box.role]
    frame = BOXES["root"] if box.root else look
    ordering = " ordering=in" if box.role in ("operation", "root") else " ordering=out"
    tip = box.tooltip or " ".join([box.title, *[f"{a} {b}".strip() for a, b in box.lines]])
    return (
        f'{box.id} [class="{box.role}" shape={look.shape} style="{look.style}" '
        f'fillcolor="{look.fill}" color="{frame.border}" penwidth={frame.width:g} '
        f"peripheries={look.peripheries}{ordering} tooltip={_quoted(tip)} label=<{_table(box)}>]"
    )


def _table(box: Box) -> str:
    """Title and sign on top, then a row for each line, then the grids."""
    head = f"<B>{_text(box.title, 60)}</B>" if box.title else ""
    if box.symbol:
        big = 13 if len(box.symbol) < 3 else 10
        head += (
            "  " * bool(head) + f'<FONT POINT-SIZE="{big}"><B>{_text(box.symbol)}</B></FONT>'
            if box.role != "layer"
            else f'  <FONT COLOR="{LIGHT.dim}">{_text(box.symbol)}</FONT>'
        )
    rows = ['<TR><TD HEIGHT="3"></TD></TR>'] if BOXES[box.role].shape != "box" else []
    rows += [f'<TR><TD COLSPAN="2">{head}</TD></TR>'] if head else []
    for what, text in box.lines:
        if what:
            rows.append(
                f'<TR><TD ALIGN="LEFT"><FONT COLOR="{LIGHT.dim}" POINT-SIZE="9">{_text(what, 60)}'
                f'</FONT></TD><TD ALIGN="RIGHT">  {_text(text, 60)}</TD></TR>'
            )
        else:
            rows.append(
                f'<TR><TD COLSPAN="2"><FONT COLOR="{LIGHT.dim}" POINT-SIZE="9">{_text(text, 60)}'
                "</FONT></TD></TR>"
            )
    rows += [f'<TR><TD COLSPAN="2">{_grid(grid)}</TD></TR>' for grid in box.grids]
    if not rows:
        rows = ["<TR><TD> </TD></TR>"]
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>'
    )


def _grid(grid: Grid) -> str:
    """Cells coloured by sign and size, white at 0."""
    sizes = [size(c.number) for row in grid.rows for c in row if c]
    largest = max((s for s in sizes if s < float("inf")), default=0.0) or 1.0
    wide = max(map(len, grid.rows), default=1)
    head = (
        f'<TR><TD COLSPAN="{wide}" BORDER="0"><FONT POINT-SIZE="8" COLOR="{LIGHT.dim}">'
        f"{_text(grid.caption, 60)}</FONT></TD></TR>"
    )
    rows = []
    for row in grid.rows:
        padded = [*row, *[None] * (wide - len(row))]
        rows.append("<TR>" + "".join(_cell(c, largest, grid.written) for c in padded) + "</TR>")
    spacing = 1 if grid.written else 0
    return (
        f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="2">'
        f"{head}{''.join(rows)}</TABLE>"
    )


def _cell(cell: Cell | None, largest: float, written: bool) -> str:
    if cell is None:
        return '<TD WIDTH="5"></TD>'
    if cell.number != cell.number:
        shade = float("nan")
    else:
        shade = sign(cell.number) * min(1.0, size(cell.number) / largest)
    fill, ink = heat(shade)
    if not written:
        return f'<TD BGCOLOR="{fill}" WIDTH="7" HEIGHT="7" FIXEDSIZE="TRUE"></TD>'
    return (
        f'<TD BGCOLOR="{fill}" WIDTH="25"><FONT POINT-SIZE="7" COLOR="{ink}">'
        f"{_text(short(cell.number))}</FONT></TD>"
    )


def short(x: object) -> str:
    """A number for a cell of a grid: two or three digits."""
    if isinstance(x, float) and x:
        text = f"{x:.2g}" if 0 < abs(x) < 0.1 or abs(x) >= 100 else f"{x:.2f}"
        return text.replace("-", "−") if "e" not in text else number(float(text))
    return number(x)


def _arrow(arrow: Arrow, largest: float) -> str:
    ends = f"{arrow.tail} -> {arrow.head}"
    text = _text(arrow.text, 60)
    if arrow.chain_rule is None:
        return f"{ends} [label=<{text}>]" if text else ends
    upstream, partial, contribution = arrow.chain_rule
    way, amount = sign(contribution), size(contribution)
    product = f"{number(upstream)} · {number(partial)} = "
    sentence = _text(product, 80) + f"<B>{_text(number(contribution))}</B>"
    told = product + number(contribution)
    label = f"{text}<BR/>{sentence}" if text else sentence
    share = amount / largest if largest else float(amount > 0)
    width = 0.7 + (WIDEST - 0.7) * min(1.0, share)
    name = "plus" if way > 0 else "minus" if way < 0 else "none"
    colour = {"plus": LIGHT.warm, "minus": LIGHT.cold, "none": LIGHT.line}[name]
    style = "" if amount else " style=dotted"
    return (
        f'{ends} [class="{name}" color="{colour}" fontcolor="{colour}" penwidth={width:.3g}{style} '
        f"label=<{label}> tooltip={_quoted(f'upstream · partial = contribution: {told}')}]"
    )


def _text(text: str, most: int = 40) -> str:
    """Text for HTML-like labels, in which \\N would be the name of the node."""
    return html.escape(clean(text, most)).replace("\\", "\\\\")


def _quoted(text: str) -> str:
    """Text for quoted attributes, in which \\N, & and quotes would mean something."""
    return '"' + html.escape(clean(text, 400)).replace("\\", "\\\\") + '"'
