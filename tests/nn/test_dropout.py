"""Dropout of entries and of whole channels."""

import random

import numpy as np
import pytest

import autograd
import nn

IMAGE = np.ones((40, 2, 3))


def kept(y):
    """Whether each channel is kept, scaled, or dropped; as a whole."""
    channels = np.array(y.tolist()).reshape(-1, 6)
    assert (channels == channels[:, :1]).all()
    assert {*channels[:, 0]} == {0.0, 2.0}
    return channels[:, 0] > 0


def test_whole_channels_are_dropped_in_training_and_none_in_evaluation():
    layer = nn.Dropout2D(0.5, rng=random.Random(0))
    assert 10 < kept(layer(IMAGE)).sum() < 30
    assert kept(layer([IMAGE] * 2)).tolist() != kept(layer([IMAGE] * 2)).tolist()
    assert layer.eval()(IMAGE).tolist() == IMAGE.tolist()


@pytest.mark.usefixtures("backend")
def test_a_program_drops_other_channels_of_each_sample_at_each_run():
    layer = nn.Dropout2D(0.5, rng=random.Random(0))
    program = autograd.compile(layer, IMAGE)
    runs = [kept(program([IMAGE] * 2)) for _ in range(2)]
    assert runs[0].tolist() != runs[1].tolist()
    assert runs[0][:40].tolist() != runs[0][40:].tolist()
