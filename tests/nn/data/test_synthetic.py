"""Moons and spirals: points on curves that are known, and no line parts them."""

import math
import random
from collections import Counter

import numpy as np
import pytest

import nn


def test_moons_without_noise_lie_on_two_half_circles():
    data = nn.data.moons(60, noise=0)
    assert data.class_names == ("upper", "lower")
    upper = [point for point, label in data if label == 0]
    lower = [point for point, label in data if label == 1]
    for x, y in upper:
        assert math.hypot(x + 0.5, y + 0.25) == pytest.approx(1)
        assert y >= -0.25
    assert sorted([-x, -y] for x, y in lower) == sorted(upper)
    assert max(upper) == pytest.approx([0.5, -0.25])
    assert min(upper) == pytest.approx([-1.5, -0.25])


def test_spirals_without_noise_wind_around_0():
    data = nn.data.spirals(90, noise=0, arms=3)
    assert data.class_names == ("arm 0", "arm 1", "arm 2")
    for (x, y), arm in data:
        r = math.hypot(x, y)
        assert 0.25 - 1e-9 <= r <= 2 + 1e-9
        turns = arm / 3 + 0.75 * (r - 0.25) / 1.75
        assert (math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)) == pytest.approx(
            (x / r, y / r)
        )


@pytest.mark.parametrize("make", [nn.data.moons, nn.data.spirals])
def test_a_seed_gives_the_same_points_and_leaves_the_global_generator_alone(make):
    random.seed(5)
    before = random.getstate()
    first, again, other = make(50, seed=1), make(50, seed=1), make(50, seed=2)
    assert random.getstate() == before
    assert first.images == again.images
    assert first.labels == again.labels
    assert first.images != other.images
    assert first.labels != sorted(first.labels)


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_classes_are_as_equal_as_can_be(arms):
    counts = Counter(nn.data.spirals(101, arms=arms).labels)
    assert sum(counts.values()) == 101
    assert len(counts) == arms
    assert max(counts.values()) - min(counts.values()) <= 1
    assert len(nn.data.spirals(arms, arms=arms)) == arms


def test_noise_has_its_standard_deviation():
    clean, noisy = (nn.data.moons(2000, noise, seed=3) for noise in (0, 0.3))
    nearest = [
        min(math.dist(point, other) for other, label in clean if label == own)
        for point, own in noisy.take(range(200))
    ]
    across = math.sqrt(sum(d * d for d in nearest) / len(nearest))
    assert 0.2 < across < 0.35  # the part of the noise across the curve


@pytest.mark.parametrize("make", [nn.data.moons, nn.data.spirals])
def test_no_line_parts_the_classes_but_neighbours_do(make):
    train, test = make(400).split(0.5)
    points = [np.c_[np.array(part.images), np.ones(len(part))] for part in (train, test)]
    weights = np.linalg.lstsq(points[0], np.eye(len(train.class_names))[train.labels])[0]
    linear = (points[1] @ weights).argmax(1) == test.labels
    assert linear.mean() < 0.9
    distances = np.linalg.norm(points[1][:, None] - points[0], axis=-1)
    near = np.array(train.labels)[distances.argmin(1)] == test.labels
    assert near.mean() > 0.97
    assert np.abs(points[0]).max() < 2.5
    assert np.abs(points[0][:, :2].mean(0)).max() < 0.2


REFUSED = {
    "no samples": (lambda: nn.data.moons(0), "moons: samples must be at least 1, got 0"),
    "one sample": (lambda: nn.data.moons(1), "samples must be at least 1 a class, 2, got 1"),
    "half a sample": (lambda: nn.data.moons(2.5), "samples must be an int, got 2.5"),
    "negative noise": (lambda: nn.data.moons(noise=-1), "moons: needs 0 <= noise < inf, got -1"),
    "noise nan": (
        lambda: nn.data.spirals(noise=math.nan),
        "spirals: needs 0 <= noise < inf, got nan",
    ),
    "noise of words": (lambda: nn.data.spirals(noise="a"), "noise must be a number"),
    "no arms": (lambda: nn.data.spirals(arms=0), "spirals: arms must be at least 1, got 0"),
    "few samples": (lambda: nn.data.spirals(3, arms=4), "at least 1 a class, 4, got 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_points_is_refused_by_name(case):
    call, text = REFUSED[case]
    with pytest.raises((ValueError, TypeError), match=text):
        call()
