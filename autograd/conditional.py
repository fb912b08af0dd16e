"""Adjoints of a function that is being recorded, which know where they are reached.

In eager mode nothing flows into a branch that was not taken, so 0·nan never arises there. What is
recorded decides later: in where(x > 0, √x, 0) at x = -1 the adjoint of √x is 0, and its slope nan.
So an adjoint keeps the condition under which something flows to it at all, and where that does not
hold it is 0, whatever it was multiplied by.
"""

from collections.abc import Sequence
from typing import Any

from . import graph
from .numbers.choosing import OneHot
from .numbers.kinds import UNKNOWN, AnyNumber, is_finite, is_unknown
from .scalar import is_number
from .value import _DOT, _WHERE, CONDITIONS, Value, apply


class Conditional:
    """An adjoint, a Value, and the condition under which it is reached: a Value, or True (always),
    or False (never).
    """

    __slots__ = ("condition", "value")

    def __init__(self, value: Value, condition: Any = True) -> None:
        self.value, self.condition = value, condition

    def __mul__(self, p: AnyNumber) -> "Conditional":
        """The adjoint times a partial. Where that is a choice, the adjoint is chosen."""
        if isinstance(p, OneHot):
            return NotImplemented  # `OneHot` hands it to its entry
        if isinstance(p, Value) and p.op is _WHERE:
            condition, *branches = p.inputs
            then, other = [self._through(x) for x in branches]
            value = apply(_WHERE, condition, then.value, other.value)
            return Conditional(value, _either(condition, then.condition, other.condition))
        if isinstance(p, Value) and p.op in CONDITIONS:
            value = apply(_WHERE, p, self.value, Value(0.0))
            return Conditional(value, _either(p, self.condition, False))
        if not isinstance(p, Value) and not is_number(p):  # a mean over samples: some are reached
            return Conditional(self.value * p)
        return _guarded(self.value * p, self.condition, p)

    def _through(self, branch: Value) -> "Conditional":
        """Through a branch of a choice of slopes: of truths, True hands on and False stops."""
        if branch.data is True:
            return self
        return Conditional(Value(0.0), False) if branch.data is False else self * branch

    def __add__(self, other: "Conditional") -> "Conditional":
        a, b = self.condition, other.condition
        return Conditional(self.value + other.value, a if _same(a, b) else _either(a, True, b))

    @staticmethod
    def combination(
        factors: Sequence["Conditional"], rows: Sequence[Sequence[Value]]
    ) -> list["Conditional"]:
        """Σ_d factors[d]·rows[d], entry by entry: dots that share the factors, so that they may
        become a product of matrices.

        Where the factors are reached under several conditions, the terms of those that are not
        reached are 0 times the entries.
        """
        first, *others = [f.condition for f in factors]
        condition = first if all(_same(first, c) for c in others) else True
        shared = graph.bundle([f.value for f in factors])
        columns = [graph.bundle(column) for column in zip(*rows, strict=True)]
        return [_guarded(apply(_DOT, shared, x), condition, x) for x in columns]


def _guarded(value: Value, condition: Any, factor: AnyNumber) -> Conditional:
    """What an adjoint became by a factor: 0 where it is not reached."""
    if condition is not True and not _is_known_finite(factor):
        value = apply(_WHERE, condition, value, Value(0.0))
    return Conditional(value, condition)


def _either(condition: Any, a: Any, b: Any) -> Any:
    """`a` where a condition holds, else `b`, of conditions."""
    if a is b or condition is True:
        return a
    if condition is False:
        return b
    if a is True and b is False:
        return condition
    return apply(_WHERE, condition, *[x if isinstance(x, Value) else Value(x) for x in (a, b)])


def _same(a: Any, b: Any) -> bool:
    """Whether two conditions are one: the same, or made by the same choice."""
    if a is b:
        return True
    if not isinstance(a, Value) or not isinstance(b, Value) or a.op is not b.op or a.op is None:
        return False
    return all(
        x is y or (x.op is y.op is None and x.data is y.data is not UNKNOWN)
        for x, y in zip(a.inputs, b.inputs, strict=True)
    )


def _is_known_finite(factor: AnyNumber) -> bool:
    """Whether a factor is known, and finite."""
    number: Any = factor.data if isinstance(factor, Value) else factor
    if isinstance(number, graph.Node) or is_unknown(number):
        return False
    return is_finite(number)
