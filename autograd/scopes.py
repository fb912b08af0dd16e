"""Which layer is making nodes now: the only ambient state, kept apart for each thread and task."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Scope(NamedTuple):
    """A path such as `features.0`, whether nodes are recorded, and how many scopes are around."""

    path: str = ""
    recording: bool = True
    depth: int = 0


OUTSIDE = Scope()
_scope: ContextVar[Scope] = ContextVar("autograd.scope", default=OUTSIDE)
current_scope = _scope.get


@contextmanager
def _within(new: Scope) -> Iterator[None]:
    token = _scope.set(new)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def scope(path: str) -> Iterator[None]:
    """Name the nodes made in a `with` block: `with scope("attention"): ...`."""
    now = current_scope()
    with _within(Scope(path, now.recording, now.depth + 1)):
        yield


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing in a `with` block or a decorated function: results are leaves."""
    with _within(current_scope()._replace(recording=False)):
        yield
