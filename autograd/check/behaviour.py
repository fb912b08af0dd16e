"""How a backward behaves: what it raises, changes, keeps from one call to the next."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .report.findings import Finding, Remarks
from .report.report import GradientReport
from .truth.arrays import Array, Inputs, as_array
from .truth.verdict import WRONG

Backward = Callable[..., Any]


def call_backward(
    backward: Backward, inputs: Inputs, upstream: Array
) -> tuple[Any, GradientReport | None]:
    """(what the user's backward returns, None), or (None, why there is nothing to check)."""
    try:
        returned = copy.deepcopy(inputs.call(backward, {}, _as_given(upstream)))
    except Exception as error:  # whatever the user's code raises is the finding
        shape = upstream.shape or "a number"
        remedy = f"the upstream gradient has the shape of forward's output: {shape}"
        if isinstance(error, TypeError) and "argument" in str(error):
            remedy = f"backward is called with the upstream gradient and {', '.join(inputs.names)}"
        what = f"backward raised {type(error).__name__}: {error}"
        return None, _failed(Finding(what, remedy=remedy, name="raised"))
    if returned is None:
        return None, _failed(Finding("backward returned None", name="returned nothing"))
    return returned, None


def _failed(finding: Finding) -> GradientReport:
    return GradientReport("backward", WRONG, findings=(finding,))


def _as_given(upstream: Array) -> Any:
    """An upstream gradient as backward takes it: an array, or a number for a number."""
    return upstream.copy() if upstream.ndim else float(upstream)


def second_call(backward: Backward, inputs: Inputs, upstream: Array, first: Any) -> Remarks:
    """What a second call shows: operands that were overwritten, sums that go on growing."""
    given = _as_given(upstream)
    kept = {k: v.copy() for k, v in inputs.originals.items() if isinstance(v, np.ndarray)}
    values = inputs.originals
    again = backward(given, *values.values()) if inputs.positional else backward(given, **values)
    found = _overwritten_inputs(inputs, kept) + _another_result(first, again)
    if upstream.ndim and not np.array_equal(given, upstream):
        what = "backward changes the upstream gradient that it was given"
        remedy = "write dz = dz * mask, not dz *= mask: the caller may still need dz"
        found.insert(0, Finding(what, remedy=remedy, name="upstream overwritten"))
    return Remarks(faults=tuple(found))


def _overwritten_inputs(inputs: Inputs, before: dict[str, Any]) -> list[Finding]:
    """A finding for each input that is no longer what it was; the user's array is put right."""
    found = []
    for name, array in before.items():
        original = inputs.originals[name]
        if not np.array_equal(original, array, equal_nan=array.dtype.kind == "f"):
            original[...] = array
            what = f"backward changes its input {name} in place"
            remedy = f"work on {name}.copy(), or write into a new array"
            found.append(Finding(what, remedy=remedy, name="input overwritten"))
    return found


def _another_result(first: Any, again: Any) -> list[Finding]:
    """A gradient that doubles when backward is called twice adds to what was there."""
    for x, y in _pairs(first, again):
        try:
            a, b = as_array(x, "a gradient"), as_array(y, "a gradient")
        except ValueError:
            continue
        if a.shape == b.shape and not np.allclose(a, b, rtol=1e-6, atol=1e-300, equal_nan=True):
            doubled = np.allclose(2 * a, b, rtol=1e-5, atol=1e-12)
            what = "doubles" if doubled else "gives another gradient"
            zero = "set gradients to zero at the start of backward"
            remedy = zero if doubled else "backward must depend on its arguments alone"
            what = f"a second call of backward {what}"
            return [Finding(what, remedy=remedy, name="second call")]
    return []


def _pairs(first: Any, again: Any) -> list[tuple[Any, Any]]:
    if isinstance(first, dict):
        return [(first[k], again[k]) for k in first if first[k] is not None]
    if isinstance(first, tuple):
        return [(a, b) for a, b in zip(first, again, strict=True) if a is not None]
    return [(first, again)]
