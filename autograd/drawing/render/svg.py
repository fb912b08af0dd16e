"""SVG that follows light and dark pages, and says in words what it shows."""

import html
import re

from . import theme


def themed(svg: bytes, title: str) -> bytes:
    """Add the style sheet, a role and a description; the numbers of a drawing stay text."""
    text = svg.decode("utf-8")
    described = html.escape(title)
    head = f'<svg class="glassgrad" role="img" aria-label="{described}"'
    text = re.sub(r"<svg(?=\s)", lambda _: head, text, count=1)
    style = f"<style>{theme.style_sheet()}</style>"
    start = text.index(">", text.index("<svg")) + 1
    return (text[:start] + style + text[start:]).encode("utf-8")
