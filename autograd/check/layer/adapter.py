"""A layer object as two functions: forward(x=..., W=...) and backward(upstream, x=..., W=...)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import naming, signatures
from .attributes import Path, as_array, clone, is_number, leaves, snapshot, text

OUTPUTS = ("output", "outputs", "out", "a", "A", "z", "Z", "y", "Y", "activation")
WEIGHTS = {"weight", "bias", "gamma", "beta"}


@dataclass
class Pass:
    """One forward and one backward of a copy: what the layer held before and after backward."""

    layer: Any
    output: Any
    returned: Any
    before: dict[Path, np.ndarray]
    after: dict[Path, np.ndarray]
    upstream: Any = None
    x: Any = None


@dataclass
class Layer:
    """A user's layer, how it is called, and what it holds.

    Raises TypeError where it has no forward or backward, or an argument fits nothing known.
    """

    original: Any
    x: Any
    forward_name: str | None = None
    backward_name: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.title = type(self.original).__name__
        self.forward_name = signatures.method(self.original, "forward", self.forward_name)
        self.backward_name = signatures.method(self.original, "backward", self.backward_name)
        self.base = clone(self.original)
        self.states: list[tuple[signatures.Source, Any]] = []
        every = signatures.sources(self.original, [self.forward_name, self.backward_name])
        self.states = [(source, source[0]()) for source in every]
        self.rate_path: Path | None = None
        self.rate: float = 1.0
        self.x_name = "x"
        self._first_forward()
        self.parameters = self._find_parameters()

    # --- calls -----------------------------------------------------------------------------------

    def made(self, inputs: Mapping[str, Any], rate: float | None = None) -> Any:
        """A copy of the layer with the given parameters, and learning rate if it holds one."""
        replaced = {self.parameters[name]: v for name, v in inputs.items() if name != self.x_name}
        if self.rate_path is not None:
            replaced[self.rate_path] = self.rate if rate is None else rate
        return clone(self.base, replaced)

    def call_forward(self, layer: Any, x: Any) -> tuple[Any, Any]:
        """(output, cache) of one forward of this very object."""
        function = getattr(layer, str(self.forward_name))
        taken = [p for p in signatures.parameters(function) if not signatures.is_training(p)]
        first = taken[0] if taken else None
        returned = function(x, **self._extra(function, first, {"x": x}))
        if isinstance(returned, tuple):
            rest = returned[1] if len(returned) == 2 else returned[1:]
            return returned[0], rest
        if returned is None:
            held = [getattr(layer, name) for name in OUTPUTS if hasattr(layer, name)]
            if not held:
                raise TypeError(f"{self.title}.{self.forward_name} returned None")
            return held[0], None
        return returned, None

    def call_backward(self, layer: Any, known: Mapping[str, Any]) -> Any:
        """What one backward of this very object returns; `known["upstream"]` goes in first."""
        function = getattr(layer, str(self.backward_name))
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

    def forward(self, **inputs: Any) -> Any:
        """The output of a fresh copy with these parameters, the same randomness each time."""
        with signatures.randomness(self.states):
            return self.call_forward(self.made(inputs), given(inputs[self.x_name]))[0]

    def run(self, upstream: Any, inputs: Mapping[str, Any], rate: float | None = None) -> Pass:
        """A forward and a backward of a fresh copy; upstream is given as it is, x is copied."""
        return self.run_as_is(upstream, {**inputs, self.x_name: given(inputs[self.x_name])}, rate)

    def run_as_is(
        self, upstream: Any, inputs: Mapping[str, Any], rate: float | None = None
    ) -> Pass:
        """The same with x in the memory order in which it comes."""
        with signatures.randomness(self.states):
            return self.continued(self.made(inputs, rate), upstream, inputs[self.x_name], rate)

    def continued(self, layer: Any, upstream: Any, x: Any, rate: float | None = None) -> Pass:
        """A forward and a backward of this very object, whatever it went through before."""
        output, cache = self.call_forward(layer, x)
        return self.finished(layer, output, cache, upstream, x, rate)

    def finished(
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
        return Pass(layer, output, returned, before, snapshot(layer), upstream, x)

    # --- what it holds ---------------------------------------------------------------------------

    def _first_forward(self) -> None:
        """Run forward once: keep the generators it draws from, and weights it makes only now."""
        warm = clone(self.base)
        with signatures.randomness(self.states):
            self.output = self.call_forward(warm, given(self.x))[0]
            used = [not same_state(get(), state) for (get, _), state in self.states]
        if any(used):
            self.notes.append("forward draws random numbers: the same ones in every call here")
        new = set(snapshot(warm)) - set(snapshot(self.base))
        if any(self._matters(warm, path) for path in new if is_weight(path, snapshot(warm)[path])):
            self.base = warm
            self.notes.append("the weights are made by the first forward, and kept from then on")
        self.states = [pair for pair, u in zip(self.states, used, strict=True) if u]

    def _find_parameters(self) -> dict[str, Path]:
        """name -> path of every weight: numbers that the layer holds and forward depends on."""
        held, paths, seen = leaves(self.base), [], set()
        for path, array in snapshot(self.base).items():
            alias = id(held[path])
            if not is_number(held[path]) and alias in seen:
                continue
            if is_weight(path, array) and self._matters(self.base, path):
                paths.append(path)
                seen.add(alias)
        short = [short_name(path) for path in paths]
        names = [n if short.count(n) == 1 else text(p) for n, p in zip(short, paths, strict=True)]
        self.x_name = "x" if "x" not in names else "input"
        return dict(zip(names, paths, strict=True))

    def _matters(self, layer: Any, path: Path) -> bool:
        """Whether other numbers there give another output."""
        value = np.asarray(leaves(layer)[path], dtype=np.float64)
        moved = value + np.random.default_rng(0).uniform(0.05, 0.15, value.shape)
        try:
            with np.errstate(all="ignore"):
                both = [self._output_of(clone(layer, by)) for by in ({}, {path: moved})]
            return not same(*both)
        except Exception:  # a size or an index: no weight
            return False

    def _output_of(self, layer: Any) -> Any:
        """The output of this very object for x, with the randomness of every call."""
        with signatures.randomness(self.states):
            return self.call_forward(layer, given(self.x))[0]


def given(x: Any) -> Any:
    """A copy of what the user gave, so that no call can change it for the next."""
    return x.copy(order="K") if isinstance(x, np.ndarray) else clone(x)


def is_weight(path: Path, array: np.ndarray) -> bool:
    """Whether numbers may be weights: float arrays, and what has the name of a weight."""
    name = path[-1].key
    if array.ndim == 0 or array.dtype.kind != "f":
        named = any(isinstance(s.key, str) and naming.kind(s.key)[0] in WEIGHTS for s in path)
        return named and (array.ndim > 0 or array.dtype.kind == "f")
    return array.size > 0 and not (isinstance(name, str) and naming.is_rate(name))


def short_name(path: Path) -> str:
    """What a parameter is called: `W` for `params['W']`, `W` for `W.value`."""
    keys = [step.key for step in path]
    if len(keys) > 1 and keys[-1] in naming.HELD:
        keys.pop()
    return keys[-1] if isinstance(keys[-1], str) else text(path)


def same(a: Any, b: Any) -> bool:
    """Whether two outputs are equal, bit for bit."""
    left, right = as_array(a), as_array(b)
    if left is None or right is None:
        return False
    return left.shape == right.shape and np.array_equal(left, right, equal_nan=left.dtype == float)


def same_state(a: Any, b: Any) -> bool:
    """Whether two states of a random generator are equal."""
    return repr(a) == repr(b) and str(parts(a)) == str(parts(b))


def parts(state: Any) -> list[Any]:
    """The entries of a state, with arrays in full."""
    entries = state.values() if isinstance(state, dict) else state
    return [e.tolist() if isinstance(e, np.ndarray) else e for e in entries]
