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
from .report.findings import Finding
from .report.report import Report
from .truth.arrays import Array, Inputs, as_array
from .truth.differences import Objective


def modelled(
    model: Callable[..., Any] | None, inputs: Inputs, objective: Objective, report: Report
) -> dict[str, Array]:
    """{input: its gradient by backward() through the model}; nothing without a model."""
    if model is None:
        return {}
    whole = all(_whole(x) for x in [*objective.point.values(), objective.upstream])
    number = Fraction if whole else float
    tensors = {k: _tensor(x, number) for k, x in objective.point.items()}
    given = {**inputs.originals, **tensors}
    y = model(*given.values()) if inputs.positional else model(**given)
    output = as_array(y.data, "the output of model")
    if output.shape != objective.here.shape or not np.allclose(
        output, objective.here, rtol=1e-6, atol=1e-9
    ):
        report.general.append(_disagreement(output, objective.here))
        return {}
    flat = [y] if isinstance(y, Value) else list(y.values)
    total = Value(number(0))
    for value, weight in zip(flat, objective.upstream.ravel().tolist(), strict=True):
        total = total + value * number(weight)
    total.backward()
    exact = all(isinstance(v.data, Fraction | int) for v in flat)
    how = "in exact fractions" if exact else "by automatic differentiation"
    report.notes.append(f"the truth is the model's, {how}")
    return {k: as_array(t.grad, k) for k, t in tensors.items()}


def _whole(x: Array) -> bool:
    """Whether numbers are small integers, of which fractions stay short."""
    return bool(np.all(x == np.round(x)) and np.max(np.abs(x), initial=0.0) < 1_000)


def _tensor(x: Array, number: Callable[[Any], Any]) -> Any:
    if not x.ndim:
        return Value(number(float(x)))
    return Tensor([number(v) for v in x.ravel().tolist()]).reshape(*x.shape)


def _disagreement(model: Array, forward: Array) -> Finding:
    if model.shape != forward.shape:
        evidence = f"shapes {model.shape} and {forward.shape}"
    else:
        evidence = f"max difference {np.max(np.abs(model - forward)):.2g}"
    return Finding(
        "forward and model are not the same function",
        evidence,
        remedy="mend the forward before its gradient",
        name="forward differs",
    )
