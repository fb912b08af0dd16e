"""Which layer is making nodes now: the only ambient state, kept apart for each thread and task."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Self


class Call(str):
    """One visit to a scope: its path, told apart from other visits of the same path by identity.

    `kind` says what was called, such as `Conv2D`, and `parent` is the visit around this one.
    """

    __slots__ = ("kind", "parent")
    kind: str
    parent: str

    def __new__(cls, path: str, kind: str = "", parent: str = "") -> Self:
        """A string with what was called, and the visit around it."""
        call = super().__new__(cls, path)
        call.kind, call.parent = kind, parent
        return call


@dataclass(slots=True)
class Scope:
    """A path such as `features.0`, whether nodes are recorded, how many scopes are around, and the
    trace that takes every Value that is made, while a function is being compiled.
    """

    path: str = ""
    recording: bool = True
    depth: int = 0
    trace: Any = None


# Held by whoever sets the state of Python's or NumPy's own generator, which all threads share.
chance = threading.RLock()
OUTSIDE = Scope()
_scope: ContextVar[Scope] = ContextVar("autograd.scope", default=OUTSIDE)
current_scope = _scope.get


class scope:
    """Name the nodes made in a `with` block: `with scope("attention"): ...`.

    `kind` is shown beside the path in drawings.
    """

    __slots__ = ("before", "kind", "path")

    def __init__(self, path: str, kind: str = "") -> None:
        self.path = path
        self.kind = kind

    def __enter__(self) -> Call:
        self.before = around = current_scope()
        call = Call(self.path, self.kind, around.path)
        _scope.set(Scope(call, around.recording, around.depth + 1, around.trace))
        return call

    def __exit__(self, kind: object, error: Any, trace: object) -> None:
        if getattr(error, "scope", "") is None:  # of an UnknownNumberError, which names its layer
            error.scope = current_scope().path
        _scope.set(self.before)


@contextmanager
def resumed(call: Call) -> Iterator[None]:
    """Make nodes of a visit that has been left, or that no `scope` has begun."""
    with _within(replace(current_scope(), path=call)):
        yield


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing in a `with` block or a decorated function: results are leaves."""
    with _within(replace(current_scope(), recording=False)):
        yield


@contextmanager
def tracing(trace: Any) -> Iterator[Any]:
    """Hand every Value that is made in a `with` block to `trace.append`; scopes start anew."""
    with _within(Scope(trace=trace)):
        yield trace


@contextmanager
def _within(scope: Scope) -> Iterator[None]:
    """For a while another scope; the one before comes back even if an interrupt comes first."""
    before = current_scope()
    try:
        _scope.set(scope)
        yield
    finally:
        _scope.set(before)


_differentiated: ContextVar[bool] = ContextVar("autograd.differentiated", default=False)
is_differentiated = _differentiated.get


@contextmanager
def differentiated() -> Iterator[None]:
    """Run a function for its derivative in a `with` block: what it does is recorded, whatever is
    around, and what differentiates within it knows that.
    """
    before = is_differentiated()
    with _within(replace(current_scope(), recording=True)):
        _differentiated.set(True)
        try:
            yield
        finally:
            _differentiated.set(before)


def is_compiling() -> bool:
    """Whether a function is being recorded now: numbers are not known, and there is one sample."""
    return current_scope().trace is not None


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the search for reference cycles: graphs have none, and it costs a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
