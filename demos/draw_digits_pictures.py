"""Colours, and arrays of numbers as pictures that Tk shows."""

from typing import Any, NamedTuple

import numpy as np

Array = Any  # np.ndarray


class Look(NamedTuple):
    """Colours: of the sheet, paper, ink, quiet words, lines, and of empty and full bars.

    Hot and cold are the ends of signed numbers, and hot marks the likeliest class: Okabe and Ito's
    orange and blue, which colour-blind people tell apart.
    """

    sheet: str
    paper: str
    ink: str
    quiet: str
    line: str
    empty: str
    bar: str
    hot: str
    cold: str


LIGHT = Look(
    *("#f6f6f3", "#ffffff", "#16181d", "#65676d", "#d4d4ce"),
    *("#e5e5df", "#9cc3dc", "#e06c00", "#0072b2"),
)
DARK = Look(
    *("#1b1d21", "#0e0f12", "#f2f2ee", "#a0a2a8", "#3a3d44"),
    *("#2c2f35", "#35627e", "#f0862a", "#3d9fdc"),
)


def rgb(colour: str) -> Array:
    """#rrggbb as three numbers."""
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)], float)


def ramp(*colours: str) -> Array:
    """256 colours that pass through these: an array (256, 3) of bytes."""
    stops = np.linspace(0, 255, len(colours))
    columns = zip(*map(rgb, colours), strict=True)
    return np.stack([np.interp(np.arange(256), stops, c) for c in columns], 1).astype(np.uint8)


def painted(values: Array, colours: Array) -> Array:
    """Numbers from 0 to 1 as colours of a ramp: (...) -> (..., 3) bytes."""
    return colours[np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)]


def zoomed(values: Array, side: int) -> Array:
    """A square picture (n, n, ...) as one of so many pixels, each entry a square."""
    places = np.arange(side) * len(values) // side
    return values[places][:, places]


def tiles(count: int, width: int, height: int, gap: float) -> tuple[int, float]:
    """(columns, side) by which so many squares fill a rectangle best."""
    best = 0.0, 1
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        side = min((width + gap) / columns, (height + gap) / rows) - gap
        best = max(best, (side, columns))
    return best[1], best[0]


def tiled(maps: Array, width: int, height: int, gap: float, look: Look) -> Array:
    """Feature maps (C, H, W) in rows and columns, all on one scale: (height, width, 3)."""
    columns, side = tiles(len(maps), width, height, gap)
    picture = np.full((height, width, 3), rgb(look.sheet), np.uint8)
    colours = ramp(look.paper, look.cold, look.ink)
    top = max(float(maps.max()), 1e-9)
    for k, values in enumerate(maps):
        y, x = (round(n * (side + gap)) for n in divmod(k, columns))
        tile = zoomed(painted(values / top, colours), max(1, int(side)))
        picture[y : y + len(tile), x : x + len(tile)] = tile
    return picture


def signed(values: Array, ink: Array, side: int, look: Look) -> Array:
    """Numbers (n, n) from cold over paper to hot, symmetric, with the ink under them as a shade."""
    share = values / max(float(np.abs(values).max()), 1e-9)
    colours = painted((share + 1) / 2, ramp(look.cold, look.paper, look.hot))
    shade = (0.2 * ink)[..., None]
    return zoomed((colours * (1 - shade) + rgb(look.ink) * shade).astype(np.uint8), side)


def ppm(picture: Array) -> bytes:
    """A picture (H, W, 3) in the form that Tk reads fastest."""
    height, width, _ = picture.shape
    return b"P6 %d %d 255\n" % (width, height) + np.ascontiguousarray(picture).tobytes()
