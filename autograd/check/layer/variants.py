"""Layers like a given one, made anew with other options of its constructor."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import naming

STRIDES = {"stride", "strides", "s", "step"}
PADDINGS = {"padding", "pad", "p", "padd", "pad_size", "padding_size"}
KERNELS = {"kernel_size", "filter_size", "kernel", "pool_size", "pool", "k", "f", "ksize", "window"}
KERNELS |= {"kernel_shape", "pool_shape", "filter_shape", "kernelsize", "window_size", "size"}
SHAPES = {"input_shape", "in_shape", "input_size", "shape", "input_dim", "image_shape", "x_shape"}
HEIGHTS = {"height", "input_height", "in_height", "h", "image_height", "h_in"}
WIDTHS = {"width", "input_width", "in_width", "w", "image_width", "w_in"}

Make = Callable[..., Any]


@dataclass(frozen=True)
class Maker:
    """Makes layers like a given one: `make(**options)`, or its class with recovered arguments."""

    make: Make | None  # None where an argument is needed that no attribute of the layer shows
    values: Mapping[str, Any]  # the present value of each option
    takes_all: bool = False  # whether all values are passed, not only those that change

    @classmethod
    def of(cls, layer: Any, make: Make | None) -> "Maker":
        """The user's maker, or the class of the layer where all its arguments are known."""
        values = recovered(layer, make)
        if make is not None:
            return cls(make, values)
        needed = [p.name for p in arguments(type(layer)) if p.default is p.empty]
        complete = all(name in values for name in needed)
        return cls(type(layer), values, True) if complete else cls(None, {})

    def __call__(self, **options: Any) -> Any:
        """A new layer; raises whatever the user's constructor raises."""
        if self.make is None:
            raise TypeError("no constructor")
        return self.make(**{**(self.values if self.takes_all else {}), **options})

    def known(self, names: set[str]) -> str | None:
        """The constructor's name for an option, or None."""
        return next((name for name in self.values if name.lower().strip("_") in names), None)

    def options(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(label, options) of layers that differ from the given one in stride, padding, kernel."""
        stride, padding = self.known(STRIDES), self.known(PADDINGS)
        kernel = self.known(KERNELS)
        changes = [(stride, other(self.values.get(stride), (1, 2)) if stride else [])]
        changes += [(padding, other(self.values.get(padding), (0, 1)) if padding else [])]
        changes += [(kernel, kernels(self.values.get(kernel)) if kernel else [])]
        for name, values in changes:
            for value in values if name else []:
                yield f"{name}={value}", {str(name): value}
        if stride and padding:
            two_of, one_of = two(self.values[stride], 2), two(self.values[padding], 1)
            if two_of is not None and one_of is not None:
                label = f"{stride}={two_of}, {padding}={one_of}"
                yield label, {stride: two_of, padding: one_of}
        if stride and kernel:
            size = self.values[kernel]
            if isinstance(size, int) and size == self.values[stride] and size > 1:
                yield f"{stride}={size - 1}, windows that overlap", {stride: size - 1}

    def for_shape(self, old: tuple[int, ...], new: tuple[int, ...]) -> dict[str, Any]:
        """The options that tell the constructor the shape of its input, for another shape."""
        changed: dict[str, Any] = {}
        for name, value in self.values.items():
            lower = name.lower().strip("_")
            held = tuple(value) if isinstance(value, list | tuple) else None
            for start in (0, 1):
                if lower in SHAPES and held == old[start:]:
                    changed[name] = type(value)(new[start:])
            for k in range(len(old)):
                side = lower in (HEIGHTS | WIDTHS) and isinstance(value, int) and value == old[k]
                if side and old[k] != new[k]:
                    changed[name] = new[k]
        return changed


def arguments(function: Make) -> list[inspect.Parameter]:
    """The named arguments of a constructor; none where they cannot be seen."""
    try:
        every = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p for p in every if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY)]


def recovered(layer: Any, make: Make | None) -> dict[str, Any]:
    """option -> its present value: the attribute of the same name, else the default."""
    held = {key.lower().strip("_"): value for key, value in vars_of(layer).items()}
    values = {}
    for source in (type(layer), make):
        for parameter in arguments(source) if source is not None else []:
            name = parameter.name
            if name.lower().strip("_") in held:
                values[name] = held[name.lower().strip("_")]
            elif parameter.default is not parameter.empty:
                values[name] = parameter.default
    return values


def vars_of(layer: Any) -> Mapping[str, Any]:
    """The attributes of an object that has any."""
    return vars(layer) if hasattr(layer, "__dict__") else {}


def two(value: Any, number: int) -> Any:
    """A number in the form of the value: for a pair, a pair; None for what is neither."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | np.integer):
        return number
    if isinstance(value, tuple | list) and all(isinstance(v, int) for v in value):
        return [number] * len(value) if isinstance(value, list) else (number,) * len(value)
    return None


def other(value: Any, numbers: tuple[int, ...]) -> list[Any]:
    """What an option may be beside its value."""
    if isinstance(value, str) and value.lower() in ("same", "valid"):
        return ["valid" if value.lower() == "same" else "same"]
    if value is None:
        return list(numbers)
    return [made for made in (two(value, n) for n in numbers) if made is not None and made != value]


def kernels(size: Any) -> list[Any]:
    """An even kernel for an odd one and the other way round, and one that is not square."""
    if isinstance(size, bool) or not isinstance(size, int | tuple | list):
        return []
    if isinstance(size, int):
        return [size + 1, (size, size + 1)] if size > 0 else []
    if len(size) == 2 and all(isinstance(side, int) for side in size):
        pairs: list[list[int]] = [[size[0], size[1] + 1], [size[0] + 1] * 2]
        return [pair if isinstance(size, list) else tuple(pair) for pair in pairs]
    return []


def holds_shape(layer: Any, shape: tuple[int, ...]) -> bool:
    """Whether a layer keeps the shape of its input: then another shape is none of its business."""
    for key, value in vars_of(layer).items():
        lower = key.lower().strip("_")
        if isinstance(value, tuple | list) and len(value) > 1 and not holds_arrays(value):
            if tuple(value) in (shape, shape[1:], shape[-2:]):
                return True
        elif lower in (HEIGHTS | WIDTHS | SHAPES) and isinstance(value, int) and value in shape:
            return True
    return False


def holds_arrays(value: Any) -> bool:
    """Whether a list holds anything but numbers."""
    return any(not isinstance(entry, int | np.integer) for entry in value)


def _is_of_samples(name: str) -> bool:
    return "label" in name or "target" in name or naming.role(name) in naming.STATES


def holds_batch(layer: Any, n: int) -> bool:
    """Whether a layer keeps one label or state for each of n samples: no other batch fits."""
    held = (value for key, value in vars_of(layer).items() if _is_of_samples(key))
    return any(np.ndim(value) > 0 and len(value) == n for value in held)
