"""The 1/N of a mean loss, where a layer puts it into the gradients of its weights."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..report.report import GradientReport, Report
from ..truth.arrays import largest
from ..truth.verdict import WRONG
from .backward import Backward
from .forms import shape_of


def samples(backward: Backward, report: Report) -> int:
    """N, where each weight's gradient is 1/N of the true one for N rows or columns; else 0."""
    shape = shape_of(backward.layer.x)
    if report.verdict != WRONG or len(shape) < 2:
        return 0
    counts = shape if len(shape) == 2 else shape[:1]
    return next((n for n in counts if _are_divided(report, backward, n)), 0)


def _are_divided(report: Report, backward: Backward, n: int) -> bool:
    """Whether the gradients of all weights are 1/n of the true ones, and that of x is not."""
    names = [name for name in backward.sources if name in backward.layer.parameters]
    x = report.gradients.get(backward.layer.x_name)
    if not names or n < 2 or (x is not None and x.verdict == WRONG):
        return False
    return all(_is_divided(report.gradients.get(name), n) for name in names)


def _is_divided(gradient: GradientReport | None, n: int) -> bool:
    """Whether a gradient is wrong by just 1/n."""
    if gradient is None or gradient.verdict != WRONG or gradient.comparison is None:
        return False
    claimed, true = gradient.comparison.claimed, gradient.comparison.true
    if claimed.shape != true.shape:
        return False
    known = np.isfinite(true)
    size = largest(true[known])
    return bool(size > 0 and np.all(np.abs(n * claimed - true)[known] <= 1e-4 * size))


def times_samples(backward: Backward, n: int) -> Callable[..., dict[str, Any]]:
    """The layer's backward with the weights' gradients times n."""

    def scaled(upstream: Any, /, **inputs: Any) -> dict[str, Any]:
        found = backward(upstream, **inputs)
        return {
            name: value if name == backward.layer.x_name else n * np.asarray(value)
            for name, value in found.items()
        }

    return scaled
