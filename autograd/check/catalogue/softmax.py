"""Softmax and its logarithm, with the gradient as a vector times the Jacobian."""

from collections.abc import Iterator

import numpy as np

from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table

SOFTMAX_LINE = "dX = y · (dY − Σ_k dY[k]·y[k])"
LOG_LINE = "dX = dY − exp(y) · Σ_k dY[k]"
SUMMED = (
    ("wrong-axis", "the sum runs over the wrong axis: over the samples, not the classes"),
    ("sum-over-everything", "the sum runs over all samples at once"),
    ("mean-for-sum", "the mean stands where the sum belongs"),
    ("plus", "the sum is added, not subtracted"),
    ("first-sample", "only the first sample gets a gradient"),
)
SOFTMAX_MISTAKES = table(
    ("x", "diagonal-only", "only the diagonal y·(1 − y) of the Jacobian is used", SOFTMAX_LINE),
    ("x", "sum-forgotten", "the off-diagonal term −y[i]·y[k] is missing", SOFTMAX_LINE),
    ("x", "diagonal-forgotten", "the diagonal of the Jacobian is missing", SOFTMAX_LINE),
    ("x", "derivative-forgotten", "the Jacobian is not multiplied in", SOFTMAX_LINE),
    ("x", "y-minus-upstream", "y − dY stands where the Jacobian belongs", SOFTMAX_LINE),
    ("x", "at-input", "the Jacobian is taken of the logits, not of their softmax", SOFTMAX_LINE),
    ("x", "twice", "the softmax is taken twice before its Jacobian", SOFTMAX_LINE),
    ("x", "sum-not-weighted", "the sum is of dY alone, not of dY·y", SOFTMAX_LINE),
    ("x", "y-forgotten", "the factor y before the bracket is missing", SOFTMAX_LINE),
    ("x", "jacobian-summed", "the rows of the Jacobian are added up without dY", SOFTMAX_LINE),
    ("x", "first-row", "the first sample's Jacobian is used for all", SOFTMAX_LINE),
    *(("x", name, remark, SOFTMAX_LINE) for name, remark in SUMMED),
) + shared("x", SOFTMAX_LINE)  # fmt: skip
LOG_MISTAKES = table(
    ("x", "sum-forgotten", "dY is not summed: dY − dY·exp(y)", LOG_LINE),
    ("x", "sum-is-one", "the sum over dY is taken to be 1: dY − exp(y)", LOG_LINE),
    ("x", "derivative-forgotten", "the derivative is not multiplied in", LOG_LINE),
    ("x", "logarithm-for-softmax", "log softmax stands where the softmax belongs", LOG_LINE),
    ("x", "softmax-jacobian", "the Jacobian of the softmax stands for that of its log", LOG_LINE),
    *(("x", name, remark, LOG_LINE) for name, remark in SUMMED),
) + shared("x", LOG_LINE)  # fmt: skip


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) / Σ exp(x) over an axis."""
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def _sum(x: Array, axis: int, on: Switches) -> Array:
    """The sum over the classes, and what is done in its place."""
    if "wrong-axis" in on and x.ndim > 1:
        axis = axis - 1 if axis else 1
    total = x.sum(axis, keepdims=True)
    if "sum-over-everything" in on:
        total = x.sum(keepdims=True)
    if "mean-for-sum" in on:
        total = total / x.shape[axis]
    return -total if "plus" in on else total


def _backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    x, axis = a["x"], o["axis"]
    y = softmax(x, axis)
    if "at-input" in on:
        y = x
    if "twice" in on:
        y = softmax(y, axis)
    if "first-row" in on:
        y = np.broadcast_to(y.take([0], -1 if axis == 0 else 0), y.shape)
    total = _sum(g if "sum-not-weighted" in on else g * y, axis, on)
    dx = (g - total) * (1 if "y-forgotten" in on else y)
    if "diagonal-only" in on:
        dx = g * y * (1 - y)
    if "sum-forgotten" in on:
        dx = g * y
    if "diagonal-forgotten" in on:
        dx = -y * (total - g * y)
    if "derivative-forgotten" in on:
        dx = g
    if "y-minus-upstream" in on:
        dx = y - g
    if "jacobian-summed" in on:
        dx = y * (1 - 2 * y)
    return {"x": _first_sample(dx, axis, on)}


def _log_backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    axis = o["axis"]
    y = softmax(a["x"], axis)
    if "logarithm-for-softmax" in on:
        y = np.log(y)
    dx = g - y * _sum(g, axis, on)
    if "sum-forgotten" in on:
        dx = g - g * y
    if "sum-is-one" in on:
        dx = g - y
    if "derivative-forgotten" in on:
        dx = g
    if "softmax-jacobian" in on:
        dx = y * (g - _sum(g * y, axis, on))
    return {"x": _first_sample(dx, axis, on)}


def _first_sample(dx: Array, axis: int, on: Switches) -> Array:
    if "first-sample" in on:
        dx = np.moveaxis(dx.copy(), axis, -1)
        dx[1:] = 0 if dx.ndim > 1 else dx[1:]
        return np.moveaxis(dx, -1, axis)
    return dx


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """Over the last axis, or another one."""
    if a["x"].shape == output.shape:
        for axis in reversed(range(output.ndim)):
            if output.shape[axis] > 1:
                yield {}, {"axis": axis}


def _words(o: Options) -> str:
    return f"over axis {o['axis']}"


SOFTMAX = Operation(
    "softmax", ("x",), SOFTMAX_MISTAKES, lambda a, o: softmax(a["x"], o["axis"]), _backward,
    _readings, describe=_words,
)  # fmt: skip
LOG_SOFTMAX = Operation(
    "log softmax", ("x",), LOG_MISTAKES, lambda a, o: np.log(softmax(a["x"], o["axis"])),
    _log_backward, _readings, describe=_words,
)  # fmt: skip
