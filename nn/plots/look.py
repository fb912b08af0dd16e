"""How plots look: colours, numbers as colours, and tiles side by side."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd import Tensor

from ..optional import needs

if TYPE_CHECKING:
    from .picture import Picture

# Okabe and Ito's colours, which colour-blind people tell apart; the first two are those of drawings
COLOURS = (
    *("#0072b2", "#e06c00", "#009e73", "#cc79a7", "#56b4e9"),
    *("#e69f00", "#000000", "#8b5a2b", "#7a7a7a", "#b5a800"),
)
BLUE, ORANGE = COLOURS[:2]
MIDDLE, GREY = "#fefefe", "#6b6b6b"
LINE = (0.72, 0.72, 0.72, 1.0)
MOST = 64  # tiles in one picture


def figure(width: float, height: float, title: str = "", layout: Any = "compressed") -> "Picture":
    """An empty matplotlib Figure of so many inches, which no window opens for and Jupyter shows.

    `layout` is one of matplotlib's layout engines. ImportError with the command that installs
    matplotlib, where that is missing.
    """
    needs("matplotlib.figure", "nn.plots", "glassgrad[plots]")
    from .picture import Picture

    made = Picture(figsize=(width, height), layout=layout)
    if title:
        made.suptitle(title, fontsize=12)
    return made


def note(picture: Any, text: str) -> None:
    """A line of small print below everything."""
    if text:
        picture.supxlabel(text, fontsize=8, color=GREY)


def left_out(shown: int, there: int, what: str) -> str:
    """What to say of tiles that there was no room for."""
    return f"the first {shown} of {there} {what} are shown" if shown < there else ""


def array(data: Any) -> Any:
    """Numbers, nested lists, arrays and Tensors as a NumPy array of floats, detached.

    ValueError for ragged lists, TypeError for what is not numbers.
    """
    import numpy as np

    return np.array(Tensor(data).tolist(), float)


def largest(numbers: Any) -> float:
    """The largest finite absolute value, or 1 where all are 0: the end of a symmetric scale."""
    import numpy as np

    sizes = np.abs(numbers[np.isfinite(numbers)])
    return float(sizes.max(initial=0.0)) or 1.0


def signed(scale: float) -> Any:
    """A ScalarMappable: blue for -scale, white for 0, orange for scale, grey for nan."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    colours = LinearSegmentedColormap.from_list("signed", [BLUE, MIDDLE, ORANGE], 255)
    return ScalarMappable(Normalize(-scale, scale), colours.with_extremes(bad="#b9b9b9"))


def painted(numbers: Any, scale: float) -> Any:
    """Signed numbers as colours: (...) -> (..., 4)."""
    import numpy as np

    scalar = signed(scale)
    return scalar.cmap(scalar.norm(np.ma.masked_invalid(numbers)))


def inked(image: Any) -> Any:
    """An image (C, H, W) as colours (H, W, 4): one channel as ink on paper, three as RGB."""
    import numpy as np

    image = np.clip(np.nan_to_num(image), 0, 1)
    colours = np.ones((*image.shape[1:], 4))
    colours[..., :3] = image.transpose(1, 2, 0) if len(image) == 3 else 1 - image[0, ..., None]
    return colours


def pictures(who: str, image: Any) -> Any:
    """An image as an array (1 or 3, H, W) of finite size; ValueError for any other shape."""
    pixels = array(image)
    pixels = pixels[None] if pixels.ndim == 2 else pixels
    if pixels.ndim != 3 or len(pixels) not in (1, 3) or not pixels.size:
        needed = "an image is (H, W), (1, H, W) or (3, H, W)"
        raise ValueError(f"{who}: {needed}, got shape {pixels.shape}")
    return pixels


def one_image(who: str, image: Any) -> Tensor:
    """An image as a Tensor (C, H, W) of leaves of its own; ValueError for another shape."""
    pixels = array(image)
    if pixels.ndim != 3:
        hint = "; image[None] is one with a channel axis" if pixels.ndim == 2 else ""
        raise ValueError(f"{who}: needs one image (C, H, W), got shape {pixels.shape}{hint}")
    return Tensor(pixels)


def tiled(tiles: Any, columns: int) -> tuple[Any, list[tuple[float, float]]]:
    """Tiles (n, h, w, 4) in rows of `columns` with a thin line around each, and their centres.

    Small tiles are enlarged, so that the lines stay thin; what has no tile is transparent.
    """
    import numpy as np

    zoom = math.ceil(48 / max(tiles.shape[1:3]))
    tiles = tiles.repeat(zoom, 1).repeat(zoom, 2)
    n, h, w = tiles.shape[:3]
    sheet = np.zeros((-(-n // columns) * (h + 1) + 1, columns * (w + 1) + 1, 4))
    centres = []
    for k, tile in enumerate(tiles):
        top, left = (k // columns) * (h + 1), (k % columns) * (w + 1)
        sheet[top : top + h + 2, left : left + w + 2] = LINE
        sheet[top + 1 : top + 1 + h, left + 1 : left + 1 + w] = tile
        centres.append((left + (w + 1) / 2, top + (h + 1) / 2))
    return sheet, centres


def mosaic(axes: Any, tiles: Any, columns: int) -> list[tuple[float, float]]:
    """Show tiles (n, h, w, 4) in rows of `columns`; give their centres."""
    sheet, centres = tiled(tiles, columns)
    axes.imshow(sheet, interpolation="nearest")
    bare(axes)
    return centres


def bare(axes: Any) -> None:
    """No frame and no ticks."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def colour_bar(axes: Any, scale: float, **options: Any) -> None:
    """The scale of signed numbers beside the axes, or in `cax`: its ends and 0."""
    place = options if "cax" in options else {"ax": axes, "fraction": 0.046, "pad": 0.03, **options}
    bar = axes.figure.colorbar(signed(scale), **place)
    ends(bar, [-scale, 0, scale])


def ends(bar: Any, ticks: Sequence[float], form: str = ".2g") -> None:
    """Give a colour bar these ticks alone, and no frame."""
    bar.set_ticks(ticks, labels=[format(tick, form) if tick else "0" for tick in ticks])
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
