"""f where f′ belongs: other factors in the place of ∂y/∂x, entry by entry."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from ..trace.nodes import Array, Elementwise, Node
from ..trace.record import Changes, Sends
from .changes import Change, Part, at, each, edges, mend, operand, reads
from .steps import Step, Steps, name_of, operand_of


class Point(NamedTuple):
    """An elementwise step at its numbers."""

    slope: Array  # ∂y/∂x
    y: Array
    x: Array


Slope = Callable[[Point], Array]
Row = tuple[str, str, Slope]  # a key, what a colleague says, the factor

ANY: tuple[Row, ...] = (
    ("slope missing", "is not multiplied by {true}", lambda p: np.ones_like(p.y)),
    ("slope twice", "is multiplied by {true} twice", lambda p: p.slope * p.slope),
    ("slope inverted", "is divided by {true}, not multiplied", lambda p: 1 / p.slope),
    ("f for f′", "is multiplied by {y} itself where {true} belongs", lambda p: p.y),
    ("x for f′", "is multiplied by {x} where {true} belongs", lambda p: p.x),
)
OWN: dict[tuple[str, int], tuple[Row, ...]] = {
    ("pow", 0): (
        ("exponent", "lacks the factor of the exponent: d(xⁿ) is n·xⁿ⁻¹, not xⁿ⁻¹",
         lambda p: p.y / p.x),
        ("power", "keeps the exponent: d(xⁿ) is n·xⁿ⁻¹, not n·xⁿ", lambda p: p.slope * p.x),
    ),
    ("sqrt", 0): (
        ("half", "lacks the factor 1/2: d√x is 1/(2√x)", lambda p: 2 * p.slope),
        ("root", "is divided by 2x where 2√x belongs", lambda p: 0.5 / p.x),
        ("upside down", "is multiplied by √x/2 where 1/(2√x) belongs", lambda p: p.y / 2),
    ),
    ("log", 0): (
        ("squared", "is divided by x² where x belongs", lambda p: 1 / (p.x * p.x)),
    ),
    ("div", 1): (
        ("square", "is divided by {x} once: d(a/b) is −a/b²", lambda p: -p.y),
        ("numerator", "lacks the numerator: d(a/b) is −a/b²", lambda p: -1 / (p.x * p.x)),
        ("both", "is −1/b where −a/b² belongs", lambda p: -1 / p.x),
        ("cube", "is divided by {x} three times: d(a/b) is −a/b²", lambda p: p.slope / p.x),
        ("positive", "lacks the minus, and is divided by {x} once", lambda p: p.y),
    ),
    ("div", 0): (
        ("square", "is divided by the square of the denominator", lambda p: p.slope * p.slope),
    ),
}  # fmt: skip
SAME = {
    ("log", "slope twice"),
    ("exp", "f for f′"),
    ("div", "slope twice"),
    ("sqrt", "slope twice"),
}
PLAIN = {"add", "sub", "neg"}  # slopes of 1 and −1


def slopes(steps: Steps) -> Iterator[Change]:
    """Every elementwise step with another factor."""
    for step, k in edges(steps):
        operation = step.first.operation
        if isinstance(operation, Elementwise) and operation.what not in PLAIN:
            for row in (*_rows(operation.what, k), *_masks(step, k)):
                yield _changed(step, k, *row)


def _rows(what: str, k: int) -> Iterator[Row]:
    """What may stand for a slope; of two that are the same, the one with the better words."""
    yield from OWN.get((what, k), ())
    yield from (row for row in ANY if (what, row[0]) not in SAME)


def _masks(step: Step, k: int) -> Iterator[Row]:
    """A product with a mask of zeros and one other number, such as dropout's 1/(1 − p)."""
    for j, other in enumerate(step.first.inputs):
        values = np.unique(other.value) if j != k and not other.varies else np.zeros(0)
        if values.size == 2 and 0 in values and step.first.operation == Elementwise("mul"):
            factor = float(values[values != 0][0])
            yield ("mask missing", "is not masked by {true}: only its factor is multiplied in",
                   partial(_filled, factor))  # fmt: skip
            if factor != 1:
                yield ("factor of the mask", "is masked, but lacks the factor of {true}",
                       lambda p: np.where(p.slope != 0, 1.0, 0.0))  # fmt: skip


def _filled(factor: float, point: Point) -> Array:
    return np.full_like(point.y, factor)


def _changed(step: Step, k: int, name: str, said: str, slope: Slope) -> Change:
    to = operand(step, k)
    words = said.format(true=_true(step.nodes[-1], k), y=f"`{step.name}`", x=f"`{to}`")
    what = f"what {at(step)} hands back to `{to}` {words}"
    made = each(step.nodes, k, partial(_sloped, k=k, slope=slope))
    return Change(name, what, mend(step, k), reads(step, k), made, 2 + 2 * step.is_inner)


def _true(node: Node, k: int) -> str:
    """∂y/∂x in words: the other factor of a product, or the derivative."""
    others = [operand_of(node, j) for j in range(len(node.inputs)) if j != k]
    what = node.operation.what if node.operation is not None else ""
    if what == "mul":
        return f"`{others[0]}`"
    if what == "div" and k == 0 and _is_mean(node):
        return f"the mean's 1/{others[0]}"
    if what == "div" and k == 0:
        return f"1/`{others[0]}`"
    return f"its derivative by `{operand_of(node, k)}`"


def _is_mean(node: Node) -> bool:
    """Whether a sum is divided by a number within one call, such as np.mean(x)."""
    return not node.inputs[1].varies and name_of(node.inputs[0]) == name_of(node)


def _sloped(node: Node, k: int, slope: Slope) -> Part:
    assert isinstance(node.operation, Elementwise)
    true = node.operation.partial(node, k)
    with np.errstate(all="ignore"):
        other = slope(Point(true, node.value, node.inputs[k].value))
    return lambda g: g * other


# --- both operands of a product ------------------------------------------------------------------


def exchanged(steps: Steps) -> Iterator[Change]:
    """Products of which each operand is handed its own number in the place of the other's."""
    for step in steps.every:
        node = step.nodes[-1]
        a, b = node.inputs if len(node.inputs) == 2 else (node, node)
        product = node.operation is not None and node.operation.what == "mul"
        if product and a.varies and b.varies and a is not b:
            yield _exchanged(step)


def _exchanged(step: Step) -> Change:
    a, b = operand(step, 0), operand(step, 1)
    what = (f"the factors are exchanged in the gradients of {at(step)}: that of `{a}` is made with "
            f"`{a}`, that of `{b}` with `{b}`")  # fmt: skip
    line = f"{mend(step, 0)}; {mend(step, 1)}"
    return Change("exchanged", what, line, step.nodes[-1], partial(_own_factors, step), 2)


def _own_factors(step: Step) -> Changes:
    def sends(node: Node) -> Sends:
        return lambda g: [(x, g * x.value) for x in node.inputs if x.varies]

    return {node: sends(node) for node in step.nodes}
