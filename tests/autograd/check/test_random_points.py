"""Right gradients where slopes are hard to measure are right or undecided, and never wrong."""

import numpy as np
import pytest
import random_points
from random_points import FAMILIES

from autograd import check_gradients

SEEDS = range(0, 200, 17)
FEWER = {"large dense": SEEDS[:1], "convolution": SEEDS[:4]}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_right_gradient_is_never_wrong_and_mostly_right(name):
    found = random_points.tally(name, FEWER.get(name, SEEDS))
    assert found["wrong"] == 0
    assert found["right"] >= 0.9 * found.total() - 1


def doubled(backward):
    """The same backward with twice the gradient of each input."""

    def wrong(u, *inputs):
        found = backward(u, *inputs)
        several = isinstance(found, tuple)
        return tuple(2 * x for x in found) if several else 2 * np.asarray(found)

    return wrong


@pytest.mark.parametrize("name", FAMILIES)
def test_twice_the_gradient_is_wrong_at_the_same_points(name):
    for seed in FEWER.get(name, SEEDS)[:4]:
        forward, inputs, backward = FAMILIES[name](np.random.default_rng(seed))
        report = check_gradients(forward, inputs, doubled(backward), seed=seed)
        (true, *_) = (gradient.true for gradient in report.gradients.values())
        assert report.verdict == "wrong" or not np.any(true), (seed, str(report))
