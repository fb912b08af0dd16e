"""Modules: layers and models, their parameters, their names, and their state."""

import random
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NamedTuple, Self, Union

import autograd
from autograd import Tensor, current_scope, scope

from . import arguments, validate
from .annotations import Lists, Numbers, Plain, Shape
from .calls import as_input, name_inputs, name_outputs
from .parameter import Buffer as Buffer  # for whom a module is not enough
from .parameter import Parameter as Parameter
from .summary import Summary, summarize

Part = Union["Module", "Parameter"]


class Unmatched(NamedTuple):
    """Paths that a state lacks, and paths of it that a model lacks: named as in PyTorch."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """A layer or a model: write `forward`, keep parameters and other modules as attributes.

    Attributes may be Parameters, Modules, and lists, tuples and dicts of them; a name is the path
    of attributes and keys, `blocks.0.conv.weight`. A module's path is the scope of its nodes.

    To the trainer and the compiler, `forward` is a function of one sample. It may take further axes
    in front as a batch, as all layers here do.

    >>> class Perceptron(Module):
    ...     def __init__(self):
    ...         self.weight = Parameter([[1.0, -1.0]])
    ...     def forward(self, x):
    ...         return (self.weight @ x).tanh()
    >>> y = Perceptron()([0.5, 0.5])
    >>> y[0].inputs[0].inputs[0].inputs[0].label
    'weight[0,0]'
    """

    path: str | None = None
    training: bool = True
    batch_statistics: bool = False  # in training, what is done to a sample depends on its batch
    input_shape: Shape | None = None  # of one sample in training; saved with the model
    preprocessing: Plain = None  # what is done to its inputs, as plain data that is saved with it

    def __new__(cls, *arguments: object, **options: object) -> Self:
        """Say what a keyword of another library is called here."""
        validate.foreign_keywords(cls, options)
        validate.no_arguments(cls, *arguments, *options.values())
        return super().__new__(cls)

    if not TYPE_CHECKING:  # for whom an attribute that is not there is a mistake

        def __setattr__(self, name: str, value: Any) -> None:
            _check_attribute(self, name, value)
            super().__setattr__(name, value)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Compute the outputs; each module writes its own."""
        raise TypeError(f"{type(self).__name__} has no forward method")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Compute the outputs within this module's scope; sequences and arrays become Tensors, and
        what holds Tensors, such as the tuple of an LSTM's state, keeps its form.

        Entries that this module made are called by its path, `conv1[3,4,5]`; those of unnamed
        inputs of the whole model by the argument of `forward`, `x[0,4,5]`.
        """
        validate.foreign_keywords(type(self), options, self.forward)
        tensors = [as_input(x) for x in inputs]
        named = {name: as_input(x) for name, x in options.items()}
        outermost = current_scope().depth == 0
        if self.path is None or outermost:
            self._name_parts()
        if outermost:
            name_inputs(type(self).forward, tensors, named)
        with scope(self.path or "", type(self).__name__) as call:
            outputs = self.forward(*tensors, **named)
        name_outputs(call, outputs)
        return outputs

    # --- parts and their names -------------------------------------------------------------------

    def named_parts(self) -> Iterator[tuple[str, Part]]:
        """(path, part) of every Module and Parameter inside, in order of attributes, each once."""
        seen: set[int] = set()
        stack: list[tuple[str, Part]] = [("", self)]
        while stack:
            path, part = stack.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            if path:
                yield path, part
            if isinstance(part, Module):
                stack += [(_join(path, k), v) for k, v in part.named_children()][::-1]

    def named_children(self) -> Iterator[tuple[str, Part]]:
        """(name, part) of the Modules and Parameters that are attributes of this module."""
        return _parts_of(vars(self).items())

    def modules(self) -> Iterator["Module"]:
        """This module and every one inside."""
        yield self
        yield from (part for _, part in self.named_parts() if isinstance(part, Module))

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter) of every trainable parameter, in order of attributes."""
        self._name_parts()
        return ((k, p) for k, p in self.named_state() if p.trainable)

    def parameters(self) -> list[Parameter]:
        """Every trainable parameter, in order of attributes."""
        return [p for _, p in self.named_parameters()]

    def num_parameters(self) -> int:
        """How many numbers training changes; one that several layers share counts once."""
        return sum(p.size for p in self.parameters())

    def named_state(self) -> Iterator[tuple[str, Parameter]]:
        """(path, part) of every parameter and buffer."""
        return ((path, part) for path, part in self.named_parts() if isinstance(part, Parameter))

    def _name_parts(self) -> None:
        """Give every part its path. A part that is called alone keeps the name within its model."""
        self.path = self.path or ""
        for path, part in self.named_parts():
            path = _join(self.path, path)
            if isinstance(part, Parameter):
                part.call(path)
            else:
                part.path = path

    # --- state -----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Lists]:
        """{path: nested list} of every parameter and buffer."""
        return {path: part.tolist() for path, part in self.named_state()}

    def load_state_dict(self, state: Mapping[str, Numbers], strict: bool = True) -> Unmatched:
        """Copy {path: nested list or array} into the parameters and buffers.

        A parameter that several layers share may come under any of its paths, or all. ValueError
        names what is missing, unknown, of another shape or at odds; then nothing is changed. With
        strict=False what is missing stays as it is, what is unknown is passed over, and both are
        returned. So is PyTorch's `num_batches_tracked`, silently: nothing here depends on it.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"state: must be a dict, as state_dict() gives, got {state!r:.60}")
        tensors = {k: Tensor(v) for k, v in state.items() if not k.endswith("num_batches_tracked")}
        found = {path: part for path in tensors if (part := self._parameter_at(path)) is not None}
        places = {id(part): path for path, part in found.items()}
        missing = [path for path, part in self.named_state() if id(part) not in places]
        unknown = tensors.keys() - found.keys()
        unmatched = Unmatched(sorted(missing), sorted(unknown))
        if strict and (missing or unknown):
            raise ValueError("state: missing {}, unknown {}".format(*unmatched))
        for path, part in found.items():
            other = places[id(part)]
            _check_fit(path, tensors[path], part, other, tensors[other])
        for path, part in found.items():
            part.assign(tensors[path])
        return unmatched

    def _parameter_at(self, path: str) -> Parameter | None:
        """The Parameter at a path, any of those that lead to it."""
        for name, part in self.named_children():
            if name == path and isinstance(part, Parameter):
                return part
            if isinstance(part, Module) and path.startswith(f"{name}."):
                found = part._parameter_at(path.removeprefix(f"{name}."))
                if found is not None:
                    return found
        return None

    def train(self, mode: bool = True) -> Self:
        """Switch to training: Dropout drops, BatchNorm uses the batch's statistics."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation: Dropout passes, BatchNorm uses the running statistics."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        for parameter in self.parameters():
            for value in parameter.values:
                value.grad = 0

    def seed(self, seed: int) -> None:
        """Give every module that draws from Python's random numbers a generator of its own."""
        for k, module in enumerate(self.modules()):
            if hasattr(module, "rng") and hasattr(module.rng or random, "getrandbits"):
                module.rng = random.Random(f"{seed}/{k}")

    def summary(self, *shape: int | Sequence[int]) -> Summary:
        """Layers, shapes, parameters, multiply-adds and scalar nodes for one sample of this shape.

        `print(model.summary(1, 28, 28))` prints them as a table. Without a shape, a sample is what
        it was in training; ValueError where there was none.
        """
        sizes = validate.sizes("summary", "shape", shape[0] if len(shape) == 1 else shape)
        sample = sizes or self.input_shape
        if not sample:
            raise ValueError("summary: needs one sample's shape, as model.summary(1, 28, 28)")
        return summarize(self, sample)

    @recursive_repr()
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.describe()})"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What Jupyter shows: the modules inside as a drawing, and the text."""
        return autograd.mimebundle(self)

    def arguments(self) -> dict[str, Any]:
        """{name: value} of the constructor's arguments: attributes of the same names hold them.

        TypeError where an argument is not kept as an attribute.
        """
        return arguments.arguments(self)

    def describe(self) -> str:
        """What is within the brackets of `repr`: the modules inside, a line each, or arguments."""
        inside = [f"\n{k}: {m!r}" for k, m in self.named_children() if isinstance(m, Module)]
        if inside:
            return textwrap.indent("".join(inside), "  ") + "\n"
        try:
            return arguments.text(type(self), self.arguments())
        except TypeError:
            return "..."


class Layer(Module):
    """A Module from one Tensor to one Tensor, as all layers here are."""

    if TYPE_CHECKING:

        def __call__(self, x: Numbers) -> Tensor:
            """The outputs for one input."""


def _parts_of(items: Iterable[tuple[object, object]]) -> Iterator[tuple[str, Part]]:
    """(path, part) of the Modules and Parameters in attributes, lists, tuples and dicts."""
    for key, value in items:
        if isinstance(value, Module | Parameter):
            yield str(key), value
        elif isinstance(value, list | tuple):
            yield from ((_join(key, k), part) for k, part in _parts_of(enumerate(value)))
        elif isinstance(value, dict):
            yield from ((_join(key, k), part) for k, part in _parts_of(value.items()))


def _check_attribute(module: Module, name: str, value: object) -> None:
    """TypeError for what would take a Parameter from training, or hide a method."""
    own = type(module).__name__
    parts = Module | Parameter | None
    if isinstance(vars(module).get(name), Parameter) and not isinstance(value, parts):
        raise TypeError(
            f"{own}.{name} is a Parameter: {name}.assign(numbers) changes its numbers, and only an "
            f"nn.Parameter takes its place (before a weight that is computed, del {name}); got "
            f"{value!r:.60}"
        )
    if callable(getattr(Module, name, None)) and not callable(value):
        hint = "call the attribute something else"
        raise TypeError(f"{own}: {name} is a method of every Module; {hint}")


def _check_fit(path: str, numbers: Tensor, part: Parameter, other: str, again: Tensor) -> None:
    """ValueError where numbers do not fit a Parameter, or what comes for it under another path."""
    if numbers.shape != part.shape:
        needed = f"the model needs {part.shape}"
        raise ValueError(f"state: {path} has shape {numbers.shape}, {needed}")
    if numbers.shape == again.shape and numbers.tolist() != again.tolist():
        raise ValueError(f"state: {path} and {other} are one parameter of the model, and differ")


def _join(path: object, name: str) -> str:
    return f"{path}.{name}" if path and name else str(path) or name
