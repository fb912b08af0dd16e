"""Elementary functions of any number, so that one row of the table serves every kind of number.

A number is a float, an int, a `Fraction`, a `Decimal`, a complex, a NumPy scalar or array, a SymPy
expression, or anything with a method of the function's name (a `Value` has all of them).

Real numbers follow IEEE 754 as NumPy does: `log(0)` is -inf, `1/0` is inf, `log(-1)` is nan, and
nothing raises in the middle of a training run. A real argument never gives a complex result.
"""

import cmath
import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache, partial
from typing import Any, Protocol, TypeVar, overload

from .kinds import AnyNumber, is_array, is_symbol, is_unknown, numpy, quietly
from .piecewise import select

inf, nan = math.inf, math.nan


class Divisible(Protocol):
    """What has arithmetic: a number, a Value, a Tensor, an array."""

    def __mul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...


N = TypeVar("N", bound=Divisible)


class Elementary(Protocol):
    """A function of one number of any kind: real numbers give floats, others their own kind."""

    @overload
    def __call__(self, x: float | Fraction, /) -> float: ...
    @overload
    def __call__(self, x: complex, /) -> complex: ...
    @overload
    def __call__(self, x: N, /) -> N: ...


def elementary(
    name: str,
    real: Callable[[float], float],
    *,
    complex_: Callable[[Any], complex] | None = None,
    array: Callable[[Any, Any], Any] | None = None,
    symbol: Callable[[Any, Any], Any] | None = None,
) -> Elementary:
    """Make one function of all numbers from its form for floats.

    `complex_`, `array(numpy, x)` and `symbol(sympy, x)` are its other forms; without them the
    function is looked up by name in cmath, numpy and sympy.
    """

    def function(x: AnyNumber) -> AnyNumber:
        if x.__class__ is float:
            return real(x)
        method = getattr(x, name, None)
        if method:
            return method()
        if isinstance(x, complex):
            return (complex_ or getattr(cmath, name))(x)
        if is_array(x):
            return quietly(partial(array, numpy()) if array else getattr(numpy(), name))(x)
        if is_symbol(x):
            import sympy

            return symbol(sympy, x) if symbol else getattr(sympy, name)(x)
        if not hasattr(x, "__float__"):
            raise TypeError(f"{name}(x): x must be a number, a Value or a Tensor, got {x!r:.60}")
        return real(float(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name}(x), for every kind of number; elementwise on a Tensor."
    return function


# --- smooth functions of one number -------------------------------------------------------------


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def _log(x: float) -> float:
    if x > 0:
        return math.log(x)
    return -inf if x == 0 else nan


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


def _softplus(x: float) -> float:
    if x > 0:
        return x + math.log1p(math.exp(-x))
    return math.log1p(math.exp(x))


def _array_sigmoid(np: Any, x: Any) -> Any:
    e = np.exp(-abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _array_erf(np: Any, x: Any) -> Any:
    """Maclaurin's series near 0; elsewhere 1 - erfc, with erfc(x) = t·exp(P(t) - x²), t = 2/(2+x).

    P is interpolated through values of `math.erfc` (the form of Numerical Recipes, section 6.2).
    """
    far, near = np.minimum(abs(x), 26), np.clip(x, -0.5, 0.5)
    t = 2 / (2 + far)
    erfc = t * np.exp(np.polynomial.chebyshev.chebval((2 * t - 1 - LEAST) / (1 - LEAST), _tail()))
    tail = np.copysign(1 - erfc * np.exp(-far * far), x)
    series = near * np.polynomial.polynomial.polyval(near * near, _series())
    return np.where(abs(x) < 0.5, series, tail).astype(np.result_type(x, np.float32), copy=False)


LEAST = 2 / (2 + 26)  # t of the largest x: erfc(26) is as good as 0


@cache
def _tail() -> Any:
    """Chebyshev coefficients of P(t) = log(erfc(x)/t) + x² for LEAST <= t <= 1."""

    def exponent(u: Any) -> list[float]:
        t = [(v * (1 - LEAST) + 1 + LEAST) / 2 for v in u.tolist()]
        return [math.log(math.erfc(2 / v - 2) / v) + (2 / v - 2) ** 2 for v in t]

    return numpy().polynomial.chebyshev.chebinterpolate(exponent, 30)


@cache
def _series() -> list[float]:
    """2/√π·(-1)ⁿ / (n!·(2n+1)), the coefficients of erf(x)/x in powers of x²."""
    return [2 / math.pi**0.5 * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(14)]


def _finite(function: Callable[[float], float]) -> Callable[[float], float]:
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


# --- whole numbers ------------------------------------------------------------------------------


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """`function` as a float with the sign of its argument: the ceiling of -0.5 is -0.0."""
    return lambda x: math.copysign(function(x), x) if abs(x) < inf else x


floor = elementary("floor", _whole(math.floor), complex_=math.floor)
ceil = elementary("ceil", _whole(math.ceil), complex_=math.ceil, symbol=lambda sp, x: sp.ceiling(x))
rounded = elementary(  # of two that are as near, to the even one
    "round",
    _whole(round),
    complex_=math.floor,
    array=lambda np, x: np.rint(x),
    symbol=lambda sp, x: sp.Function("round")(x),
)


# --- quotients and powers -----------------------------------------------------------------------


def divide(a: AnyNumber, b: AnyNumber) -> AnyNumber:
    """a / b; division of reals by zero is ±inf or nan, by the signs, never an exception."""
    if is_array(a) or is_array(b):
        return quietly(lambda a, b: a / b)(a, b)
    try:
        return a / b
    except ZeroDivisionError:
        if isinstance(a, complex) or isinstance(b, complex):
            return complex(nan, nan)
        quotient = nan if a == 0 or a != a else math.copysign(inf, a) * math.copysign(1, b)
        return type(a)(quotient) if type(a).__name__ == "Decimal" else quotient


def one(y: AnyNumber) -> AnyNumber:
    """1 in the kind of number that y is, where a plain 1 would make a quotient inexact."""
    return Fraction(1) if isinstance(y, Fraction) else 1


def power(x: AnyNumber, n: AnyNumber) -> AnyNumber:
    """x**n; 0**-1 is inf, an overflow is ±inf, and (-8)**0.5 is nan, never a complex number."""
    if is_array(x) or is_array(n):
        return quietly(lambda x, n: x**n)(x, n)
    real = not isinstance(x, complex) and not isinstance(n, complex)
    try:
        y = x**n
    except (ZeroDivisionError, OverflowError):
        if real and x < 0 and n != int(n):
            return nan
        odd = n == int(n) and int(n) % 2 == 1
        return -inf if odd and math.copysign(1, x) < 0 else inf
    return nan if real and y.__class__ is complex else y


def power_base_partial(x: AnyNumber, n: AnyNumber) -> AnyNumber:
    """∂(x**n)/∂x = n·x**(n-1); 0 for n = 0 where that is no number: at 0, and at nan."""
    if is_array(x) or is_array(n):
        return quietly(_array_base_partial)(x, n)
    slope = n * power(x, n - 1)
    if is_unknown(slope):
        return select(n, slope, select(slope <= slope, slope, False))
    return slope if n or abs(slope) <= abs(slope) else False


def _array_base_partial(x: AnyNumber, n: AnyNumber) -> AnyNumber:
    slope = n * power(x, n - 1)
    return numpy().where((n == 0) & (slope != slope), 0, slope)


def power_exponent_partial(y: AnyNumber, x: AnyNumber, n: AnyNumber) -> AnyNumber:
    """∂(x**n)/∂n = x**n·log(x); 0 at x = 0 for n >= 0, where 0**n stays 0; nan for x < 0."""
    if is_array(x) or is_array(n):
        return quietly(lambda: numpy().where((x == 0) & (n >= 0), 0, y * log(x)))()
    slope = y * log(x)
    if is_unknown(y):
        return select(x, slope, select(n >= 0, False, slope))
    return slope if x else select(n >= 0, False, slope)
