"""The user's arrays: how their functions take them, and what is passed on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = tuple[int, ...]
Rng = np.random.Generator


class Inputs:
    """What a forward is called with, by name: `forward(**inputs)` for a dict, else by position.

    Inputs whose gradient is checked are called as double precision, lists as lists again; others
    (labels, options) are passed as they came.
    """

    def __init__(self, inputs: Any) -> None:
        if isinstance(inputs, Mapping):
            self.positional = False
            self.originals: dict[str, Any] = {str(k): v for k, v in inputs.items()}
        elif isinstance(inputs, Sequence) and not isinstance(inputs, str):
            self.positional = True
            self.originals = {f"inputs[{k}]": v for k, v in enumerate(inputs)}
        else:
            got = type(inputs).__name__
            raise TypeError(f"inputs must be a dict or a tuple of arrays, got {got}")
        if not self.originals:
            raise ValueError("inputs are empty: there is nothing to differentiate by")

    @property
    def names(self) -> list[str]:
        """The names, in order."""
        return list(self.originals)

    def call(self, function: Callable[..., Any], arrays: Mapping[str, Array], *first: Any) -> Any:
        """function(*first, inputs), where some arrays take the place of the originals."""
        given = {k: self._as_given(k, arrays[k]) if k in arrays else _copy(v)
                 for k, v in self.originals.items()}  # fmt: skip
        return function(*first, *given.values()) if self.positional else function(*first, **given)

    def _as_given(self, name: str, array: Array) -> Any:
        """An array as the user's code takes it: nested lists for lists, numbers for numbers."""
        original = self.originals[name]
        if isinstance(original, list | tuple):
            return array.tolist()
        if isinstance(original, int | float):
            return array.item()
        return array.copy(order="K")

    def array(self, name: str) -> Array:
        """An input in double precision; ValueError for what holds no real numbers."""
        return as_array(self.originals[name], name)

    def numeric(self) -> dict[str, Array]:
        """All inputs that are arrays of real numbers: labels and masks too, which have no claim."""
        arrays = {k: np.asarray(v) for k, v in self.originals.items() if np.ndim(v)}
        return {k: as_array(v, k) for k, v in arrays.items() if v.dtype.kind in "biuf"}

    def holds_integers(self, name: str) -> bool:
        """Whether an input holds integers, which cannot move by a small step."""
        return np.asarray(self.originals[name]).dtype.kind in "iub"


def _copy(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def as_array(x: Any, name: str) -> Array:
    """Numbers in double precision, from arrays, nested lists, Tensors and Values."""
    try:
        array = np.asarray(x.tolist() if hasattr(x, "tolist") else x)
        if array.dtype.kind == "c":
            raise TypeError
        return np.array(array, np.float64, order="C")
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold real numbers, got {x!r:.60}") from None


def is_single(x: Any) -> bool:
    """Whether numbers were computed in less than double precision."""
    dtype = getattr(x, "dtype", None)
    return dtype is not None and getattr(dtype, "kind", "") == "f" and dtype.itemsize < 8


def largest(x: Array) -> float:
    """The size of the largest entry, either sign; 0 of none."""
    return float(np.max(np.abs(x), initial=0.0))


def entry_name(name: str, index: Index) -> str:
    """What an entry is called: `w[0,1]`."""
    return f"{name}[{','.join(map(str, index))}]" if index else name


def draw_upstream(shape: Index, rng: Rng) -> Array:
    """∂L/∂output: 1 for a number, else distinct numbers that are not 0, of both signs."""
    if not shape:
        return np.ones(())
    n = int(np.prod(shape))
    sizes = rng.permutation(np.linspace(0.5, 1.5, n))
    return np.reshape(sizes * rng.choice([-1.0, 1.0], n), shape)


def by_input(given: Any, names: list[str]) -> dict[str, Any]:
    """Claimed gradients by input, without those that are None."""
    if isinstance(given, Mapping):
        unknown = [str(k) for k in given if str(k) not in names]
        if unknown:
            raise ValueError(f"claimed: {unknown} are not among the inputs {names}")
        found = {str(k): v for k, v in given.items()}
    elif isinstance(given, tuple) or (
        isinstance(given, Sequence) and _is_list_of_gradients(given, names)
    ):
        if len(given) > len(names):
            raise ValueError(f"claimed: {len(given)} gradients for {len(names)} inputs")
        found = dict(zip(names, given, strict=False))
    else:
        found = {names[0]: given}
    return {k: v for k, v in found.items() if v is not None}


def _is_list_of_gradients(given: Sequence[Any], names: list[str]) -> bool:
    """Whether a list is one of gradients, and not a gradient itself."""
    return len(names) > 1 and len(given) == len(names) and any(np.ndim(x) for x in given)
