"""Parameters as floats, for libraries that know no other numbers."""

import math
from numbers import Complex, Real
from typing import Any

from autograd import Tensor


def floats(tensor: Tensor, largest: float) -> list[float]:
    """A tensor's numbers in order; ValueError for one that is not real or is beyond `largest`."""
    return [_float(value.data, largest) for value in tensor.values]


def _float(data: Any, largest: float) -> float:
    real = isinstance(data, Real) or not isinstance(data, Complex)
    try:
        number = float(data) if real else None
    except OverflowError:  # of integers and fractions that no float holds
        number = 2 * largest
    except (TypeError, ValueError):
        number = None
    if number is None:
        raise ValueError(f"{data!r:.60} is not a real number")
    if abs(number) > largest and math.isfinite(number):
        raise ValueError(f"{data!r:.60} is too large; the largest number there is {largest:.6g}")
    return number
