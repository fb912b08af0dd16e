"""To a trainer, `forward` is a function of one sample: in fit, evaluate and predict, compiled or
not.
"""

import copy
import pickle
import random

import numpy as np
import pytest

import nn
from autograd import Tensor, concatenate, drawn
from nn.training.forward import Forward

DIGITS = nn.data.digits().take(range(24))
IMAGES, LABELS = np.array(DIGITS.images), DIGITS.labels


class Recurrent(nn.Module):
    """The rows of one image (1, 8, 8), one after the other: a loop over its second axis."""

    def __init__(self):
        self.cell, self.head = nn.Dense(8 + 3, 3), nn.Dense(3, 10)

    def forward(self, x):
        h = Tensor([0.0] * 3)
        for t in range(x.shape[1]):
            h = self.cell(concatenate([x[0, t], h])).tanh()
        return self.head(h)


class Centred(nn.Module):
    """Outputs of the right shape, and other numbers, where the first axis is the batch."""

    def __init__(self):
        self.dense = nn.Dense(64, 10)

    def forward(self, x):
        y = self.dense(x.flatten(-3))
        return y - y.mean(0)


class Deciding(nn.Module):
    """What cannot be compiled."""

    def __init__(self):
        self.dense = nn.Dense(64, 10)

    def forward(self, x):
        bright = x.sum() > 20
        return self.dense(x.flatten(-3)) * (2.0 if bright else 1.0)


class Listed(nn.Module):
    """Neurons one by one, as in micrograd: a list of Values."""

    def __init__(self):
        self.neurons = [nn.Parameter([0.01 * k] * 64) for k in range(10)]

    def forward(self, x):
        return [w @ x.flatten() for w in self.neurons]


class Batches(nn.Module):
    """The first axis is taken for the batch, as PyTorch's models do."""

    def __init__(self, conv=True):
        self.conv = nn.Conv2D(1, 1, 3) if conv else None
        self.dense = nn.Dense(36 if conv else 64, 10)

    def forward(self, x):
        x = self.conv(x) if self.conv else x
        return self.dense(x.reshape(x.shape[0], -1))


SINGLE = [Recurrent, Centred, Deciding, Listed]


def trainer_of(make, **options):
    random.seed(0)
    model = make()
    return nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.02), **options)


@pytest.mark.parametrize("make", SINGLE, ids=lambda make: make.__name__)
def test_a_model_that_is_right_for_one_sample_gets_each_by_itself(make):
    trainer = trainer_of(make)
    alone = [[y.data for y in Tensor(trainer.model(image)).values] for image in IMAGES]
    for compiled in (True, False):
        outputs = trainer.predict(IMAGES, batch_size=7, compiled=compiled)
        np.testing.assert_allclose(outputs, alone, rtol=1e-12, atol=1e-14)
        if compiled and make is Deciding:
            continue
        found = trainer.evaluate((IMAGES, LABELS), batch_size=7, compiled=compiled)
        assert found.predictions == np.argmax(alone, axis=1).tolist()


@pytest.mark.parametrize("make", [*SINGLE, Batches], ids=lambda make: make.__name__)
def test_training_takes_forward_for_the_same_function_compiled_or_not(make):
    def trained(compiled):
        trainer = trainer_of(make)
        trainer.fit((IMAGES, LABELS), epochs=2, batch_size=9, progress=False, compiled=compiled)
        return trainer

    eager = trained(False)
    if make is Deciding:
        with pytest.raises(TypeError, match="compiled=False"):
            trained(True)
        return
    compiled = trained(True)
    np.testing.assert_allclose(compiled.history["loss"], eager.history["loss"], rtol=1e-4)
    assert compiled.history["accuracy"] == eager.history["accuracy"]
    for p, q in zip(compiled.model.parameters(), eager.model.parameters(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), atol=1e-4)


@pytest.mark.parametrize("conv", [True, False])
def test_a_model_that_serves_batches_only_gets_batches_of_one(conv):
    trainer = trainer_of(lambda: Batches(conv))
    whole = trainer.model(IMAGES).tolist()
    for compiled in (True, False):
        np.testing.assert_allclose(trainer.predict(IMAGES, compiled=compiled), whole, rtol=1e-12)
        assert trainer.evaluate((IMAGES, LABELS), compiled=compiled).accuracy is not None


def test_what_serves_both_gets_batches_and_batch_statistics():
    """A batch of one sample in training would be refused by BatchNorm2D."""
    parts = [nn.Conv2D(1, 2, 8), nn.BatchNorm2D(2), nn.Flatten(), nn.Dense(2, 10)]
    trainer = trainer_of(lambda: nn.Sequential(*parts))
    trainer.fit((IMAGES, LABELS), progress=False, compiled=False)
    assert trainer.model[1].running_mean.tolist() != [0.0, 0.0]


def test_outputs_that_are_all_0_at_first_do_not_hide_what_forward_is():
    """A last layer of 0: the first batch tells nothing, and neither does an image alone."""
    trainer = trainer_of(Centred)
    trainer.model.dense.weight.assign([[0.0] * 64] * 10)
    twice = trainer_of(Centred)
    twice.model.load_state_dict(trainer.model.state_dict())
    for way, each in ((True, trainer), (False, twice)):
        each.predict(IMAGES[:1], compiled=way)
        each.fit((IMAGES, LABELS), batch_size=6, progress=False, compiled=way)
    np.testing.assert_allclose(
        trainer.model.dense.weight.numpy(), twice.model.dense.weight.numpy(), atol=1e-5
    )


class Noisy(nn.Module):
    """Outputs that are drawn, in evaluation too, after batch statistics."""

    def __init__(self):
        self.norm, self.dense, self.rng = nn.BatchNorm2D(1), nn.Dense(64, 10), random.Random(0)

    def forward(self, x):
        y = self.dense(self.norm(x).flatten(-3))
        return y + drawn(y.shape, self.rng, lambda u: u)


def test_noise_does_not_keep_a_model_from_whole_batches():
    trainer = trainer_of(Noisy)
    trainer.fit((IMAGES, LABELS), epochs=8, progress=False, compiled=False)
    assert trainer.history[-1].loss < trainer.history[0].loss


@pytest.mark.parametrize("make", [Noisy, Recurrent])
def test_trying_a_model_out_draws_nothing_and_leaves_it_as_it_was(make):
    model = make()
    random.seed(5)
    before = random.getstate(), getattr(model, "rng", random).getstate(), model.state_dict()
    Forward(model).look(IMAGES)
    assert before == (
        random.getstate(),
        getattr(model, "rng", random).getstate(),
        model.state_dict(),
    )
    assert all(module.training for module in model.modules())


def test_batch_statistics_of_a_model_that_takes_no_batch_are_refused():
    class Both(Recurrent):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm2D(1)

        def forward(self, x):
            return super().forward(self.norm(x))

    with pytest.raises(ValueError, match="Both: BatchNorm2D needs batch statistics, and"):
        trainer_of(Both).fit((IMAGES, LABELS), progress=False, compiled=False)
    trainer_of(Both).fit((IMAGES, LABELS), progress=False)


@pytest.mark.parametrize("compiled", [True, False])
def test_one_number_for_each_sample_is_an_output(compiled):
    class Neuron(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([0.0, 0.0])

        def forward(self, x):
            return self.weight @ x

    model = Neuron()
    trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters(), lr=0.2))
    xs = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    trainer.fit((xs, [2.0, -1.0, 1.0]), epochs=100, progress=False, compiled=compiled)
    assert model.weight.tolist() == pytest.approx([2.0, -1.0], abs=1e-3)
    assert trainer.predict(xs, compiled=compiled) == pytest.approx([2.0, -1.0, 1.0], abs=3e-3)


@pytest.mark.parametrize("compiled", [True, False])
def test_outputs_that_are_no_tensor_are_refused(compiled):
    class Twice(nn.Dense):
        def forward(self, x):
            return x, x

    model = Twice(1, 1)
    trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters()))
    with pytest.raises(TypeError, match="Twice: forward must give a Tensor, got a tuple"):
        trainer.fit((IMAGES, IMAGES), progress=False, compiled=compiled)
    with pytest.raises(TypeError, match="Twice: forward must give a Tensor, got a tuple"):
        trainer.predict(IMAGES, compiled=compiled)


def test_another_number_of_outputs_than_samples_is_refused():
    class Halved(nn.Dense):
        def forward(self, x):
            y = super().forward(x)
            return y[: len(y) // 2] if self.training and x.ndim > 1 else y

    model = Halved(64, 10)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters()))
    with pytest.raises(ValueError, match=r"Halved: forward gives outputs of shape .* 24 samples"):
        trainer.fit((IMAGES.reshape(24, 64), LABELS), progress=False, compiled=False)


def test_what_a_model_says_of_a_sample_is_said():
    trainer = trainer_of(lambda: nn.Sequential(nn.Conv2D(1, 1, 3), nn.Flatten(), nn.Dense(36, 10)))
    for compiled in (True, False):
        with pytest.raises(ValueError, match=r"Conv2D\(1, 1, 3\): input must be .* shape \(8, 8\)"):
            trainer.fit((IMAGES[:, 0], LABELS), progress=False, compiled=compiled)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_callback_may_predict_samples_of_another_shape(compiled):
    trainer = trainer_of(lambda: nn.Sequential(nn.GlobalAvgPool(), nn.Dense(1, 10)))
    look = [lambda trainer, _: trainer.predict(IMAGES[:, 0], compiled=compiled) and False]
    with pytest.raises(ValueError, match="input must be"):
        trainer.fit((IMAGES, LABELS), progress=False, compiled=compiled, callbacks=look)
    look = [lambda trainer, _: trainer.predict(IMAGES[:, :, 2:], compiled=compiled) and False]
    data = (IMAGES, LABELS)
    history = trainer.fit(data, data, 3, progress=False, compiled=compiled, callbacks=look)
    assert history[-1].validation_loss < history[1].validation_loss


# --- the program that predicts ------------------------------------------------------------------


def both(trainer):
    """The outputs, which are the same compiled and scalar by scalar."""
    ours, theirs = (trainer.predict(IMAGES, compiled=way) for way in (True, False))
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)
    return ours


class Scaled(nn.Module):
    def __init__(self):
        self.layers = [nn.Flatten(), nn.Dense(64, 10), nn.Tanh()]
        self.factor, self.switch = 1.0, {"shift": nn.Parameter([0.0])}

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x * self.factor + self.switch["shift"]


@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m, "factor", 2.0),
        lambda m: m.layers.__setitem__(2, nn.Sigmoid()),
        lambda m: m.layers.pop(),
        lambda m: m.switch.update(shift=nn.Parameter([1.0])),
        lambda m: m.layers[1].bias.assign([0.5] * 10),
        lambda m: setattr(m.layers[1], "bias", None),
        lambda m: setattr(m, "layers", [nn.Flatten(), nn.Dense(64, 3)]),
    ],
)
def test_predictions_follow_a_model_that_changes(change):
    trainer = trainer_of(Scaled)
    trainer.model.layers[1].bias.assign([0.1] * 10)
    before = both(trainer)
    change(trainer.model)
    assert both(trainer) != before


def test_predictions_are_compiled_once_and_for_each_shape(monkeypatch):
    from autograd import compile

    compiled = []
    monkeypatch.setattr("autograd.compile", lambda *a, **k: compiled.append(a) or compile(*a, **k))
    trainer = trainer_of(lambda: nn.Sequential(nn.GlobalAvgPool(), nn.Dense(1, 10)))
    for images in (IMAGES, IMAGES[:3], IMAGES[:, :, 1:], IMAGES[:, :, 1:]):
        assert len(trainer.predict(images, batch_size=5)) == len(images)
    assert len(compiled) == 2
    trainer.model.train()
    trainer.predict(IMAGES[:, :, 1:].tolist())
    assert len(compiled) == 2
    assert trainer.predict([]) == []
    assert trainer.predict(DIGITS) == trainer.predict(IMAGES)


def test_predictions_of_another_model_are_its_own():
    trainer = trainer_of(Scaled)
    before = both(trainer)
    trainer.model = Scaled()
    assert both(trainer) != before


def test_a_trainer_that_has_predicted_can_be_copied():
    trainer = trainer_of(Scaled)
    before = both(trainer)
    for other in (copy.deepcopy(trainer), pickle.loads(pickle.dumps(trainer))):
        assert both(other) == before


def test_a_nan_among_the_images_gives_nan():
    images = IMAGES.copy()
    images[3, 0, 2, 2] = np.nan
    assert np.isnan(trainer_of(Scaled).predict(images)).all(1).tolist() == [
        k == 3 for k in range(24)
    ]
