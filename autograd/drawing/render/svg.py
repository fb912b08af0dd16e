"""SVG that follows light and dark pages, keeps its text in place, and says in words what it shows.

Layout places each piece of text by the width that it has in Arial, which not every machine has:
`textLength` holds a piece to that width in every font. The cells of a heat map become one path for
each colour, a quarter of the bytes.
"""

import html
import re

from . import theme
from .metrics import text_width

FONTS = "Arial,Helvetica,Liberation Sans,Arimo,DejaVu Sans Condensed,sans-serif"
_TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>\n?")
_CELL = re.compile(
    r'<polygon fill="(#\w+)" stroke="(?:transparent|none)" '
    r'points="(\S+),(\S+) \S+ (\S+),(\S+) \S+ \2,\3"/>\n'
)
_CELLS = re.compile(
    r'(?:<polygon fill="#\w+" stroke="(?:transparent|none)" points="[^"]+"/>\n){2,}'
)


def themed(svg: bytes, title: str) -> bytes:
    """Add the style sheet, fonts, a role and a description; the numbers of a drawing stay text."""
    text = svg.decode("utf-8")
    measured = "(graphviz-pure)" in text[:1000]  # it knows Arial's widths; dot measures any font
    described = html.escape(title)
    head = f'<svg class="glassgrad" role="img" aria-label="{described}" font-family="{FONTS}"'
    text = re.sub(r"<svg(?=\s)", lambda _: head, text, count=1)
    text = _TEXT.sub(lambda found: _text(found, measured), text)
    text = _CELLS.sub(lambda found: _paths(found[0]), text)
    style = f"<style>{theme.style_sheet(text)}</style>"
    start = text.index(">", text.index("<svg")) + 1
    return (text[:start] + style + text[start:]).encode("utf-8")


def _text(found: re.Match[str], measured: bool) -> str:
    """A piece of text in the fonts of the whole, as wide as it was laid out; nothing of spaces."""
    attributes, content = found[1], found[2]
    if not content.strip():
        return ""
    size = re.search(r'font-size="([\d.]+)"', attributes)
    if 'font-family="Arial"' in attributes:
        attributes = attributes.replace(' font-family="Arial"', "")
        if measured and size:
            bold = 'font-weight="bold"' in attributes
            width = text_width(html.unescape(content), float(size[1]), bold)
            attributes += f' textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs"'
    return f"<text {attributes}>{content}</text>\n"


def _paths(cells: str) -> str:
    """Neighbouring rectangles without a border: one path for each colour."""
    drawn: dict[str, str] = {}
    for fill, *corners in _CELL.findall(cells):
        left, low, right, high = map(float, corners)
        square = f"M{left:g},{low:g}v{high - low:.4g}h{right - left:.4g}v{low - high:.4g}z"
        drawn[fill] = drawn.get(fill, "") + square
    return "".join(
        f'<path fill="{fill}" stroke="none" shape-rendering="crispEdges" d="{path}"/>\n'
        for fill, path in drawn.items()
    )
