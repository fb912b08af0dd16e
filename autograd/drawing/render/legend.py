"""What the colours, arrows and frames of a drawing mean, in words: no more than occurs in it."""

from collections.abc import Iterable

from ...colours import LIGHT
from ..outline import Outline
from ..read.words import AT_ARROWS, LARGE, NEGATIVE, NOTHING, POSITIVE, ROLE_WORDS, sign, size
from .theme import BOXES

GAP = " \u00a0 \u00a0"


def legend(outline: Outline) -> list[str]:
    """Lines of HTML-like text: the kinds of boxes, the signs of numbers, what arrows say."""
    boxes = outline.boxes.values()
    roles = {box.role for box in boxes}
    kinds = [_mark(BOXES[role].border, name) for role, name in ROLE_WORDS.items() if role in roles]
    if any(box.root for box in boxes):
        kinds.append(_mark(BOXES["root"].border, "root"))
    if outline.frames:
        kinds.append(_mark(LIGHT.frame, "module", "▢"))
    sent = [arrow.chain_rule.contribution for arrow in outline.arrows if arrow.chain_rule]
    cells = (c.number for box in boxes for g in box.grids for row in g.rows for c in row if c)
    signs = _signs([*sent, *cells])
    if sent:
        signs += [NOTHING] * any(not size(x) for x in sent) + [LARGE]
    rule = [AT_ARROWS] if sent else []
    lines = [kinds if len(kinds) > 1 else [], signs, rule]
    return [GAP.join(line) for line in lines if line]


def _signs(numbers: Iterable[object]) -> list[str]:
    found = {sign(x) for x in numbers}
    return [
        _mark(colour, name)
        for way, colour, name in [(1, LIGHT.warm, POSITIVE), (-1, LIGHT.cold, NEGATIVE)]
        if way in found
    ]


def _mark(colour: str, name: str, sign: str = "■") -> str:
    return f'<FONT COLOR="{colour}">{sign}</FONT> {name}'
