"""What NumPy's functions make of Values and Tensors: nodes of the graph, or an error with a hint.

`np.sin(x)`, `array * x` and `np.sum(x, axis=0)` do what `autograd` does under the same name. What
it has no function for raises a TypeError, since plain numbers would silently leave the graph.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "float_power": operator.pow,
    "matmul": operator.matmul,
    "negative": operator.neg,
    "absolute": abs,
    "fabs": abs,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
}
_FUNCTIONS = ["exp", "log", "sqrt", "sin", "cos", "tanh", "maximum", "minimum"]
_FUNCTIONS += ["where", "einsum", "stack", "concatenate"]
_METHODS = {"amax": "max", "amin": "min"}
_METHODS |= {name: name for name in ["sum", "max", "min", "mean", "var", "std", "clip"]}
_METHODS |= {name: name for name in ["argmax", "argmin", "reshape"]}
_METHODS |= {"ravel": "flatten", "swapaxes": "transpose"}
_OF_NUMBERS = ["isnan", "isfinite", "isinf", "allclose", "isclose", "array_equal"]
_OF_NUMBERS += ["shape", "ndim", "size"]  # nothing that they say has a gradient
_OF_NUMBERS += ["zeros_like", "ones_like", "full_like", "empty_like"]


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
    """Our function of the same name, of Values and Tensors; or NumPy's, of numbers."""
    import autograd

    name = function.__name__
    if name in _OF_NUMBERS:
        return function(*map(_numbers, arguments), **options)
    if name in _OPERATORS:
        return _OPERATORS[name](*map(autograd.tensor.operand, arguments))
    if name in _FUNCTIONS:
        return getattr(autograd, name)(*arguments, **options)
    if name == "transpose":
        return _transposed(*arguments, **options)
    method = getattr(arguments[0], _METHODS.get(name, ""), None)
    if method is None:
        raise TypeError(_hint(name))
    return method(*arguments[1:], **options)


def _dot(a: Any, b: Any) -> Any:
    """NumPy's dot: a product with a number, else a matrix product; TypeError where they differ."""
    if min(getattr(a, "ndim", 0), getattr(b, "ndim", 0)) == 0:
        return a * b
    if b.ndim > 2:
        raise TypeError(_hint(f"dot with an array of {b.ndim} axes"))
    return a @ b


_OPERATORS["dot"] = _dot


def _transposed(x: Any, axes: Any = None) -> Any:
    return x.T if axes is None else x.permute(axes)


def _numbers(x: Any) -> Any:
    return x.data if issubclass(type(x), NumPyFunctions) else x


def _hint(name: str) -> str:
    return (
        f"NumPy's {name} has no gradient here, and its result would leave the graph: compose it "
        "from autograd's functions, or pass the numbers alone, x.data of a Value, t.numpy() of a "
        "Tensor"
    )
