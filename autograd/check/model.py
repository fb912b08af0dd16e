"""The oracle that differentiates: the same formula written with Tensors, `model=`.

Its forward is compared with the user's first: where they differ, nothing about gradients is known
yet, and that is what the report says.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from ..tensor import Tensor
from ..value import Value
from .report.findings import Finding, Remarks
from .truth.arrays import Array, Inputs, as_array, entry_name, largest
from .truth.differences import Objective
from .truth.measured import MeasuredGradient


def model_gradients(
    model: Callable[..., Any] | None, inputs: Inputs, objective: Objective
) -> tuple[dict[str, Array], Remarks]:
    """{input: its gradient by backward() through the model}; nothing without a model."""
    if model is None:
        return {}, Remarks()
    whole = all(_are_small_integers(x) for x in [*objective.point.values(), objective.upstream])
    number = Fraction if whole else float
    tensors = {k: _tensor(x, number) for k, x in objective.point.items()}
    given = {**inputs.originals, **tensors}
    y = model(*given.values()) if inputs.positional else model(**given)
    output = as_array(y.data, "the output of model")
    if output.shape != objective.output.shape or not np.allclose(
        output, objective.output, rtol=1e-6, atol=1e-9
    ):
        return {}, Remarks(faults=(_other_function(output, objective.output),))
    flat = [y] if isinstance(y, Value) else list(y.values)
    total = Value(number(0))
    for value, weight in zip(flat, objective.upstream.ravel().tolist(), strict=True):
        total = total + value * number(weight)
    total.backward()
    exact = all(isinstance(v.data, Fraction | int) for v in flat)
    how = "in exact fractions" if exact else "by automatic differentiation"
    gradients = {k: as_array(t.grad, k) for k, t in tensors.items()}
    return gradients, Remarks(notes=(f"the truth is the model's, {how}",))


def _are_small_integers(x: Array) -> bool:
    """Whether fractions of these numbers stay short."""
    return bool(np.all(x == np.round(x)) and largest(x) < 1_000)


def _tensor(x: Array, number: Callable[[Any], Any]) -> Any:
    if not x.ndim:
        return Value(number(float(x)))
    return Tensor([number(v) for v in x.ravel().tolist()]).reshape(*x.shape)


def _other_function(model: Array, forward: Array) -> Finding:
    """The finding where the model's output is not forward's."""
    evidence = f"shapes {model.shape} and {forward.shape}"
    if model.shape == forward.shape:
        evidence = f"max difference {largest(model - forward):.2g}"
    what = "forward and model are not the same function"
    remedy = "mend the forward before its gradient"
    return Finding(what, evidence, remedy=remedy, name="forward differs")


def compare_oracles(name: str, measured: MeasuredGradient, exact: Array) -> Remarks:
    """A fault where the model's gradient is not the slope of the user's forward."""
    smooth = measured.measured & ~measured.at_kink
    off = np.abs(measured.value - exact)
    slack = 1e-4 * (np.abs(exact) + largest(exact)) + 10 * measured.error
    if not np.any(smooth & (off > slack)):
        return Remarks()
    index = tuple(map(int, np.argwhere(smooth & (off > slack))[0]))
    finding = Finding(
        "the oracles disagree: the model's gradient is not the slope of forward",
        f"{exact[index]:.6g} and {measured.value[index]:.6g}",
        entry_name(name, index),
        "does forward draw random numbers, or keep state from call to call?",
        "oracles disagree",
    )
    return Remarks(faults=(finding,))
