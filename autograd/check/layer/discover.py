"""What a layer is, seen from a first forward: its weights, states, outputs, other inputs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from . import naming, outputs, randomness, signatures
from .adapter import Argument, Forward, Layer
from .attributes import Path, Step, clone, copied, leaves, snapshot, text
from .forms import Numbers, as_array, identical, is_container, is_number, like
from .missing import returned_only, spread, supplied

WEIGHTS = {"weight", "bias", "gamma", "beta"}


def discover(layer: Layer) -> tuple[Layer, tuple[str, ...]]:
    """Run forward once: (the layer with all that is inferred, notes).

    Weights that the first forward makes are kept from then on.
    """
    layer, said = supplied(spread(layer))
    notes = list(said)
    warm = clone(layer.base)
    with randomness.started(layer.states):
        found = layer.call_forward(warm, copied(layer.x))
        used = [pair for pair in layer.states if pair.has_moved()]
    if used:
        notes.append("forward draws random numbers: the same ones in every call here")
    layer = replace(_with_outputs(layer, warm, found), states=used)
    layer, made = _after_first_forward(layer, warm)
    notes += ["the weights are made by the first forward, and kept from then on"] * made
    if layer.carried:
        notes.append(f"forward carries {', '.join(layer.carried)} on: each call starts as given")
    layer, drawn = _with_states(layer)
    notes += [f"{', '.join(drawn)}: drawn, as nothing shows in a state of zeros"] * bool(drawn)
    layer, said = returned_only(with_inputs(layer))
    return with_inputs(layer) if said else layer, (*notes, *said)


def with_lists(layer: Layer) -> Layer:
    """The layer with a list that forward returns read as several outputs."""
    layer, warm = replace(layer, lists=True, pairs=()), clone(layer.base)
    with randomness.started(layer.states):
        found = layer.call_forward(warm, copied(layer.x))
    return with_inputs(_with_outputs(layer, warm, found))


def with_inputs(layer: Layer) -> Layer:
    """The layer with the weights and arguments on which its outputs depend."""
    layer = replace(layer, parameters=_find_parameters(layer))
    return replace(layer, arguments=_find_arguments(layer))


def _with_states(layer: Layer) -> tuple[Layer, list[str]]:
    """(The layer with other states than zeros, which these are)."""
    held = snapshot(layer.base)
    drawn = {
        path: np.random.default_rng(k).uniform(-1.0, 1.0, array.shape)
        for k, (path, array) in enumerate(held.items())
        if path[0].key in layer.carried and array.ndim and array.dtype.kind == "f"
        and not array.any()
    }  # fmt: skip
    base = clone(layer.base, drawn) if drawn else layer.base
    return replace(layer, base=base), [text(path) for path in drawn]


def _with_outputs(layer: Layer, warm: Any, found: Forward) -> Layer:
    """The layer with what it is differentiated by: its outputs, or f′."""
    function = getattr(layer.base, layer.backward_name)
    inputs = [value for value in found.given.values() if isinstance(value, np.ndarray)]
    if signatures.is_hidden(function):
        arguments = []
    else:
        arguments = signatures.upstreams_of(function, layer.options, layer.known(warm, found))
    named = any(naming.is_upstream(p.name) for p in arguments)
    if signatures.is_derivative(layer.backward_name) and not named:
        layer = replace(layer, derivative_of="x")
        arguments = []
    possible = [n for n, value in found.items.items() if outputs.is_output(n, value, inputs)]
    pairs, left = outputs.pairs(found.items, possible, arguments, warm)
    used = {pair.output for pair in pairs}
    unused = tuple(name for name in possible if name not in used)
    zeros = (n for n in left if naming.is_state((Step(True, n),)) or _is_of_input(n, found))
    return replace(layer, pairs=pairs, unused=unused, zeros=tuple(zeros))


def _is_of_input(argument: str, found: Forward) -> bool:
    """Whether an argument of backward announces the gradient of one of forward's."""
    return any(naming.announces(argument, name) for name in found.given)


def takes_upstream(layer: Layer) -> bool:
    """Whether backward takes the gradient of an output, as far as can be seen, or is f′."""
    function = getattr(layer.base, layer.backward_name)
    named = any(pair.argument for pair in layer.pairs)
    return named or bool(layer.derivative_of) or signatures.is_hidden(function)


def said_of_outputs(layer: Layer) -> list[str]:
    """What was inferred about the outputs, where it is not plain."""
    notes = []
    if len(layer.pairs) > 1:
        said = ", ".join(f"{p.argument} is that of {p.output.lstrip('.')}" for p in layer.pairs)
        notes.append(f"the upstream gradient {said}; L is the sum over all of them")
    if layer.unused and len(layer.pairs) == 1:
        (pair,) = layer.pairs
        is_all = pair.output == outputs.EVERYTHING
        which = "everything that forward returns" if is_all else pair.output
        notes.append(f"the upstream gradient is that of {which}")
    if layer.zeros:
        notes.append(f"the upstream gradient {', '.join(layer.zeros)} is 0")
    if layer.derivative_of:
        of = "the input" if layer.derivative_of == "x" else "forward's output"
        notes.append(f"{layer.backward_name} is taken as the derivative at {of}, times upstream")
    return notes


# --- weights and states --------------------------------------------------------------------------


def _after_first_forward(layer: Layer, warm: Any) -> tuple[Layer, bool]:
    """(The layer with weights that the first forward made, and the states it carries; if any)."""
    held, before = snapshot(warm), snapshot(layer.base)
    changed = [
        path
        for path in held
        if is_weight(path, held[path])
        and (path not in before or not np.array_equal(before[path], held[path], equal_nan=True))
    ]
    probe = _Probe(layer, warm)
    if not changed or not probe.knows:
        return layer, False
    again = clone(warm)
    with randomness.started(layer.states):
        layer.call_forward(again, copied(layer.x))
    twice = snapshot(again)
    carried = [p for p in changed if p not in twice or not np.array_equal(twice[p], held[p])]
    if identical(probe.plain, probe.output(clone(layer.base))):  # nothing is carried to the next
        carried = []
    states = dict.fromkeys(p[0].key for p in carried if p[0].attribute and probe.matters(p))
    layer = replace(layer, carried=tuple(states))
    made = [p for p in changed if p not in before and p[0].key not in states and p not in carried]
    if not any(map(probe.matters, made)):
        return layer, False
    return replace(layer, base=restarted(layer, warm)), True


def restarted(layer: Layer, made: Any) -> Any:
    """A copy of a layer after calls, with the states as they were before."""
    made, start = clone(made), clone(layer.base)
    for name in layer.carried:
        setattr(made, name, getattr(start, name, None))
    return made


class _Probe:
    """Whether forward depends on what lies at a path of a layer."""

    def __init__(self, layer: Layer, holder: Any) -> None:
        self.layer, self.holder = layer, holder
        try:
            self.plain = self.output(clone(holder))
        except Exception:  # the user's code: nothing is known of what it depends on
            self.plain = None

    @property
    def knows(self) -> bool:
        """Whether forward runs on this holder at all."""
        return self.plain is not None

    def output(self, layer: Any, others: Mapping[str, Any] | None = None) -> Numbers | None:
        """All outputs of this very object."""
        with randomness.started(self.layer.states), np.errstate(all="ignore"):
            found = self.layer.call_forward(layer, copied(self.layer.x), others)
            return as_array(outputs.flat(self.layer.outputs(layer, found)))

    def matters(self, path: Path) -> bool:
        """Whether other numbers there give another output."""
        moved = _moved(leaves(self.holder)[path])
        try:
            return not identical(self.plain, self.output(clone(self.holder, {path: moved})))
        except Exception:  # a size or an index: no weight
            return False

    def argument_matters(self, argument: Argument, value: Any) -> bool:
        """Whether another value of an argument gives another output."""
        moved = like(_moved(as_array(value)), value)
        if argument.key is not None:
            moved = {**self.layer.options[argument.option], argument.key: moved}
        try:
            output = self.output(clone(self.holder), {argument.option: moved})
            return not identical(self.plain, output)
        except Exception:  # forward refuses it
            return False


def _moved(value: Any) -> Numbers:
    array = np.asarray(value, dtype=np.float64)
    return array + np.random.default_rng(0).uniform(0.05, 0.15, array.shape)


def _find_parameters(layer: Layer) -> dict[str, Path]:
    """name -> path of every weight: numbers that the layer holds and forward depends on."""
    held, paths, seen = leaves(layer.base), [], set()
    probe = _Probe(layer, layer.base)
    for path, array in snapshot(layer.base).items():
        identity = id(held[path])  # the same array under two names is one weight
        if not is_number(held[path]) and identity in seen:
            continue
        if is_weight(path, array) and probe.knows and probe.matters(path):
            paths.append(path)
            seen.add(identity)
    short = [short_name(path) for path in paths]
    return {_name(path, short, layer): path for path in paths}


def _name(path: Path, short: list[str], layer: Layer) -> str:
    """What a parameter is called beside others, and beside forward's arguments."""
    name = short_name(path)
    if name in layer.options:
        return f"self.{text(path)}"
    return name if short.count(name) == 1 else text(path)


def _find_arguments(layer: Layer) -> dict[str, Argument]:
    """forward's other arguments that hold floats, and on which its outputs depend."""
    function, probe = getattr(layer.base, layer.forward_name), _Probe(layer, layer.base)
    found: dict[str, Argument] = {}
    for option in (p.name for p in signatures.parameters(function) if p.name in layer.options):
        value = layer.options[option]
        entries = {None: value}
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            entries = dict(value)
        for key, entry in entries.items():
            name = option if key is None else key
            name = f"{option}[{key!r}]" if name in found or name in layer.parameters else name
            argument = Argument(option, key)
            if probe.knows and _is_floats(entry) and probe.argument_matters(argument, entry):
                found[name] = argument
    return found


def _is_floats(value: Any) -> bool:
    if not isinstance(value, np.ndarray) and not is_container(value):
        return False
    array = as_array(value)
    return array is not None and array.ndim > 0 and array.dtype.kind == "f" and array.size > 0


def is_weight(path: Path, array: Numbers) -> bool:
    """Whether numbers may be weights: float arrays, and what has the name of a weight."""
    name = path[-1].key
    if array.ndim == 0 or array.dtype.kind != "f":
        named = any(isinstance(s.key, str) and naming.concept(s.key)[0] in WEIGHTS for s in path)
        return named and (array.ndim > 0 or array.dtype.kind == "f")
    rate = isinstance(name, str) and naming.is_rate(name) and array.size == 1
    return array.size > 0 and not rate


def short_name(path: Path) -> str:
    """What a parameter is called: `W` for `params['W']`, `W` for `W.value`."""
    keys = [step.key for step in path]
    if naming.is_wrapper(path):
        keys.pop()
    return keys[-1] if isinstance(keys[-1], str) else text(path)
