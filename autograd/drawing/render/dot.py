"""An outline in Graphviz's language: boxes as HTML-like tables, one line for each box and arrow."""

import html
from collections.abc import Iterable, Sequence

from ...colours import LIGHT, THIN, WIDE
from ...text import clean
from ..outline import Arrow, Box, Outline
from ..read.words import sign, size
from .tables import arrow_lines, table, words
from .theme import BOXES, FONT, SMALL, TEXT

_BELOW = '<BR/><FONT POINT-SIZE="3"> </FONT>'  # between a label and its wide arrow


def dot(outline: Outline, rankdir: str = "LR", below: Sequence[str] = ()) -> list[str]:
    """The lines between the braces of `digraph { }`; `below` are lines of HTML-like text."""
    downwards = rankdir in ("TB", "BT")
    nested: dict[str, list[str]] = {}
    for frame in outline.frames.values():
        nested.setdefault(frame.parent, []).append(frame.id)
    inside = _inside(outline, downwards)
    lines = [*_settings(outline, rankdir, below), *_framed(outline, "", inside, nested)]
    largest = _largest(outline)
    lines += [_arrow(arrow, largest, downwards) for arrow in outline.arrows]
    lines += [f"{first} -> {second} [style=invis]" for first, second in outline.order]
    return [f"\t{line}\n" for line in lines]


def _inside(outline: Outline, downwards: bool) -> dict[str, list[str]]:
    """The boxes of each frame, and those of its rows side by side."""
    found: dict[str, list[str]] = {}
    in_rows = {key for row in outline.rows for key in row}
    turned = _turned(outline)
    for key, box in outline.boxes.items():
        operation = box.role in ("operation", "root")
        ordering = "in" if operation else "" if in_rows else "out"
        line = _box(box, "" if key in turned else ordering, downwards and key not in in_rows)
        found.setdefault(box.frame, []).append(line)
    for row in outline.rows:
        frame = outline.boxes[row[0]].frame
        # sideways, Graphviz counts from the bottom within frames, and outside from the top
        chain = row[::-1] if frame and not downwards else row
        found[frame].append(f"{{ rank=same {' -> '.join(chain)} [style=invis minlen=0] }}")
    return found


def _turned(outline: Outline) -> set[str]:
    """The boxes that read entries in another order than that of their index, as x[2] − x[0]."""
    place = {key: (id(row), at) for row in outline.rows for at, key in enumerate(row)}
    latest: dict[tuple[str, int], int] = {}
    found = set()
    for arrow in outline.arrows:
        if arrow.tail in place:
            row, at = place[arrow.tail]
            if at < latest.get((arrow.head, row), 0):
                found.add(arrow.head)
            latest[arrow.head, row] = at
    return found


def _largest(outline: Outline) -> float:
    """The contribution that is drawn widest: nan and inf set no scale, nor do constants."""
    found: dict[bool, float] = {}
    for arrow in outline.arrows:
        amount = size(arrow.chain_rule.contribution) if arrow.chain_rule else float("inf")
        if amount < float("inf"):
            constant = outline.boxes[arrow.tail].role == "constant"
            found[constant] = max(amount, found.get(constant, 0.0))
    return found.get(False) or found.get(True, 0.0)


def _settings(outline: Outline, rankdir: str, below: Sequence[str]) -> Iterable[str]:
    kept = " remincross=false" if outline.rows else ""  # else frames' rows are turned about again
    apart = 0.25 if rankdir in ("TB", "BT") else 0.45
    yield (
        f'graph [rankdir={rankdir} bgcolor="{LIGHT.paper}" fontname="{FONT}" fontsize={SMALL} '
        f'fontcolor="{LIGHT.dim}" pad=0.25 nodesep=0.22 ranksep={apart}{kept} labeljust=l '
        f"labelloc=b tooltip={_quoted(outline.title or 'computation graph')}]"
    )
    yield f'node [fontname="{FONT}" fontsize={TEXT} fontcolor="{LIGHT.ink}" margin="0.09,0.05"]'
    yield (
        f'edge [fontname="{FONT}" fontsize={SMALL} fontcolor="{LIGHT.dim}" color="{LIGHT.line}" '
        "arrowsize=0.6 penwidth=1]"
    )
    said = [*(words(note, 200) for note in outline.notes), *below]
    if said:
        lines = "".join(line + '<BR ALIGN="LEFT"/>' for line in said)
        yield f"label=<{lines}>"


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
                f"label=<<B>{words(frame.title, 60)}</B>> tooltip={_quoted(frame.title)}]",
            ]
            stack.append((name, False))
        lines += inside.get(name, [])
        stack += [(inner, True) for inner in reversed(nested.get(name, []))]
    return lines


def _box(box: Box, ordering: str, beside: bool) -> str:
    look = BOXES[box.role]
    order = f" ordering={ordering}" if ordering else ""
    frame = BOXES["root"] if box.root else look
    tip = box.tooltip or " ".join([box.title, *[f"{a} {b}".strip() for a, b in box.lines]])
    return (
        f'{box.id} [class="{box.role}" shape={look.shape} style="{look.style}" '
        f'fillcolor="{look.fill}" color="{frame.border}" penwidth={frame.width:g} '
        f"peripheries={look.peripheries}{order} tooltip={_quoted(tip)} "
        f"label=<{table(box, beside)}>]"
    )


def _arrow(arrow: Arrow, largest: float, downwards: bool) -> str:
    ends = f"{arrow.tail} -> {arrow.head}"
    before, below = ("\u00a0", "") if downwards else ("", _BELOW)  # where the arrow passes
    lines = [before + words(line, 60) for line in arrow_lines(arrow)]
    if arrow.chain_rule is None:
        return f"{ends} [label=<{lines[0]}{below}>]" if lines else ends
    contribution = arrow.chain_rule.contribution
    way, amount = sign(contribution), size(contribution)
    label = "<BR/>".join([*lines[:-1], f"<B>{lines[-1]}</B>"]) + below
    share = amount / largest if largest else float(amount > 0)
    width = THIN + (WIDE - THIN) * min(1.0, share)
    name = "plus" if way > 0 else "minus" if way < 0 else "none"
    colour = {"plus": LIGHT.warm, "minus": LIGHT.cold, "none": LIGHT.line}[name]
    style = "" if amount else " style=dotted"
    tip = _quoted(f"upstream · partial = contribution: {' '.join(arrow_lines(arrow)[-2:])}")
    return (
        f'{ends} [class="{name}" color="{colour}" fontcolor="{colour}" penwidth={width:.3g}{style} '
        f"label=<{label}> tooltip={tip}]"
    )


def _quoted(text: str) -> str:
    """Text for quoted attributes, in which \\N, & and quotes would mean something."""
    return '"' + html.escape(clean(text, 400)).replace("\\", "\\\\") + '"'
