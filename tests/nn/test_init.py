"""First weights: their spread, their reach, and that a generator repeats them."""

import random
import statistics

import pytest

import nn

SHAPE = 40, 10, 5, 5  # 250 inputs, 1,000 outputs
VARIANCES = {
    nn.init.he: 2 / 250,
    nn.init.glorot: 2 / (250 + 1000),
    nn.init.lecun: 1 / 250,
    nn.init.uniform: 1 / 250 / 3,  # of ±b it is b²/3
}


def numbers(init, shape, seed=0):
    return [v.data for v in init(shape, random.Random(seed)).values]


@pytest.mark.parametrize(
    ("init", "variance"), VARIANCES.items(), ids=lambda x: getattr(x, "__name__", "")
)
def test_weights_are_centred_and_of_the_published_variance(init, variance):
    drawn = numbers(init, SHAPE)
    assert statistics.fmean(drawn) == pytest.approx(0, abs=4 * (variance / len(drawn)) ** 0.5)
    assert statistics.pvariance(drawn) == pytest.approx(variance, rel=0.05)


def test_uniform_weights_fill_the_range_up_to_one_over_the_root_of_the_inputs():
    drawn = numbers(nn.init.uniform, SHAPE)
    assert 0.99 / 250**0.5 < max(drawn) <= 1 / 250**0.5
    assert -1 / 250**0.5 <= min(drawn) < -0.99 / 250**0.5


@pytest.mark.parametrize(
    "init", [*VARIANCES, nn.init.zeros, nn.init.ones], ids=lambda f: f.__name__
)
def test_a_seed_gives_the_same_weights_in_the_shape_that_is_asked_for(init):
    assert init((3, 2), random.Random(1)).shape == (3, 2)
    assert numbers(init, (3, 2), 1) == numbers(init, (3, 2), 1)
    random.seed(1)
    default = init((3, 2)).tolist()
    assert default == init((3, 2), random.Random(1)).tolist()
    layer = nn.Dense(2, 3, init=init, rng=random.Random(1))
    assert layer.weight.tolist() == default


def test_constants_are_what_they_are_called():
    assert nn.init.zeros((2, 2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert nn.init.ones((3,)).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("shape", "fans"), [((3, 5), (5, 3)), ((4, 2, 3, 5), (30, 60)), ((7,), (1, 7))]
)
def test_fans_count_what_a_weight_joins(shape, fans):
    assert nn.init.fans(shape) == fans
