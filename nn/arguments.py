"""What a constructor was called with, read back from the attributes of the same names."""

import inspect
from collections.abc import Mapping
from typing import Any

FIRST_WEIGHTS = ("init", "rng")  # how they are drawn: done with when the layer is made


def arguments(made: Any) -> dict[str, Any]:
    """{name: value} of the arguments that make such an object again.

    An attribute of an argument's name holds its value; where the argument is a switch (`bias=True`)
    the attribute may be what it switches, or None. TypeError names an argument without attribute.
    """
    found = {}
    for name, parameter in _parameters(type(made)).items():
        if not hasattr(made, name):
            raise TypeError(f"{type(made).__name__}: its argument {name!r} is not an attribute")
        value = getattr(made, name)
        is_switch = isinstance(parameter.default, bool) and not isinstance(value, bool)
        found[name] = value is not None if is_switch else value
    return found


def call(cls: type, values: dict[str, Any]) -> Any:
    """cls(...) with the values of `arguments`; TypeError where there is no such argument."""
    parameters = _parameters(cls)
    if unknown := values.keys() - parameters.keys() - {*FIRST_WEIGHTS}:
        raise TypeError(f"{cls.__name__}: there is no argument {', '.join(sorted(unknown))}")
    several = [k for k, p in parameters.items() if p.kind is p.VAR_POSITIONAL]
    named = [k for k, p in parameters.items() if p.kind is p.VAR_KEYWORD]
    options = {k: v for k, v in values.items() if k not in (*several, *named)}
    for k in named:
        options.update(values.get(k, ()))
    return cls(*(v for k in several for v in values.get(k, ())), **options)


def has_init(cls: type) -> bool:
    """Whether one may choose how first weights are drawn."""
    return "init" in inspect.signature(cls).parameters


def text(cls: type, values: Mapping[str, Any]) -> str:
    """The values as one would write the call: `1, 8, 5, stride=2`.

    Defaults are left out, and so are arguments that there is no value of.
    """
    words: list[str] = []
    for name, parameter in _parameters(cls).items():
        if name not in values:
            continue
        value = values[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            words += map(repr, value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            words += [f"{k}={v!r}" for k, v in value.items()]
        elif parameter.default is parameter.empty:
            words.append(repr(value))
        elif value != parameter.default:
            words.append(f"{name}={value!r}")
    return ", ".join(words)


def written(made: Any, first: str = "", apart: str = "") -> str:
    """A short repr: the class, `first` for the argument `apart`, and the arguments kept by name."""
    kept = {k: v for k, v in vars(made).items() if k != apart}
    words = filter(None, [first, text(type(made), kept)])
    return f"{type(made).__name__}({', '.join(words)})"


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return {}
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    return {k: p for k, p in list(parameters.items())[1:] if k not in FIRST_WEIGHTS}
