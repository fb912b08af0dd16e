"""Colours and shapes: Okabe and Ito's colours, which colour-blind people tell apart, and a shape
and a border for each kind of box, so that nothing is told by colour alone.

Every colour of the theme has a twin for dark pages. The SVG says so in a style sheet that finds
colours by their values, so each value here stands for one role.
"""

from typing import NamedTuple

FONT = "Arial"  # alone: of lists of fonts graphviz-pure knows no widths
PAGE, INK, DIM, LINE = "#ffffff", "#1c1e21", "#5b626b", "#8a929c"
PLUS, MINUS, FRAME = "#b04a00", "#0067a3", "#c9ced4"
DARK = {
    PAGE: "#15181c", INK: "#eceff2", DIM: "#a9b1ba", LINE: "#7b858f",
    PLUS: "#ff9d52", MINUS: "#64bdf5", FRAME: "#464d55",
}  # fmt: skip


class Kind(NamedTuple):
    """How a kind of box looks: Graphviz's shape and style, fill and border."""

    shape: str
    style: str
    fill: str
    border: str
    dark_fill: str
    width: float = 1.0
    peripheries: int = 1


KINDS = {
    "parameter": Kind("box", "filled", "#fdebc8", "#e69f00", "#3d2f0e", 1.0, 2),
    "input": Kind("box", "filled,rounded", "#dcf0fb", "#56b4e9", "#12303f", 1.4),
    "constant": Kind("box", "filled,rounded,dashed", "#f1f2f4", "#9aa1a9", "#24282d"),
    "operation": Kind("box", "filled", "#fbfbfc", "#6c757f", "#1d2126", 1.0),
    "root": Kind("box", "filled,bold", "#d6f0e6", "#009e73", "#0d3329", 2.4),
    "folded": Kind("folder", "filled,dashed", "#f3f0f8", "#8f83a8", "#2a2533"),
    "layer": Kind("box3d", "filled", "#f8e6f0", "#cc79a7", "#3a1f2f", 1.2),
    "grid": Kind("box", "filled", "#fcfcfa", "#a7a08c", "#201f1b"),
}
DARK |= {kind.fill: kind.dark_fill for kind in KINDS.values()}


def style_sheet() -> str:
    """CSS for SVG: on a dark page every colour of the theme becomes its twin."""
    rules = [
        f'.glassgrad [{part}="{light}"]{{{part}:{dark}}}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    ]
    return "@media (prefers-color-scheme: dark){" + "".join(rules) + "}"
