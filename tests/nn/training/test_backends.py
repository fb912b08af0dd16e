"""Training compiled and training scalar by scalar: the same walk, in float32 and in float64."""

import random

import numpy as np
import pytest

import nn

IMAGES = np.random.default_rng(0).integers(0, 3, (30, 1, 6, 6)).astype(float)
LABELS = [int(image.sum()) % 3 for image in IMAGES]
DATA = nn.data.Dataset(IMAGES.tolist(), LABELS, ["a", "b", "c"])


def model(rate=0.3):
    random.seed(1)
    return nn.Sequential(
        nn.Conv2D(1, 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Dropout(rate),
        nn.Flatten(),
        nn.Dense(36, 3),
    )


def trained(net, compiled, loss=None, data=DATA, kind=nn.Adam, **options):
    optimizer = kind(net.parameters(), lr=0.01)
    trainer = nn.Trainer(net, loss or nn.CrossEntropyLoss(label_smoothing=0.1), optimizer)
    trainer.fit(data, data, epochs=2, batch_size=8, seed=3, progress=False, compiled=compiled)
    return trainer


@pytest.mark.parametrize("kind", [nn.SGD, nn.Adam, nn.AdamW, nn.RMSprop, nn.Adagrad])
def test_compiled_training_walks_the_eager_path(kind):
    """The same masks of Dropout, the same order of samples; what differs is rounding."""
    eager, compiled = (trained(model(), way, kind=kind) for way in (False, True))
    for ours, theirs in zip(compiled.history, eager.history, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-3)
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-3)
        assert abs(ours.validation_accuracy - theirs.validation_accuracy) < 0.1
    for p, q in zip(compiled.model.parameters(), eager.model.parameters(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), atol=2e-3)


def test_after_training_the_values_are_there_to_look_at():
    trainer = trained(model(), True)
    weight = trainer.model[0].weight
    assert isinstance(weight.values[0].data, float)
    assert np.any(np.array(weight.grad))
    assert trainer.optimizer.steps == 8
    assert any(any(column.list()) for column in trainer.optimizer.state)


def test_evaluation_is_the_same_either_way():
    trainer = trained(model(), True)
    a, b = (trainer.evaluate(DATA, batch_size=7, compiled=way) for way in (True, False))
    assert a.predictions == b.predictions
    assert a.loss == pytest.approx(b.loss, rel=1e-5)
    assert trainer.model.training


def test_other_targets_than_classes_train_compiled():
    rows = np.random.default_rng(1).uniform(-1, 1, (40, 3))
    for targets, loss in [
        (rows @ [[1.0], [2.0], [-1.0]], nn.MSELoss()),
        (np.eye(2)[(rows.sum(1) > 0).astype(int)], nn.CrossEntropyLoss()),
        ((rows[:, :1] > 0).astype(float), nn.BCEWithLogitsLoss()),
    ]:
        random.seed(2)
        net = nn.Sequential(nn.Dense(3, len(targets[0])))
        trainer = nn.Trainer(net, loss, nn.Adam(net.parameters(), lr=0.1))
        history = trainer.fit((rows, targets), epochs=15, batch_size=10, progress=False)
        assert history[-1].loss < history[0].loss / 1.5


def normalised():
    """A model with batch statistics: in a row, in a shortcut's body, and in a layer used twice."""
    random.seed(0)
    twice = nn.BatchNorm2D(2)
    inner = nn.Sequential(nn.Conv2D(2, 2, 3, padding=1), nn.BatchNorm2D(2), nn.ReLU())
    return nn.Sequential(
        *(nn.BatchNorm2D(1), nn.Conv2D(1, 2, 3), twice, nn.ReLU(), nn.Residual(inner), twice),
        *(nn.Flatten(), nn.Dense(32, 3)),
    )


def test_batch_norm_trains_compiled_as_it_does_scalar_by_scalar(tmp_path):
    """Losses, weights and running statistics; the last batch of an epoch is a smaller one."""
    eager, compiled = (trained(normalised(), way, kind=nn.SGD) for way in (False, True))
    for ours, theirs in zip(compiled.history, eager.history, strict=True):
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-4)
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-4)
    state = compiled.model.state_dict()
    for name, numbers in eager.model.state_dict().items():
        np.testing.assert_allclose(state[name], numbers, rtol=1e-3, atol=1e-4, err_msg=name)
    nn.save(compiled.model, tmp_path / "m.safetensors")
    kept = nn.load(tmp_path / "m.safetensors").state_dict()
    np.testing.assert_allclose(kept["0.running_mean"], state["0.running_mean"], rtol=1e-6)
    a, b = (compiled.evaluate(DATA, compiled=way) for way in (True, False))
    assert a.loss == pytest.approx(b.loss, rel=1e-5)


def test_a_callback_finds_the_running_statistics_of_its_epoch():
    seen = []
    net = normalised()
    trainer = nn.Trainer(net, nn.CrossEntropyLoss(), nn.SGD(net.parameters(), lr=0.01))
    look = [lambda *_: seen.append(net[0].running_mean.item())]
    trainer.fit(DATA, epochs=2, batch_size=30, progress=False, callbacks=look)
    mean = IMAGES.mean()
    assert seen == pytest.approx([0.1 * mean, 0.19 * mean], rel=1e-5)


def test_a_loss_that_is_not_finite_leaves_the_running_statistics_as_they_were():
    net = nn.Sequential(nn.BatchNorm2D(1), nn.Flatten(), nn.Dense(36, 3))
    images = IMAGES.copy()
    images[5, 0, 3, 3] = np.inf
    before = net.state_dict()
    with pytest.raises(FloatingPointError):
        trained(
            net, True, data=nn.data.Dataset(images.tolist(), LABELS, DATA.class_names), kind=nn.SGD
        )
    after = net.state_dict()
    assert after["0.running_mean"] == before["0.running_mean"]
    assert after["0.running_var"] == before["0.running_var"]


def test_a_label_that_is_no_class_is_named():
    wrong = nn.data.Dataset(DATA.images, [*LABELS[:-1], 3])
    with pytest.raises(ValueError, match="label 3 is not one of the 3 classes 0 to 2"):
        trained(model(), True, data=wrong)


def test_a_loss_that_needs_class_numbers_says_what_to_do():
    class Picked(nn.losses.Loss):
        """A loss that indexes with its target."""

        def forward(self, prediction, target):
            return -prediction[int(target)]

    with pytest.raises(TypeError, match="compiled=False"):
        trained(model(), True, loss=Picked())


def test_a_callback_may_stop_change_and_restore():
    net = model()
    states = []

    def remember(trainer, epoch):
        states.append(trainer.model.state_dict())
        trainer.model.load_state_dict(states[0])

    trainer = nn.Trainer(net, nn.CrossEntropyLoss(), nn.SGD(net.parameters(), lr=0.05))
    trainer.fit(DATA, epochs=3, batch_size=8, callbacks=[remember], progress=False)
    assert states[0] != states[1]
    assert trainer.model.state_dict() == states[0]


def test_an_interrupted_epoch_leaves_the_values_up_to_date(monkeypatch):
    net = model()
    before = net.state_dict()
    trainer = nn.Trainer(net, nn.CrossEntropyLoss(), nn.SGD(net.parameters(), lr=0.1))
    calls, text = iter(range(100)), nn.training.tally.Tally.text

    def interrupt(tally):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return text(tally)

    monkeypatch.setattr("nn.training.tally.Tally.text", interrupt)
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(DATA, epochs=1, batch_size=8, progress=False)
    assert net.state_dict() != before
    assert trainer.optimizer.steps == 3


def test_a_loss_that_turns_infinite_names_the_operation_and_keeps_the_parameters():
    class Broken(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([1.0, 1.0])

        def forward(self, x):
            return (self.weight * x).log()

    net = Broken()
    trainer = nn.Trainer(net, nn.MSELoss(), nn.SGD(net.parameters(), lr=0.1))
    with pytest.raises(FloatingPointError, match=r"the loss is (inf|nan): log\(0\.0\) = -inf"):
        trainer.fit(([[0.0, 1.0]], [[1.0, 1.0]]), progress=False)
    assert net.weight.tolist() == [1.0, 1.0]
