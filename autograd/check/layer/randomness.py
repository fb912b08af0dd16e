"""The random generators that a layer draws from: put to the same start before each call."""

import pickle
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


class State(NamedTuple):
    """How to read and set the state of a random generator, and the state to start from."""

    get: Callable[[], Any]
    put: Callable[[Any], None]
    start: Any

    @classmethod
    def of(cls, source: Any) -> "State":
        """The present state of a generator, or of a module with a global one."""
        if isinstance(source, np.random.Generator):
            bits: Any = source.bit_generator
            return cls(lambda: bits.state, lambda state: setattr(bits, "state", state), bits.state)
        new = hasattr(source, "get_state")
        get, put = ("get_state", "set_state") if new else ("getstate", "setstate")
        return cls(getattr(source, get), getattr(source, put), getattr(source, get)())

    def has_moved(self) -> bool:
        """Whether the generator was drawn from since it was put to the start."""
        return pickle.dumps(self.get()) != pickle.dumps(self.start)


def states(layer: Any, methods: list[str]) -> list[State]:
    """The present states of the random generators that the methods could draw from."""
    functions = (getattr(type(layer), method, None) for method in methods)
    scopes = [list(getattr(f, "__globals__", {}).values()) for f in functions]
    own = (value for scope in scopes for value in scope if isinstance(value, GENERATORS))
    return [State.of(source) for source in (np.random, random, *own)]


def seeded() -> list[State]:
    """The global generators with seed 0, so that new layers have the same weights each time."""
    new = State.of(np.random.RandomState(0)), State.of(random.Random(0))
    return [
        State.of(s)._replace(start=n.start) for s, n in zip((np.random, random), new, strict=True)
    ]


@contextmanager
def started(states: Sequence[State]) -> Iterator[None]:
    """Put each generator to the start; put the caller's states back at the end."""
    before = [state.get() for state in states]
    for state in states:
        state.put(state.start)
    try:
        yield
    finally:
        for state, kept in zip(states, before, strict=True):
            state.put(kept)
