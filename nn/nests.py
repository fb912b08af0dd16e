"""Nested tuples, lists and dicts: what they hold, with names, and the same form of other things."""

from collections.abc import Callable, Iterator
from typing import Any


def flattened(nest: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """(name, thing) of all that a nest holds, in order: `output.0`, `output.h`."""
    if isinstance(nest, list | tuple | dict):
        for k, part in nest.items() if isinstance(nest, dict) else enumerate(nest):
            yield from flattened(part, f"{name}.{k}")
    else:
        yield name, nest


def formed(nest: Any, of: Callable[[Any], Any]) -> Any:
    """Something of each thing that a nest holds, in the same form."""
    if isinstance(nest, dict):
        return {k: formed(part, of) for k, part in nest.items()}
    if isinstance(nest, list | tuple):
        return sequence(nest, [formed(part, of) for part in nest])
    return of(nest)


def sequence(like: Any, parts: list[Any]) -> Any:
    """Parts as a sequence of this kind, which may be a named tuple."""
    return like._make(parts) if hasattr(like, "_make") else type(like)(parts)
