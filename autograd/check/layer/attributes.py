"""What a layer holds: its numbers by path, and copies of it with other numbers in their place."""

import copy
import types
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .forms import Numbers, as_array, is_number, is_numbers, like

OPAQUE: tuple[type, ...] = (  # what is not walked into
    types.ModuleType, types.FunctionType, types.MethodType, type, str, bytes,
    np.random.Generator, np.random.RandomState, np.random.BitGenerator,
)  # fmt: skip


class Step(NamedTuple):
    """One step into an object: an attribute's name, or a key of a dict, list or tuple."""

    attribute: bool
    key: Any


Path = tuple[Step, ...]


def is_leaf(value: Any) -> bool:
    """True for a number, an array of numbers or a nested list of them."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiu"
    return is_number(value) or is_numbers(value)


def children(value: Any) -> Iterator[tuple[Step, Any]]:
    """The attributes of an object, or the entries of a container."""
    if isinstance(value, Mapping):
        yield from ((Step(False, key), entry) for key, entry in value.items())
    elif isinstance(value, list | tuple):
        yield from ((Step(False, k), entry) for k, entry in enumerate(value))
    elif not isinstance(value, OPAQUE):
        yield from ((Step(True, key), entry) for key, entry in held_by(value).items())


def held_by(value: Any) -> dict[str, Any]:
    """The attributes of an object, those in `__slots__` too."""
    slots = (getattr(kind, "__slots__", ()) for kind in type(value).__mro__)
    names = (name for some in slots for name in ([some] if isinstance(some, str) else some))
    found = {n: getattr(value, n) for n in names if not n.startswith("__") and hasattr(value, n)}
    return found | getattr(value, "__dict__", {})


def leaves(root: Any, depth: int = 5) -> dict[Path, Any]:
    """path -> number, array or nested list, for everything that an object holds."""
    found: dict[Path, Any] = {}
    seen: set[int] = set()

    def visit(value: Any, path: Path) -> None:
        if is_leaf(value):
            found[path] = value
        elif len(path) < depth and id(value) not in seen:
            seen.add(id(value))
            for step, entry in children(value):
                visit(entry, (*path, step))

    visit(root, ())
    return found


def snapshot(root: Any) -> dict[Path, Numbers]:
    """path -> a copy of the numbers there; ragged lists are left out."""
    arrays = ((path, as_array(value)) for path, value in leaves(root).items())
    return {path: array for path, array in arrays if array is not None}


def follow(root: Any, path: Path) -> Any:
    """What a path leads to."""
    for step in path:
        root = getattr(root, step.key) if step.attribute else root[step.key]
    return root


def copied(x: Any) -> Any:
    """A copy of what the user gave, so that no call can change it for the next."""
    return x.copy(order="K") if isinstance(x, np.ndarray) else clone(x)


def clone(layer: Any, replaced: Mapping[Path, Any] | None = None) -> Any:
    """A deep copy of a layer that shares nothing with it, with other numbers at some paths.

    Whoever else refers to a replaced array (`params["W"] is self.W`) gets the new one too.
    """
    memo: dict[int, Any] = {}
    numbers: dict[Path, Any] = {}
    for path, value in (replaced or {}).items():
        held = follow(layer, path)
        new = like(value, held)
        if is_number(held):
            numbers[path] = new
        else:
            memo[id(held)] = new
    made = deep_copy(layer, memo)
    for path, value in numbers.items():
        put(made, path, value)
    return made


def deep_copy(layer: Any, memo: dict[int, Any]) -> Any:
    """copy.deepcopy, where what cannot be copied (a module, an open file) stays shared."""
    try:
        return copy.deepcopy(layer, dict(memo))
    except (TypeError, NotImplementedError, copy.Error):
        pass
    made = copy.copy(layer)
    for key, value in vars(layer).items():
        try:
            made.__dict__[key] = copy.deepcopy(value, memo)
        except (TypeError, NotImplementedError, copy.Error):
            made.__dict__[key] = value
    return made


def put(root: Any, path: Path, value: Any) -> None:
    """Put a number where a path leads."""
    *_, last = path
    holder = follow(root, path[:-1])
    if last.attribute:
        setattr(holder, last.key, value)
    else:
        holder[last.key] = value


def text(path: Path) -> str:
    """The path as the user writes it: `params['W']`, `layers[0].kernel`."""
    steps = (f".{s.key}" if s.attribute else f"[{s.key!r}]" for s in path)
    return "".join(steps).removeprefix(".")
