"""Functions with kinks, and functions of a sequence, of any number.

Where a function has branches, its slopes are booleans: True hands the upstream adjoint on and False
stops it, so that 0·nan never leaks out of a branch that was not taken.
"""

import math
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from operator import mul

from .kinds import AnyNumber, is_array, is_formula, is_symbol, is_unknown, numpy


def exceeds(b: AnyNumber, a: AnyNumber) -> AnyNumber:
    """True where b > a or b is nan: how every maximum compares, so the first of a tie stays."""
    if a.__class__ is b.__class__ is float:
        return b > a or b != b
    if is_array(a) or is_array(b):
        return (b > a) | (b != b)
    if is_unknown(a) or is_unknown(b):
        return select(b >= b, b > a, True)
    if is_symbol(a) or is_symbol(b):
        return b > a
    return b > a or not b <= b


def undercuts(b: AnyNumber, a: AnyNumber) -> AnyNumber:
    """True where b < a or b is nan: how every minimum compares, so the first of a tie stays."""
    if is_array(a) or is_array(b):
        return (b < a) | (b != b)
    if is_unknown(a) or is_unknown(b):
        return select(b >= b, b < a, True)
    if is_symbol(a) or is_symbol(b):
        return b < a
    return b < a or not b <= b


def negate(condition: AnyNumber) -> AnyNumber:
    """The other branch of a condition."""
    if is_unknown(condition):
        return select(condition, False, True)
    return not condition if isinstance(condition, bool) else ~condition


def is_true(condition: AnyNumber) -> AnyNumber:
    """The truth of a number: True unless it is 0; elementwise on arrays."""
    if is_array(condition):
        return condition != 0
    return condition if is_formula(condition) else bool(condition)


def select(condition: AnyNumber, a: AnyNumber, b: AnyNumber) -> AnyNumber:
    """`a` where the condition is true, else `b`."""
    if condition.__class__ is bool:
        return a if condition else b
    if is_array(condition):
        return numpy().where(condition, a, b)
    if is_symbol(condition):
        import sympy

        return sympy.Piecewise((+a, condition), (+b, True))
    if is_unknown(condition):
        return condition.select(a, b)
    return a if condition else b


def slope(condition: AnyNumber) -> AnyNumber:
    """A condition as a partial: a bool, or the formula of a 1 or 0."""
    return select(condition, True, False) if is_formula(condition) else condition


def maximum(a: AnyNumber, b: AnyNumber) -> AnyNumber:
    """The larger of two, `a` in a tie; nan where either is nan."""
    return select(exceeds(b, a), b, a)


def minimum(a: AnyNumber, b: AnyNumber) -> AnyNumber:
    """The smaller of two, `a` in a tie; nan where either is nan."""
    return select(undercuts(b, a), b, a)


def greater(a: AnyNumber, b: AnyNumber) -> AnyNumber:
    """1 where a > b, else 0."""
    return select(a > b, 1.0, 0.0)


def at_least(a: AnyNumber, b: AnyNumber) -> AnyNumber:
    """1 where a >= b, else 0."""
    return select(a >= b, 1.0, 0.0)


def equal(a: AnyNumber, b: AnyNumber) -> AnyNumber:
    """1 where a = b or both are nan, else 0."""
    return select(equals(a, b), 1.0, 0.0)


def relu(x: AnyNumber) -> AnyNumber:
    """max(x, 0), nan for nan."""
    if x.__class__ is float:
        return 0.0 if x <= 0.0 else x
    if is_array(x):
        return numpy().maximum(x, x.dtype.type(0))
    if is_formula(x):
        return select(x <= 0, 0, x)
    return type(x)(0) if x <= 0 else x


def step(x: AnyNumber) -> AnyNumber:
    """The slope of relu: False for x <= 0, True for x > 0, nan for nan."""
    if x.__class__ is float:
        return x > 0.0 if x == x else x
    if is_array(x):
        positive = x > 0
        return positive if (x == x).all() else numpy().where(x == x, positive, x)
    if is_unknown(x):
        return select(x > 0, True, select(x <= 0, False, x))
    if is_symbol(x):
        return slope(x > 0)
    return x > 0 if x <= x else x


def leaky_relu(x: AnyNumber, a: AnyNumber) -> AnyNumber:
    """x for x > 0, else a·x."""
    return select(x > 0, x, a * x)


def sign(x: AnyNumber) -> AnyNumber:
    """The slope of |x|: -1, 0 or 1; nan for nan."""
    if isinstance(x, complex):
        raise TypeError("abs of a complex number has no complex derivative")
    if is_array(x):
        return numpy().sign(x)
    if is_symbol(x):
        import sympy

        return sympy.sign(x)
    if is_unknown(x):
        return select(x <= x, (x > 0) - (x < 0), x * x)
    return (x > 0) - (x < 0) if x <= x else x * x  # whose slope is nan too


# --- functions of a sequence --------------------------------------------------------------------


def total(x: Sequence[AnyNumber]) -> AnyNumber:
    """Σₖ xₖ of a sequence."""
    return sum(x)


def dot(a: Sequence[AnyNumber], b: Sequence[AnyNumber]) -> AnyNumber:
    """Σₖ aₖ·bₖ of two sequences of equal length."""
    return sum(map(mul, a, b))


if sys.version_info >= (3, 12):
    dot = math.sumprod  # the same, several times as fast


def combination(
    factors: Sequence[AnyNumber], rows: Sequence[Sequence[AnyNumber]]
) -> list[AnyNumber]:
    """Σ_d factors[d]·rows[d], a linear combination of sequences, entry by entry."""
    if factors[0].__class__ is not float and hasattr(type(factors[0]), "combination"):
        sums: list[AnyNumber] = type(factors[0]).combination(factors, rows)
        return sums
    if len(rows) > 16:
        return [dot(factors, column) for column in zip(*rows, strict=True)]
    terms = iter(zip(factors, rows, strict=True))  # for few rows, two at a time is faster
    f, xs = next(terms)
    if len(rows) % 2:
        sums = [f * x for x in xs]
    else:
        g, ys = next(terms)
        sums = [f * x + g * y for x, y in zip(xs, ys, strict=True)]
    for (f, xs), (g, ys) in zip(terms, terms, strict=True):
        sums = [s + f * x + g * y for s, x, y in zip(sums, xs, ys, strict=True)]
    return sums


def largest(x: Sequence[AnyNumber]) -> AnyNumber:
    """The largest number of a sequence; nan where one is nan."""
    return reduce(maximum, x) if _are_bulk(x) else x[winner(x, exceeds)]


def smallest(x: Sequence[AnyNumber]) -> AnyNumber:
    """The smallest number of a sequence; nan where one is nan."""
    return reduce(minimum, x) if _are_bulk(x) else x[winner(x, undercuts)]


def winners(y: AnyNumber, x: Sequence[AnyNumber]) -> tuple[AnyNumber, ...]:
    """A slope for each number of a sequence: True for the first that is its extreme y, else False.

    A nan is the extreme of a sequence that has one.
    """
    if _is_bulk(y):
        return _bulk_winners(y, x)
    won = [False] * len(x)
    if y.__class__ is float and y == y:
        won[x.index(y)] = True
    else:
        won[next(k for k, b in enumerate(x) if equals(b, y))] = True
    return tuple(won)


def equals(a: AnyNumber, b: AnyNumber) -> AnyNumber:
    """True where two numbers are equal, or neither is a number (nan)."""
    if is_array(a) or is_array(b):
        return (a == b) | ((a != a) & (b != b))
    if is_symbol(a) or is_symbol(b):
        import sympy

        return sympy.Eq(a, b)
    if is_unknown(a) or is_unknown(b):
        return a.equals(b) if is_unknown(a) else b.equals(a)
    return not (a < b or a > b) and (a <= a) == (b <= b)


def winner(x: Sequence[AnyNumber], beats: Callable[..., AnyNumber]) -> int:
    """Where the first number stands that none beats."""
    best, place = x[0], 0
    for k, b in enumerate(x):
        if beats(b, best):
            best, place = b, k
    return place


def _bulk_winners(y: AnyNumber, x: Sequence[AnyNumber]) -> tuple[AnyNumber, ...]:
    won = [equals(x[0], y)]
    taken = won[0]
    for b in x[1:]:
        hit = equals(b, y)
        if is_unknown(hit):
            won.append(select(taken, False, hit))
            taken = select(taken, True, hit)
        else:
            won.append(hit & ~taken)
            taken = taken | hit
    return tuple(map(slope, won))


def _is_bulk(x: AnyNumber) -> bool:
    """True where a comparison has many answers, or is a formula."""
    return x.__class__ is not float and (is_array(x) or is_formula(x))


def _are_bulk(x: Sequence[AnyNumber]) -> bool:
    return set(map(type, x)) != {float} and any(map(_is_bulk, x))
