"""Drawings and an explorer of the computation graph: `draw` and `explore`."""

from typing import Any

__all__ = ["Drawing", "LayoutError", "Page", "draw", "explore", "mimebundle"]


def __getattr__(name: str) -> Any:
    """Each name from its module, so that one view does without the other's packages."""
    if name == "mimebundle":
        from .notebook import mimebundle

        return mimebundle
    if name in ("Drawing", "draw"):
        from . import drawing

        return getattr(drawing, name)
    if name in ("Page", "explore"):
        from .explorer import page

        return getattr(page, name)
    if name == "LayoutError":
        from .render.engines import LayoutError

        return LayoutError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
