"""`check_grads`: the derivatives that the engine has of a function, against its differences."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..functions import concatenate, stack
from ..graph import nodes
from ..operators import grad, mapped
from ..primitives import PRIMITIVES
from ..scopes import no_grad
from ..tensor import Tensor, operand
from ..value import Value
from .gradients import check_gradients
from .truth.arrays import Array

Function = Callable[..., Any]
BUDGET = 2.0  # seconds, of each order
STEP = 1e-5
CLOSE = 1e-5


def check_grads(
    f: Function, modes: Iterable[str] = ("fwd", "rev"), order: int = 2
) -> Callable[..., None]:
    """The function of f's arguments that compares its derivatives up to an order with differences.

    As HIPS's: check_grads(f)(x, y) is silent, or raises AssertionError with a report that says of
    which argument the gradient is wrong, how it is off, and which primitive of one's own has a
    partial that is not the slope of its forward. f returns a number or an array. There is one mode,
    reverse: "fwd" is understood, and checks nothing more.

    >>> check_grads(lambda x, y: x.sin() * y)([0.5, 2.0], 3.0)
    """
    modes = [modes] if isinstance(modes, str) else [*modes]
    if not callable(f) or not {*modes} <= {"fwd", "rev"}:
        raise TypeError(
            "check_grads(f, modes)(x): f must be a function, and modes of 'fwd' and 'rev', got "
            f"{f!r:.60} and {modes}"
        )

    def check(*arguments: Any, **options: Any) -> None:
        inputs = _inputs(f, arguments)

        def function(*leaves: Any) -> Any:
            each = iter(leaves)
            return f(*[mapped(x, lambda _: next(each)) for x in arguments], **options)

        for k in range(1, order + 1):
            report = check_gradients(
                _numbers(function), inputs, _backward(function), budget=BUDGET, search=0.0
            )
            if not report.ok:
                name = getattr(f, "__name__", type(f).__name__)
                told = [f"{name}, order {k}: {report}", *_wrong_partials(function, inputs)]
                raise AssertionError("\n".join(told))
            function = _derivative(function)

    return check


def _inputs(f: Function, arguments: Sequence[Any]) -> dict[str, Any]:
    """{name: numbers} of each array, and each number, in the arguments."""
    try:
        names = [*inspect.signature(f).parameters]
    except ValueError:
        names = []
    inputs: dict[str, Any] = {}
    for k, argument in enumerate(arguments):
        leaves: list[Any] = []
        mapped(argument, leaves.append)
        name = names[k] if k < len(names) else f"argument {k}"
        for j, leaf in enumerate(leaves):
            made = operand(leaf)
            numbers = made.data if isinstance(made, Value) else made.numpy()
            inputs[f"{name}.{j}" if len(leaves) > 1 else name] = numbers
    return inputs


def _numbers(function: Function) -> Function:
    """The function of numbers by name, as the checker takes it."""

    def forward(**inputs: Any) -> Any:
        with no_grad():
            y = operand(function(*map(operand, inputs.values())))
        return y.numpy() if isinstance(y, Tensor) else y.data

    return forward


def _weighted(function: Function, weights: Callable[[Any], Any]) -> Function:
    """Σ weights·y of the function's results."""

    def total(*leaves: Any) -> Any:
        y = operand(function(*leaves))
        weighed = y * weights(y)
        return weighed.sum() if isinstance(weighed, Tensor) else weighed

    return total


def _backward(function: Function) -> Function:
    """The gradients that the engine has, as a hand-derived backward."""

    def backward(upstream: Any, **inputs: Any) -> dict[str, Any]:
        every = tuple(range(len(inputs)))
        total = _weighted(function, lambda _: upstream)
        return dict(zip(inputs, grad(total, every)(*inputs.values()), strict=True))

    return backward


def _derivative(function: Function) -> Function:
    """All entries of the gradient of some weighted sum of the function's results."""

    def gradient(*leaves: Any) -> Any:
        total = _weighted(function, lambda y: _weights(getattr(y, "shape", ())))
        found = grad(total, tuple(range(len(leaves))))(*leaves)
        return concatenate([stack([d]).flatten() for d in found])

    return gradient


def _weights(shape: tuple[int, ...]) -> Array | float:
    return np.random.default_rng(0).uniform(0.5, 1.5, shape)


def _wrong_partials(function: Function, inputs: dict[str, Any]) -> Iterator[str]:
    """A line for each operand of a row of one's own whose partial is not the slope of its forward,
    at the first place where it is met.
    """
    y = operand(function(*map(operand, inputs.values())))
    found = set()
    for node in nodes(*(y.values if isinstance(y, Tensor) else [y])):
        op = node.op
        if op is None or PRIMITIVES.get(op.name) is op:
            continue
        xs = [float(x.data) for x in node.inputs]
        for k, p in enumerate(op.partials(node.data, *xs)):
            up, down = ([x + h * (j == k) for j, x in enumerate(xs)] for h in (STEP, -STEP))
            slope = (op.forward(*up) - op.forward(*down)) / (2 * STEP)
            if (op, k) not in found and abs(p - slope) > CLOSE * max(1.0, abs(slope)):
                found.add((op, k))
                yield (
                    f"the primitive {op.name} at {xs}: its partial by operand {k} is "
                    f"{float(p):.6g}, the slope of its forward {slope:.6g}"
                )
