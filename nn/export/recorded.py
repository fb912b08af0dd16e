"""Modules whose forward is their own: recorded, as operations on tensors."""

import inspect
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import autograd
from autograd import Tensor, Value

from ..module import Module, Parameter
from ..watch import watched
from .weights import floats

Shapes = Sequence[Sequence[int]]


def recorded(
    who: str, layer: Callable[..., Any], shapes: Shapes
) -> tuple[Any, dict[str, Parameter]]:
    """What a module or a function does in evaluation to inputs of these shapes, as a graph of
    operations; and its parameters by their paths within it.

    TypeError where it decides something by a number, ValueError where it draws random numbers.
    """
    names = input_names(layer, len(shapes))
    if not isinstance(layer, Module):
        return _compiled(layer, shapes, []).tensors(names), {}
    with watched(who, layer):
        parameters = dict(distinct(layer))
        program = _compiled(layer, shapes, parameters.values())
    return program.tensors([*names, *parameters]), parameters


def _compiled(layer: Any, shapes: Shapes, parameters: Iterable[Parameter]) -> "autograd.Program":
    """The program of a module or a function; of one that looks its inputs up, these are 0."""
    program = partial(
        autograd.compile, layer, parameters=[*parameters], dtype="float64", backend="numpy"
    )
    try:
        return program(*map(example, shapes))
    except IndexError:
        return program(*(Tensor.zeros(*shape) for shape in shapes))


def example(shape: Sequence[int]) -> Tensor:
    """Numbers for the compiler to check itself by."""
    rng = random.Random(0)
    return Tensor([rng.random() for _ in range(math.prod(shape))]).reshape(*shape)


def input_names(layer: Any, n: int) -> list[str]:
    """What inputs are called: `input`, or of several by the arguments of the forward pass; with
    `_input` where a parameter has that name.
    """
    forward, taken = layer, set()
    if isinstance(layer, Module):
        forward, taken = layer.forward, {path for path, _ in layer.named_state()}
    names = ["input"] if n == 1 else list(inspect.signature(forward).parameters)
    names = names[:n] if len(names) >= n else [f"input{k}" for k in range(n)]
    return [f"{name}_input" if name in taken else name for name in names]


def distinct(model: Module) -> Iterator[tuple[str, Parameter]]:
    """Parameters and buffers; what shares numbers with one of them is left to the compiler."""
    seen: set[Value] = set()
    for path, part in model.named_state():
        values = set(part.values)
        if len(values) == part.size and seen.isdisjoint(values):
            seen |= values
            yield path, part


def check_floats(who: str, model: Module, largest: float) -> None:
    """ValueError for a parameter whose numbers are not real, or beyond the largest."""
    for path, part in model.named_state():
        try:
            floats(part, largest)
        except ValueError as error:
            raise ValueError(f"{who}: {path}: {error}") from None
