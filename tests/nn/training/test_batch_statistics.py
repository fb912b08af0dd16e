"""Statistics of a batch in training: of nn's own layers, and of what users write by hand."""

import random

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

RNG = np.random.default_rng(0)
SAMPLES = RNG.normal(2, 3, (20, 6))
LABELS = [int(x.sum() > 12) for x in SAMPLES]


def made(*layers, seed=0):
    """A Sequential with weights of its own seed, whatever was drawn for its layers."""
    model, rng = nn.Sequential(*layers), random.Random(seed)
    for parameter in model.parameters():
        parameter.assign(Tensor.randn(*parameter.shape, rng=rng) * 0.3)
    return model


def trained(model, compiled, samples=SAMPLES):
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.05))
    options = {"epochs": 2, "batch_size": 8, "seed": 0, "progress": False}
    return trainer.fit((samples, LABELS), compiled=compiled, **options)[-1].loss


def assert_alike(make, samples=SAMPLES):
    """Eager and compiled training leave one loss and one state."""
    eager, compiled = make(), make()
    losses = [trained(model, way, samples) for model, way in ((eager, False), (compiled, True))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    state = compiled.state_dict()
    for name, numbers in eager.state_dict().items():
        np.testing.assert_allclose(state[name], numbers, rtol=1e-3, atol=1e-4, err_msg=name)
    return compiled


def test_vectors_are_normalised_by_their_batch_and_saved_with_its_statistics(tmp_path):
    """The last batch of an epoch is a smaller one."""
    model = assert_alike(
        lambda: made(nn.Dense(6, 4), nn.BatchNorm1D(4, affine=False), nn.SiLU(), nn.Dense(4, 2))
    )
    nn.save(model, tmp_path / "m.safetensors")
    kept = nn.load(tmp_path / "m.safetensors")
    assert kept[1].running_mean.tolist() == pytest.approx(model[1].running_mean.tolist(), rel=1e-6)
    assert kept[1].running_var.tolist() != [1.0] * 4


@pytest.mark.parametrize("length", [6, 3])
def test_signals_are_normalised_by_their_channels_even_as_long_as_there_are(length):
    """A sample of 3 channels and 3 entries might be taken for a batch of vectors."""
    signals = RNG.normal(1, 2, (20, 1, length + 2))

    def model():
        layers = nn.Conv1D(1, 3, 3), nn.BatchNorm1D(3), nn.ReLU(), nn.Flatten(2)
        return made(*layers, nn.Dense(3 * length, 2))

    assert_alike(model, signals)


class ByHand(nn.Module):
    """What tutorials write: a batch's mean and variance, and running ones as attributes."""

    def __init__(self, kind):
        self.gamma, self.kind = nn.Parameter([1.0] * 4), kind
        self.mean = nn.Buffer([0.0] * 4) if kind == "a buffer" else [0.0] * 4

    def forward(self, x):
        mean = Tensor(self.mean)
        if self.training:
            mean = x.mean(0)
            self.keep(mean)
        return (x - mean) * self.gamma

    def keep(self, mean):
        if self.kind == "numbers":
            self.mean = [0.9 * a + 0.1 * b for a, b in zip(self.mean, mean.data, strict=True)]
        elif self.kind == "a tensor":
            self.mean = (0.9 * Tensor(self.mean) + 0.1 * mean).detach()
        elif self.kind == "a buffer":
            self.mean.assign(0.9 * self.mean + 0.1 * mean)


@pytest.mark.parametrize("kind", ["a buffer", "a tensor", "numbers", "nothing"])
def test_one_by_hand_trains_scalar_by_scalar_and_a_program_says_how_it_would_be_written(kind):
    model = made(nn.Dense(6, 4), ByHand(kind), nn.Dropout(0.1), nn.Dense(4, 2))
    before = model.state_dict()
    with pytest.raises(
        TypeError, match=r"^1 \(ByHand\): .* depends on its batch.*autograd\.batch_mean.*observe"
    ):
        trained(model, compiled=True)
    assert model.state_dict() == before
    assert np.shape(model[1].mean) == (4,)
    assert trained(model, compiled=False) > 0


@pytest.mark.parametrize("kind", ["a buffer", "a tensor", "numbers"])
def test_a_program_of_one_by_hand_names_what_it_keeps_and_what_would_do(kind):
    model = made(nn.Dense(6, 4), ByHand(kind))
    with pytest.raises(TypeError, match=r"1\.mean.*autograd\.observe.*autograd\.batch_mean\(x\)"):
        autograd.compile(model, SAMPLES[:1], parameters=model.parameters())
    assert Tensor(model[1].mean).tolist() == [0.0] * 4


class ByObserving(nn.Module):
    """The same, written for a program."""

    def __init__(self):
        self.mean = nn.Buffer([0.0] * 4)

    def forward(self, x):
        if not self.training:
            return x - self.mean
        axes = range(x.ndim - 1)
        mean = autograd.batch_mean(x.mean(axes) if axes else x)
        autograd.observe(self.keep, mean)
        return x - mean

    def keep(self, samples, mean):
        self.mean.assign(0.9 * self.mean + 0.1 * Tensor(mean))


def test_one_that_observes_trains_alike_both_ways():
    assert_alike(lambda: made(nn.Dense(6, 4), ByObserving(), nn.Dense(4, 2)))


class Noisy(nn.Module):
    """Another one that asks for its mode, and whose outputs no batch can tell."""

    def __init__(self):
        self.rng = random.Random(0)

    def forward(self, x):
        return x + autograd.drawn(x.shape, self.rng, lambda u: u - 0.5) if self.training else x


def test_a_layer_that_only_draws_in_training_is_not_taken_for_one():
    assert trained(made(Noisy(), nn.Dense(6, 2)), compiled=True) > 0
