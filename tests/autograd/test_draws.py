"""Random leaves: eager and compiled the same, and gradients through what rules them."""

import random
from statistics import NormalDist, fmean, pvariance

import numpy as np
import pytest

from autograd import Tensor, Value, compile, drawn

KINDS = {
    "uniform": lambda rng: drawn.uniform((2, 3), -1, 2, rng),
    "normal": lambda rng: drawn.normal((2, 3), 1.0, 0.5, rng),
    "bernoulli": lambda rng: drawn.bernoulli((2, 3), 0.3, rng),
    "uniform between Tensors": lambda rng: drawn.uniform((2, 3), Tensor([0, 1, 2]), Value(3), rng),
    "normal of Tensors": lambda rng: drawn.normal((2, 3), [1, 2, 3], Tensor([[1], [2]]), rng),
    "bernoulli of Tensors": lambda rng: drawn.bernoulli((2, 3), Tensor([0.1, 0.5, 0.9]), rng),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_the_same_seed_gives_the_same_numbers_eager_and_compiled(kind, backend):
    rng = random.Random()
    options = {"dtype": "float64", "backend": backend}
    program = compile(lambda x: x * KINDS[kind](rng), 0.0, **options)
    for seed in range(2):
        rng.seed(seed)
        eager = [KINDS[kind](rng).tolist() for _ in range(3)]
        rng.seed(seed)
        np.testing.assert_allclose(program([1.0, 1.0, 1.0]), eager, rtol=1e-15)


def test_without_a_generator_it_is_pythons_own():
    random.seed(5)
    first = [drawn.normal((2,)), drawn.uniform((2,)), drawn.bernoulli((2,))]
    random.seed(5)
    rng = random.Random(5)
    again = [drawn.normal((2,), rng=rng), drawn.uniform((2,), rng=rng)]
    assert [t.tolist() for t in again] == [t.tolist() for t in first[:2]]
    assert {*first[2].tolist()} <= {0.0, 1.0}


def test_for_a_while_it_may_be_another_one_which_programs_keep():
    rng = random.Random(1)
    random.seed(0)
    before = random.getstate()
    with drawn.using(rng):
        first = drawn.normal((2,)).tolist()
        program = compile(lambda x: x + drawn.normal((2,)), 0.0, dtype="float64")
    rng.seed(1)
    np.testing.assert_allclose(program([0.0]), [first])
    assert random.getstate() == before
    assert drawn.uniform((1,))[0].data == random.Random(0).random()


def test_normal_numbers_have_their_mean_variance_and_quantiles():
    z = drawn.normal((20_000,), 3.0, 2.0, random.Random(0)).tolist()
    assert fmean(z) == pytest.approx(3, abs=0.05)
    assert pvariance(z) == pytest.approx(4, rel=0.03)
    for share in (0.01, 0.25, 0.9):
        below = sorted(z)[int(share * len(z))]
        assert NormalDist(3, 2).cdf(below) == pytest.approx(share, abs=0.01)


def test_uniform_and_bernoulli_numbers_have_their_means():
    u = drawn.uniform((20_000,), 1, 3, random.Random(0)).tolist()
    assert fmean(u) == pytest.approx(2, abs=0.02)
    assert 1 <= min(u) < max(u) < 3
    assert fmean(drawn.bernoulli((20_000,), 0.2, random.Random(0)).tolist()) == pytest.approx(
        0.2, abs=0.01
    )
    assert drawn.bernoulli((2,), 0).tolist() == [0.0, 0.0]
    assert drawn.bernoulli((2,), Value(1)).tolist() == [1.0, 1.0]


def test_gradients_reach_mean_deviation_and_ends_but_no_probability():
    mean, std, rng = Tensor([1.0, 2.0]), Value(0.5), random.Random(0)
    noise = drawn.normal((2, 2), rng=random.Random(0)).tolist()
    drawn.normal((2, 2), mean, std, rng).sum().backward()
    assert mean.grad == [2.0, 2.0]
    assert std.grad == pytest.approx(sum(map(sum, noise)))
    low, high, p = Value(0.0), Value(1.0), Value(0.5)
    u = drawn.uniform((1,), low, high, random.Random(1))
    (u.sum() + drawn.bernoulli((1,), p).sum()).backward()
    assert [low.grad, high.grad, p.grad] == pytest.approx([1 - u[0].data, u[0].data, 0])


def test_plain_numbers_make_leaves():
    for leaves in (drawn.normal((2,), 1.0, 2.0), drawn.uniform((2,), 1, 2), drawn.bernoulli((2,))):
        assert all(v.op is None for v in leaves.values)
    assert repr(drawn) == "autograd.drawn"


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: drawn.normal((2,), std=-1.0), ValueError, "std must not be negative, got -1"),
        (lambda: drawn.bernoulli((2,), 1.5), ValueError, "p must be from 0 to 1, got 1.5"),
        (lambda: drawn.normal((2,), [1, 2, 3]), ValueError, r"mean of shape \(3,\) does not broad"),
        (lambda: drawn.normal((2,), [[1], [2]]), ValueError, r"\(2, 1\) does not broadcast to \(2"),
        (
            lambda: drawn.uniform((2,), "a"),
            TypeError,
            "drawn.uniform: low must be numbers, got 'a'",
        ),
        (lambda: drawn.uniform((2,), rng=0.5), TypeError, "rng must be random or a random.Random"),
        (lambda: drawn.normal({2}), TypeError, "ints must stand in a list or a tuple"),
    ],
)
def test_what_cannot_be_drawn_is_told(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
