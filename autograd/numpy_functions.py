"""What NumPy's functions make of Values and Tensors: nodes of the graph, or an error with a hint.

`np.sin(x)`, `array * x` and `np.sum(x, axis=0)` do what `autograd` does under the same name. What
it has no function for raises a TypeError, since plain numbers would silently leave the graph.
"""

from collections.abc import Sequence
from typing import Any


class NumPyFunctions:
    """A Value or a Tensor among the arguments of NumPy's functions."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """`np.sin(self)`, `array + self`, `np.maximum(a, self)`; `array += self` makes a Tensor."""
        if ufunc.__name__ in ("equal", "not_equal"):
            other = inputs[1] if inputs[0] is self else inputs[0]
            return (self == other) is (ufunc.__name__ == "equal")
        out = options.pop("out", inputs[:1])
        if method != "__call__" or options or out[0] is not inputs[0]:
            raise TypeError(_hint(f"{ufunc.__name__}.{method} with {[*options] or 'out'}"))
        return _called(ufunc, inputs, {})

    def __array_function__(
        self, function: Any, types: object, arguments: Sequence[Any], options: dict[str, Any]
    ) -> Any:
        """`np.sum(self, axis=0)`, `np.where(self > 0, self, 0)`, `np.stack([self, self])`."""
        return _called(function, arguments, options)


def _called(function: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """The rule for NumPy's function; a TypeError where there is none."""
    from .numpy_rules import RULES

    linear = getattr(function, "__module__", "").endswith("linalg")
    name = "linalg." * linear + function.__name__
    if name not in RULES:
        raise TypeError(_hint(name))
    return RULES[name](*arguments, **options)


def _hint(name: str) -> str:
    return (
        f"NumPy's {name} has no gradient here, and its result would leave the graph: compose it "
        "from autograd's functions, or pass the numbers alone, x.data of a Value, t.numpy() of a "
        "Tensor"
    )
