"""Walks over a tree of modules: each is made into something else by the rule of its class."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Rule = Callable[..., Any]
Rules = Mapping[type, Rule]


def rule_of(rules: Rules, module: Any) -> Rule | None:
    """The rule of the class whose `forward` a module runs; None where the forward is its own."""
    forward = getattr(getattr(module, "forward", None), "__func__", None)
    for cls, rule in rules.items():
        if isinstance(module, cls) and forward is cls.forward:  # type: ignore[attr-defined]
            return rule
    return None


class Walk:
    """Visits modules by their rules, and says in errors where it is."""

    def __init__(self, function: str, rules: Rules) -> None:
        self.function, self.rules = function, rules
        self._way: list[tuple[str, Any]] = []

    @property
    def path(self) -> str:
        """The path of the module that is being visited; "" for the whole model."""
        return ".".join(name for name, _ in self._way[1:])

    @property
    def class_name(self) -> str:
        """The class of the module that is being visited."""
        return type(self._way[-1][1]).__name__

    @contextmanager
    def inside(self, name: str, module: Any) -> Iterator[Rule]:
        """Go to a part that is called `name` in the module around it, and give its rule.

        TypeError where what its forward does cannot be known.
        """
        self._way.append((name, module))
        yield rule_of(self.rules, module) or self.otherwise(module)
        self._way.pop()

    def otherwise(self, _: Any) -> Rule:
        """The rule of a module whose forward is its own; TypeError where there is none."""
        raise TypeError(self._unknown())

    def error(self, message: str) -> ValueError:
        """What is wrong, and at which module."""
        where = f"{self.path} ({self.class_name})" if self.path else self.class_name
        return ValueError(f"{self.function}: {where}: {message}")

    @contextmanager
    def located(
        self, what: str = "", kinds: tuple[type[Exception], ...] = (TypeError, ValueError)
    ) -> Iterator[None]:
        """Say at which module, and at what in it, an error inside was raised."""
        try:
            yield
        except kinds as error:
            raise self.error(f"{what}{error}") from None

    def _unknown(self) -> str:
        known = ", ".join(sorted(cls.__name__ for cls in self.rules))
        return (
            f"{self.function}: {self.path or 'the model'} is a {self.class_name}; its forward is "
            f"its own and cannot be guessed; what can be translated is built of {known}"
        )


class Translation(Walk):
    """Makes a module of another library for each module, with its parameters and its mode.

    Rules are called as rule(translation, module).
    """

    def __init__(self, function: str, rules: Rules) -> None:
        super().__init__(function, rules)
        self._pairs: list[tuple[Any, Any]] = []

    def model(self, model: Any) -> Any:
        """The translation of a whole model."""
        made = self.visit("", model)
        for module, copy in reversed(self._pairs):  # from the model down to the layers
            copy.train(module.training)
        return made

    def visit(self, name: str, module: Any) -> Any:
        """The translation of a part that is called `name` in the module around it."""
        with self.inside(name, module) as rule:
            made = rule(self, module)
            self.fill(made, module)
        self._pairs.append((module, made))
        return made

    def fill(self, made: Any, module: Any) -> None:
        """Copy the parameters that a module holds itself."""
        raise NotImplementedError
