"""The oracle that differentiates: the same formula written with Tensors, `model=`.

Its forward is compared with the user's first: where they differ, nothing about gradients is known
yet, and that is what the report says.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor
from ..value import Value
from .arrays import Array, Inputs, as_array
from .findings import Finding
from .numeric import Objective
from .report import Report


def modelled(
    model: Callable[..., Any] | None, inputs: Inputs, objective: Objective, report: Report
) -> dict[str, Array]:
    """{input: its gradient by backward() through the model}; nothing without a model."""
    if model is None:
        return {}
    tensors = {k: _tensor(x) for k, x in objective.point.items()}
    given = {**inputs.originals, **tensors}
    y = model(*given.values()) if inputs.positional else model(**given)
    output = as_array(y.data, "the output of model")
    if output.shape != objective.here.shape or not np.allclose(
        output, objective.here, rtol=1e-6, atol=1e-9
    ):
        report.general.append(_disagreement(output, objective.here))
        return {}
    flat = [y] if isinstance(y, Value) else list(y.values)
    total = Value(0.0)
    for value, weight in zip(flat, objective.upstream.ravel().tolist(), strict=True):
        total = total + value * weight
    total.backward()
    report.notes.append("the truth is the model's, by automatic differentiation")
    return {k: as_array(t.grad, k) for k, t in tensors.items()}


def _tensor(x: Array) -> Any:
    return Tensor(x) if x.ndim else Value(float(x))


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
