"""Numbers that leave the graph: who asks for one alone is given it, and who computes is told.

Python asks a number in one and the same way for `float(loss)` and `"%.2f" % loss`, where the number
is meant, and for `math.exp(x)` and `array[0] = x`, where the gradient would be lost.
"""

import dis
import sys
import warnings
from functools import lru_cache
from types import CodeType

from .scopes import current_scope

_READERS = frozenset(["float", "isnan", "isfinite", "isinf", "isclose"])  # the number is meant
_TAKE_FUNCTIONS = frozenset(["map", "sorted", "max", "min"])  # map(float, losses)


def number_alone(number: float) -> float:
    """The number for `__float__`; TypeError where its reader computes, and a graph is recorded."""
    asking = sys._getframe(2)
    if current_scope().recording and not _reads(asking.f_code, asking.f_lasti):
        raise TypeError(
            "a function of Python's math, or an array that takes a Value, has the number alone and "
            "loses its gradient: x.exp() and autograd.exp(x) are here too, autograd.stack makes a "
            "Tensor; x.data, or float(x), is the number"
        )
    return number


@lru_cache(256)
def _reads(code: CodeType, at: int) -> bool:
    """Whether the expression at this place of the code is there to read a number."""
    every = list(dis.get_instructions(code))
    here = next((i for i in every if i.offset == at), None)
    if here is None or here.opname == "BINARY_OP":  # value.__float__(), "%.2f" % value
        return True
    start, end = _span(here)
    inside = [(i.argval, *_span(i)) for i in every]
    called = {name for name, first, last in inside if start == first and last <= end}
    names = {name for name, first, last in inside if start <= first and last <= end}
    passed_on = "float" in names and not _TAKE_FUNCTIONS.isdisjoint(names)
    return passed_on or not _READERS.isdisjoint(called)


def _span(instruction: dis.Instruction) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where an instruction's expression starts and ends in its source, as (line, column)."""
    line, end_line, column, end_column = (p or 0 for p in instruction.positions or (0,) * 4)
    return (line, column), (end_line, end_column)


def tensor_as_array(has_past: bool) -> None:
    """Where NumPy wants an array of a Tensor: TypeError if it was computed, a warning of leaves."""
    if not current_scope().recording:
        return
    if has_past:
        raise TypeError(
            "NumPy wants an array of a Tensor that was computed, and its gradient would be lost: "
            "tensor.numpy() has the numbers, tensor.detach() makes leaves of them"
        )
    warnings.warn(
        "np.asarray(tensor) leaves the graph: what is computed from it has no gradient. Functions "
        "of NumPy's are here too, autograd.sin(x); tensor.numpy() is the numbers alone",
        stacklevel=3,
    )
