"""The methods and operators of what is recorded: each is a function of NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .calls import FUNCTIONS, UFUNCS, call
from .moving import moves
from .recorded import Number, Recorded, own
from .recording import CURRENT
from .traced import current, plain

FUNCTION = [
    "sum", "mean", "var", "std", "prod", "max", "min", "cumsum", "cumprod", "clip", "dot",
    "trace", "put",
]  # fmt: skip
MOVING = [
    "reshape", "transpose", "swapaxes", "squeeze", "ravel", "flatten", "repeat", "take",
    "diagonal", "compress", "choose",
]  # fmt: skip
DISCRETE = [
    "argmax", "argmin", "argsort", "argpartition", "any", "all", "nonzero", "searchsorted",
    "round", "tobytes", "dump", "dumps",
]  # fmt: skip
OPERATORS: dict[str, Any] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power,
    "mod": np.remainder,
}  # fmt: skip
NUMBERS = {Number, float, int, np.float64}
ARRAYS = (np.ndarray, np.generic, list)


def _function(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **named: Any) -> Any:
        return call(function, (self, *args), named)

    return method


def _discrete(name: str) -> Callable[..., Any]:
    """A method whose results do not vary."""
    return lambda self, *args, **named: getattr(self.plain, name)(*plain(args), **named)


def _of_an_array(name: str) -> Callable[..., Any]:
    """A method of a number, by way of an array."""

    def method(self: Number, *args: Any, **named: Any) -> Any:
        array = Recorded.of(self.node, current()) if self.varies else np.array(self.plain)
        return getattr(array, name)(*args, **named)

    return method


def _operator(name: str, ufunc: Any) -> Callable[..., Any]:
    """A binary operator of a number; of two numbers, without NumPy's ceremony."""
    rule, plainly = UFUNCS[(ufunc.__name__, "__call__")], getattr(np.float64, name)
    swapped = name.startswith("__r")

    def operator(self: Number, other: Any, *_: Any) -> Any:
        a, b = (other, self) if swapped else (self, other)
        recording = CURRENT.get()
        if recording is not None and type(other) in NUMBERS:
            return own(ufunc(plain(a), plain(b)), rule(a, b), recording)
        return ufunc(a, b) if isinstance(other, ARRAYS) else plainly(self.plain, other)

    return operator


def _sort(self: Any, axis: int = -1, *args: Any, **named: Any) -> None:
    self[...] = np.sort(self, axis, *args, **named)


def _fill(self: Any, value: Any) -> None:
    self[...] = value


def _set_flat(self: Any, values: Any) -> None:
    self.reshape(-1)[:] = values


for _name in MOVING:
    _method = getattr(np.ndarray, _name)
    FUNCTIONS[_method] = moves(_method, *((0, 1) if _name == "choose" else (0,)))
    setattr(Recorded, _name, _function(_method))
for _name in FUNCTION:
    setattr(Recorded, _name, _function(getattr(np, _name)))
for _name in DISCRETE:
    setattr(Recorded, _name, _discrete(_name))
for _name, _method in {"sort": _sort, "fill": _fill}.items():
    setattr(Recorded, _name, _method)
for _name in (*MOVING, *FUNCTION, "astype", "__getitem__"):
    setattr(Number, _name, _of_an_array(_name))
for _name, _ufunc in OPERATORS.items():
    for _side in (f"__{_name}__", f"__r{_name}__"):
        setattr(Number, _side, _operator(_side, _ufunc))
for _name, _ufunc in {"neg": np.negative, "abs": np.absolute, "pos": np.positive}.items():
    setattr(Number, f"__{_name}__", lambda self, _ufunc=_ufunc: _ufunc(self))
setattr(Recorded, "T", property(lambda self: self.transpose()))  # noqa: B010
setattr(Recorded, "flat", property(lambda self: self.reshape(-1), _set_flat))  # noqa: B010
