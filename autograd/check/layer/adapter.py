"""A layer object as two functions: forward(x=..., W=...) and backward(upstream, x=..., W=...)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from . import naming, signatures
from .attributes import Numbers, Path, clone, copied, identical, is_number, leaves, snapshot, text

OUTPUTS = ("output", "outputs", "out", "a", "A", "z", "Z", "y", "Y", "activation")
WEIGHTS = {"weight", "bias", "gamma", "beta"}


class Pass(NamedTuple):
    """One forward and one backward of a copy: what the layer held before and after backward."""

    layer: Any
    x: Any
    output: Any
    returned: Any
    before: dict[Path, Numbers]
    after: dict[Path, Numbers]


@dataclass(frozen=True)
class Layer:
    """A user's layer, and how it is called; every call is made on a copy of `base`.

    To make one runs none of the user's code but its copying. `discover` runs forward, and tells
    which weights the layer holds.
    """

    base: Any
    x: Any
    forward_name: str
    backward_name: str
    options: Mapping[str, Any]
    states: Sequence[signatures.State]  # of the random generators, from which each call starts
    parameters: Mapping[str, Path] = field(default_factory=dict)
    rate: float = 1.0  # the learning rate that backward is called with
    rate_path: Path | None = None  # where the layer holds it

    @classmethod
    def of(cls, layer: Any, x: Any, options: Mapping[str, Any], *names: str | None) -> "Layer":
        """Find forward and backward by their names, if given; TypeError where there is none."""
        forward, backward = map(signatures.method, [layer] * 2, ("forward", "backward"), names)
        states = signatures.states(layer, [forward, backward])
        return cls(clone(layer), x, forward, backward, options, states)

    @property
    def title(self) -> str:
        """The name of the user's class."""
        return type(self.base).__name__

    @property
    def x_name(self) -> str:
        """What the input is called beside the parameters."""
        return "input" if "x" in self.parameters else "x"

    def inputs(self) -> dict[str, Any]:
        """x and the parameters, as the layer was given."""
        held = leaves(self.base)
        return {self.x_name: copied(self.x), **{n: held[p] for n, p in self.parameters.items()}}

    # --- calls of one object ---------------------------------------------------------------------

    def call_forward(self, layer: Any, x: Any) -> tuple[Any, Any]:
        """(output, cache) of one forward of this very object.

        Raises TypeError where it returns nothing and keeps no output either.
        """
        function = getattr(layer, self.forward_name)
        taken = [p for p in signatures.parameters(function) if not signatures.is_training(p)]
        first = taken[0] if taken else None
        returned = function(x, **self._extra(function, first, {"x": x}))
        if isinstance(returned, tuple):
            rest = returned[1] if len(returned) == 2 else returned[1:]
            return returned[0], rest
        if returned is not None:
            return returned, None
        kept = [getattr(layer, name) for name in OUTPUTS if hasattr(layer, name)]
        if not kept:
            raise TypeError(f"{self.title}.{self.forward_name} returned None")
        return kept[0], None

    def call_backward(self, layer: Any, known: Mapping[str, Any]) -> Any:
        """What one backward of this very object returns; `known["upstream"]` goes in first."""
        function = getattr(layer, self.backward_name)
        first = signatures.upstream_of(function)
        keywords = self._extra(function, first, known)
        if first is None and not signatures.parameters(function):
            return function()
        if first is None or signatures.parameters(function)[0].name == first.name:
            return function(known["upstream"], **keywords)
        return function(**{first.name: known["upstream"]}, **keywords)

    def _extra(self, function: Any, first: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments beside the first; options by the user's names win."""
        names = {p.name for p in signatures.parameters(function)}
        given = {name: value for name, value in self.options.items() if name in names}
        try:
            return {**signatures.extra(function, first, {**known, **self.options}), **given}
        except TypeError as error:
            raise TypeError(f"{self.title}.{function.__name__}: {error}") from None

    def pass_of(self, layer: Any, upstream: Any, x: Any, rate: float | None = None) -> Pass:
        """A forward and a backward of this very object, whatever it went through before."""
        output, cache = self.call_forward(layer, x)
        return self.backward_pass_of(layer, output, cache, upstream, x, rate)

    def backward_pass_of(
        self, layer: Any, output: Any, cache: Any, upstream: Any, x: Any, rate: float | None = None
    ) -> Pass:
        """The backward of this very object, whose forward was done."""
        before = snapshot(layer)
        known = {"x": x, "output": output, "rate": self.rate if rate is None else rate}
        for name, path in self.parameters.items():
            known.setdefault(name, before.get(path))
        if cache is not None or hasattr(layer, "cache"):
            known["cache"] = cache if cache is not None else layer.cache
        returned = self.call_backward(layer, {**known, "upstream": upstream})
        return Pass(layer, x, output, returned, before, snapshot(layer))

    # --- calls of fresh copies -------------------------------------------------------------------

    def copy_with(self, inputs: Mapping[str, Any], rate: float | None = None) -> Any:
        """A copy of the layer with the given parameters, and learning rate if it holds one."""
        replaced = {self.parameters[name]: v for name, v in inputs.items() if name != self.x_name}
        if self.rate_path is not None:
            replaced[self.rate_path] = self.rate if rate is None else rate
        return clone(self.base, replaced)

    def output(self, layer: Any = None) -> Any:
        """The output of a copy, or of this very object, for x."""
        with signatures.randomness(self.states):
            return self.call_forward(clone(self.base) if layer is None else layer, copied(self.x))[
                0
            ]

    def forward(self, **inputs: Any) -> Any:
        """The output of a fresh copy with these parameters, the same randomness each time."""
        with signatures.randomness(self.states):
            return self.call_forward(self.copy_with(inputs), copied(inputs[self.x_name]))[0]

    def run(self, upstream: Any, inputs: Mapping[str, Any], rate: float | None = None) -> Pass:
        """A forward and a backward of a fresh copy; upstream is given as it is, x is copied."""
        return self.run_as_is(upstream, {**inputs, self.x_name: copied(inputs[self.x_name])}, rate)

    def run_as_is(
        self, upstream: Any, inputs: Mapping[str, Any], rate: float | None = None
    ) -> Pass:
        """The same with x in the memory order in which it comes."""
        with signatures.randomness(self.states):
            return self.pass_of(self.copy_with(inputs, rate), upstream, inputs[self.x_name], rate)


def discover(layer: Layer) -> tuple[Layer, Any, tuple[str, ...]]:
    """Run forward once: (the layer with its weights and random generators, the output, notes).

    Weights that the first forward makes are kept from then on.
    """
    notes: list[str] = []
    warm = clone(layer.base)
    with signatures.randomness(layer.states):
        output = layer.call_forward(warm, copied(layer.x))[0]
        used = [pair for pair in layer.states if pair.has_moved()]
    if used:
        notes.append("forward draws random numbers: the same ones in every call here")
    held, before = snapshot(warm), snapshot(layer.base)
    new = [path for path in held if path not in before and is_weight(path, held[path])]
    if any(_matters(layer, warm, path) for path in new):
        layer = replace(layer, base=warm)
        notes.append("the weights are made by the first forward, and kept from then on")
    layer = replace(layer, states=used)
    return replace(layer, parameters=_find_parameters(layer)), output, tuple(notes)


def _find_parameters(layer: Layer) -> dict[str, Path]:
    """name -> path of every weight: numbers that the layer holds and forward depends on."""
    held, paths, seen = leaves(layer.base), [], set()
    for path, array in snapshot(layer.base).items():
        identity = id(held[path])  # the same array under two names is one weight
        if not is_number(held[path]) and identity in seen:
            continue
        if is_weight(path, array) and _matters(layer, layer.base, path):
            paths.append(path)
            seen.add(identity)
    short = [short_name(path) for path in paths]
    names = [n if short.count(n) == 1 else text(p) for n, p in zip(short, paths, strict=True)]
    return dict(zip(names, paths, strict=True))


def _matters(layer: Layer, holder: Any, path: Path) -> bool:
    """Whether other numbers there give another output."""
    value = np.asarray(leaves(holder)[path], dtype=np.float64)
    moved = value + np.random.default_rng(0).uniform(0.05, 0.15, value.shape)
    try:
        with np.errstate(all="ignore"):
            outputs = [layer.output(clone(holder, by)) for by in ({}, {path: moved})]
        return not identical(*outputs)
    except Exception:  # a size or an index: no weight
        return False


def is_weight(path: Path, array: Numbers) -> bool:
    """Whether numbers may be weights: float arrays, and what has the name of a weight."""
    name = path[-1].key
    if array.ndim == 0 or array.dtype.kind != "f":
        named = any(isinstance(s.key, str) and naming.concept(s.key)[0] in WEIGHTS for s in path)
        return named and (array.ndim > 0 or array.dtype.kind == "f")
    return array.size > 0 and not (isinstance(name, str) and naming.is_rate(name))


def short_name(path: Path) -> str:
    """What a parameter is called: `W` for `params['W']`, `W` for `W.value`."""
    keys = [step.key for step in path]
    if len(keys) > 1 and keys[-1] in naming.WRAPPED:
        keys.pop()
    return keys[-1] if isinstance(keys[-1], str) else text(path)
