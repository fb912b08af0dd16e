"""How boxes look: a shape and a border for each role, so that nothing is told by colour alone.

Every colour has a twin for dark pages. The SVG says so in a style sheet that finds colours by their
values, so each value stands for one role.
"""

import math
from functools import cache
from typing import NamedTuple

from ...colours import DARK, DARK_HEAT, LIGHT, ON_DARK, ON_LIGHT, ROLES, heat

FONT = "Arial"  # alone: of lists of fonts graphviz-pure knows no widths
TEXT, SMALL, CELL = 11, 10, 9  # points: a README shows 1,000 pixels as 830, and 10 points as 11 px


class BoxStyle(NamedTuple):
    """Graphviz's shape and style, fill and border."""

    shape: str
    style: str
    fill: str
    border: str
    dark_fill: str
    width: float = 1.0
    peripheries: int = 1


BOXES = {
    "parameter": BoxStyle("box", "filled", *ROLES["parameter"], 1.0, 2),
    "input": BoxStyle("box", "filled,rounded", *ROLES["input"], 1.4),
    "constant": BoxStyle("box", "filled,rounded,dashed", *ROLES["constant"]),
    "operation": BoxStyle("box", "filled", *ROLES["operation"]),
    "root": BoxStyle("box", "filled,bold", *ROLES["root"], 2.4),
    "folded": BoxStyle("folder", "filled,dashed", *ROLES["folded"]),
    "layer": BoxStyle("box3d", "filled", *ROLES["layer"], 1.2),
    "grid": BoxStyle("box", "filled", *ROLES["grid"]),
}
LEVELS = 16  # of colours on each side of 0, so that each has a twin
_INKS = {  # on a light page, on a dark one: each pair has a value of its own
    (ON_LIGHT, ON_LIGHT): ON_LIGHT,
    (ON_LIGHT, ON_DARK): "#000001",
    (ON_DARK, ON_LIGHT): "#fcfcfc",
    (ON_DARK, ON_DARK): ON_DARK,
}


def cell(t: float) -> tuple[str, str]:
    """(fill, ink) of a cell for t in −1...1, as `colours.heat` rounded to a level."""
    return _cell(math.nan if t != t else round(t * LEVELS))


@cache
def _cell(level: float) -> tuple[str, str]:
    fill, ink = heat(level / LEVELS)
    return fill, _INKS[ink, heat(level / LEVELS, DARK_HEAT)[1]]


def _twins_of_cells() -> dict[str, str]:
    levels = [math.nan, *[k / LEVELS for k in range(-LEVELS, LEVELS + 1)]]
    fills = {heat(t)[0]: heat(t, DARK_HEAT)[0] for t in levels}
    return fills | {ink: dark for (light, dark), ink in _INKS.items() if light != dark}


TWINS = {
    **dict(zip(LIGHT, DARK, strict=True)),
    **{box.fill: box.dark_fill for box in BOXES.values()},
    **_twins_of_cells(),
}


def style_sheet(drawn: str) -> str:
    """CSS for SVG: on a dark page every colour that is drawn becomes its twin."""
    rules = [
        f'.glassgrad [{part}="{light}"]{{{part}:{dark}}}'
        for light, dark in TWINS.items()
        for part in ("fill", "stroke")
        if f'{part}="{light}"' in drawn
    ]
    return "@media (prefers-color-scheme: dark){" + "".join(rules) + "}"
