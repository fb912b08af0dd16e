"""How a layer is called: which method is its forward, which its backward, what each argument is."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from . import naming
from .forms import is_number

FORWARDS = "forward forward_pass forward_prop forward_propagation forward_propagate feedforward"
FORWARDS += " feed_forward fprop propagate fwd forwardprop __call__ call apply predict"
FORWARDS += " activate function func fn f activation compute evaluate"
BACKWARDS = "backward backprop backward_pass back_prop backpropagation backward_propagation"
BACKWARDS += " backpropagate back_propagation back_propagate bprop bwd backwards gradient grad"
DERIVATIVES = "gradient grad derivative deriv derivate prime diff df d_f f_prime dfunc d dx"
DERIVATIVE = re.compile(r"(.+)_(?:prime|derivative|deriv|grad(?:ient)?|diff)|(?:d|grad)_(.+)")


class UnfitError(TypeError):
    """An argument of the user's method is like nothing that is known."""


def methods(layer: Any, forward: str | None, backward: str | None) -> tuple[str, str]:
    """The names of a layer's forward and backward.

    Raises TypeError where the layer has none that could be it.
    """
    pairs = _pairs(layer) if forward is None and backward is None else []
    try:
        ahead = method(layer, "forward", forward)
    except TypeError:
        if len(pairs) != 1:
            raise
        return pairs[0]
    try:
        return ahead, method(layer, "backward", backward)
    except TypeError:
        derivatives = [n for n in DERIVATIVES.split() if callable(getattr(layer, n, None))]
        derivatives += [back for front, back in _pairs(layer) if front == ahead]
        derivatives += [back for _, back in pairs if len(pairs) == 1]
        if backward is not None or not derivatives:
            raise
        return ahead, derivatives[0]


def _pairs(layer: Any) -> list[tuple[str, str]]:
    """(f, f_prime) for every two methods that are called so."""
    found = []
    for name in dir(layer):
        match = None if name.startswith("_") else DERIVATIVE.fullmatch(name)
        front = (match[1] or match[2]) if match else ""
        if front and callable(getattr(layer, front, None)) and callable(getattr(layer, name)):
            found.append((front, name))
    return found


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


def is_derivative(name: str) -> bool:
    """True for `derivative`, `tanh_prime`: a method that returns f′, not f′ times a gradient."""
    return name in DERIVATIVES.split() or DERIVATIVE.fullmatch(name) is not None


HIDDEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """The named arguments of a function, in order; none where they cannot be seen."""
    return _described(function)[0]


def is_hidden(function: Callable[..., Any]) -> bool:
    """Whether nobody can see what a function takes: `*args`, or compiled."""
    return _described(function)[1]


def _described(function: Callable[..., Any]) -> tuple[tuple[inspect.Parameter, ...], bool]:
    plain = getattr(function, "__func__", None)
    return _declared(function, False) if plain is None else _declared(plain, True)


@lru_cache(maxsize=256)
def _declared(
    function: Callable[..., Any], is_method: bool
) -> tuple[tuple[inspect.Parameter, ...], bool]:
    """(named arguments but `self`, whether there are others alone); each forward asks for it."""
    try:
        every = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return (), True
    if is_method and every and every[0].kind not in HIDDEN:
        every = every[1:]
    named = tuple(p for p in every if p.kind not in HIDDEN)
    return named, bool(every) and not named


def call(function: Callable[..., Any], given: Mapping[str, Any], hidden: Any) -> Any:
    """Call a function by names, by place where it can be; if they are hidden, with `hidden`.

    By place, as a wrapper may call its arguments otherwise than what it wraps.
    """
    named, is_unseen = _described(function)
    if is_unseen:
        return function(*hidden) if isinstance(hidden, tuple) else function(hidden)
    rest, places = dict(given), []
    for parameter in named:
        if parameter.kind is parameter.KEYWORD_ONLY or parameter.name not in rest:
            break
        places.append(rest.pop(parameter.name))
    return function(*places, **rest)


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


def input_of(function: Callable[..., Any], given: Mapping[str, Any]) -> str | None:
    """The argument of forward that takes x: `x` or `inputs`, or the first that is not given."""
    free = [p for p in parameters(function) if p.name not in given and not is_training(p)]
    free = [p for p in free if p.name != naming.CONTEXT]
    named = [p for p in free if p.name.lower() in naming.INPUTS]
    required = [p for p in free if is_required(p)]
    return next((p.name for p in (*named, *required, *free)), None)


def upstreams_of(
    function: Callable[..., Any], given: Mapping[str, Any], known: Mapping[str, Any]
) -> list[inspect.Parameter]:
    """The arguments that take gradients of outputs: named so, or the first that nothing fits."""
    taken = [p for p in parameters(function) if p.name not in given and not is_training(p)]
    taken = [p for p in taken if not naming.is_rate(p.name) and p.name != naming.CONTEXT]
    taken = [p for p in taken if not naming.TARGET.match(p.name.lower())]
    named = [p for p in taken if naming.is_upstream(p.name)]
    named = [p for p in named if not is_number(known.get(p.name))]  # `dt` is a step of time
    if named:
        return named
    required = [p for p in taken if is_required(p) and p.name.lower() not in naming.CACHES]
    unknown = [p for p in required if not is_known(p.name, known)]
    return (unknown or (taken if len(required) < 2 else []))[:1]


def is_known(name: str, known: Mapping[str, Any]) -> bool:
    """Whether the name of an argument says what it stands for."""
    try:
        by_name(name, known)
    except UnfitError:
        return False
    return True


def extra(
    function: Callable[..., Any], known: Mapping[str, Any], given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Values for the arguments that are not given, by what their names say.

    Raises UnfitError where a required argument is like nothing that is known.
    """
    found: dict[str, Any] = {}
    for parameter in parameters(function):
        name = parameter.name
        if name in (given or {}):
            continue
        if is_training(parameter):
            found[name] = training_value(parameter)
        elif naming.is_rate(name) and "rate" in known:
            found[name] = known["rate"]
        elif is_required(parameter):
            found[name] = by_name(name, known)
    return found


def by_name(name: str, known: Mapping[str, Any]) -> Any:
    """What an argument of this name stands for.

    Raises UnfitError where it is like nothing that is known.
    """
    if name.lower() in naming.CACHES and "cache" in known:
        return known["cache"]
    if name in known:
        return known[name]
    concept = naming.concept(name)
    if concept[0] == "input":
        return known["x"]
    alike = [value for key, value in known.items() if naming.concept(key) == concept]
    if alike:
        return alike[0]
    if name.lower() in naming.OUTPUTS and "output" in known:
        return known["output"]
    raise UnfitError(f"nothing known fits the argument {name!r}: give options={{{name!r}: ...}}")
