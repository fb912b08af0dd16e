"""What is exchanged for the time of a record: NumPy's makers of arrays, and functions of numbers.

`np.zeros(...)` must return what records an assignment to a part of it; `np.array([...])` and
`math.exp` do not ask their arguments, and `float(...)` would drop the record. They are exchanged
for the time of one call, in their modules and where the user's modules have them by name. They act
only for the thread that records.
"""

import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from numpy import array  # as it is: np's is exchanged

from .calls import FUNCTIONS, UFUNCS, call
from .libraries import functions
from .recorded import Recorded
from .recording import CURRENT, Recording
from .source import is_hidden
from .traced import Traced, is_recorded, leaves, plain

ADAPTERS = f"{Path(__file__).parents[1]}/layer/"  # what hands the user's arrays on for him
ONE_AT_A_TIME = threading.RLock()
MAKERS = [
    "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "eye",
    "identity", "arange", "linspace", "array", "asarray", "asanyarray", "ascontiguousarray",
    "asfortranarray",
]  # fmt: skip
ABSENT = object()
SCIPYS = ("scipy.special", "scipy.signal")
Names = dict[str, Any]


@contextmanager
def patched(recording: Recording, scopes: Sequence[Names]) -> Iterator[None]:
    """Exchange the names in NumPy, math and the user's modules; put all back at the end."""
    with ONE_AT_A_TIME:
        exchanged = _exchanges(tuple(room for room in SCIPYS if room in sys.modules))
        users = list(_reached(scopes))
        found = [(space, name, value, exchanged[id(value)]) for space in [*_libraries(), *users]
                 for name, value in list(space.items()) if id(value) in exchanged]  # fmt: skip
        found += [(space, name, value, Recorded.over(value, recording)) for space in users
                  for name, value in list(space.items())
                  if type(value) is np.ndarray and value.dtype.kind == "f"]  # fmt: skip
        found += [(space, "float", ABSENT, Float) for space in users if "float" not in space]
        vectorized = np.vectorize.__call__
        token = CURRENT.set(recording)
        try:
            for space, name, _, new in found:
                space[name] = new
            setattr(np.vectorize, "__call__", _vectorized(vectorized))  # noqa: B010
            yield
        finally:
            CURRENT.reset(token)
            setattr(np.vectorize, "__call__", vectorized)  # noqa: B010
            for space, name, value, new in found:
                _put_back(space, name, value, new)


def _put_back(space: Names, name: str, value: Any, new: Any) -> None:
    """A name as it was, unless the user's code has given it to something else."""
    if space.get(name) is new:
        if value is ABSENT:
            del space[name]
        else:
            space[name] = value


def _libraries() -> Iterator[Names]:
    """The modules whose functions are exchanged."""
    yield from map(vars, (np, np.linalg, np.lib.stride_tricks, math))
    yield from (vars(sys.modules[room]) for room in SCIPYS if room in sys.modules)  # fmt: skip


def _reached(scopes: Sequence[Names]) -> Iterator[Names]:
    """The names of the user's modules, and of those of his that they use."""
    waiting = list({id(scope): scope for scope in scopes}.values())
    known = {id(scope) for scope in scopes}
    while waiting:
        scope = waiting.pop()
        yield scope
        for value in list(scope.values()):
            other = _names_of(value)
            if other is not None and id(other) not in known and _is_users(other):
                known.add(id(other))
                waiting.append(other)


def _names_of(value: Any) -> Names | None:
    if isinstance(value, ModuleType):
        return vars(value)
    if isinstance(value, FunctionType):
        return value.__globals__
    if isinstance(value, type):
        return getattr(sys.modules.get(value.__module__), "__dict__", None)
    return None


def _is_users(names: Names) -> bool:
    file = names.get("__file__") or ""
    return bool(file) and not is_hidden(file) and "-packages" not in file


# --- what takes their places ---------------------------------------------------------------------


@lru_cache(maxsize=4)
def _exchanges(_loaded: tuple[str, ...]) -> Mapping[int, Any]:
    """By the identity of a function, what takes its place; again where SciPy was loaded since."""
    found = {}
    for function, rule in functions():
        FUNCTIONS[function] = rule
        found[id(function)] = _exchanged(function, False)
    for name in MAKERS:
        function = getattr(np, name)
        found[id(function)] = _exchanged(function, True)
    strided = np.lib.stride_tricks.as_strided
    for function in (*FUNCTIONS, strided):  # which do not ask what is in a list
        found.setdefault(id(function), _exchanged(function, False))
    ufuncs = [
        getattr(np, name) for name, method in UFUNCS if method == "__call__" and hasattr(np, name)
    ]
    found |= {id(ufunc): _OfLists(ufunc) for ufunc in ufuncs}
    return found | {id(np.ndenumerate): _enumerated}


class _OfLists:
    """A universal function, or a method of one, that takes recorded nested lists as well."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *args: Any, **named: Any) -> Any:
        if list in map(type, args) and CURRENT.get() is not None and is_recorded(args):
            args = tuple(call(array, (x,), {}) if type(x) is list else x for x in args)
        return self.function(*args, **named)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.function, name)
        return _OfLists(found) if name in ("reduce", "accumulate", "outer") else found


def _enumerated(x: Any) -> Iterator[Any]:
    """np.ndenumerate."""
    entries = np.asanyarray(x)
    return ((k, entries[k]) for k in np.ndindex(entries.shape))


def _exchanged(function: Callable[..., Any], makes: bool) -> Callable[..., Any]:
    """A function that is recorded, also without a recorded operand if it `makes` arrays."""

    @wraps(function)
    def instead(*args: Any, **named: Any) -> Any:
        if CURRENT.get() is None or named.get("dtype") is object:
            return function(*args, **named)
        if any(isinstance(x, Traced) for x in leaves([*args, *named.values()])):
            return call(function, args, named)
        file = sys._getframe(1).f_code.co_filename
        if makes and (not is_hidden(file) or file.startswith(ADAPTERS)):
            return call(function, args, named)
        return function(*args, **named)

    return instead


def _vectorized(plainly: Callable[..., Any]) -> Callable[..., Any]:
    """np.vectorize's call: entry by entry."""

    def vectorize(self: Any, *args: Any, **named: Any) -> Any:
        if not is_recorded(args) or self.signature is not None or self.excluded:
            return plainly(self, *args, **named)
        arrays = np.broadcast_arrays(*args)
        entries = [self.pyfunc(*(x[k] for x in arrays), **named)
                   for k in np.ndindex(arrays[0].shape)]  # fmt: skip
        if any(isinstance(x, tuple) for x in entries) or not entries:
            return plainly(self, *args, **named)
        return np.stack(entries).reshape(arrays[0].shape)

    return vectorize


class _Kind(type):
    """A class that passes for Python's float."""

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, float)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, float)

    def __eq__(cls, other: object) -> bool:
        return other is float or other is cls

    def __hash__(cls) -> int:
        return hash(float)

    def __call__(cls, *args: Any) -> Any:
        if args and isinstance(args[0], Traced) and args[0].varies and np.size(plain(args[0])) == 1:
            return args[0].item()  # type: ignore[attr-defined]
        return float(*args)


class Float(np.float64, metaclass=_Kind):
    """`float` in the user's modules, which keeps the record of a number."""
