"""Matrix products among a stage's dots: every left operand meets every right one.

The compiler finds them when it lowers a program; here they are read off the graph as it was
recorded, so that a drawing can say where a transpose comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .graph import Graph
from .stages import Stage


@dataclass(frozen=True)
class MatrixProduct:
    """`groups` products (rows × inner)·(inner × columns) of operands called left and right."""

    groups: int
    rows: int
    inner: int
    columns: int
    left: str
    right: str


def matrix_products(graph: Graph, stage: Stage) -> list[MatrixProduct]:
    """The matrix products that a stage's dots fill; single dots are left out."""
    partners: dict[Any, dict[Any, None]] = {}
    for k in stage.nodes:
        node = graph.nodes[k]
        if node.op.name == "dot" and node.inputs[0].inputs:
            partners.setdefault(node.inputs[0], {})[node.inputs[1]] = None
    blocks: dict[frozenset[Any], list[Any]] = {}
    for left, rights in partners.items():
        blocks.setdefault(frozenset(rights), []).append(left)
    found: dict[MatrixProduct, int] = {}
    for rows in blocks.values():
        columns = list(partners[rows[0]])
        sizes = len(rows), len(rows[0].inputs), len(columns)
        product = MatrixProduct(1, *sizes, _names(rows), _names(columns))
        found[product] = found.get(product, 0) + 1
    return [replace(p, groups=n) for p, n in found.items() if p.rows * p.columns > 1]


def _names(bundles: Sequence[Any]) -> str:
    """What the tensors are called that an operand's first and last entries belong to."""
    ends = [bundles[0].inputs[0], bundles[0].inputs[-1], bundles[-1].inputs[-1]]
    names = dict.fromkeys(str(v.name) for v in ends if hasattr(v.name, "shape"))
    return ", ".join(names)
