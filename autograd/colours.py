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


class Role(NamedTuple):
    """What a box is filled with on light pages, its border, and its filling on dark pages."""

    fill: str
    border: str
    dark: str


# fmt: off
LIGHT = Theme("#ffffff", "#f5f6f9", "#1c1e21", "#5b626b", "#8a929c", "#c9ced4",
              "#b04a00", "#0067a3", "#00795a", "#cc0066")
DARK = Theme("#15181c", "#1d2027", "#eceff2", "#a9b1ba", "#7b858f", "#464d55",
             "#ff9d52", "#64bdf5", "#3fc79a", "#ff5fa8")
LIGHT_HEAT = Heat((0, 114, 178), (254, 254, 254), (224, 108, 0), (178, 60, 0), (185, 185, 185))
DARK_HEAT = Heat((86, 180, 233), (24, 26, 32), (240, 170, 30), (255, 130, 60), (60, 62, 70))
# fmt: on
ROLES = {
    "parameter": Role("#fdebc8", "#e69f00", "#3d2f0e"),
    "input": Role("#dcf0fb", "#56b4e9", "#12303f"),
    "constant": Role("#f1f2f4", "#9aa1a9", "#24282d"),
    "operation": Role("#fbfbfc", "#6c757f", "#1d2126"),
    "root": Role("#d6f0e6", "#009e73", "#0d3329"),
    "folded": Role("#f3f0f8", "#8f83a8", "#2a2533"),
    "layer": Role("#f8e6f0", "#cc79a7", "#3a1f2f"),
    "grid": Role("#fcfcfa", "#a7a08c", "#201f1b"),
}
THIN, WIDE = 0.7, 4.0  # arrows, of the least and of the largest contribution
ON_LIGHT, ON_DARK = "#000000", "#fdfdfd"  # numbers on a colour


def heat(t: float, scale: Heat = LIGHT_HEAT) -> tuple[str, str]:
    """(fill, ink) for t in −1...1: blue below 0, white at 0, orange above; grey for nan."""
    if t != t:
        return _hexadecimal(scale.none), ink_on(scale.none)
    t = max(-1.0, min(1.0, t))
    end = scale.plus if t > 0 else scale.minus
    r, g, b = (round(z + (e - z) * abs(t)) for z, e in zip(scale.zero, end, strict=True))
    return _hexadecimal((r, g, b)), ink_on((r, g, b))


def ink_on(rgb: Rgb) -> str:
    """Black or white, whichever is more legible on a colour: WCAG's contrast is at least 4.5."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in map(_unit, rgb)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return ON_LIGHT if luminance > 0.177 else ON_DARK


def _unit(channel: int) -> float:
    return channel / 255


def _hexadecimal(rgb: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
