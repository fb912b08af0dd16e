"""How boxes look: a shape and a border for each role, so that nothing is told by colour alone.

Every colour has a twin for dark pages. The SVG says so in a style sheet that finds colours by their
values, so each value stands for one role.
"""

from typing import NamedTuple

from ...colours import DARK, LIGHT

FONT = "Arial"  # alone: of lists of fonts graphviz-pure knows no widths


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
    "parameter": BoxStyle("box", "filled", "#fdebc8", "#e69f00", "#3d2f0e", 1.0, 2),
    "input": BoxStyle("box", "filled,rounded", "#dcf0fb", "#56b4e9", "#12303f", 1.4),
    "constant": BoxStyle("box", "filled,rounded,dashed", "#f1f2f4", "#9aa1a9", "#24282d"),
    "operation": BoxStyle("box", "filled", "#fbfbfc", "#6c757f", "#1d2126", 1.0),
    "root": BoxStyle("box", "filled,bold", "#d6f0e6", "#009e73", "#0d3329", 2.4),
    "folded": BoxStyle("folder", "filled,dashed", "#f3f0f8", "#8f83a8", "#2a2533"),
    "layer": BoxStyle("box3d", "filled", "#f8e6f0", "#cc79a7", "#3a1f2f", 1.2),
    "grid": BoxStyle("box", "filled", "#fcfcfa", "#a7a08c", "#201f1b"),
}
TWINS = {
    **dict(zip(LIGHT, DARK, strict=True)),
    **{box.fill: box.dark_fill for box in BOXES.values()},
}


def style_sheet() -> str:
    """CSS for SVG: on a dark page every colour of the theme becomes its twin."""
    rules = [
        f'.glassgrad [{part}="{light}"]{{{part}:{dark}}}'
        for light, dark in TWINS.items()
        for part in ("fill", "stroke")
    ]
    return "@media (prefers-color-scheme: dark){" + "".join(rules) + "}"
