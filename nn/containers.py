"""Lists and dicts of modules, for a `forward` that says itself how they are called."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any

from .module import Module


class _Container(Module):
    """What holds modules and has no `forward`."""

    __eq__ = object.__eq__  # a module, and no value: not that of lists and dicts
    __hash__ = object.__hash__

    def forward(self, *_: Any, **__: Any) -> Any:
        """TypeError: what holds modules cannot know how they are called."""
        name = type(self).__name__
        raise TypeError(f"{name}: it only holds modules; call them one by one, or use Sequential")


class ModuleList(_Container, MutableSequence[Module]):
    """Modules in order, called `blocks.0`, `blocks.1`, ... where it is an attribute `blocks`.

    It is used as a list: indices, slices (ModuleLists), loops, `append`, `extend`, `insert`, `pop`,
    `+`. A plain list as an attribute does as well; TypeError for what is no module.

    >>> import nn
    >>> blocks = nn.ModuleList(nn.Dense(2, 2) for _ in range(3))
    >>> len(blocks[1:]), list(blocks[:1].state_dict())
    (2, ['0.weight', '0.bias'])
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        if not isinstance(modules, Iterable):
            raise TypeError(f"ModuleList: takes a list of modules, got {modules!r:.60}")
        self.layers = [_module("ModuleList", k, part) for k, part in enumerate(modules)]

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(position, module) in order."""
        return ((str(k), layer) for k, layer in enumerate(self.layers))

    def arguments(self) -> dict[str, Any]:
        """{"modules": [...]}."""
        return {"modules": [*self.layers]}

    def insert(self, index: int, value: Module) -> None:
        """Put a module before the one at this position."""
        self.layers.insert(index, _module("ModuleList", index, value))

    def __getitem__(self, k: Any) -> Any:
        return ModuleList(self.layers[k]) if isinstance(k, slice) else self.layers[k]

    def __setitem__(self, k: Any, value: Any) -> None:
        several = isinstance(k, slice)
        self.layers[k] = [*ModuleList(value)] if several else _module("ModuleList", k, value)

    def __delitem__(self, k: int | slice) -> None:
        del self.layers[k]

    def __len__(self) -> int:
        return len(self.layers)

    def __add__(self, others: Iterable[Module]) -> "ModuleList":
        return ModuleList([*self, *others])


class ModuleDict(_Container, MutableMapping[str, Module]):
    """Modules by names, called `heads.price`, ... where it is an attribute `heads`.

    It is used as a dict: `heads["price"]`, `keys`, `values`, `items`, `update`, `pop`. A plain dict
    as an attribute does as well; TypeError for what is no module, ValueError for a name with dots.
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        self.layers: dict[str, Module] = {}
        self.update(modules or {})

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) in the order in which they came."""
        return iter(self.layers.items())

    def arguments(self) -> dict[str, Any]:
        """{"modules": {name: module}}."""
        return {"modules": dict(self.layers)}

    def __getitem__(self, name: str) -> Module:
        return self.layers[name]

    def __setitem__(self, name: str, value: Module) -> None:
        if not isinstance(name, str) or not name or "." in name:
            raise ValueError(f"ModuleDict: a name is text without dots, got {name!r}")
        self.layers[name] = _module("ModuleDict", name, value)

    def __delitem__(self, name: str) -> None:
        del self.layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


def _module(owner: str, place: object, part: Any) -> Module:
    if not isinstance(part, Module):
        raise TypeError(f"{owner}: {place} is {part!r:.60}, not a module")
    return part
