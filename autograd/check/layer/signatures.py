"""How a layer is called: which method is its forward, which its backward, what each argument is."""

import inspect
import pickle
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from . import naming

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
FORWARDS = "forward forward_pass forward_prop forward_propagation forward_propagate feedforward"
FORWARDS += " feed_forward fprop propagate fwd forwardprop __call__ call apply predict"
BACKWARDS = "backward backprop backward_pass back_prop backpropagation backward_propagation"
BACKWARDS += " backpropagate back_propagation back_propagate bprop bwd backwards gradient grad"


def method(layer: Any, which: str, given: str | None) -> str:
    """The name of a layer's forward or backward method.

    Raises TypeError where the layer has none that could be it.
    """
    known = {"forward": FORWARDS, "backward": BACKWARDS}[which].split()
    names = [given] if given else known
    found = [name for name in names if callable(getattr(layer, name, None))]
    if not found and not given:
        starts = ("forw", "feed", "fprop") if which == "forward" else ("back", "bprop")
        flat = ((name, name.lower().lstrip("_")) for name in dir(layer))
        found = [name for name, lower in flat if lower.startswith(starts)]
        found = [name for name in found if callable(getattr(layer, name))]
    if not found:
        asked = f"{given}()" if given else f"{which} method ({', '.join(names[:5])}, ...)"
        raise TypeError(f"{type(layer).__name__}: no {asked} found; name it: {which}='...'")
    return found[0]


def parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """The named arguments of a function, in order; none where they cannot be seen."""
    plain = getattr(function, "__func__", None)
    return named(function) if plain is None else named(plain)[1:]


@lru_cache(maxsize=256)
def named(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """The same for a function that is no method; kept, as each forward asks for it."""
    try:
        every = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    hidden = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return tuple(p for p in every if p.kind not in hidden)


def is_required(parameter: inspect.Parameter) -> bool:
    """True where a call must give the argument."""
    return parameter.default is inspect.Parameter.empty


def is_training(parameter: inspect.Parameter) -> bool:
    """True for `training`, `train_flg`: a switch between training and inference."""
    flag = is_required(parameter) or isinstance(parameter.default, bool)
    return parameter.name.lower() in naming.TRAINING and flag


def training_value(parameter: inspect.Parameter) -> Any:
    """What turns training on."""
    return "train" if parameter.name.lower() == "mode" and is_required(parameter) else True


def rate_of(function: Callable[..., Any]) -> inspect.Parameter | None:
    """The argument that is the learning rate, or None."""
    named = [p for p in parameters(function)[1:] if naming.is_rate(p.name)]
    return named[0] if named else None


def upstream_of(function: Callable[..., Any]) -> inspect.Parameter | None:
    """The argument that takes the gradient of the output: named so, or the first."""
    taken = [p for p in parameters(function) if not is_training(p)]
    named = [p for p in taken if naming.is_upstream(p.name)]
    required = [p for p in taken if is_required(p)]
    return next(iter(named or required or taken), None)


def extra(
    function: Callable[..., Any], first: inspect.Parameter | None, known: Mapping[str, Any]
) -> dict[str, Any]:
    """Values for the arguments beside the first, by what their names say.

    Raises TypeError where a required argument is like nothing that is known.
    """
    given: dict[str, Any] = {}
    for parameter in parameters(function):
        name = parameter.name
        if first is not None and name == first.name:
            continue
        if is_training(parameter):
            given[name] = training_value(parameter)
        elif naming.is_rate(name) and "rate" in known:
            given[name] = known["rate"]
        elif is_required(parameter):
            given[name] = by_name(name, known)
    return given


def by_name(name: str, known: Mapping[str, Any]) -> Any:
    """What an argument of this name stands for.

    Raises TypeError where it is like nothing that is known.
    """
    concept = naming.concept(name)
    if name.lower() in naming.CACHES and "cache" in known:
        return known["cache"]
    if concept[0] == "input":
        return known["x"]
    if name in known:
        return known[name]
    alike = [value for key, value in known.items() if naming.concept(key) == concept]
    if alike:
        return alike[0]
    if name.lower() in {"output", "out", "y", "a", "z", "outputs", "y_hat"} and "output" in known:
        return known["output"]
    raise TypeError(f"nothing known fits the argument {name!r}: give options={{{name!r}: ...}}")


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
def randomness(states: Sequence[State]) -> Iterator[None]:
    """Put each generator to the start; put the caller's states back at the end."""
    before = [state.get() for state in states]
    for state in states:
        state.put(state.start)
    try:
        yield
    finally:
        for state, kept in zip(states, before, strict=True):
            state.put(kept)
