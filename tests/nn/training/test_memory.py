"""What a model draws, counts or keeps in its forward: refused where it would be frozen, or kept."""

import random

import numpy as np
import pytest

import nn
from autograd import Tensor

ROWS = [[0.1 * k, 1.0] for k in range(8)], [[1.0]] * 8


class Layer(nn.Module):
    """A dense layer with a memory of the kinds that layers have."""

    def __init__(self):
        self.dense = nn.Dense(2, 1)
        self.batches, self.mean, self.noise = 0, 0.0, np.random.default_rng(0)
        self.attention = self.hidden = None
        self.statistics = {"sizes": [0, 0]}


class Draws(Layer):
    def forward(self, x):
        return self.dense(x) + random.gauss(0, 1)


class DrawsByNumpy(Layer):
    def forward(self, x):
        return self.dense(x) + float(np.random.normal())


class DrawsByItsOwn(Layer):
    def forward(self, x):
        return self.dense(x) + float(self.noise.normal())


class Counts(Layer):
    def forward(self, x):
        self.batches += 1
        return self.dense(x) * self.batches


class CountsInside(Layer):
    def forward(self, x):
        self.statistics["sizes"][1] += 1
        return self.dense(x)


class Averages(Layer):
    def forward(self, x):
        y = self.dense(x)
        self.mean = 0.9 * self.mean + 0.1 * y.mean()
        return y - self.mean


class Remembers(Layer):
    def forward(self, x):
        y = self.dense(x)
        self.hidden = y if self.hidden is None else (self.hidden + y).tanh()
        return self.hidden


class Fails(Layer):
    def forward(self, x):
        self.batches, self.attention = 1, self.dense(x)
        if self.attention.sum().data > 0:
            self.mean = 1.0
        return self.attention


TOLD = {
    Draws: "draws from `random`", DrawsByNumpy: r"draws from `numpy\.random`",
    DrawsByItsOwn: r"draws from {}\.noise", Counts: r"changes {}\.batches",
    CountsInside: r"changes {}\.statistics\['sizes'\]\[1\]", Averages: r"changes {}\.mean",
    Remembers: r"changes {}\.hidden", Fails: "cannot decide by them",
}  # fmt: skip


def fit(model, compiled=True):
    trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters(), lr=0.01))
    trainer.fit(ROWS, epochs=2, batch_size=4, progress=False, seed=0, compiled=compiled)
    return trainer


def memory(layer):
    kept = ("batches", "mean", "attention", "hidden", "statistics")
    return repr([getattr(layer, name) for name in kept])


@pytest.mark.parametrize("is_inside", [False, True])
@pytest.mark.parametrize("kind", TOLD)
def test_fit_names_what_would_be_frozen_and_leaves_all_as_it_was(kind, is_inside):
    layer = kind()
    model = nn.Sequential(layer) if is_inside else layer
    before, state = memory(layer), model.state_dict()
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.rand(), np.random.default_rng(0).normal()
    random.seed(1)
    np.random.seed(1)
    told = TOLD[kind].format("0" if is_inside else kind.__name__)
    with pytest.raises(TypeError, match=rf"{told}.*compiled=False"):
        fit(model)
    assert memory(layer) == before
    assert (random.random(), np.random.rand(), layer.noise.normal()) == expected
    assert model.state_dict() == state


@pytest.mark.parametrize("kind", [kind for kind in TOLD if kind not in (Averages, Remembers)])
def test_scalar_by_scalar_such_a_model_trains(kind):
    assert len(fit(kind(), compiled=False).history) == 2


class Attends(Layer):
    def forward(self, x):
        self.last_shape, self.attention = x.shape, self.dense(x)
        return self.attention


def test_what_a_model_keeps_to_be_looked_at_does_not_keep_it_from_training():
    random.seed(0)
    model = Attends()
    looked_at = model([1.0, 2.0])
    trainer = fit(model)
    assert trainer.history[-1].loss < trainer.history[0].loss
    assert model.attention is looked_at
    random.seed(0)
    eager = fit(Attends(), compiled=False)
    assert trainer.history[-1].loss == pytest.approx(eager.history[-1].loss, rel=1e-5)
    assert isinstance(model([1.0, 2.0]), Tensor)
