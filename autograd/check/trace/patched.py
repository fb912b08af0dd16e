"""NumPy's makers of arrays, while a forward is recorded: buffers that can hold what is recorded.

`np.zeros(...)` must return what records an assignment to a part of it. The makers are exchanged for
the time of one call, in NumPy and where the user's module has imported them by name; one recording
at a time.
"""

import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from .functions import array
from .nodes import constant
from .recorded import Recorded, Recording, _flat
from .source import is_ours

ONE_AT_A_TIME = threading.RLock()
MAKERS = "zeros ones empty full zeros_like ones_like empty_like full_like eye identity".split()
TAKERS = "array asarray asanyarray ascontiguousarray asfortranarray copy".split()
SCALAR = "exp log sqrt tanh sin cos".split()  # of the module math


@contextmanager
def patched(recording: Recording, scopes: list[dict[str, Any]]) -> Iterator[None]:
    """Exchange the makers in NumPy, math and some modules' names; put all back at the end."""
    with ONE_AT_A_TIME:
        spaces = [vars(np), vars(math), vars(np.lib.stride_tricks), *scopes]
        exchanged = _exchanges(recording)
        found = [(space, name, value) for space in spaces for name, value in list(space.items())
                 if _key(value) in exchanged]  # fmt: skip
        try:
            for space, name, value in found:
                space[name] = exchanged[_key(value)]
            yield
        finally:
            for space, name, value in found:
                space[name] = value


def _key(value: Any) -> int:
    return id(value)


def _exchanges(recording: Recording) -> Mapping[int, Any]:
    """By the identity of a function, what takes its place."""
    made = {id(getattr(np, n)): _maker(getattr(np, n), recording) for n in MAKERS}
    taken = {id(getattr(np, n)): _taker(getattr(np, n)) for n in TAKERS}
    scalar = {id(getattr(math, n)): _scalar(n) for n in SCALAR}
    strided = np.lib.stride_tricks.as_strided
    return {**made, **taken, **scalar, id(strided): _strided(strided)}


def _maker(function: Callable[..., Any], recording: Recording) -> Callable[..., Any]:
    @wraps(function)
    def make(*args: Any, **named: Any) -> Any:
        if is_ours(sys._getframe(1)):
            return function(*args, **named)
        made = function(*(a.plain if isinstance(a, Recorded) else a for a in args), **named)
        if made.dtype.kind != "f":
            return made
        return Recorded.of(constant(made), recording)

    return make


def _taker(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def take(x: Any, *args: Any, **named: Any) -> Any:
        if is_ours(sys._getframe(1)):
            return function(x, *args, **named)
        if isinstance(x, Recorded) and function.__name__ != "array":
            return x
        if isinstance(x, Recorded | list | tuple) and any(
            isinstance(e, Recorded) for e in _flat(x)
        ):
            return array(x)
        return function(x, *args, **named)

    return take


def _scalar(name: str) -> Callable[..., Any]:
    plainly = getattr(math, name)

    @wraps(plainly)
    def call(x: Any, *args: Any) -> Any:
        return getattr(np, name)(x) if isinstance(x, Recorded) else plainly(x, *args)

    return call


def _strided(function: Callable[..., Any]) -> Callable[..., Any]:
    """as_strided on the addresses of the whole buffer, from the view's first entry on."""

    @wraps(function)
    def stride(x: Any, *args: Any, **named: Any) -> Any:
        if not isinstance(x, Recorded):
            return function(x, *args, **named)
        size = x.buffer.node.value.size
        start = int(x.places.flat[0])
        whole = np.arange(size)[start:]
        shape = named.pop("shape", args[0] if args else x.shape)
        strides = named.pop("strides", args[1] if len(args) > 1 else x.plain.strides)
        places = np.array(function(whole, shape, strides))
        flat = Recorded.of(x.buffer.node, x.buffer.recording).reshape(-1)
        return flat.arranged(lambda a: a[places], "windows")

    return stride
