"""What a program is fed: batches that fit the examples, checked at the edge."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..numbers.choosing import place
from ..scopes import no_grad
from .plan.plan import Indices
from .trace.forms import held
from .trace.record import Argument


def samples(
    arguments: Sequence[Argument], form: Sequence[Any], batches: Sequence[Any]
) -> list[NDArray[Any]]:
    """Batches (N, *shape), nested as the examples were, as arrays (N, numbers); ValueError and
    TypeError name the argument.

    Whether there are nans is not looked at: `refuse_nan` does, once they have done something.
    """
    if len(batches) != len(form):
        raise TypeError(f"the program takes {len(form)} batches, got {len(batches)}")
    parts = [
        x
        for k, (nesting, batch) in enumerate(zip(form, batches, strict=True))
        for x in held(nesting, batch, f"argument {k}")
    ]
    arrays = [_numbers(a, b) for a, b in zip(arguments, parts, strict=True)]
    lengths = list(map(len, arrays))
    if len(set(lengths)) > 1:
        raise ValueError(f"the batches have different numbers of samples: {lengths}")
    if not lengths[0]:
        raise ValueError("the batch is empty")
    return arrays


def _numbers(argument: Argument, batch: Any) -> NDArray[Any]:
    try:
        array = batch if type(batch) is np.ndarray else _read(batch)
    except ValueError as error:
        raise ValueError(f"{argument.name}: the batch is ragged") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{argument.name}: a batch holds real numbers, got {array.dtype}")
    if array.shape[1:] != argument.shape or not array.ndim:
        needed = str(("N", *argument.shape)).replace("'", "")
        raise ValueError(
            f"{argument.name}: a batch must have shape {needed}, got "
            f"{array.shape}{_hint(argument, array)}"
        )
    return array.reshape(-1, len(argument.example))


@no_grad()
def _read(batch: Any) -> NDArray[Any]:
    """Lists, and Tensors: their numbers are meant."""
    return np.asarray(batch)


def name_entries(arguments: Sequence[Argument], indices: Indices, dtype: Any) -> None:
    """Let examples, of which shapes are meant, name entries; ValueError for more of these than the
    floats of the program can count.
    """
    exact = 2 ** (np.finfo(dtype).nmant + 1)
    for k, numbers, n in indices:
        if n > exact:
            raise ValueError(
                f"compile: {n:,} entries are looked up by a number, and {dtype} counts exactly to "
                f'{exact:,}; compile with dtype="float64"'
            )
        example = arguments[k].example
        for number in numbers.tolist():
            example[number] = place(example[number], n) or 0


def refuse_indices(
    arguments: Sequence[Argument], indices: Indices, arrays: Sequence[NDArray[Any]]
) -> None:
    """IndexError where the numbers of a batch, arrays (N, numbers), name no entry."""
    for k, numbers, n in indices:
        array = arrays[k] if len(numbers) == arrays[k].shape[1] else arrays[k][:, numbers]
        right = -n <= array.min() and array.max() < n  # neither holds of nan
        if right and (array.dtype.kind != "f" or (array == np.trunc(array)).all()):
            continue
        bad = ~((array >= -n) & (array < n) & (array == np.trunc(array)))
        sample, which = (int(i) for i in np.argwhere(bad)[0])
        at = (sample, *_place(arguments[k], numbers[which]))
        raise IndexError(
            f"{arguments[k].name}: the index {array[sample, which]} at {at} is not one of "
            f"{n:,} entries, 0 to {n - 1}"
        )


def _place(argument: Argument, number: Any) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(number, argument.shape))


def refuse_nan(arguments: Sequence[Argument], arrays: Sequence[NDArray[Any]]) -> None:
    """ValueError where a sample (N, numbers) has a nan: asked when a result is not a number."""
    for argument, array in zip(arguments, arrays, strict=False):
        bad = np.isnan(array) if array.dtype.kind == "f" else np.zeros(0, bool)
        if bad.any():
            sample, number = (int(i) for i in np.argwhere(bad)[0])
            at = (sample, *_place(argument, number))
            raise ValueError(f"{argument.name}: the batch has nan at {at}")


def _hint(argument: Argument, array: NDArray[Any]) -> str:
    if array.ndim == len(argument.shape) and array.shape[1:] == argument.shape[1:] != ():
        return "; if the example that was compiled with was a batch, compile with one sample"
    if array.shape == argument.shape:
        return "; a single sample needs an axis in front, x[None]"
    if array.dtype.kind in "iu" and array.ndim == len(argument.shape):
        return f"; class numbers enter as one-hot rows, numpy.eye({argument.shape[-1]})[labels]"
    return ""
