"""The one palette of drawings, the explorer's page and reports, for light and for dark pages.

They are Okabe and Ito's colours, or near them: colour-blind people tell them apart.
"""

from typing import NamedTuple

Rgb = tuple[int, int, int]


class Theme(NamedTuple):
    """What is written and drawn with; `warm` is positive, and `cold` negative."""

    paper: str
    panel: str
    ink: str
    dim: str
    line: str
    frame: str
    warm: str
    cold: str
    good: str
    picked: str


class Heat(NamedTuple):
    """Numbers as colours: from `minus` over `zero` to `plus`; sizes from `zero` to `size`."""

    minus: Rgb
    zero: Rgb
    plus: Rgb
    size: Rgb
    none: Rgb  # nan, and entries that nothing reads


# fmt: off
LIGHT = Theme("#ffffff", "#f5f6f9", "#1c1e21", "#5b626b", "#8a929c", "#c9ced4",
              "#b04a00", "#0067a3", "#00795a", "#cc0066")
DARK = Theme("#15181c", "#1d2027", "#eceff2", "#a9b1ba", "#7b858f", "#464d55",
             "#ff9d52", "#64bdf5", "#3fc79a", "#ff5fa8")
LIGHT_HEAT = Heat((0, 114, 178), (254, 254, 254), (224, 108, 0), (178, 60, 0), (185, 185, 185))
DARK_HEAT = Heat((86, 180, 233), (24, 26, 32), (240, 170, 30), (255, 130, 60), (60, 62, 70))
# fmt: on
ON_LIGHT, ON_DARK = "#101214", "#fdfdfd"  # numbers on a colour


def heat(t: float, scale: Heat = LIGHT_HEAT) -> tuple[str, str]:
    """(fill, ink) for t in −1...1: blue below 0, white at 0, orange above; grey for nan."""
    if t != t:
        return _hexadecimal(scale.none), ON_LIGHT if scale.none[0] > 130 else ON_DARK
    t = max(-1.0, min(1.0, t))
    end = scale.plus if t > 0 else scale.minus
    r, g, b = (round(z + (e - z) * abs(t)) for z, e in zip(scale.zero, end, strict=True))
    light = 0.299 * r + 0.587 * g + 0.114 * b
    return _hexadecimal((r, g, b)), ON_LIGHT if light > 130 else ON_DARK


def _hexadecimal(rgb: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
