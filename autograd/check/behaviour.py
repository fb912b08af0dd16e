"""How a backward behaves: what it raises, changes, keeps from one call to the next."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .report.findings import Finding
from .report.report import Checked, Report
from .truth.arrays import Array, Inputs, as_array
from .truth.verdict import WRONG

Backward = Callable[..., Any]


def call_claimed(backward: Backward, inputs: Inputs, upstream: Array, report: Report) -> Any:
    """What the user's backward returns, or None with a finding where it raises."""
    try:
        given = copy.deepcopy(inputs.call(backward, {}, _given(upstream)))
    except Exception as error:  # whatever the user's code raises is the finding
        shape = upstream.shape or "a number"
        remedy = f"the upstream gradient has the shape of forward's output: {shape}"
        if isinstance(error, TypeError) and "argument" in str(error):
            remedy = f"backward is called with the upstream gradient and {', '.join(inputs.names)}"
        what = f"backward raised {type(error).__name__}: {error}"
        finding = Finding(what, remedy=remedy, name="raised")
        report.gradients["backward"] = Checked("backward", None, None, WRONG, "", None, [finding])
        return None
    if given is None:
        finding = Finding("backward returned None", name="returned nothing")
        report.gradients["backward"] = Checked("backward", None, None, WRONG, "", None, [finding])
    return given


def _given(upstream: Array) -> Any:
    return upstream.copy() if upstream.ndim else float(upstream)


def behave(backward: Backward, inputs: Inputs, upstream: Array, first: Any) -> list[Finding]:
    """What a second call shows: operands that were overwritten, sums that go on growing."""
    given = _given(upstream)
    kept = {k: v.copy() for k, v in inputs.originals.items() if isinstance(v, np.ndarray)}
    values = inputs.originals
    again = backward(given, *values.values()) if inputs.positional else backward(given, **values)
    found = []
    if upstream.ndim and not np.array_equal(given, upstream):
        found.append(
            Finding(
                "backward changes the upstream gradient that it was given",
                remedy="write dz = dz * mask, not dz *= mask: the caller may still need dz",
                name="upstream overwritten",
            )
        )
    for name, before in kept.items():
        original = inputs.originals[name]
        if not np.array_equal(original, before, equal_nan=before.dtype.kind == "f"):
            original[...] = before
            found.append(
                Finding(
                    f"backward changes its input {name} in place",
                    remedy=f"work on {name}.copy(), or write into a new array",
                    name="input overwritten",
                )
            )
    return found + _repeated(first, again)


def _repeated(first: Any, again: Any) -> list[Finding]:
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
            finding = Finding(
                f"a second call of backward {what}", remedy=remedy, name="second call"
            )
            return [finding]
    return []


def _pairs(first: Any, again: Any) -> list[tuple[Any, Any]]:
    if isinstance(first, dict):
        return [(first[k], again[k]) for k in first if first[k] is not None]
    if isinstance(first, tuple):
        return [(a, b) for a, b in zip(first, again, strict=True) if a is not None]
    return [(first, again)]
