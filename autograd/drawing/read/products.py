"""Matrix products among a stage's dots: every left operand meets every right one.

The compiler finds them when it lowers a program; here they are read off the graph as it was
recorded, so that a drawing can say where a transpose comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...graph import Node
from ...primitives import PRIMITIVES
from .stages import Stage
from .survey import Survey

DOT = PRIMITIVES["dot"]


@dataclass(frozen=True)
class Product:
    """`groups` products (rows × inner)·(inner × columns) of operands called left and right."""

    groups: int
    rows: int
    inner: int
    columns: int
    left: str
    right: str


def products(survey: Survey, stage: Stage) -> list[Product]:
    """The matrix products that a stage's dots fill; single dots are left out."""
    partners: dict[Node, dict[Node, None]] = {}
    for k in stage.nodes:
        node = survey.nodes[k]
        if node.op is DOT and node.inputs[0].inputs:
            partners.setdefault(node.inputs[0], {})[node.inputs[1]] = None
    grids: dict[frozenset[Node], list[Node]] = {}
    for left, rights in partners.items():
        grids.setdefault(frozenset(rights), []).append(left)
    found: dict[Product, int] = {}
    for rows in grids.values():
        columns = list(partners[rows[0]])
        sizes = len(rows), len(rows[0].inputs), len(columns)
        product = Product(1, *sizes, _names(rows), _names(columns))
        found[product] = found.get(product, 0) + 1
    return [replace(p, groups=n) for p, n in found.items() if p.rows * p.columns > 1]


def _names(bundles: Sequence[Node]) -> str:
    """What the tensors are called that an operand's first and last entries belong to."""
    ends = [bundles[0].inputs[0], bundles[0].inputs[-1], bundles[-1].inputs[-1]]
    names = dict.fromkeys(str(v.name) for v in ends if hasattr(v.name, "shape"))
    return ", ".join(names)
