"""How wide text is in Arial: for widths of drawings, and for text that keeps to its place.

Advance widths in thousandths of the font's size, from Adobe's font metrics for Helvetica, whose
metrics Arial has.
"""

# fmt: off
_PLAIN = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]
_BOLD = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
    611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
]
# fmt: on
_SIGNS = dict(zip("−×·Σ\u00a0", [584, 584, 333, 618, 278], strict=True))
_WIDTHS = [{**dict(zip(map(chr, range(32, 127)), w, strict=True)), **_SIGNS}
           for w in (_PLAIN, _BOLD)]  # fmt: skip


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of a line of text in points; of other scripts about as much as layout reserves."""
    widths = _WIDTHS[bold]
    return size / 1000 * sum(widths.get(c) or 278 * len(c.encode("utf-8", "replace")) for c in text)
