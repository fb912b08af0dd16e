"""Drawings and an explorer of the computation graph: `draw` and `explore`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .drawing import Drawing, draw
    from .explorer.page import explore
    from .explorer.written import Page
    from .notebook import mimebundle
    from .render.engines import LayoutError

__all__ = ["Drawing", "LayoutError", "Page", "draw", "explore", "mimebundle"]

_MODULES = {
    **dict.fromkeys(["Drawing", "draw"], ".drawing"),
    "Page": ".explorer.written",
    "explore": ".explorer.page",
    "LayoutError": ".render.engines",
    "mimebundle": ".notebook",
}


def __getattr__(name: str) -> Any:
    """Each name from its module, so that one view does without the other's packages."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return __all__
