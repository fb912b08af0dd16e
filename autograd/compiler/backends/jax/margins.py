"""Images in margins of 0, which a convolution makes by itself: what is inside is all it needs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...plan.views import View
from ...strided import Dims
from .views import Grid, arranged, by_digit, flat, grid, span


class Inside(NamedTuple):
    """A view that is the inside of an image, which has these digits, and how wide the margins are
    that windows see, before and after it along each digit.
    """

    view: View
    grid: Grid
    spans: Dims
    margins: list[tuple[int, int]]

    def read(self, x: Any, order: Sequence[int]) -> Any:
        """The view's array (N?, *shape) with an axis for each of these digits."""
        lead = x.ndim - len(self.view.layout.shape)
        sizes = [n for n in self.view.layout.shape if n > 1]
        x = x.reshape((*x.shape[:lead], *sizes))
        return arranged(by_digit(x, lead, flat(self.grid), self.spans), lead, order)

    def given(self, x: Any, order: Sequence[int]) -> Any:
        """An array (N?, ...) with an axis for each of these digits, in the view's shape."""
        lead = x.ndim - len(order)
        x = arranged(by_digit(x, lead, order, self.spans), lead, flat(self.grid))
        return x.reshape((*x.shape[:lead], *self.view.layout.shape))


def inside(view: View, windows: View, seen: Grid) -> Inside | None:
    """The view as the inside of what windows see; None where these see but a part of it along a
    digit that they do not slide along.
    """
    found = grid(view)
    if found is None or found.sizes != seen.sizes or not found.covers(view.affine):
        return None
    (spans, paces), (widths, _) = span(view.affine, found), span(windows.affine, seen)
    if set(paces) != {1}:
        return None
    around = zip(found.starts, spans, seen.starts, widths, strict=True)
    margins = [(a - start, start + width - a - n) for a, n, start, width in around]
    fixed = set(range(len(margins))) - seen.shared()
    if any(margins[k] != (0, 0) for k in fixed):
        return None
    return Inside(view, found, spans, margins)
