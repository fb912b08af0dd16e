"""A module's call: what its `forward` is handed, and what inputs and outputs are called."""

from collections.abc import Mapping
from typing import Any

from autograd import Tensor, Value

from .nests import flattened, sequence


def as_input(x: Any) -> Any:
    """Numbers in arrays and sequences as a Tensor; whatever else as it is.

    Dicts, and lists and tuples that hold Tensors, dicts, None or text (an LSTM's state (h, c)),
    keep their form, and what they hold is converted. So does a tuple of several shapes.
    """
    if isinstance(x, Tensor | Value):
        return x
    if isinstance(x, dict):
        return {k: as_input(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return _parts(x) if _has_parts(x) else _joined(x)
    if getattr(x, "shape", None) == ():
        return x.tolist()
    return Tensor(x) if hasattr(x, "tolist") or hasattr(x, "to_numpy") else x


def _has_parts(x: Any) -> bool:
    """Whether nested sequences hold more than numbers."""
    if isinstance(x, list | tuple):
        return len(x) > 0 and x[0].__class__ is not float and any(map(_has_parts, x))
    return x is None or isinstance(x, Tensor | dict | str)


def _parts(x: Any) -> Any:
    return sequence(x, [as_input(part) for part in x])


def _joined(x: Any) -> Any:
    try:
        return Tensor(x)
    except ValueError:
        if isinstance(x, list):
            raise
        return _parts(x)


def name_inputs(forward: Any, inputs: list[Any], options: Mapping[str, Any]) -> None:
    """Call unnamed leaves by the arguments of `forward`, `x` and `state.0`."""
    code = getattr(forward, "__code__", None)
    names = code.co_varnames[1 : code.co_argcount] if code else ()
    for argument, given in (*zip(names, inputs, strict=False), *options.items()):
        for name, x in flattened(given, argument):
            if isinstance(x, Tensor) and not any(v.name or v.inputs for v in x.values):
                x.rename(name)


def name_outputs(call: Any, outputs: Any) -> None:
    """Call the entries of tensors that were made in this call by its path, or by its kind."""
    for name, y in flattened(outputs, call or call.kind):
        if isinstance(y, Tensor) and all(
            v.scope is call and v.inputs and not v.name for v in y.values
        ):
            y.rename(name)
