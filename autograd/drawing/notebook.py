"""What Jupyter shows of Values, Tensors and Modules: a picture where one can be made, and text."""

from typing import Any

SECONDS = 5.0  # nobody waits longer for the last line of a cell


def mimebundle(root: Any) -> dict[str, str]:
    """{"image/svg+xml": ..., "text/plain": ...}; the text alone where there is no engine."""
    shown = {"text/plain": repr(root)}
    try:
        from .drawing import draw

        drawing = draw(root, limit=100)
        drawing.seconds = SECONDS
        shown["image/svg+xml"] = drawing.pipe("svg", encoding="utf-8")
    except Exception as reason:  # the last line of a cell is shown, whatever is in it
        shown["text/plain"] += f"\n(no drawing: {reason})"
    return shown
