"""C: how each primitive is spelled for a vector of samples, by GNU vector extensions.

A formula becomes lines of C, each with one primitive. Conditions are masks, and `choose` takes
from one vector or the other, so that what was not chosen leaves nothing behind.
"""

import math
from collections.abc import Callable

from ..graph import order
from ..primitives import PRIMITIVES, Primitive
from ..value import Value
from .expressions import InexpressibleError, unfolded

VOCABULARY = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "neg": "-{0}",
    "stop": "{0}",
    "pow": "pow_({0}, {1})",
    "leaky_relu": "choose({0} > 0, {0}, {1} * {0})",
    "where": "choose({0}, {1}, {2})",
    **{
        name: f"{name}_({{0}})"
        for name in (
            *("abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "erf"),
            *("floor", "ceil", "round", "relu"),
        )
    },
    **{name: f"{name}_({{0}}, {{1}})" for name in ("maximum", "minimum")},
}
CONDITIONS = {
    "greater": "{0} > {1}",
    "at_least": "{0} >= {1}",
    "equal": "({0} == {1}) | (({0} != {0}) & ({1} != {1}))",
}
ELEMENTARY = frozenset(
    [
        *("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "erf", "pow"),
        *("floor", "ceil", "round"),
    ]
)
POWERS = {
    1.0: "{0}",
    2.0: "{0} * {0}",
    0.5: "choose({0} == -INFINITY, splat(INFINITY), sqrt_({0} + 0))",  # no root, at -inf and -0
    -1.0: "1 / {0}",
}


def literal(x: float, dtype: str) -> str:
    """A number as C writes it."""
    if math.isnan(x):
        return "NAN"
    if math.isinf(x):
        return "INFINITY" if x > 0 else "-INFINITY"
    if dtype == "float32" and abs(x) > 3.4028235e38:
        return "INFINITY" if x > 0 else "-INFINITY"
    return repr(x) + "f" * (dtype == "float32")


class Speller:
    """Spells formulas as lines `vector t1 = ...;`; equal parts are computed once.

    `load(leaf)` gives the expression of an unknown leaf. `used` are the elementary functions met.
    """

    def __init__(self, dtype: str, used: set[str], name: Callable[[], str]) -> None:
        self.dtype, self.used, self.name = dtype, used, name
        self.lines: list[str] = []

    def spell(self, formula: Value, known: dict[Value, str], masks: dict[Value, str]) -> str:
        """The name of a formula's value; `known` names its leaves and, as `masks` for conditions,
        what was spelled before.
        """
        for node in order(formula):
            if isinstance(node, Value) and node not in known and node not in masks and node.op:
                self._node(node, known, masks)
        return self._value(formula, known, masks)

    def added(self, a: str, b: str) -> str:
        """The name of a sum."""
        return self._line("vector", f"{a} + {b}")

    def _node(self, node: Value, known: dict[Value, str], masks: dict[Value, str]) -> None:
        op = node.op
        assert op is not None
        if not node.unknown:
            return
        if PRIMITIVES.get(op.name) is not op:
            known[node] = self._own(op, node, known, masks)
        elif op.name in CONDITIONS:
            operands = [self._value(x, known, masks) for x in node.inputs]
            masks[node] = self._line("mask", CONDITIONS[op.name].format(*operands))
        elif op.name == "where":
            self._where(node, known, masks)
        elif op.name in VOCABULARY:
            if op.name in ELEMENTARY:
                self.used.add(op.name)
            operands = [self._value(x, known, masks) for x in node.inputs]
            known[node] = self._line("vector", self._phrase(node, operands))
        else:
            raise InexpressibleError(f"C has no word for {op.name}")

    def _phrase(self, node: Value, operands: list[str]) -> str:
        assert node.op is not None
        if node.op.name == "pow":
            exponent = node.inputs[1]
            if not exponent.unknown and float(exponent.data) in POWERS:
                if float(exponent.data) == 0.5:
                    self.used.add("sqrt")
                return POWERS[float(exponent.data)].format(*operands)
        return VOCABULARY[node.op.name].format(*operands)

    def _where(self, node: Value, known: dict[Value, str], masks: dict[Value, str]) -> None:
        """A choice of numbers; of truths, it is a truth itself."""
        c, a, b = node.inputs
        condition = self._mask(c, known, masks)
        if all(_is_truth(x, masks) for x in (a, b)):
            then, other = self._mask(a, known, masks), self._mask(b, known, masks)
            masks[node] = self._line(
                "mask", f"({condition} & ({then})) | (~{condition} & ({other}))"
            )
            return
        then, other = self._value(a, known, masks), self._value(b, known, masks)
        known[node] = self._line("vector", f"choose({condition}, {then}, {other})")

    def _own(
        self, op: Primitive, node: Value, known: dict[Value, str], masks: dict[Value, str]
    ) -> str:
        made = unfolded(op, node, "C")
        if not isinstance(made, Value):
            return self._line("vector", f"splat({literal(float(made), self.dtype)})")
        for inner in order(made):
            if isinstance(inner, Value) and inner not in known and inner.op is not None:
                self._node(inner, known, masks)
        return self._value(made, known, masks)

    def _value(self, x: Value, known: dict[Value, str], masks: dict[Value, str]) -> str:
        """A number; a truth is 1 or 0."""
        if x in known:
            return known[x]
        if x in masks:
            known[x] = self._line("vector", f"choose({masks[x]}, splat(1), splat(0))")
            return known[x]
        if x.unknown:
            raise InexpressibleError("a leaf without a name")
        return f"splat({literal(float(x.data), self.dtype)})"

    def _mask(self, x: Value, known: dict[Value, str], masks: dict[Value, str]) -> str:
        """A truth; of numbers, all but 0 are true."""
        if x in masks:
            return masks[x]
        if not x.unknown:
            return "~(mask){0}" if x.data else "(mask){0}"
        masks[x] = self._line("mask", f"{known[x]} != 0")
        return masks[x]

    def _line(self, kind: str, phrase: str) -> str:
        name = self.name()
        self.lines.append(f"{kind} {name} = {phrase};")
        return name


def _is_truth(x: Value, masks: dict[Value, str]) -> bool:
    if x.unknown:
        return x in masks
    return x.data in (0, 1) and math.copysign(1, x.data) == 1  # -0.0 is a number, and stays one
