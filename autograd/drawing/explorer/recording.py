"""A function of one sample as a graph that is the same for all of them, with numbers of one."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...compiler.trace.record import Argument, Recording
from ...compiler.trace.repeatable import recorded
from ...functions import BATCH_MEAN
from ...graph import AnyNode, order
from ...numbers.kinds import UNKNOWN
from ...primitives import PRIMITIVES
from ...reach import values_of
from ...scopes import tracing, uncollected
from ...tensor import Tensor
from ...value import Value

WHERE, AT_LEAST = PRIMITIVES["where"], PRIMITIVES["at_least"]


def computed(
    function: Callable[..., Any], sample: list[Any], names: list[str], parameters: Any
) -> tuple[list[list[Value]], Value, list[Value]]:
    """The leaves of a function's arguments, its loss, and the scores that it may return."""
    row = _fed(function, sample)
    with _said_of(function), uncollected(), tracing(None):
        recording = recorded(function, row, parameters)
    _refuse_chance(recording)
    results = _results(recording)
    for name, argument in zip(names, recording.arguments, strict=False):
        _fill(argument, name)
    root, *scores = _computed([v for values in results for v in values])
    root.label = root.label or "loss"
    return [argument.values for argument in recording.arguments], root, scores


def arguments(function: Callable[..., Any]) -> list[str] | None:
    """The names of the arguments that a function needs; None where it takes any number."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    return [p.name for p in found if p.kind is not p.KEYWORD_ONLY and p.default is p.empty]


def _fed(function: Any, row: list[Any]) -> list[Any]:
    """The parts of a sample that a function takes; what it does not take are captions."""
    taken = arguments(function)
    if taken is None:
        return row
    if len(taken) > len(row) or not taken:
        raise TypeError(
            f"explore: {_called(function)} takes {', '.join(taken) or 'nothing'}, and a sample has "
            f"{len(row)} part{'s' * (len(row) > 1)}"
        )
    return row[: len(taken)]


@contextmanager
def _said_of(function: Any) -> Iterator[None]:
    """Say of errors, which may come from within the function, what it was called for."""
    try:
        yield
    except Exception as error:
        error.add_note(
            f"explore records {_called(function)} once, as autograd.compile does: with numbers "
            "that are not known, and whole-number labels as one-hot rows (floats stay numbers)"
        )
        raise


def _called(function: Any) -> str:
    return getattr(function, "__qualname__", None) or type(function).__name__


def _refuse_chance(recording: Recording) -> None:
    trace = recording.trace
    makers = [values[0] for values, _, _ in trace.draws]
    told = [x for _, tensors in trace.observed for y in tensors for x in values_of(y)]
    told += [node for node in trace if node.op is BATCH_MEAN]
    for nodes, what in [(makers, "draws random numbers"), (told, "depends on its batch")]:
        if nodes:
            where = getattr(nodes[0].scope, "kind", "") or "the function"
            path = f" {nodes[0].scope}" if nodes[0].scope else ""
            raise ValueError(
                f"explore: {where}{path} {what}, and the page runs one sample, always in the same "
                "way; model.eval() is how the model predicts"
            )


def _results(recording: Recording) -> list[list[Value]]:
    """The loss, and scores where they are returned too."""
    count = sum(n for _, n in recording.observers)
    results = recording.results[: len(recording.results) - count]
    if results[0].shape or len(results) > 2:
        shapes = " and ".join(
            f"a Tensor of shape {r.shape}" if r.shape else "a Value" for r in results
        )
        raise TypeError(
            f"explore: the function must return a loss, a single Value, and may return scores "
            f"after it; it returned {shapes}"
        )
    return [result.values for result in results]


# --- numbers for what was recorded ----------------------------------------------------------------


def _fill(argument: Argument, name: str) -> None:
    """Give the leaves of an argument the numbers of the example, and a name."""
    for v, number in zip(argument.values, argument.example, strict=True):
        v.data = number
    if not argument.values[0].name:
        if argument.shape:
            Tensor(argument.values).reshape(argument.shape).rename(name)
        else:
            argument.values[0].label = name


def _computed(roots: list[Value]) -> list[Value]:
    """Compute what was recorded; guards against nan that have nothing to do are left out.

    where(p >= p, p, 0) is p for a number, and where(c, p, p) is p.
    """
    same: dict[AnyNode, AnyNode] = {}
    for node in order(*roots):
        inputs = node.inputs = tuple([same.get(x, x) for x in node.inputs])
        if node.op is None:
            if any(number is UNKNOWN for number in node.data):
                node.data = tuple([x.data for x in inputs])
            continue
        if node.data is UNKNOWN:
            node.data = node.op.forward(*[x.data for x in inputs])
            if node.data is UNKNOWN:
                raise ValueError(
                    "explore: no_grad(), or the .data or item() of a Value, hides how a number was "
                    "made; use autograd.stop_gradient to keep gradients out"
                )
        if node.op is WHERE and (_is_number(inputs[0]) or inputs[1] is inputs[2]):
            same[node] = inputs[1]
    return [same.get(root, root) for root in roots]


def _is_number(condition: AnyNode) -> bool:
    """Whether a condition asks if a number is one, and it is."""
    asks = condition.op is AT_LEAST and condition.inputs[0] is condition.inputs[1]
    return asks and bool(condition.data)
