"""A net as functions of its parameters, and the gradients that its backward leaves."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import Function, Names, bind, parameters
from ..layer import naming
from ..layer.attributes import Path, Step, clone, copied, deep_copy, leaves, text
from ..layer.discover import short_name
from ..layer.variants import vars_of
from ..losses.claims import split_output
from ..losses.names import CACHE, LOSS, TARGET, UPSTREAM
from ..losses.pair import NoGradientError, Pair
from .use import order_of_use

PARAMS = r"(.*_)?(param(eter)?s?|theta|weights?|model|net(work)?|ws?|ps?)"
INPUT = r"(x|inputs?|images?|features|tokens|data|batch)(s|_?(batch|train|in|data))?"
ROLES: Names = {
    "params": [re.compile(PARAMS, re.I)],
    "target": TARGET,
    "x": [re.compile(INPUT, re.I)],
}
BACK_ROLES: Names = {"loss": LOSS, "upstream": UPSTREAM}


class NoLossError(TypeError):
    """What forward gives is no loss."""


@dataclass(frozen=True)
class Net:
    """Functions, or an object, with parameters in `held`, and what else they are called with."""

    pair: Pair
    held: Any  # a dict or list of parameters, or the object itself
    known: Mapping[str, Any]  # x, the target and the options
    paths: Mapping[str, Path]  # where each parameter is

    @classmethod
    def of(cls, pair: Pair, params: Any, known: Mapping[str, Any]) -> "Net":
        """Name the parameters; TypeError where there are none."""
        held = pair.loss if params is None else params
        paths = [path for path, x in leaves(held).items() if np.ndim(x)]
        if params is None:
            paths = [path for path in paths if naming.is_container(path[0].key)] or paths
        if not paths:
            raise TypeError(f"{pair.title}: there are no parameters that are arrays")
        short = [_short(path) for path in paths]
        names = [n if short.count(n) == 1 else _text(p) for n, p in zip(short, paths, strict=True)]
        return cls(pair, held, known, dict(zip(names, paths, strict=True)))

    def inputs(self) -> dict[str, Any]:
        """The parameters by name."""
        held = leaves(self.held)
        return {name: held[path] for name, path in self.paths.items()}

    def without(self, claims: Mapping[str, Any]) -> list[str]:
        """The parameters that have no gradient; other arrays of an object may be anything."""
        lacking = {name: path for name, path in self.paths.items() if name not in claims}
        given = self.held is not self.pair.loss
        return [name for name, path in lacking.items() if given or naming.is_container(path[0].key)]

    def output(self, **arrays: Any) -> Any:
        """The loss, with some parameters replaced."""
        return self._after(arrays)["loss"]

    def _after(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """What is known after a forward with some parameters replaced."""
        return self._run(clone(self.held, {self.paths[name]: x for name, x in arrays.items()}))

    def order(self) -> list[str]:
        """The parameters in the order in which forward uses them."""
        held = leaves(self.held)

        def forward(**arrays: Any) -> None:
            """A run on these very arrays, which clone would copy."""
            self._run(deep_copy(self.held, {id(held[self.paths[n]]): x for n, x in arrays.items()}))

        return order_of_use(forward, self.inputs())

    def _run(self, made: Any) -> dict[str, Any]:
        """What is known after a forward; "params" are those that it was called with."""
        held = leaves(made)
        known = {key: copied(x) for key, x in self.known.items()} | {"params": made}
        known |= {name: held[path] for name, path in self.paths.items()}
        forward, _ = self._functions(made)
        call = bind(forward, self._roles(), self._order(forward), self.known, _title(forward))
        with self.pair.repeatable():
            loss, cache = split_output(call(forward, known), getattr(forward, "__self__", None))
        parts = enumerate(cache if isinstance(cache, tuple) else ())
        return known | {"loss": loss, "cache": cache, **{f"cache[{k}]": x for k, x in parts}}

    def _functions(self, made: Any) -> tuple[Function, Function | None]:
        """forward and backward; methods of what holds the parameters, where that is an object."""
        return self.pair.functions_of(made if self.held is self.pair.loss else self.pair.loss)

    def _roles(self) -> Names:
        """What names announce: each parameter its own, and all of them at once."""
        return {**{name: [re.compile(re.escape(name))] for name in self.paths}, **ROLES}

    def _order(self, function: Function, *made: str) -> list[str]:
        """What goes where no name tells; params at once, unless each has its argument."""
        apart = {p.name for p in parameters(function)} & set(self.paths)
        whole = [] if apart or self.held is self.pair.loss else ["params"]
        return [*whole, *made, "x", *(["target"] if "target" in self.known else [])]

    def claims(self, upstream: Any) -> Iterator[dict[str, Any] | Exception]:
        """The gradients by name, in each way in which backward can be called, or what it raised.

        Raises NoGradientError where forward gives none, and there is no backward.
        """
        known = self._after({})
        cache = known["cache"]
        if self._functions(known["params"])[1] is None:
            if cache is None:
                raise self.pair.lacks_backward()
            yield self._found(cache, known["params"])
            return
        parts = tuple(key for key in known if key.startswith("cache["))
        whole = () if cache is None else ("cache",)
        for made in dict.fromkeys((whole, parts or whole)):
            try:
                yield self._backward(self._after({}) | {"upstream": upstream}, made)
            except NoLossError:
                raise
            except Exception as error:  # the user's backward, called so
                yield error

    def _backward(self, known: Mapping[str, Any], made: tuple[str, ...]) -> dict[str, Any]:
        """The gradients that one backward gives, where `made` goes where no name tells."""
        _, backward = self._functions(known["params"])
        assert backward is not None
        whole = {"cache": CACHE} if "cache" in made else {}
        roles = {**self._roles(), **BACK_ROLES, **whole}
        order = self._order(backward, *made)
        call = bind(backward, roles, order, self.known, _title(backward))
        if np.size(known["loss"]) > 1 and "upstream" not in call.keys.values():
            raise NoLossError(
                f"{self.pair.title} gives {np.shape(known['loss'])} numbers, and backward takes no "
                "gradient of them: give a forward that returns the loss"
            )
        with self.pair.repeatable():
            return self._found(call(backward, known), known["params"])

    def _found(self, returned: Any, holder: Any) -> dict[str, Any]:
        """name -> its gradient, in what was returned, else in what the object keeps."""
        if returned is not None:
            every = [returned, *_parts(returned)]
            best = max((self._named(part, set()) for part in every), key=len)
            return best or self._ordered(returned)
        kept = self._named(holder, set(self.paths.values()))
        bare = [x for key, x in vars_of(holder).items() if naming.is_bare(key)]
        return kept or self._ordered(bare)

    def _named(self, gradients: Any, own: set[Path]) -> dict[str, Any]:
        """By the place that a gradient shares with its parameter, or by the name that tells."""
        held = {path: x for path, x in leaves(gradients).items() if path not in own}
        found = {}
        for name, path in self.paths.items():
            likeness = {g: 4 * (g == path) or self._likeness(g, path) for g in held}
            best = max(likeness, key=likeness.__getitem__, default=None)
            if best is not None and likeness[best]:
                found[name] = held[best]
        return found

    @staticmethod
    def _likeness(gradient: Path, parameter: Path) -> int:
        return naming.likeness((Step(False, "grads"), *gradient), parameter)

    def _ordered(self, returned: Any) -> dict[str, Any]:
        """In the order of the parameters, where the shapes are theirs."""
        arrays = [x for x in leaves(returned).values() if np.ndim(x)]
        shapes = {name: np.shape(x) for name, x in self.inputs().items()}
        if [np.shape(x) for x in arrays[: len(shapes)]] == list(shapes.values()):
            return dict(zip(shapes, arrays, strict=False))
        said = f"backward gave {len(arrays)} arrays whose shapes are not those of {len(shapes)}"
        raise NoGradientError(f"{self.pair.title}: {said} parameters: return a dict like params")


def _short(path: Path) -> str:
    """The key of a parameter, if it has one."""
    named = path and isinstance(path[-1].key, str)
    return short_name(path) if named else _text(path) if path else "params"


def _text(path: Path) -> str:
    """`weights[1]` for a list in a dict, as in an attribute."""
    first, *rest = path
    return str(first.key) + text(tuple(rest)) if isinstance(first.key, str) else text(path)


def _parts(returned: Any) -> list[Any]:
    """What a tuple holds beside numbers: (loss, gradients), and gradients side by side."""
    if not isinstance(returned, tuple):
        return []
    parts = [part for part in returned if not np.isscalar(part)]
    return [*parts, parts]


def _title(function: Function) -> str:
    return str(getattr(function, "__name__", "forward"))
