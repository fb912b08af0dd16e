"""In which order a forward uses its parameters: it is run once on arrays that note their use."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np


class _Noted(np.ndarray):
    """An array that adds its name to a list when something is computed from it.

    A view of it (a transpose, a slice) is the parameter still; what is computed is a plain array,
    or one whose name has been noted.
    """

    __array_priority__ = 1.0  # so that x.dot(W) is one of these
    name = ""
    uses: list[str]

    def __array_finalize__(self, parent: Any) -> None:
        if isinstance(parent, _Noted) and parent.name:
            self.name, self.uses = parent.name, parent.uses
            if self.base is None:  # no view: `x.dot(W)`
                parent.note()

    def note(self) -> None:
        """Add the name, if it is not there."""
        if self.name and self.name not in self.uses:
            self.uses.append(self.name)

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        if not isinstance(found, np.ndarray):  # a number, in a plain loop
            self.note()
        return found

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        _note(inputs)
        if "out" in options:
            options["out"] = tuple(map(_plain, options["out"]))
        return getattr(ufunc, method)(*map(_plain, inputs), **options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        _note(args)
        return super().__array_function__(function, types, args, options)


def _note(arguments: Iterable[Any]) -> None:
    """Note every array among the arguments of a function, and in lists of them."""
    for x in arguments:
        if isinstance(x, _Noted):
            x.note()
        elif isinstance(x, list | tuple):
            _note(x)


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, _Noted) else x


def order_of_use(forward: Callable[..., Any], inputs: Mapping[str, Any]) -> list[str]:
    """The names of the inputs in the order in which forward(**inputs) first computes with each.

    Those that are not seen (numbers, lists) keep their places behind the others.
    """
    uses: list[str] = []
    noted = {name: _noted(x, name, uses) for name, x in inputs.items()}
    try:
        with np.errstate(all="ignore"):
            forward(**noted)
    except Exception:  # the user's code takes plain arrays alone
        uses.clear()
    return _completed(uses, inputs)


def _completed(uses: Iterable[str], every: Iterable[str]) -> list[str]:
    found = list(uses)
    return found + [name for name in every if name not in found]


def _noted(x: Any, name: str, uses: list[str]) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    made = x.copy().view(_Noted)
    made.name, made.uses = name, uses
    return made
