"""Nested lists, one entry for each of a tensor's, that refuse what lists would let pass."""

from typing import Any, NoReturn


class Comparisons(list[Any]):
    """Nested lists of bools, one for each entry, without a truth of their own."""

    def __bool__(self) -> NoReturn:
        raise ValueError(
            "the truth of a tensor's comparison is ambiguous, one for each entry: choose by "
            "autograd.where, or ask any() or all() of a row"
        )


def refuse_writing(*_: object) -> NoReturn:
    """TypeError, where what is written would be lost."""
    raise TypeError(
        "t.data and t.grad are copies of the numbers, in lists: write t[i].data = number, "
        "t[i].grad = 0 or parameter.assign(numbers), and compute with t.numpy(); of a whole model "
        "optimizer.step() and model.zero_grad() do it"
    )


class Copied(list[Any]):
    """Nested lists of numbers as they were read: no place to write, and no arrays."""

    __setitem__: Any = refuse_writing
    __delitem__: Any = refuse_writing
    __iadd__: Any = refuse_writing
    __imul__: Any = refuse_writing
    __add__: Any = refuse_writing  # elementwise is meant, and lists grow
    __mul__: Any = refuse_writing
    __rmul__: Any = refuse_writing
    __sub__: Any = refuse_writing
    __rsub__: Any = refuse_writing
    __truediv__: Any = refuse_writing
    __pow__: Any = refuse_writing
    __neg__: Any = refuse_writing
