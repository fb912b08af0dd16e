"""How a user's function is called: what each of its arguments stands for, by name, then by order.

A role is a key of what is known ("prediction", "target", "cache"); a function's argument takes the
role that its name announces, and what no name settles takes the roles that are left, in order.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .layer import signatures

Function = Callable[..., Any]
Names = Mapping[str, Sequence[re.Pattern[str]]]  # role -> the names that announce it, by strength


@dataclass(frozen=True)
class Call:
    """What a function is called with: keys of what is known, by position and by argument."""

    positional: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()  # (argument, key)

    def __call__(self, function: Function, known: Mapping[str, Any]) -> Any:
        """Call the function with what is known."""
        return function(
            *(known[key] for key in self.positional),
            **{argument: known[key] for argument, key in self.named},
        )

    @property
    def keys(self) -> dict[str, str]:
        """argument -> key, in the order of the call."""
        return {**dict(zip(self.positional, self.positional, strict=True)), **dict(self.named)}


def parameters(function: Function) -> tuple[inspect.Parameter, ...]:
    """The named arguments of a function; of what a decorator hides, those of what it wraps."""
    plain = getattr(function, "__func__", function)
    inner = wrapped(plain)
    if inner is None:
        return signatures.parameters(function)
    return signatures.parameters(inner)[plain is not function :]


def wrapped(function: Function) -> Function | None:
    """What a decorator that shows no arguments calls; None of any other function."""
    if not takes_any(function) or signatures.parameters(function):
        return None
    cells = (cell.cell_contents for cell in getattr(function, "__closure__", None) or ())
    return next((cell for cell in cells if inspect.isfunction(cell)), None)


def takes_any(function: Function) -> bool:
    """Whether a function takes any arguments, or does not show which."""
    try:
        every = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.kind is p.VAR_POSITIONAL for p in every)


def bind(
    function: Function, roles: Names, order: Sequence[str], options: Mapping[str, Any], title: str
) -> Call:
    """Who goes where: options by their names, roles by what announces them, the rest in order.

    Every role of `order` is placed where there is room: arguments with a default are used for what
    no required one takes. Raises TypeError for a required argument that nothing is left for.
    """
    seen = parameters(function)
    if not seen:
        hidden = takes_any(function) and wrapped(getattr(function, "__func__", function)) is None
        return Call(tuple(order) if hidden else ())
    keys = {p.name: p.name for p in seen if p.name in options}
    left = [p for p in seen if p.name not in keys and not isinstance(p.default, bool | str)]
    for name, role in announced(left, roles):
        keys[name] = role
    spare = [role for role in order if role not in keys.values()]
    open_ones = [p for p in left if p.name not in keys]
    required = [p.name for p in open_ones if signatures.is_required(p)]
    for name in required:
        if not spare:
            what = f"nothing known fits the argument {name!r}"
            raise TypeError(f"{title}: {what}: give options={{{name!r}: ...}}")
        keys[name] = spare.pop(0)
    optional = (p.name for p in open_ones if p.default is None)
    keys |= dict(zip(optional, spare, strict=False))
    return Call(named=tuple((p.name, keys[p.name]) for p in seen if p.name in keys))


def announced(arguments: Sequence[inspect.Parameter], roles: Names) -> Iterator[tuple[str, str]]:
    """(argument, role), for each role that a name announces; the strongest pattern first."""
    taken: set[str] = set()
    for role, patterns in roles.items():
        for pattern in patterns:
            name = next(
                (p.name for p in arguments if p.name not in taken and pattern.fullmatch(p.name)),
                None,
            )
            if name is not None:
                taken.add(name)
                yield name, role
                break


def refuse_unknown(functions: Sequence[Function], options: Mapping[str, Any], title: str) -> None:
    """TypeError for an option that no function takes, unless one of them takes any."""
    seen = {p.name for function in functions for p in parameters(function)}
    unknown = [name for name in options if name not in seen]
    if unknown and not any(map(takes_any, functions)):
        takes = ", ".join(sorted(seen))
        raise TypeError(f"{title}: options {unknown} are no arguments of it; it takes {takes}")
