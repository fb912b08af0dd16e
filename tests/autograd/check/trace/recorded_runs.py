"""A record beside the plain forward: the same output, and the gradient that differences give."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.check.trace.record import Record, record
from autograd.check.truth.arrays import Inputs


def record_of(forward: Callable[..., Any], inputs: Any, *scopes: dict[str, Any]) -> Record:
    """The record of forward(**inputs) or forward(*inputs)."""
    given = Inputs(inputs)
    arrays = {name: given.array(name) for name in given.names if not given.holds_integers(name)}
    names = getattr(forward, "__globals__", {})
    return record(forward, given, arrays, [names, *scopes])


def output_of(forward: Callable[..., Any], inputs: Any, arrays: dict[str, Any]) -> Any:
    return np.array(Inputs(inputs).call(forward, arrays), np.float64)


def slopes(forward: Callable[..., Any], inputs: Any, upstream: Any, h: float = 1e-6) -> Any:
    """∂(upstream·output)/∂input by central differences."""
    given, found = Inputs(inputs), {}
    arrays = {name: given.array(name) for name in given.names if not given.holds_integers(name)}
    for name, x in arrays.items():
        found[name] = np.zeros(x.shape)
        for k in np.ndindex(x.shape):
            ends = []
            for step in (h, -h):
                moved = x.copy()
                moved[k] += step
                ends.append(np.sum(upstream * output_of(forward, inputs, {**arrays, name: moved})))
            found[name][k] = (ends[0] - ends[1]) / (2 * h)
    return found


def assert_recorded(forward: Callable[..., Any], inputs: Any, *scopes: dict[str, Any]) -> Record:
    """The record computes what forward computes, and its gradient is the slope."""
    given = Inputs(inputs)
    arrays = {name: given.array(name) for name in given.names if not given.holds_integers(name)}
    expected = output_of(forward, inputs, arrays)
    made = record_of(forward, inputs, *scopes)
    assert made.lost == ()
    np.testing.assert_allclose(made.output.value, expected, rtol=1e-12, atol=1e-12)
    upstream = np.random.default_rng(3).uniform(0.5, 1.5, expected.shape)
    gradients = made.gradients(upstream)
    for name, slope in slopes(forward, inputs, upstream).items():
        np.testing.assert_allclose(gradients[name], slope, rtol=1e-5, atol=1e-7, err_msg=name)
    return made
