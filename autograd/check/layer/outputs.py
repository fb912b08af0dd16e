"""What forward gives: its outputs by name, each with the argument of backward that its gradient is.

A forward may return (y, cache), (h, c), (y, (h, c), cache), or keep everything in attributes. The
loss is L = Σ upstream·output over all outputs whose gradient backward takes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import naming, returns, signatures
from .attributes import Step, held_by
from .forms import Numbers, as_array, entries, is_container, joined, like

EVERYTHING = "*"  # all that forward returned, as one output
KEPT = ("output", "outputs", "out", "a", "A", "z", "Z", "y", "Y", "activation")


class Pair(NamedTuple):
    """An output, and the argument of backward that takes its gradient; None where none does."""

    output: str
    argument: str | None


def items(returned: Any, function: Callable[..., Any], layer: Any) -> dict[str, Any]:
    """name -> each thing that forward returned, or the output that it keeps; {} of nothing."""
    if returned is None:
        kept = [name for name in KEPT if getattr(layer, name, None) is not None]
        return {name: getattr(layer, name) for name in kept[:1]}
    if isinstance(returned, Mapping) and all(isinstance(key, str) for key in returned):
        return dict(returned)
    every = returned if isinstance(returned, tuple) else (returned,)
    said = returns.names(function, len(every))
    found: dict[str, Any] = {}
    for k, thing in enumerate(every):
        name = said.get((Step(False, k),) if len(every) > 1 else ())
        found[f"[{k}]" if name is None or name in found else name] = thing
    return found


def pairs(
    found: Mapping[str, Any], possible: Sequence[str], arguments: Sequence[Any], layer: Any
) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """(outputs with their arguments, by name and then in order; arguments that are left over)."""
    possible = possible or list(found)[:1]
    chosen: dict[str, str] = {}
    for argument in arguments:
        for output in possible:
            if output not in chosen.values() and _is_of(argument.name, output):
                chosen.setdefault(argument.name, output)
    for argument in arguments:
        free = [output for output in possible if output not in chosen.values()]
        held = _held(argument.name, layer) if signatures.is_required(argument) else []
        for output in (free or held)[:1]:
            chosen.setdefault(argument.name, output)
    left = tuple(a.name for a in arguments if a.name not in chosen and signatures.is_required(a))
    made = tuple(Pair(output, argument) for argument, output in chosen.items())
    return made or (Pair(possible[0], None),), left


def is_output(name: str, value: Any, inputs: Sequence[Any]) -> bool:
    """Whether what forward returned may have a gradient: floats alone, and no cache by its name."""
    if "cache" in name.lower():
        return False
    if any(part is x for part in parts(value) for x in inputs):
        return False
    array = as_array(value)
    return array is not None and array.dtype.kind == "f" and array.size > 0


def parts(value: Any) -> list[Any]:
    """The arrays of nested containers."""
    return [p for e in entries(value) for p in parts(e)] if is_container(value) else [value]


def _is_of(argument: str, output: str) -> bool:
    """Whether an argument announces the gradient of an output: `dh_next` that of `next_h`."""
    return naming.announces(argument, output) > 2


def _held(argument: str, layer: Any) -> list[str]:
    """The attribute whose gradient an argument announces, that of the present first."""
    names = [n for n, value in held_by(layer).items() if is_output(n, value, ())]
    named = [n for n in names if _is_of(argument, n) and "prev" not in n.lower()]
    return [f".{n}" for n in sorted(named, key=lambda n: -naming.announces(argument, n))]


def read(found: Mapping[str, Any], output: str, layer: Any) -> Any:
    """An output by its name; `.h` is an attribute, `*` everything that was returned."""
    if output == EVERYTHING:
        return tuple(found.values())
    return getattr(layer, output[1:]) if output.startswith(".") else found[output]


def flat(outputs: Sequence[Any]) -> Any:
    """All outputs as one array; one array alone as it is."""
    if len(outputs) == 1:
        return joined(outputs[0]) if is_container(outputs[0]) else outputs[0]
    return np.concatenate([np.ravel(joined(output)) for output in outputs])


def split(upstream: Any, outputs: Sequence[Any]) -> list[Any]:
    """The gradient of each output, in its form, from that of all of them as one array."""
    if len(outputs) == 1:
        return [like(upstream, outputs[0]) if is_container(outputs[0]) else upstream]
    pieces, start = [], 0
    for output in outputs:
        array: Numbers = np.asarray(as_array(output))
        piece = np.ravel(upstream)[start : start + array.size].reshape(array.shape)
        pieces.append(like(piece, output) if is_container(output) else piece)
        start += array.size
    return pieces


def times_derivative(upstream: Any, derivative: Any, x: Any) -> Any:
    """∂L/∂x from f′ at each entry, or from its matrix for each row, or for all entries."""
    u, d = np.asarray(upstream), np.asarray(derivative)
    if d.shape == u.shape or d.ndim == 0:
        return u * d
    if d.shape == (*u.shape, u.shape[-1]):
        return np.einsum("...i,...ij->...j", u, d)
    if d.shape == (u.size, np.size(x)):
        return (u.ravel() @ d).reshape(np.shape(x))
    return u * d
