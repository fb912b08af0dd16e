"""Modules one after the other, by position or by name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .module import Module


class Sequential(Module):
    """Modules one after the other: the output of one is the input of the next.

    `model[0]` is the first, `model[1:3]` a Sequential of two. Layers are called by their positions,
    or by names of your own, as keywords or in a dict:

    >>> import nn
    >>> model = nn.Sequential(fc=nn.Dense(2, 3), relu=nn.ReLU())
    >>> model.fc is model[0], list(model.state_dict())
    (True, ['fc.weight', 'fc.bias'])

    `layers` is a list that may grow; named layers are a tuple, and `model.relu = nn.Tanh()` puts
    another one in a layer's place. TypeError for what is no module, ValueError for a name that
    every Sequential has an attribute of, or that has dots.
    """

    names: tuple[str, ...] = ()  # of all layers, or of none

    def __init__(self, *layers: Module | Mapping[str, Module], **named: Module) -> None:
        first = layers[0] if len(layers) == 1 and not named else None
        if isinstance(first, Mapping):
            layers, named = (), dict(first)
        if layers and named:
            raise TypeError("Sequential: name all layers, or none")
        self.layers: Sequence[Any] = list(layers)
        for name in named:
            self._check_name(name)
        for place, layer in (*named.items(), *enumerate(layers)):
            _check_layer(place, layer)
        if named:
            self.layers, self.names = tuple(named.values()), tuple(named)

    def _check_name(self, name: Any) -> None:
        if not isinstance(name, str) or not name or "." in name:
            raise ValueError(f"Sequential: a layer's name is text without dots, got {name!r}")
        if hasattr(self, name):
            taken = "every Sequential has an attribute of that name"
            raise ValueError(f"Sequential: a layer cannot be called {name!r}: {taken}")

    def forward(self, x: Any) -> Any:
        """The layers in order: the output of one is the input of the next."""
        for layer in self.layers:
            x = layer(x)
        return x

    def named_layers(self) -> Iterator[tuple[str, Any]]:
        """(name, layer) in order; without names of their own, the positions `0`, `1`, ..."""
        names = self.names or map(str, range(len(self.layers)))
        return zip(names, self.layers, strict=True)

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """(name, layer) of those that are modules."""
        return ((k, layer) for k, layer in self.named_layers() if isinstance(layer, Module))

    def arguments(self) -> dict[str, Any]:
        """{"layers": [...]}, or {"named": {name: layer}}."""
        return {"named": dict(self.named_layers())} if self.names else {"layers": [*self.layers]}

    def __getitem__(self, k: int | slice) -> Any:
        if not isinstance(k, slice):
            return self.layers[k]
        return (
            Sequential(dict([*self.named_layers()][k]))
            if self.names
            else Sequential(*self.layers[k])
        )

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    # --- names as attributes ----------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name in self.names:
            return self.layers[self.names.index(name)]
        raise AttributeError(f"{type(self).__name__} has no attribute and no layer {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.names:
            _check_layer(name, value)
            name, value = "layers", tuple({**dict(self.named_layers()), name: value}.values())
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.names]


def _check_layer(place: object, layer: Any) -> None:
    if not callable(layer) or isinstance(layer, type):
        hint = "; unpack a list, as in Sequential(*layers)" if isinstance(layer, Iterable) else ""
        raise TypeError(f"Sequential: layer {place} is {layer!r:.60}, not a module{hint}")
