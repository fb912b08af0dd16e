"""Run a function once, on Values whose numbers are not known yet, and keep what it did."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from ...scalar import is_number
from ...scopes import tracing
from ...shapes.indexing import Shape
from ...storage import store
from ...tensor import Tensor
from ...value import Value, unknown
from .forms import built, form_of, is_nest
from .hidden import placed


class Trace(list[Value]):
    """Every Value that a function made, in order, the random numbers that it drew, and who is told
    of which; `unknown` are the leaves whose numbers it must not see.
    """

    def __init__(self, unknown: Iterable[Value]) -> None:
        super().__init__()
        self.unknown = frozenset(unknown)
        self.draws: list[tuple[list[Value], Any, Callable[[Any], Any]]] = []
        self.observed: list[tuple[Callable[..., object], tuple[Tensor | Value, ...]]] = []


@dataclass
class Argument:
    """One argument of the function, or part of one: its shape (() for a Value) and its leaves."""

    name: str
    shape: Shape
    values: list[Value]
    example: list[float]


@dataclass
class Result:
    """One output: its shape (() for a single Value) and its nodes."""

    shape: Shape
    values: list[Value]


@dataclass
class Recording:
    """What one run of a function did. `results` are what it returns, and then, for each of the
    `observers`, so many Tensors that these are told of. `form` is how arguments are nested.

    A function without arguments stands `alone`: one sample of one number, which it does not see.
    """

    arguments: list[Argument]
    form: list[Any]
    parameters: list[Result]
    results: list[Result]
    trace: Trace
    unflatten: Callable[[list[Any]], Any]
    observers: list[tuple[Callable[..., object], int]]
    alone: bool = False

    @property
    def has_graph(self) -> bool:
        """Whether the graph is there still: every result is one of its nodes."""
        return any(result.values for result in self.results)

    def drop_graph(self) -> None:
        """Let the graph go; shapes, parameters and draws stay."""
        self.trace.clear()
        self.trace.observed.clear()
        for argument in self.arguments:
            argument.values = []
        for result in self.results:
            result.values = []


def record(function: Callable[..., Any], examples: Sequence[Any], parameters: Any) -> Recording:
    """Run the function on unknown inputs of the examples' shapes, with unknown parameters."""
    groups = [_flat("parameters", p) for p in _parameters(parameters)]
    _store(groups)
    trace = Trace(v for group in groups for v in group.values)
    found: list[tuple[str, Any]] = []
    given = enumerate(examples or [0.0])
    form = [form_of(x, f"argument {k}", found, is_nest) for k, x in given]
    arguments = [_argument(name, example) for name, example in found]
    with tracing(trace), placed():
        inputs = built(form, [_as_input(argument) for argument in arguments])
        outputs = function(*inputs[: len(examples)])
    returned: list[tuple[str, Any]] = []
    what = "what the function returns"
    unflatten = partial(built, form_of(outputs, what, returned, _is_nested))
    results = [_flat(what, x) for _, x in returned]
    if not results:
        raise TypeError(f"compile: the function must return Values or Tensors, got {outputs!r:.60}")
    results += [_flat("what is observed", x) for _, tensors in trace.observed for x in tensors]
    observers = [(told, len(tensors)) for told, tensors in trace.observed]
    alone = not examples
    return Recording(arguments, form, groups, results, trace, unflatten, observers, alone)


def _parameters(parameters: Any) -> list[Any]:
    one_or_unordered = isinstance(parameters, Tensor | Value | Set | Mapping)
    if one_or_unordered or not isinstance(parameters, Iterable):
        raise TypeError(
            "compile: parameters must be a list of Tensors and Values, as model.parameters() is, "
            f"got {parameters!r:.60}"
        )
    listed = list(parameters)
    seen: set[Value] = set()
    for p in listed:
        values = _flat("parameters", p).values
        if any(v.op is not None for v in values):
            raise ValueError(f"compile: parameters must be leaves, {p!r:.60} was computed")
        if len(set(values)) < len(values) or not seen.isdisjoint(values):
            raise ValueError(f"compile: parameters hold a Value twice, in {p!r:.60}")
        seen.update(values)
    return listed


def _store(groups: Sequence[Result]) -> None:
    """Move parameters into storages: those of a Tensor into one, and single Values in a row too."""
    rows = groupby(enumerate(groups), lambda item: item[0] if item[1].shape else -1)
    store([v for _, group in row for v in group.values] for _, row in rows)


def _flat(what: str, x: Any) -> Result:
    if isinstance(x, Tensor):
        return Result(x.shape, list(x.values))
    if isinstance(x, Value):
        return Result((), [x])
    raise TypeError(f"compile: {what} must be Tensors and Values, got {x!r:.60}")


def _argument(name: str, example: Any) -> Argument:
    """The shape and the numbers of an example: a number, nested lists, an array, a Tensor."""
    if isinstance(example, Value):
        example = example.data
    if isinstance(example, str) or (not hasattr(example, "__len__") and not is_number(example)):
        raise TypeError(
            f"compile: {name} must be numbers, got {example!r:.60}; what is no input of the "
            "program stays outside, as in compile(lambda x: f(x, option), x)"
        )
    if is_number(example):
        return Argument(name, (), [], [Value(example).data])
    tensor = Tensor(example)
    if not tensor.size:
        raise ValueError(f"compile: {name} has shape {tensor.shape}: the example is empty")
    numbers = [v.data for v in tensor.values]
    if any(isinstance(x, complex) for x in numbers):
        raise TypeError(f"compile: {name} holds complex numbers; compiled programs are real")
    return Argument(name, tensor.shape, [], numbers)


def _as_input(argument: Argument) -> Any:
    argument.values = [unknown() for _ in range(math.prod(argument.shape))]
    if not argument.shape:
        return argument.values[0]
    return Tensor(argument.values).reshape(argument.shape)


def _is_nested(outputs: Any) -> bool:
    return isinstance(outputs, dict | tuple | list)
