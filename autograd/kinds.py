"""The kinds of number that a row of the table meets besides Python's own: arrays and symbols.

NumPy and SymPy are imported where their numbers are met, and not before.
"""

from typing import Any


def numpy() -> Any:
    """The module NumPy."""
    import numpy as np

    return np


def is_array(x):
    """True of NumPy arrays and of NumPy scalars that are not Python floats."""
    return type(x).__module__ == "numpy" and not isinstance(x, float)


def is_symbol(x):
    """True of SymPy expressions."""
    return type(x).__module__.partition(".")[0] == "sympy"


def quietly(function):
    """`function` without NumPy's warnings: inf and nan are values here, not accidents."""

    def quiet(*x):
        with numpy().errstate(all="ignore"):
            return function(*x)

    return quiet
