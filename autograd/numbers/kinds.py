"""The kinds of number that a row of the table meets besides Python's own: arrays and formulas.

A formula is a number without a truth of its own: a SymPy expression, or a number that is not known
yet because its function is being recorded. NumPy and SymPy are imported where their numbers are
met, and not before.
"""

from collections.abc import Callable
from typing import Any, NoReturn, Protocol, Self

AnyNumber = Any
"""What a row of the table may be fed: a float, a `Fraction`, a Value, an array, a formula. They
share operators, and no type that could say so: each is declared for its own kind alone.
"""


class Number(Protocol):
    """One plain number, as a Value holds it: an int, float, complex, `Fraction` or `Decimal`, a
    NumPy scalar, a SymPy expression. No array (which has no hash), and no Value (no conjugate).
    """

    def __hash__(self) -> int: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def conjugate(self) -> Any:
        """The number with its imaginary part negated."""


def numpy() -> Any:
    """The module NumPy."""
    import numpy as np

    return np


def is_array(x: AnyNumber) -> bool:
    """True of NumPy arrays and of NumPy scalars that are not Python floats."""
    return type(x).__module__ == "numpy" and not isinstance(x, float)


def is_symbol(x: AnyNumber) -> bool:
    """True of SymPy expressions."""
    return type(x).__module__.partition(".")[0] == "sympy"


def is_unknown(x: AnyNumber) -> bool:
    """True of `UNKNOWN` and of Values that hold it."""
    return getattr(x, "unknown", False) is True


def is_formula(x: AnyNumber) -> bool:
    """True of numbers that nothing can be decided by."""
    return is_unknown(x) or is_symbol(x)


STATISTICS = (  # what does for a program what a forward does that writes numbers
    "autograd.observe tells of numbers after each run, and autograd.batch_mean(x) is their mean "
    "over the batch, as in nn.BatchNorm1D"
)


class UnknownNumberError(TypeError):
    """A recorded function used a number that is known only when its program runs."""

    scope: str | None = None  # where that was, once it is known


HIDDEN = (
    "a number that a Value holds (its .data, or item()) is used in place of the Value, which hides "
    "from the recording how it was made: compute with the Value, or keep gradients out of it by "
    "autograd.stop_gradient"
)
DECIDING = (
    "a compiled function is recorded once, with numbers that are not known yet, so it cannot "
    "decide by them or print them (if, while, and, ==, float(), int(), max() and min() of Python, "
    "functions of math): use autograd.where, maximum, minimum, exp or the tensor's max and min"
)


class Unknown:
    """The number of every Value while a function is being recorded: arithmetic keeps it unknown.

    Whatever asks for its truth or its digits gets an `UnknownNumberError`.
    """

    __slots__ = ()
    __array_ufunc__ = None
    unknown = True

    def _same(self, *_: AnyNumber) -> Self:
        return self

    def _with(self, other: AnyNumber) -> Self:
        if is_unknown(other) and other is not self:
            raise UnknownNumberError(HIDDEN)
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _with
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __lt__ = __le__ = __gt__ = __ge__ = _with
    __neg__ = __pos__ = __abs__ = _same
    exp = log = sqrt = sin = cos = tanh = erf = sigmoid = softplus = _same
    floor = ceil = round = _same
    select = equals = conjugate = _same

    def _asked(self, *_: object) -> NoReturn:
        raise UnknownNumberError(DECIDING)

    __bool__ = __float__ = __int__ = __index__ = __round__ = __complex__ = __format__ = _asked
    __eq__ = __ne__ = __floor__ = __ceil__ = __trunc__ = _asked
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


def is_finite(x: AnyNumber) -> bool:
    """Whether a known number, of any kind, is neither inf nor nan."""
    return bool(x - x == 0)


def quietly(function: Callable[..., AnyNumber]) -> Callable[..., AnyNumber]:
    """`function` without NumPy's warnings: inf and nan are values here, not accidents."""

    def quiet(*x: AnyNumber) -> AnyNumber:
        with numpy().errstate(all="ignore"):
            return function(*x)

    return quiet
