"""The ways in which a loss can be called: which of its arguments is which."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import Call, Function, Names, bind, parameters
from ..layer import naming
from ..layer.attributes import copied
from ..layer.variants import vars_of
from .claims import claimed, kept, split_output
from .names import CACHE, LOSS, PREDICTION, TARGET, UPSTREAM, is_target
from .pair import NoGradientError, Pair

OUTPUT = "output"  # what forward kept as an attribute of this name


@dataclass(frozen=True)
class Reading:
    """How forward and backward are called, with the keys of what is known."""

    pair: Pair
    forward: Call
    backward: Call | None
    known: Mapping[str, Any]  # the target and the options, and the predictions as they came
    predictions: tuple[str, ...]

    @property
    def takes_upstream(self) -> bool:
        """Whether backward is called with the gradient of its output."""
        return self.backward is not None and "upstream" in self.backward.keys.values()

    @property
    def inputs(self) -> dict[str, Any]:
        """What forward is called with, by key."""
        return {key: self.known[key] for key in self.forward.keys.values()}

    @property
    def notes(self) -> tuple[str, ...]:
        """Which argument was taken as the prediction, where no name tells."""
        keys, (key, *_) = self.forward.keys, self.predictions
        argument = next((a for a, k in keys.items() if k == "target"), None)
        if argument is None or is_target(argument):
            return ()
        function, _ = self.pair.functions()
        first = next(a for a, k in keys.items() if k == key)
        return (f"{function.__name__}: {first} is the prediction, as it comes first",)

    def loss(self, **inputs: Any) -> Any:
        """The loss, or one for each sample or entry."""
        return self._after(self.pair.functions()[0], {**self.known, **inputs})["loss"]

    def made(self) -> set[str]:
        """What forward leaves for backward: "cache", "output"."""
        made = self._after(self.pair.functions()[0], self.known)
        return {key for key in ("cache", OUTPUT) if made.get(key) is not None}

    def _after(self, function: Function, known: Mapping[str, Any]) -> dict[str, Any]:
        """What is known after a forward: the loss, what else came, the output that it keeps."""
        with self.pair.repeatable():
            returned = self.forward(function, {key: copied(x) for key, x in known.items()})
        holder = getattr(function, "__self__", None)
        loss, cache = split_output(returned, holder)
        held = vars_of(holder)
        cache = held.get("cache") if cache is None else cache
        return {**known, "loss": loss, "cache": cache, OUTPUT: held.get(OUTPUT)}

    def gradients(self, upstream: Any) -> dict[str, Any]:
        """The claims by key, after a forward of the same copy.

        Raises NoGradientError where there are none.
        """
        forward, backward = self.pair.functions()
        known = self._after(forward, self.known) | {"upstream": upstream}
        holder = getattr(backward, "__self__", None)
        before = dict(vars_of(holder))
        if backward is None or self.backward is None:
            returned = known["cache"]
        else:
            returned = self.backward(backward, {key: copied(x) for key, x in known.items()})
        found = self._found(returned, holder, before)
        if not found and backward is None:
            raise self.pair.lacks_backward()
        if not found:
            said = "returned None, and keeps no gradient of a prediction's shape"
            raise NoGradientError(f"{self.pair.title}.{self.pair.backward_name} {said}")
        keys = self.forward.keys
        return {keys[argument]: gradient for argument, gradient in found.items()}

    def _found(self, returned: Any, holder: Any, before: Mapping[str, Any]) -> dict[str, Any]:
        """The gradients by forward's arguments, in what was returned, else in what is kept."""
        keys = {a: key for a, key in self.forward.keys.items() if key in self.known}
        shapes = {a: np.shape(self.known[k]) for a, k in keys.items() if k in self.predictions}
        if returned is None:
            return kept(holder, before, shapes)
        others = {a: np.shape(self.known[key]) for a, key in keys.items() if self._is_open(a, key)}
        data = next((a for a, key in keys.items() if key == "target"), "")
        return claimed(returned, shapes, others, data)

    def _is_open(self, argument: str, key: str) -> bool:
        """Whether a further gradient may be meant for it: real numbers, not called a target."""
        x = np.asarray(self.known[key]) if key not in self.predictions else np.empty(())
        return x.dtype.kind == "f" and x.ndim > 0 and not is_target(argument)


def forward_call(pair: Pair, known: Mapping[str, Any], predictions: Sequence[str],
                 options: Mapping[str, Any]) -> Call:  # fmt: skip
    """How forward is called.

    Raises TypeError for an argument that nothing fits, and a prediction that has no argument.
    """
    function, _ = pair.functions()
    roles = {key: [re.compile(re.escape(key))] for key in predictions}
    order = [*predictions]
    if "target" in known:
        roles["target"] = TARGET
        order.append("target")
    if len(predictions) == 1:
        roles[predictions[0]] += PREDICTION
    call = bind(function, roles, order, options, f"{pair.title}.{pair.forward_name}".rstrip("."))
    left = [key for key in predictions if key not in call.keys.values()]
    if left:
        raise TypeError(f"{pair.title}: forward takes no argument for {', '.join(left)}")
    return call


def backward_calls(
    pair: Pair, reading: Reading, options: Mapping[str, Any]
) -> Iterator[Call | TypeError]:
    """The ways to call backward, the likeliest first, or why one of them is impossible."""
    _, function = pair.functions()
    if function is None:
        return
    same = {a: key for a, key in reading.forward.keys.items() if a not in options}
    roles = {key: [re.compile(re.escape(a))] for a, key in same.items()}
    if "target" in reading.known:
        roles["target"] = [*roles.get("target", []), *TARGET]
    made = reading.made()
    roles |= {"loss": LOSS} | ({"cache": CACHE} if "cache" in made else {})
    title = f"{pair.title}.{pair.backward_name or getattr(function, '__name__', 'backward')}"
    seen: set[Call] = set()
    for order, more in _orders(function, same, reading.predictions, made):
        try:
            call = bind(function, {**roles, **more}, order, options, title)
        except TypeError as error:
            yield error
            continue
        if call not in seen:
            seen.add(call)
            yield call


def _orders(
    function: Function, same: Mapping[str, str], predictions: Sequence[str], made: set[str]
) -> list[tuple[list[str], Names]]:
    """What the arguments of backward that no name settles may be, the likeliest first.

    With the roles that names announce in this reading alone: `dvalues` may be the upstream gradient
    or the prediction. An argument that is called otherwise is the upstream gradient if it is alone.
    """
    target = ["target"] if "target" in same.values() else []
    seen = parameters(function)
    orders: list[tuple[list[str], Names]] = [([*predictions, *target], {})]
    if any(naming.is_upstream(p.name) for p in seen if p.name not in same):
        stored = not any(is_target(p.name) for p in seen)
        orders.insert(0 if stored else 1, ([*predictions, *target], {"upstream": UPSTREAM}))
    elif len(seen) == 1:
        orders.append((["upstream"], {}))
    elif not seen:
        orders = [([], {}), (["upstream"], {}), *orders]
    return orders + [([key, *target], {}) for key in (OUTPUT, "cache") if key in made]
