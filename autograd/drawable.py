"""What Values and Tensors show of themselves: a drawing, the explorer's page, a notebook's output.

The package is asked for its drawings when they are needed, so the engine works without theirs.
"""

from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .drawing import Drawing, Page


class Drawable:
    """The root of a graph that can be looked at."""

    __slots__ = ()

    def draw(self, path: str | PathLike[str] | None = None, **options: Any) -> "Drawing":
        """`autograd.draw` of this root, with its options: `loss.draw("graph.svg", depth=2)`."""
        from . import draw

        return draw(self, path, **options)

    def explore(self, path: str | PathLike[str] | None = None, **options: Any) -> "Page":
        """`autograd.explore` of this root, with its options: `loss.explore("graph.html")`."""
        from . import explore

        root: Any = self  # a Value or a Tensor
        return explore(root, path, **options)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What Jupyter shows: a drawing of at most a hundred boxes, and the text."""
        from . import mimebundle

        return mimebundle(self)
