"""Formulas as a textbook has them: what only nan, infinity and single points need is left out.

Signs go to the front and constants before letters, x·x is x², and what asks for a result asks for
its operand instead.
"""

from collections.abc import Callable
from typing import Any

from ..graph import order
from ..primitives import PRIMITIVES, Primitive
from ..scopes import tracing
from ..value import Value, apply
from .expressions import unfolded
from .formulas import AT_LEAST, GREATER, WHERE, leaves, ordered

NEG, MUL, POW, EQUAL = (PRIMITIVES[name] for name in ["neg", "mul", "pow", "equal"])
Rewrite = Callable[[Primitive, list[Value]], Value]


def textbook(formula: Value, knows: Callable[[Primitive], bool], y: Value, result: Value) -> Value:
    """A shorter formula of the same number in operations that are known; `result` is that of y."""

    def unfold(op: Primitive, inputs: list[Value]) -> Value:
        node = apply(op, *inputs)
        if knows(op):
            return node
        made = unfolded(op, node, "mathematics")
        return _rewritten(made, unfold) if isinstance(made, Value) else Value(made)

    def tidy(op: Primitive, inputs: list[Value]) -> Value:
        if op is GREATER and inputs[0] is y and _is_clipped(result, inputs[1]):
            inputs = [result.inputs[2], inputs[1]]
        made: Value = RULES[op.name](*inputs) if op.name in RULES else apply(op, *inputs)
        return made

    return _rewritten(ordered(_rewritten(formula, unfold)), tidy)


def _rewritten(root: Value, rewrite: Rewrite) -> Value:
    """A formula with its operations rewritten, inputs first."""
    made: dict[Value, Value] = {}
    with tracing([]):
        for node in order(root):
            if node.op is not None and node.unknown:
                made[node] = rewrite(node.op, [made.get(x, x) for x in node.inputs])
    return made.get(root, root)


def _is_clipped(result: Value, least: Value) -> bool:
    """Whether a result is where(least >= x, least, x), which exceeds the least where x does."""
    if result.op is not WHERE or result.inputs[0].op is not AT_LEAST:
        return False
    condition, a, b = result.inputs
    return condition.inputs[1] is b and _same(condition.inputs[0], a) and _same(a, least)


def _same(a: Value, b: Value) -> bool:
    """Whether two formulas are one, or the same number."""
    return a is b or (not a.unknown and not b.unknown and a.data == b.data)


def _is(x: Value, number: float) -> bool:
    return not x.unknown and x.data == number


def _positive(x: Value) -> Value | None:
    """The p of −p."""
    positive: Value | None = x.inputs[0] if x.op is NEG else None
    return Value(-x.data) if not x.unknown and x.data < 0 else positive


# --- rules: an operation of operands that are tidy ------------------------------------------------


def _sum(a: Value, b: Value) -> Value:
    if _is(a, 0) or _is(b, 0):
        return b if _is(a, 0) else a
    p, q = _positive(a), _positive(b)
    if q is not None:
        return _difference(a, q)
    return a + b if p is None else _difference(b, p)


def _difference(a: Value, b: Value) -> Value:
    if a.op is b.op is GREATER and all(map(_same, a.inputs, reversed(b.inputs))):
        return a.select(1, b.select(-1, 0))
    if _is(a, 0) or _is(b, 0):
        return a if _is(b, 0) else _negation(b)
    p, q = _positive(a), _positive(b)
    if q is not None:
        return _sum(a, q)
    return a - b if p is None else _negation(_sum(p, b))


def _negation(x: Value) -> Value:
    p = _positive(x)
    return -x if p is None else p


def _product(a: Value, b: Value) -> Value:
    p, q = _positive(a), _positive(b)
    if p is not None:
        return _negation(_product(p, b))
    if q is not None:
        return _negation(_product(a, q))
    if _is(a, 1) or _is(b, 1):
        return b if _is(a, 1) else a
    if a.unknown and not b.unknown:
        return b * a
    first, last = a.inputs if a.op is MUL else (None, a)
    joined = _joined(last, b)
    if joined is None:
        return a * b
    return joined if first is None else _product(first, joined)


def _joined(a: Value, b: Value) -> Value | None:
    """A product of powers of one base, with known exponents, as its power."""
    (x, m), (z, n) = _base(a), _base(b)
    return _power(x, Value(m + n)) if x is z and x.unknown else None


def _base(x: Value) -> tuple[Value, float]:
    """The x and n of xⁿ where n is known, else what there is and 1."""
    known = x.op is POW and not x.inputs[1].unknown
    return (x.inputs[0], x.inputs[1].data) if known else (x, 1)


def _quotient(a: Value, b: Value) -> Value:
    p, q = _positive(a), _positive(b)
    if p is not None:
        return _negation(_quotient(p, b))
    if q is not None:
        return _negation(_quotient(a, q))
    return a if _is(b, 1) else a / b


def _power(x: Value, n: Value) -> Value:
    return x if _is(n, 1) else x**n


def _choice(condition: Value, a: Value, b: Value) -> Value:
    """One value on both sides is no choice, nor is one at the only point where the other has none,
    as y·log(x) at x = 0.
    """
    if condition.op is WHERE and (given := _truths(*condition.inputs[1:])):
        condition, (a, b) = condition.inputs[0], (a, b) if given == (1, 0) else (b, a)
    if _same(a, b) or (condition.op is None and condition in leaves(a)):
        return a
    if _truths(a, b) == (0, 1) and condition.op is not EQUAL:
        condition, a, b = _opposite(condition), b, a
    return condition.select(True, False) if _truths(a, b) == (1, 0) else condition.select(a, b)


def _truths(a: Value, b: Value) -> tuple[float, ...]:
    """The branches of a choice of 1 or 0, else nothing."""
    found = tuple(x.data for x in (a, b) if not x.unknown)
    return found if found in ((1, 0), (0, 1)) else ()


def _opposite(condition: Value) -> Value:
    """The truth of the contrary of a comparison, or of a number."""
    if condition.op is GREATER:
        return apply(AT_LEAST, *condition.inputs[::-1])
    if condition.op is AT_LEAST:
        return apply(GREATER, *condition.inputs[::-1])
    return condition.equals(0)


RULES: dict[str, Callable[..., Any]] = {
    "add": _sum,
    "sub": _difference,
    "neg": _negation,
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "where": _choice,
}
