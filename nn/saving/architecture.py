"""A model as plain data, its layers with their arguments, and made of that again."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from autograd import Tensor

from .. import arguments, layers
from ..annotations import Generator, Plain, Shape
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..sequential import Sequential

LAYERS: dict[str, type[Module]] = {
    name: cls
    for name, cls in vars(layers).items()
    if isinstance(cls, type) and issubclass(cls, Module)
} | {cls.__name__: cls for cls in (ModuleDict, ModuleList, Sequential)}

LEAST = 4096  # ints in arguments may be as large as the number of parameters, or as this


def described(model: Module) -> Plain:
    """{"layer": class, "arguments": {...}} with modules inside in turn.

    The arguments of a module that does not keep them as attributes are None. A module that is met
    again is {"again": number}, counted in the order in which they are made.
    """
    return _described(model, {})


def _described(part: Any, made: dict[int, int]) -> Plain:
    if isinstance(part, Module):
        if id(part) in made:
            return {"again": made[id(part)]}
        try:
            given = {k: _described(v, made) for k, v in part.arguments().items()}
        except TypeError:
            given = None
        made[id(part)] = len(made)
        return {"layer": type(part).__name__, "arguments": given}
    if isinstance(part, dict) and all(isinstance(name, str) for name in part):
        return {"items": [[name, _described(p, made)] for name, p in part.items()]}
    if isinstance(part, list | tuple):
        return [_described(p, made) for p in part]
    if part is None or isinstance(part, bool | int | float | str):
        return part
    raise TypeError(f"{part!r:.60} is no layer, number, text, list, dict or None")


class Builder:
    """Makes a model of plain data that may come from anyone: only known layers are called.

    `budget` is how many parameters there are to fill; more are not made. `more` are classes of
    modules that are not nn's own. ValueError says what does not fit.
    """

    def __init__(self, budget: int, more: Iterable[type[Module]] = ()) -> None:
        self.known: Mapping[str, type[Module]] = LAYERS | {cls.__name__: cls for cls in more}
        self.budget, self.spent, self.drawn = budget, 0, 0  # `drawn` for the layer in the making
        self.made: list[Module] = []
        self._counted: set[tuple[int, int]] = set()  # the ids and sizes of what is paid for

    def build(self, data: Plain) -> Any:
        """The module, list or value that the data describes."""
        if isinstance(data, list):
            return [self.build(d) for d in data]
        if isinstance(data, dict):
            return self._dict(data) if "items" in data else self._module(data)
        if isinstance(data, int) and abs(data) > max(self.budget, LEAST):
            raise ValueError(f"{data} is too large a size for {self.budget:,} parameters")
        return data

    def _dict(self, data: dict[str, Plain]) -> dict[str, Any]:
        return {str(name): self.build(d) for name, d in data["items"]}

    def _again(self, number: Plain) -> Module:
        if not isinstance(number, int) or not 0 <= number < len(self.made):
            raise ValueError(f"there is no module {number!r} to use again")
        return self.made[number]

    def _module(self, data: dict[str, Plain]) -> Module:
        if "again" in data:
            return self._again(data["again"])
        name, given = data.get("layer"), data.get("arguments")
        if not isinstance(name, str) or name not in self.known:
            raise ValueError(f"unknown layer {name!r}")
        if not isinstance(given, dict):
            raise ValueError(f"the arguments of {name} were not kept as attributes of those names")
        values = self._with_zeros(name, given)
        self.drawn = 0
        module: Module = arguments.call(self.known[name], values)
        self.made.append(module)
        new = {id(part): part.size for _, part in module.named_state()}.items() - self._counted
        self._counted |= new
        self._spend(sum(size for _, size in new))
        return module

    def _with_zeros(self, name: str, given: dict[str, Plain]) -> dict[str, Any]:
        """The arguments, and zeros for first weights where the layer lets one choose them."""
        values = {str(k): self.build(v) for k, v in given.items()}
        return values | ({"init": self._zeros} if arguments.has_init(self.known[name]) else {})

    def _zeros(self, shape: Shape, _: Generator) -> Tensor:
        self.drawn += math.prod(shape)
        if self.spent + self.drawn > self.budget:
            raise ValueError(f"a weight of shape {shape} is more than the file holds")
        return Tensor([0.0] * math.prod(shape)).reshape(*shape)

    def _spend(self, entries: int) -> None:
        self.spent += entries
        if self.spent > self.budget:
            raise ValueError(f"its layers have more parameters than the {self.budget:,} there are")
