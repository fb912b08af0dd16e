"""f where f′ belongs: other factors in the place of ∂y/∂x, entry by entry."""

from collections.abc import Callable, Iterator

import numpy as np

from ..trace.nodes import Array, Elementwise, Node
from ..trace.record import Changes, Sends
from .changes import Change, Part, at, each, edges, mend, operand, reads
from .steps import Step, Steps, operand_of

Slope = Callable[[Array, Array, Array, int], Array]  # of ∂y/∂x, y, x and the operand's place

ANY: tuple[tuple[str, str, Slope], ...] = (
    ("slope missing", "is not multiplied by {true}", lambda p, y, x, k: np.ones_like(p)),
    ("slope twice", "is multiplied by {true} twice", lambda p, y, x, k: p * p),
    ("slope inverted", "is divided by {true}, not multiplied", lambda p, y, x, k: 1 / p),
    ("f for f′", "is multiplied by {y} itself where {true} belongs", lambda p, y, x, k: y),
    ("x for f′", "is multiplied by {x} where {true} belongs", lambda p, y, x, k: x),
)
OWN: dict[tuple[str, int], tuple[tuple[str, str, Slope], ...]] = {
    ("pow", 0): (
        ("exponent", "lacks the factor of the exponent: d(xⁿ) is n·xⁿ⁻¹, not xⁿ⁻¹",
         lambda p, y, x, k: y / x),
        ("power", "keeps the exponent: d(xⁿ) is n·xⁿ⁻¹, not n·xⁿ", lambda p, y, x, k: p * x),
    ),
    ("sqrt", 0): (
        ("half", "lacks the factor 1/2: d√x is 1/(2√x)", lambda p, y, x, k: 2 * p),
        ("root", "is divided by 2x where 2√x belongs", lambda p, y, x, k: 0.5 / x),
        ("upside down", "is multiplied by √x/2 where 1/(2√x) belongs", lambda p, y, x, k: y / 2),
    ),
    ("log", 0): (
        ("squared", "is divided by x² where x belongs", lambda p, y, x, k: 1 / (x * x)),
    ),
    ("div", 1): (
        ("square", "is divided by {x} once: d(a/b) is −a/b²", lambda p, y, x, k: -y),
        ("numerator", "lacks the numerator: d(a/b) is −a/b²", lambda p, y, x, k: -1 / (x * x)),
        ("both", "is −1/b where −a/b² belongs", lambda p, y, x, k: -1 / x),
        ("cube", "is divided by {x} three times: d(a/b) is −a/b²", lambda p, y, x, k: p / x),
        ("positive", "lacks the minus, and is divided by {x} once", lambda p, y, x, k: y),
    ),
    ("div", 0): (
        ("square", "is divided by the square of the denominator", lambda p, y, x, k: p * p),
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
        if not isinstance(operation, Elementwise) or operation.what in PLAIN:
            continue
        names = {"true": _true(step.nodes[-1], k), "y": f"`{step.name}`",
                 "x": f"`{operand(step, k)}`"}  # fmt: skip
        own = OWN.get((operation.what, k), ())
        for name, said, slope in (
            *own,
            *(row for row in ANY if (operation.what, row[0]) not in SAME),
        ):
            what = f"what {at(step)} hands back to `{operand(step, k)}` {said.format(**names)}"
            made = each(step.nodes, k, lambda n, f=slope, k=k: _sloped(n, k, f))
            yield Change(name, what, mend(step, k), reads(step, k), made, 2 + step.is_inner)


def _true(node: Node, k: int) -> str:
    """∂y/∂x in words: the other factor of a product, or the derivative."""
    others = [operand_of(node, j) for j in range(len(node.inputs)) if j != k]
    what = node.operation.what if node.operation is not None else ""
    if what == "mul":
        return f"`{others[0]}`"
    if what == "div" and k == 0:
        return f"1/`{others[0]}`"
    return f"its derivative by `{operand_of(node, k)}`"


def _sloped(node: Node, k: int, slope: Slope) -> Part:
    assert isinstance(node.operation, Elementwise)
    true = node.operation.partial(node, k)
    with np.errstate(all="ignore"):
        other = slope(true, node.value, node.inputs[k].value, k)
    return lambda g: g * other


def exchanged(steps: Steps) -> Iterator[Change]:
    """Products of which each operand is handed its own number in the place of the other's."""
    for step in steps.every:
        node = step.nodes[-1]
        if node.operation is not None and node.operation.what == "mul" and node.inputs[0].varies:
            if node.inputs[1].varies and node.inputs[0] is not node.inputs[1]:
                a, b = operand(step, 0), operand(step, 1)
                what = (f"the factors are exchanged in the gradients of {at(step)}: that of `{a}` is "
                        f"made with `{a}`, that of `{b}` with `{b}`")  # fmt: skip
                line = f"{mend(step, 0)}; {mend(step, 1)}"
                yield Change("exchanged", what, line, node, _own_factors(step), 2)


def _own_factors(step: Step) -> Callable[[], Changes]:
    def sends(node: Node) -> Sends:
        return lambda g: [(x, g * x.value) for x in node.inputs if x.varies]

    return lambda: {node: sends(node) for node in step.nodes}
