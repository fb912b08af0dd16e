"""A layer object as two functions: forward(x=..., W=...) and backward(upstream, x=..., W=...)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple

from . import naming, outputs, randomness, signatures
from .attributes import Path, clone, copied, held_by, leaves, snapshot
from .forms import Numbers, as_array, is_container, like

_X = object()  # stands for x among forward's arguments


class Context(SimpleNamespace):
    """What `forward(ctx, ...)` keeps for `backward(ctx, ...)`."""

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors, in PyTorch's words."""
        self.saved_tensors = tensors


class Forward(NamedTuple):
    """What one forward gave, by name, and what it was called with."""

    items: Mapping[str, Any]
    given: Mapping[str, Any]


class Pass(NamedTuple):
    """One forward and one backward of a copy: what the layer held before and after backward."""

    layer: Any
    x: Any
    output: Any
    returned: Any
    before: dict[Path, Numbers]
    after: dict[Path, Numbers]


class Argument(NamedTuple):
    """An option that is an input of forward, or an entry of one: `parameters['Wx']`."""

    option: str
    key: str | None = None


@dataclass(frozen=True)
class Layer:
    """A user's layer, and how it is called; every call is made on a copy of `base`.

    To make one runs none of the user's code but its copying. `discover` runs forward, and tells
    which weights the layer holds, and which outputs have a gradient.
    """

    base: Any
    x: Any
    forward_name: str
    backward_name: str
    options: Mapping[str, Any]
    states: Sequence[randomness.State]  # of the random generators, from which each call starts
    parameters: Mapping[str, Path] = field(default_factory=dict)
    arguments: Mapping[str, Argument] = field(default_factory=dict)  # others of forward's inputs
    pairs: tuple[outputs.Pair, ...] = ()  # the outputs, and backward's arguments for them
    lists: bool = False  # whether a list that forward returns is one of outputs, as a tuple is
    unused: tuple[str, ...] = ()  # what forward gives besides, and may be an output
    zeros: tuple[str, ...] = ()  # upstream gradients of what forward does not give
    derivative_of: str = ""  # "x" or "output", where backward is f′ of it
    carried: tuple[str, ...] = ()  # attributes that forward carries on from call to call
    rate: float = 1.0  # the learning rate that backward is called with
    rate_paths: tuple[Path, ...] = ()  # where the layer, or its optimisers, hold it

    @classmethod
    def of(cls, layer: Any, x: Any, options: Mapping[str, Any], *names: str | None) -> "Layer":
        """Find forward and backward by their names, if given; TypeError where there is none."""
        forward, backward = signatures.methods(layer, *names)
        states = randomness.states(layer, [forward, backward])
        return cls(clone(layer), x, forward, backward, options, states)

    @property
    def title(self) -> str:
        """The name of the user's class."""
        kind = self.base if isinstance(self.base, type) else type(self.base)
        return kind.__name__

    @property
    def x_name(self) -> str:
        """What the input is called beside the parameters."""
        return "input" if "x" in self.parameters else "x"

    @cached_property
    def x_argument(self) -> str | None:
        """What forward calls its input; None where its arguments cannot be seen."""
        return signatures.input_of(getattr(self.base, self.forward_name), self.options)

    def is_state(self, name: str) -> bool:
        """Whether a parameter is no weight, but what forward carries on from call to call."""
        path = self.parameters.get(name)
        return path is not None and path[0].key in self.carried

    def forward_arguments(self) -> list[str]:
        """The names of forward's arguments, in order."""
        function = getattr(self.base, self.forward_name)
        return [p.name for p in signatures.parameters(function) if not signatures.is_training(p)]

    def forms(self) -> dict[str, Any]:
        """x and forward's other arguments as the user gave them."""
        given = {
            name: self.options[option] if key is None else self.options[option][key]
            for name, (option, key) in self.arguments.items()
        }
        return {self.x_name: self.x, **given}

    def inputs(self) -> dict[str, Any]:
        """x, forward's other arguments and the parameters, as they were given."""
        held = leaves(self.base)
        arrays = {n: as_array(v) if is_container(v) else copied(v) for n, v in self.forms().items()}
        return {**arrays, **{n: held[path] for n, path in self.parameters.items()}}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each input."""
        arrays = {name: as_array(value) for name, value in self.inputs().items()}
        return {name: array.shape for name, array in arrays.items() if array is not None}

    # --- calls of one object ---------------------------------------------------------------------

    def call_forward(self, layer: Any, x: Any, others: Mapping[str, Any] | None = None) -> Forward:
        """One forward of this very object; `others` are arguments beside x.

        Raises TypeError where it returns nothing and keeps no output either.
        """
        function = getattr(layer, self.forward_name)
        given = {**self._fixed, **(others or {})}
        given = {n: x if v is _X else copied(v) if n in self.options else v
                 for n, v in given.items()}  # fmt: skip
        if naming.CONTEXT in given:
            given[naming.CONTEXT] = Context()
        returned = signatures.call(function, given, x)
        if self.lists and isinstance(returned, list):
            returned = tuple(returned)
        found = outputs.items(returned, function, layer)
        if not found:
            raise TypeError(f"{self.title}.{self.forward_name} returned None")
        return Forward(found, {**given, "x": x})

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        """The arguments of forward by name, with `_X` where x goes.

        Raises UnfitError for an argument that nothing fits.
        """
        function = getattr(self.base, self.forward_name)
        given = {self.x_argument: _X} if self.x_argument else {}
        if any(p.name == naming.CONTEXT for p in signatures.parameters(function)):
            given[naming.CONTEXT] = None
        return given | self._fitting(function, given, {"x": _X})

    def outputs(self, layer: Any, found: Forward) -> list[Any]:
        """The outputs that have a gradient; before they are known, the first thing returned."""
        names = [pair.output for pair in self.pairs] or list(found.items)[:1]
        return [outputs.read(found.items, name, layer) for name in names]

    def call_backward(self, layer: Any, upstream: Any, found: Forward) -> Any:
        """What one backward of this very object returns after its forward."""
        function, known = getattr(layer, self.backward_name), self.known(layer, found)
        if self.derivative_of:
            point = known["x" if self.derivative_of == "x" else "output"]
            given = {p.name: point for p in signatures.parameters(function)[:1]}
            derivative = signatures.call(function, given, point)
            return outputs.times_derivative(upstream, derivative, known["x"])
        ups = outputs.split(upstream, self.outputs(layer, found))
        given = {p.argument: u for p, u in zip(self.pairs, ups, strict=True) if p.argument}
        for name in self.zeros:
            alike = (value for n, value in found.given.items() if naming.announces(name, n))
            given[name] = next((0 * value for value in alike), 0.0)
        given |= self._fitting(function, given, known)
        return signatures.call(function, given, ups[0])

    def _fitting(
        self, function: Any, given: Mapping[str, Any], known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Values for the arguments that are not given yet; options by the user's names win."""
        names = {p.name for p in signatures.parameters(function)}
        options = {n: copied(v) for n, v in self.options.items() if n in names and n not in given}
        known = {**known, **self.options}
        try:
            return options | signatures.extra(function, known, {**given, **options})
        except signatures.UnfitError as error:
            where = f"{self.title}.{getattr(function, '__name__', self.backward_name)}"
            raise signatures.UnfitError(f"{where}: {error}") from None

    def known(self, layer: Any, found: Forward) -> dict[str, Any]:
        """What an argument of backward may be: inputs, outputs, weights, attributes, caches."""
        held = snapshot(layer)
        used = {pair.output for pair in self.pairs}
        rest = {name: value for name, value in found.items.items() if name not in used}
        known = {**held_by(layer), **found.items, **found.given, "rate": self.rate}
        known |= {n: held[path] for n, path in self.parameters.items() if path in held}
        known["output"] = self.outputs(layer, found)[0]
        named = [value for name, value in rest.items() if "cache" in name.lower()]
        if named or rest:
            every = tuple(rest.values())
            known["cache"] = named[0] if named else every[0] if len(every) == 1 else every
        return known

    def pass_of(self, layer: Any, upstream: Any, x: Any, others: Any = None) -> Pass:
        """A forward and a backward of this very object, whatever it went through before."""
        return self.backward_pass_of(layer, self.call_forward(layer, x, others), upstream)

    def backward_pass_of(self, layer: Any, found: Forward, upstream: Any) -> Pass:
        """The backward of this very object, whose forward was done."""
        before, output = snapshot(layer), outputs.flat(self.outputs(layer, found))
        returned = self.call_backward(layer, upstream, found)
        return Pass(layer, found.given["x"], output, returned, before, snapshot(layer))

    def at(self, rate: float) -> "Layer":
        """The same with another learning rate."""
        return replace(self, rate=rate)

    # --- calls of fresh copies -------------------------------------------------------------------

    def copy_with(self, inputs: Mapping[str, Any]) -> Any:
        """A copy of the layer with the given parameters, and its learning rate if it holds one."""
        replaced = {self.parameters[name]: v for name, v in inputs.items() if name in
                    self.parameters}  # fmt: skip
        replaced |= dict.fromkeys(self.rate_paths, self.rate)
        return clone(self.base, replaced)

    def given(self, inputs: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """(x, forward's other arguments) in the form that the user gave them."""
        x = self._in_form(inputs[self.x_name], self.x)
        others: dict[str, Any] = {}
        for name, (option, key) in self.arguments.items():
            value = inputs[name]
            if key is None:
                others[option] = self._in_form(value, self.options[option])
            else:
                entries = others.get(option, self.options[option])
                others[option] = {**entries, key: self._in_form(value, entries[key])}
        return x, others

    @staticmethod
    def _in_form(value: Any, original: Any) -> Any:
        return like(value, original) if is_container(original) else value

    def output(self) -> Any:
        """The first output of a fresh copy for x: what the next layer receives."""
        with randomness.started(self.states):
            layer = clone(self.base)
            found = self.call_forward(layer, copied(self.x))
            return next(iter(found.items.values()))

    def forward(self, **inputs: Any) -> Any:
        """All outputs of a fresh copy as one array, with these inputs, the same randomness."""
        layer = self.copy_with(inputs)
        x, others = self.given(inputs)
        with randomness.started(self.states):
            return outputs.flat(self.outputs(layer, self.call_forward(layer, copied(x), others)))

    def run(self, upstream: Any, inputs: Mapping[str, Any]) -> Pass:
        """A forward and a backward of a fresh copy; upstream is given as it is, x is copied."""
        return self.run_as_is(upstream, {**inputs, self.x_name: copied(inputs[self.x_name])})

    def run_as_is(self, upstream: Any, inputs: Mapping[str, Any]) -> Pass:
        """The same with x in the memory order in which it comes."""
        x, others = self.given(inputs)
        with randomness.started(self.states):
            return self.pass_of(self.copy_with(inputs), upstream, x, others)
