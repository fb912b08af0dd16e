"""Images of another size, by their own entries: no weights."""

from collections.abc import Sequence
from typing import Any

from autograd import Tensor, einsum

from .. import validate
from ..module import Layer
from ..validate import Pair, Steps


class Upsample(Layer):
    """An image of another size: (..., C, H, W) -> (..., C, H', W').

    "nearest": y[c,i,j] = x[c, ⌊i/f⌋, ⌊j/g⌋], the same entries again, with the factors f and g of
    rows and columns. "bilinear": the weighted mean of the four entries around the point,
    y[c,i,j] = Σ_{u,v∈{0,1}} w[i,u]·w'[j,v]·x[c, r[i]+u, r'[j]+v], where output i lies at
    (i + ½)/f - ½, between row r[i] and the next; with `align_corners` at i·(H-1)/(H'-1), so that
    the outermost entries stay where they are.

    Either the `size` (H', W'), an int or a pair, or a `scale_factor`, a number or a pair:
    H' = ⌊H·f⌋. PyTorch's order of arguments; ValueError for both or none.
    """

    def __init__(
        self,
        size: Steps | None = None,
        scale_factor: float | tuple[float, float] | None = None,
        mode: str = "nearest",
        align_corners: bool = False,
    ) -> None:
        if (size is None) == (scale_factor is None):
            raise ValueError("Upsample: needs either a size or a scale_factor")
        if mode not in ("nearest", "bilinear") or (align_corners and mode == "nearest"):
            known = '"nearest" or "bilinear", of which the latter may align_corners'
            raise ValueError(f"Upsample: mode must be {known}, got {mode!r}")
        self.size: Any = None if size is None else validate.steps("Upsample", "size", size)
        self.scale_factor: Any = None if scale_factor is None else _factors(scale_factor)
        self.mode, self.align_corners = mode, align_corners

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        h, w = x.shape[-2:]
        rows, columns = self._places(h, w)
        if self.mode == "nearest":
            stretched: Tensor = x[..., list(map(int, rows)), :][..., list(map(int, columns))]
            return stretched
        (r, u), (s, v) = _neighbours(rows, h), _neighbours(columns, w)
        weight = einsum("iu,jv->ijuv", u, v).detach()
        corners: Tensor = x[..., [[[[i] for i in pair]] for pair in r], [[[pair] for pair in s]]]
        y: Tensor = einsum("ijuv,...ijuv->...ij", weight, corners)
        return y

    def output_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """(H', W') of an image of (H, W); ValueError where nothing is left of it."""
        if self.size:
            return tuple(self.size)
        sizes = tuple(int(n * f) for n, f in zip(size, self.scale_factor, strict=True))
        if min(sizes) < 1:
            raise ValueError(f"{self!r}: of {tuple(size)} nothing is left")
        return sizes

    def _places(self, *size: int) -> list[list[float]]:
        """Where the outputs lie along each axis, in entries of the input."""
        sizes = self.output_size(size)
        factors = self.scale_factor or [m / n for n, m in zip(size, sizes, strict=True)]
        steps = zip(size, sizes, factors, strict=True)
        if self.align_corners:
            return [[i * (n - 1) / max(1, m - 1) for i in range(m)] for n, m, _ in steps]
        if self.mode == "bilinear":
            return [[max(0.0, (i + 0.5) / f - 0.5) for i in range(m)] for _, m, f in steps]
        return [[i * n / m if self.size else i / f for i in range(m)] for n, m, f in steps]

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, pairs of equal numbers as one."""
        return {k: validate.short(v) for k, v in super().arguments().items()}


def _neighbours(places: list[float], n: int) -> tuple[list[Pair], list[tuple[float, float]]]:
    """The entries before and behind each place on an axis of n, and their weights."""
    before = [min(int(place), n - 1) for place in places]
    parts = [place - i for place, i in zip(places, before, strict=True)]
    return [(i, min(i + 1, n - 1)) for i in before], [(1 - part, part) for part in parts]


def _factors(given: Any) -> tuple[float, float]:
    pair = given if isinstance(given, tuple | list) else (given, given)
    if len(pair) != 2:
        raise TypeError(f"Upsample: scale_factor must be a number or a pair, got {given!r:.60}")
    f, g = (float(validate.above_zero("Upsample", "scale_factor", x)) for x in pair)
    return f, g
