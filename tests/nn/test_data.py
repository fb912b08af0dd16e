"""Data sets: the embedded digits, and how samples are chosen."""

import random
from collections import Counter

import pytest

import nn


@pytest.fixture(scope="module")
def digits():
    return nn.data.digits()


def test_the_digits_are_uci_s(digits):
    assert len(digits) == 1797
    counts = Counter(digits.labels)
    assert [counts[k] for k in range(10)] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    image, label = digits[0]
    assert label == 0
    assert image[0][0] == [v / 16 for v in [0, 0, 5, 13, 9, 1, 0, 0]]
    assert len(image) == 1
    assert [len(row) for row in image[0]] == [8] * 8


def test_a_split_is_stratified_disjoint_and_always_the_same(digits):
    train, test = digits.split(0.2, seed=0)
    again = digits.split(0.2, seed=0)
    assert (len(train), len(test)) == (1438, 359)
    assert test.labels == again[1].labels
    assert train.images == again[0].images
    counts = Counter(test.labels)
    assert all(34 <= counts[k] <= 37 for k in range(10))
    kept = {id(i) for i in train.images}
    assert not kept & {id(i) for i in test.images}
    assert digits.split(0.2, seed=1)[1].labels != test.labels


def test_a_subset_relabels_in_the_order_given(digits):
    pair = digits.subset([7, 1])
    assert pair.class_names == ("7", "1")
    assert Counter(pair.labels) == {0: 179, 1: 182}


def test_batches_cover_every_sample_once(digits):
    seen = [id(image) for b in digits.batches(100, random.Random(0)) for image in b.images]
    assert sorted(seen) == sorted(id(image) for image in digits.images)
    assert [len(b) for b in digits.batches(1000)] == [1000, 797]


def test_shuffling_depends_on_the_seed_alone(digits):
    assert digits.shuffle(3).labels == digits.shuffle(3).labels
    assert digits.shuffle(3).labels != digits.labels
    assert sorted(digits.shuffle(3).labels) == sorted(digits.labels)


def test_it_prints_what_it_holds(digits):
    assert repr(digits.subset([0, 1])) == "Dataset(360 samples of shape (1, 8, 8), classes 0, 1)"
    assert list(digits.take([0, 1]))[1][1] == 1
