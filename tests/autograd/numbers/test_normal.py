"""Quantiles of the normal distribution, on floats and on arrays."""

import math
import random
from statistics import NormalDist, fmean

import numpy as np
import pytest

from autograd.numbers.normal import quantile

BORDERS = [0.075, 0.925, math.exp(-25), 0.5]
POWERS = [2.0**-k for k in range(1, 54)]


def test_on_arrays_it_is_the_standard_librarys_to_full_precision():
    rng = random.Random(0)
    chosen = [*POWERS, *(1 - p for p in POWERS), *BORDERS, *(math.nextafter(b, 1) for b in BORDERS)]
    u = np.array(chosen + [rng.random() for _ in range(2000)]).reshape(2, -1)
    expected = [[NormalDist().inv_cdf(x) for x in row] for row in u.tolist()]
    np.testing.assert_allclose(quantile(u), expected, rtol=1e-15)
    assert [quantile(x) for x in u[0].tolist()] == expected[0]


def test_its_distribution_is_the_normal_one():
    z = quantile((np.arange(10_000) + 0.5) / 10_000)
    assert [fmean(z.tolist()), fmean((z**2).tolist())] == pytest.approx([0, 1], abs=1e-3)
    assert fmean((z**4).tolist()) == pytest.approx(3, abs=0.02)
    assert (z < -1).mean() == pytest.approx(NormalDist().cdf(-1), abs=1e-4)


def test_of_nothing_it_is_still_a_number():
    assert quantile(0.0) == quantile(np.zeros(1))[0] == pytest.approx(NormalDist().inv_cdf(2**-54))
