"""What a Value is, before any arithmetic: its number, its gradient, its making and its name."""

import math
from fractions import Fraction
from typing import Any, TypeGuard

from .byhand import ByHand
from .drawable import Drawable
from .elsewhere import Elsewhere
from .leaving import number_alone
from .names import Shaped
from .numbers.choosing import as_index
from .numbers.kinds import UNKNOWN, AnyNumber, Number, UnknownNumberError
from .numpy_functions import NumPyFunctions

_PLAIN = frozenset([float, int, complex, bool, Fraction])


def is_number(x: object) -> TypeGuard[Number]:
    """Numbers divide, and have no length; arrays without axes are numbers too."""
    if x.__class__ in _PLAIN or getattr(x, "shape", None) == ():
        return True
    if isinstance(x, ScalarNode | type) or hasattr(x, "__len__"):
        return False
    return hasattr(x, "__truediv__") and hasattr(x, "__mul__")


def identity(self: object, other: object) -> bool:
    """Whether both are one and the same, as dicts and sets ask; a TypeError for numbers.

    They would never be the same, so whoever asks means something else.
    """
    if self is other:
        return True
    plain = isinstance(other, list | tuple) or hasattr(other, "dtype") or is_number(other)
    if plain and not isinstance(other, NumPyFunctions):
        raise TypeError(
            f"== of a {type(self).__name__} is identity, and never true of {other!r:.40}; compare "
            "numbers, as in x.data == 2.0 or t.tolist() == [...] (x.equals(2.0) of a Value is a "
            "node, for autograd.where)"
        )
    return False


class ScalarNode(ByHand, Drawable, NumPyFunctions, Elsewhere):
    """A scalar node of the computation graph; `==` and `hash` are identity."""

    __slots__ = ("__dict__", "home", "name", "place", "scope")

    data: AnyNumber
    name: str
    place: int
    home: Any  # of a parameter of programs: its storage, and where it is there
    scope: str

    __eq__ = identity
    __hash__ = object.__hash__

    def item(self) -> AnyNumber:
        """The number."""
        return self.data

    @property
    def label(self) -> str:
        """What the node is called: `conv1.weight[0,0,1,2]` for an entry of a named tensor."""
        return self.name.entry(self.place) if isinstance(self.name, Shaped) else self.name

    @label.setter
    def label(self, label: str) -> None:
        self.name = label

    @property
    def unknown(self) -> bool:
        """True while a function is recorded: the number will be known when its program runs."""
        return self.data is UNKNOWN

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self.data!s}, grad={self.grad}{label})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return number_alone(float(self.data))

    def __int__(self) -> int:
        return int(self.data)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.data, digits)

    def __floor__(self) -> Any:  # the derivative of whole numbers is 0: none is lost
        return math.floor(self.data)

    def __ceil__(self) -> Any:
        return math.ceil(self.data)

    def __index__(self) -> int:
        if self.unknown:
            raise UnknownNumberError(
                "a compiled function is recorded once, and what indexes a list is known only when "
                "its program runs: use autograd.stack(rows)[token], or nn.Embedding"
            )
        return as_index(self.data)
