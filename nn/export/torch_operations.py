"""What each operation of a recorded program is in PyTorch.

Rows of the table are called as rule(torch, *inputs), all others as rule(torch, operation, *inputs),
with tensors that have samples in front where they depend on these, and numbers.
"""

import math
from collections.abc import Callable
from typing import Any


def _chosen(torch: Any, better: Any, a: Any, b: Any) -> Any:
    """b where it is better or nan; of two that are equal, the first takes the whole gradient."""
    return torch.where(better | (b != b), b, a)


def _as_number(truth: Any, *operands: Any) -> Any:
    """1 or 0, in the type of an operand."""
    return truth.to(next(x.dtype for x in operands if hasattr(x, "dtype")))


ROWS: dict[str, Callable[..., Any]] = {
    "add": lambda _, a, b: a + b,
    "sub": lambda _, a, b: a - b,
    "mul": lambda _, a, b: a * b,
    "div": lambda _, a, b: a / b,
    "pow": lambda _, x, n: x**n,
    "neg": lambda _, x: -x,
    **{
        name: lambda torch, x, name=name: getattr(torch, name)(x)
        for name in (
            *("abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "erf", "relu"),
            *("floor", "ceil", "round"),
        )
    },
    "softplus": lambda torch, x: torch.nn.functional.softplus(x),
    "leaky_relu": lambda torch, x, slope: torch.where(x > 0, x, slope * x),
    "maximum": lambda torch, a, b: _chosen(torch, b > a, a, b),
    "minimum": lambda torch, a, b: _chosen(torch, b < a, a, b),
    "where": lambda torch, c, a, b: torch.where(c != 0, a, b),
    "greater": lambda _, a, b: _as_number(a > b, a, b),
    "at_least": lambda _, a, b: _as_number(a >= b, a, b),
    "equal": lambda _, a, b: _as_number((a == b) | ((a != a) & (b != b)), a, b),
    "stop": lambda _, x: x.detach(),
}


def _padded(torch: Any, x: Any, before: Any, after: Any, value: float) -> Any:
    """Margins of a number along the last axes."""
    pairs = zip(reversed(before), reversed(after), strict=True)
    return torch.nn.functional.pad(x, [n for pair in pairs for n in pair], value=value)


def _slide(torch: Any, operation: Any, x: Any, fill: float, most: Any) -> tuple[Any, Any]:
    """An image, and what the library itself pads of its margins: those that are equal, and not
    wider than `most`.
    """
    before, after = operation.attributes["pads"]
    if before == after and all(a <= b for a, b in zip(before, most, strict=True)):
        return x, before
    return _padded(torch, x, before, after, fill), 0


def _named(torch: Any, name: str, operation: Any) -> Any:
    """A function of as many dimensions as windows slide along: max_pool2d."""
    return getattr(torch.nn.functional, f"{name}{len(operation.attributes['strides'])}d")


def _conv(torch: Any, operation: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    how = operation.attributes
    x, padding = _slide(torch, operation, x, 0.0, [math.inf] * len(how["strides"]))
    call = _named(torch, "conv", operation)
    return call(x, weight, bias, how["strides"], padding, how["dilations"], how["groups"])


def _max_pool(torch: Any, operation: Any, x: Any) -> Any:
    how = operation.attributes
    x, padding = _slide(torch, operation, x, -math.inf, [k // 2 for k in how["kernel"]])
    call = _named(torch, "max_pool", operation)
    return call(x, how["kernel"], how["strides"], padding, how["dilations"])


def _sum_pool(torch: Any, operation: Any, x: Any) -> Any:
    """Windows with gaps are a convolution of ones."""
    how = operation.attributes
    x, padding = _slide(torch, operation, x, 0.0, [k // 2 for k in how["kernel"]])
    channels = x.shape[1]
    ones = x.new_ones((channels, 1, *how["kernel"]))
    call = _named(torch, "conv", operation)
    return call(x, ones, None, how["strides"], padding, how["dilations"], channels)


def _mean_pool(torch: Any, operation: Any, x: Any) -> Any:
    how = operation.attributes
    if max(how["dilations"]) > 1:
        return _sum_pool(torch, operation, x) / math.prod(how["kernel"])
    x, padding = _slide(torch, operation, x, 0.0, [k // 2 for k in how["kernel"]])
    return _named(torch, "avg_pool", operation)(x, how["kernel"], how["strides"], padding)


def _axes(operation: Any) -> list[int]:
    """The axes that go, counted from the last."""
    n = len(operation.attributes["axes"]) + len(operation.shape)
    return [k - n for k in operation.attributes["axes"]]


def _winner(name: str) -> Callable[..., Any]:
    def reduce(_: Any, operation: Any, x: Any) -> Any:
        """The extreme over axes; one entry takes the whole gradient."""
        axes = _axes(operation)
        last = x.movedim(axes, list(range(-len(axes), 0))).flatten(-len(axes))
        return getattr(last, name)(-1).values

    return reduce


def _sliced(_: Any, operation: Any, x: Any) -> Any:
    how = operation.attributes
    return x[(..., *map(slice, how["starts"], how["stops"]))]


def _concat(torch: Any, operation: Any, *inputs: Any) -> Any:
    return torch.cat(inputs, operation.attributes["axis"] - len(operation.shape))


def _transposed(_: Any, operation: Any, x: Any) -> Any:
    axes, first = operation.attributes["axes"], int(operation.batched)
    return x.permute(*range(first), *(first + k for k in axes))


def _reshaped(_: Any, operation: Any, x: Any) -> Any:
    return x.reshape(*x.shape[: int(operation.batched)], *operation.shape)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "linear": lambda torch, _, x, *w: torch.nn.functional.linear(x, *w),
    "matmul": lambda _torch, _, a, b: a @ b,
    "conv": _conv,
    "max_pool": _max_pool,
    "mean_pool": _mean_pool,
    "sum_pool": _sum_pool,
    "sum_over": lambda _, operation, x: x.sum(_axes(operation)),
    "mean_over": lambda _, operation, x: x.mean(_axes(operation)),
    "max_over": _winner("max"),
    "min_over": _winner("min"),
    "batch_mean": lambda _torch, _, x: x.mean(0),
    "reshape": _reshaped,
    "transpose": _transposed,
    "slice": _sliced,
    "take": lambda _torch, _, x, indices: x[..., indices],
    "concat": _concat,
    "expand": lambda _torch, _, x, like: x.expand(len(like), *x.shape),
    "pad": lambda torch, o, x: _padded(
        torch, x, *(o.attributes[k] for k in ("before", "after", "value"))
    ),
}


def run(torch: Any, operation: Any, *x: Any) -> Any:
    """What an operation makes of its inputs."""
    if operation.op in ROWS:
        return ROWS[operation.op](torch, *x)
    return OPERATIONS[operation.op](torch, operation, *x)
