"""Elementary functions of any number, so that one row of the table serves every kind of number.

A number is a float, an int, a `Fraction`, a `Decimal`, a complex, a NumPy scalar or array, a SymPy
expression, or anything with a method of the function's name (a `Value` has all of them).

Real numbers follow IEEE 754 as NumPy does: `log(0)` is -inf, `1/0` is inf, `log(-1)` is nan, and
nothing raises in the middle of a training run. A real argument never gives a complex result.
"""

import cmath
import math
import sys
from fractions import Fraction
from functools import partial, reduce
from operator import mul

inf, nan = math.inf, math.nan


def elementary(name, real, *, complex_=None, array=None, symbol=None):
    """Make one function of all numbers from its form for floats.

    `complex_`, `array(numpy, x)` and `symbol(sympy, x)` are its other forms; without them the
    function is looked up by name in cmath, numpy and sympy.
    """

    def function(x):
        if x.__class__ is float:
            return real(x)
        method = getattr(x, name, None)
        return method() if method else _form(name, real, complex_, array, symbol, x)(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name}(x), for every kind of number; elementwise on a Tensor."
    return function


def _form(name, real, complex_, array, symbol, x):
    """The form of the function `name` that serves a number of the kind of `x`."""
    if isinstance(x, complex):
        return complex_ or getattr(cmath, name)
    if is_array(x):
        import numpy

        return _quietly(partial(array, numpy) if array else getattr(numpy, name))
    if is_symbol(x):
        import sympy

        return partial(symbol, sympy) if symbol else getattr(sympy, name)
    return lambda x: real(float(x))


def is_array(x):
    """True of NumPy arrays and of NumPy scalars that are not Python floats."""
    return type(x).__module__ == "numpy" and not isinstance(x, float)


def is_symbol(x):
    """True of SymPy expressions."""
    return type(x).__module__.partition(".")[0] == "sympy"


def _quietly(function):
    """`function` without NumPy's warnings: inf and nan are values here, not accidents."""

    def quiet(*x):
        import numpy

        with numpy.errstate(all="ignore"):
            return function(*x)

    return quiet


# --- smooth functions of one number -------------------------------------------------------------


def _exp(x):
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def _log(x):
    if x > 0:
        return math.log(x)
    return -inf if x == 0 else nan


def _sigmoid(x):
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


def _softplus(x):
    if x > 0:
        return x + math.log1p(math.exp(-x))
    return math.log1p(math.exp(x))


def _array_sigmoid(np, x):
    e = np.exp(-abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _array_erf(np, x):
    return np.vectorize(math.erf, otypes=[np.result_type(x, np.float32)])(x)


def _finite(function):
    """`function` with nan at ±inf, where `math` raises."""
    return lambda x: function(x) if abs(x) < inf else nan


exp = elementary("exp", _exp)
log = elementary("log", _log)
sqrt = elementary("sqrt", lambda x: nan if x < 0 else math.sqrt(x))
sin = elementary("sin", _finite(math.sin))
cos = elementary("cos", _finite(math.cos))
tanh = elementary("tanh", math.tanh)
erf = elementary("erf", math.erf, array=_array_erf)
sigmoid = elementary(
    "sigmoid",
    _sigmoid,
    complex_=lambda x: 1 / (1 + cmath.exp(-x)),
    array=_array_sigmoid,
    symbol=lambda sp, x: 1 / (1 + sp.exp(-x)),
)
softplus = elementary(
    "softplus",
    _softplus,
    complex_=lambda x: cmath.log(1 + cmath.exp(x)),
    array=lambda np, x: np.logaddexp(0, x),
    symbol=lambda sp, x: sp.log(1 + sp.exp(x)),
)


# --- quotients and powers -----------------------------------------------------------------------


def divide(a, b):
    """a / b; division of reals by zero is ±inf or nan, by the signs, never an exception."""
    if is_array(a) or is_array(b):
        return _quietly(lambda a, b: a / b)(a, b)
    try:
        return a / b
    except ZeroDivisionError:
        if isinstance(a, complex) or isinstance(b, complex):
            return complex(nan, nan)
        quotient = nan if a == 0 or a != a else math.copysign(inf, a) * math.copysign(1, b)
        return type(a)(quotient) if type(a).__name__ == "Decimal" else quotient


def one(y):
    """1 in the kind of number that y is, where a plain 1 would make a quotient inexact."""
    return Fraction(1) if isinstance(y, Fraction) else 1


def power(x, n):
    """x**n; 0**-1 is inf, an overflow is ±inf, and (-8)**0.5 is nan, never a complex number."""
    if is_array(x) or is_array(n):
        return _quietly(lambda x, n: x**n)(x, n)
    try:
        y = x**n
    except (ZeroDivisionError, OverflowError):
        odd = n == int(n) and int(n) % 2 == 1
        return -inf if odd and math.copysign(1, x) < 0 else inf
    if y.__class__ is complex and not isinstance(x, complex) and not isinstance(n, complex):
        return nan
    return y


def power_base_partial(x, n):
    """∂(x**n)/∂x = n·x**(n-1); the constant x**0 has none, at 0 too."""
    if is_array(n) or is_array(x):
        return _quietly(lambda: _numpy().where(n == 0, 0, n * power(x, n - 1)))()
    return n * power(x, n - 1) if n else False


def power_exponent_partial(y, x, n):
    """∂(x**n)/∂n = x**n·log(x); 0 at x = 0, where 0**n stays 0; nan for x < 0."""
    if is_array(x) or is_array(n):
        return _quietly(lambda: _numpy().where(x == 0, 0, y * log(x)))()
    return y * log(x) if x else False


def _numpy():
    import numpy

    return numpy


# --- functions with kinks -----------------------------------------------------------------------
# Their slopes are booleans: True hands the upstream adjoint on and False stops it, so that 0·nan
# never leaks out of a branch that was not taken.


def exceeds(b, a):
    """True where b > a or b is nan: how every maximum compares, so the first of a tie stays."""
    if a.__class__ is b.__class__ is float:
        return b > a or b != b
    if is_array(a) or is_array(b):
        return (b > a) | (b != b)
    if is_symbol(a) or is_symbol(b):
        return b > a
    return b > a or not b <= b


def undercuts(b, a):
    """True where b < a or b is nan: how every minimum compares, so the first of a tie stays."""
    if is_array(a) or is_array(b):
        return (b < a) | (b != b)
    if is_symbol(a) or is_symbol(b):
        return b < a
    return b < a or not b <= b


def negate(condition):
    """The other branch of a condition."""
    return not condition if isinstance(condition, bool) else ~condition


def is_true(condition):
    """The truth of a number: True unless it is 0; elementwise on arrays."""
    if is_array(condition):
        return condition != 0
    return condition if is_symbol(condition) else bool(condition)


def select(condition, a, b):
    """`a` where the condition is true, else `b`."""
    if condition.__class__ is bool:
        return a if condition else b
    if is_array(condition):
        return _numpy().where(condition, a, b)
    if is_symbol(condition):
        import sympy

        return sympy.Piecewise((+a, condition), (+b, True))
    return a if condition else b


def slope(condition):
    """A condition as a partial: a bool, or a SymPy 1-or-0."""
    return select(condition, True, False) if is_symbol(condition) else condition


def maximum(a, b):
    """The larger of two, `a` in a tie; nan where either is nan."""
    return select(exceeds(b, a), b, a)


def minimum(a, b):
    """The smaller of two, `a` in a tie; nan where either is nan."""
    return select(undercuts(b, a), b, a)


def relu(x):
    """max(x, 0), nan for nan."""
    if x.__class__ is float:
        return 0.0 if x <= 0.0 else x
    if is_array(x):
        return _numpy().maximum(x, type(x)(0) if x.shape == () else x.dtype.type(0))
    if is_symbol(x):
        return select(x > 0, x, 0)
    return type(x)(0) if x <= 0 else x


def step(x):
    """The slope of relu: False for x <= 0, True for x > 0, nan for nan."""
    if x.__class__ is float:
        return x > 0.0 if x == x else x
    if is_array(x):
        positive = x > 0
        return positive if (x == x).all() else _numpy().where(x == x, positive, x)
    if is_symbol(x):
        return slope(x > 0)
    return x > 0 if x <= x else x


def leaky_relu(x, a):
    """x for x > 0, else a·x."""
    return select(x > 0, x, a * x)


def sign(x):
    """The slope of |x|: -1, 0 or 1; nan for nan."""
    if isinstance(x, complex):
        raise TypeError("abs of a complex number has no complex derivative")
    if is_array(x):
        return _numpy().sign(x)
    if is_symbol(x):
        import sympy

        return sympy.sign(x)
    return (x > 0) - (x < 0) if x <= x else x


# --- functions of a sequence --------------------------------------------------------------------


def total(x):
    """Σₖ xₖ of a sequence."""
    return sum(x)


def dot(a, b):
    """Σₖ aₖ·bₖ of two sequences of equal length."""
    return sum(map(mul, a, b))


if sys.version_info >= (3, 12):
    dot = math.sumprod  # the same, several times as fast


def combination(factors, rows):
    """Σ_d factors[d]·rows[d], a linear combination of sequences, entry by entry."""
    if factors[0].__class__ is not float and hasattr(type(factors[0]), "combination"):
        return type(factors[0]).combination(factors, rows)
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


def largest(x):
    """The largest number of a sequence; nan where one is nan."""
    return reduce(maximum, x) if _is_bulk(x[0]) else x[_winner(x, exceeds)]


def smallest(x):
    """The smallest number of a sequence; nan where one is nan."""
    return reduce(minimum, x) if _is_bulk(x[0]) else x[_winner(x, undercuts)]


def winners(x, beats):
    """A slope for each number of a sequence: True for the first that none beats, else False.

    `beats` is `exceeds` or `undercuts`.
    """
    if _is_bulk(x[0]):
        return _bulk_winners(x, beats)
    won = [False] * len(x)
    won[_winner(x, beats)] = True
    return tuple(won)


def _winner(x, beats):
    """Where the first number stands that none beats."""
    best, place = x[0], 0
    for k, b in enumerate(x):
        if (b > best if beats is exceeds else b < best) or not b <= b:
            best, place = b, k
    return place


def _bulk_winners(x, beats):
    best, won = x[0], [True]
    for b in x[1:]:
        wins = beats(b, best)
        won = [select(wins, False, w) for w in won] + [wins]
        best = select(wins, b, best)
    return tuple(won)


def _is_bulk(x):
    """True where a comparison has many answers, or is a formula."""
    return x.__class__ is not float and (is_array(x) or is_symbol(x))
