"""Forms: nested tuples, lists and dicts with the places of what they hold in a flat list.

The form of `{"x": a, "state": (h, c)}` is `{"x": 0, "state": (1, 2)}`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ...tensor import Tensor


def form_of(
    tree: Any, name: str, found: list[tuple[str, Any]], is_nested: Callable[[Any], bool]
) -> Any:
    """The form of what nests; what it holds is appended to `found`, with its name: `state[0]`."""
    if not is_nested(tree):
        found.append((name, tree))
        return len(found) - 1
    parts = {k: form_of(x, f"{name}[{k!r}]", found, is_nested) for k, x in _items(tree)}
    return parts if isinstance(tree, dict) else _sequence(tree, [*parts.values()])


def built(form: Any, flat: list[Any]) -> Any:
    """What has this form, of a flat list."""
    if isinstance(form, int):
        return flat[form]
    parts = {k: built(x, flat) for k, x in _items(form)}
    return parts if isinstance(form, dict) else _sequence(form, [*parts.values()])


def held(form: Any, tree: Any, name: str) -> Iterator[Any]:
    """What a tree of this form holds, in order; TypeError where its form is another."""
    if isinstance(form, int):
        yield tree
        return
    kind = dict if isinstance(form, dict) else list | tuple
    keys = [k for k, _ in _items(form)]
    if not isinstance(tree, kind) or {k for k, _ in _items(tree)} != {*keys}:
        parts = f"a dict of {', '.join(map(repr, keys))}" if kind is dict else f"{len(keys)} parts"
        raise TypeError(f"{name}: must be {parts}, as its example was, got {tree!r:.60}")
    for k, part in _items(form):
        yield from held(part, tree[k], f"{name}[{k!r}]")


def is_nest(x: Any) -> bool:
    """Whether it is no tensor, but a dict, a tuple of tensors, or a list of these."""
    if isinstance(x, list):
        return any(map(is_nest, x))
    if isinstance(x, tuple):
        return any(isinstance(part, Tensor) or getattr(part, "shape", ()) != () for part in x) or (
            any(map(is_nest, x))
        )
    return isinstance(x, dict)


def _items(tree: Any) -> list[tuple[Any, Any]]:
    return [*(tree.items() if isinstance(tree, dict) else enumerate(tree))]


def _sequence(like: Any, parts: list[Any]) -> Any:
    """The parts as a list, a tuple or a named tuple."""
    if hasattr(like, "_make"):
        return like._make(parts)
    return tuple(parts) if isinstance(like, tuple) else parts
