"""Sums, means, extremes, choices: each option has the slope of what it returns."""

import numpy as np
import pytest
from recorded_runs import assert_recorded

RNG = np.random.default_rng(0)
A = RNG.uniform(0.2, 0.9, (3, 4))
B = RNG.uniform(0.2, 0.9, (4, 3))
C = RNG.uniform(0.2, 0.9, (3, 4))
V = RNG.uniform(0.2, 0.9, 4)
CUBE = RNG.uniform(0.2, 0.9, (2, 3, 4))
MASK = A > 0.5

CALLS = {
    "sum": [
        lambda x: np.sum(x),
        lambda x: np.sum(x, 0),
        lambda x: np.sum(x, axis=(0, 1)),
        lambda x: np.sum(x, 1, keepdims=True),
        lambda x: np.sum(x, -1, initial=2.0),
        lambda x: np.sum(x, 0, where=MASK),
        lambda x: x.sum(1),
        lambda x: sum(x),
        lambda x: np.add.reduce(x, 1),
        lambda x: np.add.reduce(x),
    ],
    "mean": [
        lambda x: np.mean(x),
        lambda x: np.mean(x, 0),
        lambda x: x.mean(-1, keepdims=True),
        lambda x: np.mean(x, axis=0, where=MASK | True),
        lambda x: x.mean(axis=(0, 1)),
    ],
    "var": [
        lambda x: np.var(x),
        lambda x: np.var(x, 0, ddof=1),
        lambda x: x.var(1, keepdims=True),
        lambda x: np.var(x, axis=0, mean=np.mean(x, 0, keepdims=True)),
    ],
    "std": [lambda x: np.std(x), lambda x: np.std(x, 0), lambda x: x.std(1, ddof=1)],
    "prod": [
        lambda x: np.prod(x),
        lambda x: np.prod(x, 0),
        lambda x: x.prod(1, keepdims=True),
        lambda x: np.multiply.reduce(x, 0),
    ],
    "max": [
        lambda x: np.max(x),
        lambda x: np.max(x, 0),
        lambda x: x.max(1, keepdims=True),
        lambda x: np.max(x, axis=(0, 1)),
        lambda x: np.max(x, 0, initial=0.6),
        lambda x: np.amax(x, 1),
        lambda x: np.maximum.reduce(x, 1),
    ],
    "min": [
        lambda x: np.min(x),
        lambda x: np.min(x, 0),
        lambda x: x.min(1, keepdims=True),
        lambda x: np.amin(x, -1),
        lambda x: np.minimum.reduce(x),
    ],
    "cumsum": [
        lambda x: np.cumsum(x),
        lambda x: np.cumsum(x, 0),
        lambda x: x.cumsum(1),
        lambda x: np.add.accumulate(x, 1),
        lambda x: np.maximum.accumulate(x, 0),
    ],
    "cumprod": [lambda x: np.cumprod(x), lambda x: np.cumprod(x, 1), lambda x: x.cumprod(0)],
    "average": [
        lambda x: np.average(x),
        lambda x: np.average(x, 0, weights=V[:3]),
        lambda x: np.average(x, weights=x),
    ],
    "norm": [
        lambda x: np.linalg.norm(x),
        lambda x: np.linalg.norm(x, axis=1),
        lambda x: np.linalg.norm(x, axis=1, keepdims=True),
        lambda x: np.linalg.norm(x, "fro"),
        lambda x: np.linalg.norm(x, 1, axis=0),
        lambda x: np.linalg.norm(x, np.inf, axis=0),
        lambda x: np.linalg.norm(x, 3, axis=0),
        lambda x: np.linalg.norm(x[0], 2),
        lambda x: np.linalg.vector_norm(x, axis=0),
    ],
    "sort": [lambda x: np.sort(x) * V, lambda x: np.sort(x, 0) * C, lambda x: np.sort(x, None)],
    "median": [lambda x: np.median(x), lambda x: np.median(x, 0), lambda x: np.median(x, axis=1)],
    "ptp": [lambda x: np.ptp(x), lambda x: np.ptp(x, 0)],
    "nansum": [
        lambda x: np.nansum(x, 0),
        lambda x: np.nanmean(x),
        lambda x: np.nanmax(x, 1),
        lambda x: np.nanmin(x),
        lambda x: np.nanvar(x, 0),
        lambda x: np.nanstd(x),
    ],
    "trace": [lambda x: np.trace(x), lambda x: x.trace(1), lambda x: np.trace(x, offset=-1)],
    "clip": [
        lambda x: np.clip(x, 0.4, 0.7),
        lambda x: np.clip(x, None, 0.5),
        lambda x: x.clip(min=0.5),
        lambda x: np.clip(x, a_min=0.3, a_max=V),
        lambda x: np.clip(x, min=0.3, max=0.5),
    ],
    "diff": [lambda x: np.diff(x), lambda x: np.diff(x, 2, axis=0), lambda x: np.ediff1d(x)],
    "nan_to_num": [
        lambda x: np.nan_to_num(x),
        lambda x: np.nan_to_num(np.where(x > 0.5, x, np.nan), nan=1.0),
    ],
    "where": [
        lambda x: np.where(x > 0.5, x, 0),
        lambda x: np.where(MASK, 2 * x, x * x),
        lambda x: np.where(x > 0.5, x, 0.1 * x[0]),
    ],
    "select": [
        lambda x: np.select([x > 0.7, x > 0.4], [x, 2 * x], 0.5),
        lambda x: np.select([x > 0.7], [x * x], x),
        lambda x: np.choose(MASK.astype(int), [x, x * x]),
        lambda x: np.piecewise(x, [x > 0.5], [lambda v: v * v, lambda v: 3 * v]),
    ],
}


def _flat(table):
    return [
        pytest.param(f, id=f"{name}-{k}") for name, fs in table.items() for k, f in enumerate(fs)
    ]


@pytest.mark.parametrize("forward", _flat(CALLS))
def test_sums_extremes_and_choices_have_their_slopes(forward):
    assert_recorded(forward, {"x": A})


def test_bincount_with_weights_adds_up():
    assert_recorded(lambda x: np.bincount([0, 2, 2, 1], weights=x, minlength=5), {"x": V})
