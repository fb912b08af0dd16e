"""Softmax and its logarithm, with the gradient as a vector times the Jacobian."""

from collections.abc import Iterator

import numpy as np

from .changes import FIRST, alike, instead, one, the, the_output, the_upstream, times, zero
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) / Σ exp(x) over an axis."""
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def other_axis(axis: int, given: Given) -> int:
    """The axis of the samples, where there is one."""
    if given["x"].ndim < 2:
        return axis
    return axis - 1 if axis else 1


def all_over_other_axis(_: Array, given: Given) -> Array:
    """The gradient of the softmax over the axis of the samples."""
    axis = other_axis(given.options["axis"], given)
    y = softmax(given["x"], axis)
    return np.asarray(y * (given.g - (given.g * y).sum(axis, keepdims=True)))


def mean(total: Array, given: Given) -> Array:
    """The mean for the sum."""
    return np.asarray(total / given["x"].shape[given.options["axis"]])


def output_times_upstream(_: Array, given: Given) -> Array:
    """y·dY in the place of another value."""
    return given.g * given.y


def _beside(given: Given, factor: Array) -> Array:
    """Σ_{k≠i} of a factor for each k, over the axis."""
    return np.asarray(factor.sum(given.options["axis"], keepdims=True) - factor)


def off_diagonal_added(_: Array, given: Given) -> Array:
    """y[i]·y[k] for −y[i]·y[k]."""
    own = given.g * given.y
    return np.asarray(own - _beside(given, own))


def without_own_probability(_: Array, given: Given) -> Array:
    """−y[k] for −y[i]·y[k], where k ≠ i."""
    own = given.g * given.y
    return np.asarray(own * (1 - given.y) - _beside(given, own))


def without_other_probability(_: Array, given: Given) -> Array:
    """−y[i] for −y[i]·y[k], where k ≠ i."""
    return np.asarray(given.y * (given.g * (1 - given.y) - _beside(given, given.g)))


def of_softmax(y: Array, given: Given) -> Array:
    """The softmax once more."""
    return softmax(y, given.options["axis"])


def first_row(y: Array, given: Given) -> Array:
    """The first sample's for all samples."""
    samples = 0 if given.options["axis"] else y.ndim - 1
    return np.asarray(alike(FIRST, samples)(y, given))


def softmax_gradient(_: Array, given: Given) -> Array:
    """That of the softmax, where its logarithm is taken."""
    axis = given.options["axis"]
    y = softmax(given["x"], axis)
    return np.asarray(y * (given.g - (given.g * y).sum(axis, keepdims=True)))


OF_THE_SUM = (  # the slips in Σ_k, in both of them
    Mistake("wrong-axis", "dx.axis",
            "the sum runs over the wrong axis: over the samples, not the classes", other_axis),
    Mistake("sum-over-everything", "dx.axis",
            "the sum runs over all samples at once", instead(lambda _: None)),
    Mistake("mean-for-sum", "dx.total", "the mean stands where the sum belongs", mean),
    Mistake("plus", "dx.total", "the sum is added, not subtracted", times(-1)),
)  # fmt: skip
SOFTMAX_MISTAKES = (
    Mistake("diagonal-only", "dx.total",
            "only the diagonal y·(1 − y) of the Jacobian is used", output_times_upstream),
    Mistake("sum-forgotten", "dx.total",
            "the off-diagonal term −y[i]·y[k] is missing", zero),
    Mistake("off-diagonal-added", "dx.total",
            "the entries beside the diagonal have the wrong sign: they are −y[i]·y[k]",
            off_diagonal_added),
    Mistake("off-diagonal-own-probability", "dx",
            "beside the diagonal the factor y[i] of −y[i]·y[k] is missing",
            without_own_probability),
    Mistake("off-diagonal-other-probability", "dx",
            "beside the diagonal the factor y[k] of −y[i]·y[k] is missing",
            without_other_probability),
    Mistake("diagonal-forgotten", "dx.g",
            "the diagonal of the Jacobian is missing", output_times_upstream),
    Mistake("y-minus-upstream", "dx", "y − dY stands where the Jacobian belongs",
            instead(lambda given: given.y - given.g)),
    Mistake("at-input", "dx.y",
            "the Jacobian is taken of the logits, not of their softmax", the("x")),
    Mistake("twice", "dx.y", "the softmax is taken twice before its Jacobian", of_softmax),
    Mistake("sum-not-weighted", "dx.weighted", "the sum is of dY alone, not of dY·y", the_upstream),
    Mistake("y-forgotten", "dx.factor", "the factor y before the bracket is missing", one),
    Mistake("jacobian-summed", "dx", "the rows of the Jacobian are added up without dY",
            instead(lambda given: given.y * (1 - 2 * given.y))),
    Mistake("wrong-axis-throughout", "dx",
            "the softmax and its Jacobian run over the wrong axis: over the samples",
            all_over_other_axis),
    Mistake("first-row", "dx.y", "the first sample's Jacobian is used for all", first_row),
    *OF_THE_SUM,
)  # fmt: skip
LOG_MISTAKES = (
    Mistake("sum-forgotten", "dx.total", "dY is not summed: dY − dY·exp(y)", the_upstream),
    Mistake("sum-is-one", "dx.total", "the sum over dY is taken to be 1: dY − exp(y)", one),
    Mistake("logarithm-for-softmax", "dx.y",
            "log softmax stands where the softmax belongs", the_output),
    Mistake("softmax-jacobian", "dx",
            "the Jacobian of the softmax stands for that of its log", softmax_gradient),
    *OF_THE_SUM,
)  # fmt: skip


def _backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    y = step("dx.y", softmax(a["x"], o["axis"]))
    weighted = step("dx.weighted", g * y)
    total = step("dx.total", weighted.sum(step("dx.axis", o["axis"]), keepdims=True))
    return {"x": step("dx", (step("dx.g", g) - total) * step("dx.factor", y))}


def _log_backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    y = step("dx.y", softmax(a["x"], o["axis"]))
    total = step("dx.total", g.sum(step("dx.axis", o["axis"]), keepdims=True))
    return {"x": step("dx", g - y * total)}


def _readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """Over the last axis, or another one."""
    if a["x"].shape == output.shape:
        for axis in reversed(range(output.ndim)):
            if output.shape[axis] > 1:
                yield {}, {"axis": axis}


def _words(o: Options) -> str:
    return f"over axis {o['axis']}"


SOFTMAX = Operation(
    "softmax", ("x",), {"dx": "dX = y · (dY − Σ_k dY[k]·y[k])"}, SOFTMAX_MISTAKES,
    lambda a, o: softmax(a["x"], o["axis"]), _backward,
    _readings, describe=_words,
)  # fmt: skip
LOG_SOFTMAX = Operation(
    "log softmax", ("x",), {"dx": "dX = dY − exp(y) · Σ_k dY[k]"}, LOG_MISTAKES,
    lambda a, o: np.log(softmax(a["x"], o["axis"])),
    _log_backward, _readings, describe=_words,
)  # fmt: skip
