"""Numbers that stop being finite: the step is refused, its cause is named, the last good state
stays.
"""

import math

import numpy as np
import pytest

import nn
from autograd import maximum

DIGITS = nn.data.digits().take(range(16))
IMAGES = np.array(DIGITS.images).reshape(16, 64)
BOTH = pytest.mark.parametrize("compiled", [True, False])


class Length(nn.Module):
    """√Σ(w·x)², which has no gradient at 0, after a layer with a running mean."""

    def __init__(self):
        self.norm = nn.BatchNorm2D(1)
        self.weight = nn.Parameter([0.1] * 64)

    def forward(self, x):
        y = self.norm(x.reshape(*x.shape[:-1], 1, 8, 8)).flatten(-3)
        return ((y * self.weight) ** 2).sum(-1).sqrt()


def trainer_of(model=None, loss=None, kind=nn.Adam, lr=0.01, **options):
    model = model or Length()
    rule = kind(model.parameters(), lr=lr)
    return nn.Trainer(model, loss or nn.MSELoss(), rule, **options)


def fit(trainer, compiled, data=(IMAGES, [1.0] * 16), **options):
    options = {"batch_size": 16, "progress": False, "compiled": compiled, **options}
    trainer.fit(data, **options)


def state(trainer):
    return trainer.model.state_dict(), trainer.optimizer.state_dict(), len(trainer.history)


@BOTH
@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_gradient_that_is_not_finite_changes_nothing_and_is_named(compiled, clip_norm):
    trainer = trainer_of(clip_norm=clip_norm)
    fit(trainer, compiled)
    trainer.model.weight.assign([0.0] * 64)
    before = state(trainer)
    cause = r"nan: sqrt\(0\.0\) = 0\.0: -0\.125 · inf = -inf is sent to sum"
    with pytest.raises(FloatingPointError, match=cause) as raised:
        fit(trainer, compiled)
    assert "norm.weight[0] is nan" in str(raised.value)
    assert state(trainer) == before
    trainer.model.weight.assign([0.1] * 64)
    fit(trainer, compiled)
    assert len(trainer.history) == 2


@BOTH
def test_the_checkpoint_stays_that_of_the_last_good_epoch(tmp_path, compiled):
    path = tmp_path / "run"
    spoil = [lambda trainer, _: trainer.model.weight.assign([0.0] * 64)]
    fit(trainer_of(), compiled, checkpoint=path, epochs=1, callbacks=spoil)
    good = path.read_bytes()
    with pytest.raises(FloatingPointError, match=r"norm\.weight"):
        fit(trainer_of(), compiled, checkpoint=path, epochs=2)
    assert path.read_bytes() == good


@BOTH
def test_an_infinite_input_is_named_where_it_spoils_a_gradient(compiled):
    """tanh(inf) = 1 with slope 0, and 0·inf = nan for the weight."""
    trainer = trainer_of(nn.Sequential(nn.Dense(2, 1, bias=False), nn.Tanh()))
    trainer.model[0].weight.assign([[1.0, 1.0]])
    data = ([[1.0, 0.5], [math.inf, 1.0]], [[0.0], [0.0]])
    cause = r"dot\(.*inf.*\) = inf in 0: 0\.0 · inf = nan is sent to 0\.weight\[0,0\]"
    with pytest.raises(FloatingPointError, match=cause):
        fit(trainer, compiled, data)
    assert trainer.model[0].weight.tolist() == [[1.0, 1.0]]


class Scale(nn.Module):
    """A weight times a number, and a mask that is infinite from the start."""

    def __init__(self, factor):
        self.weight, self.factor = nn.Parameter([1.0]), factor
        self.mask = nn.Buffer([-math.inf])

    def forward(self, x):
        return maximum(self.weight * x * self.factor, self.mask)


@BOTH
def test_a_weight_that_overflows_ends_the_epoch_and_a_mask_does_not(tmp_path, compiled):
    data, path = ([[1.0], [1.0]], [[0.0], [0.0]]), tmp_path / "run"
    hasty = trainer_of(Scale(1e10), nn.L1Loss(), nn.SGD, lr=1e-12)
    rise = [lambda trainer, _: setattr(trainer.optimizer, "lr", 1e300)]
    with pytest.raises(FloatingPointError, match=r"weight\[0\] is -inf"):
        fit(hasty, compiled, data, checkpoint=path, epochs=2, callbacks=rise)
    assert len(hasty.history) == 1
    kept = trainer_of(Scale(1e10), nn.L1Loss(), nn.SGD)
    fit(kept, compiled, data, checkpoint=path, epochs=1)
    assert kept.model.weight.tolist() == pytest.approx([0.99])


@BOTH
def test_a_state_of_the_optimiser_that_overflows_is_not_saved(tmp_path, compiled):
    """Adam's mean of g² is infinite, so the weight would never move again."""
    data, path = ([[1.0]], [[0.0]]), tmp_path / "run"
    trainer = trainer_of(Scale(1e30 if compiled else 1e200), nn.L1Loss())
    with pytest.raises(FloatingPointError, match="not finite"):
        fit(trainer, compiled, data, checkpoint=path)
    assert not path.exists()


def test_the_sample_that_spoils_a_batch_is_traced_by_itself():
    """Its graph alone: the mean over the batch of three does not come into it."""

    class Root(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([1.0])

        def forward(self, x):
            return (self.weight * x).sqrt()

    trainer = trainer_of(Root())
    with pytest.raises(FloatingPointError, match=r"sqrt\(0\.0\) = 0\.0.*: -2\.0 · inf = -inf"):
        fit(trainer, True, ([[4.0], [0.0], [9.0]], [[1.0], [1.0], [1.0]]))
    assert trainer.model.weight.tolist() == [1.0]


def test_batch_statistics_of_a_model_for_one_sample_do_not_hide_the_error():
    class Rows(Length):
        def forward(self, x):
            return super().forward(x[0])

    trainer = trainer_of(Rows())
    trainer.model.weight.assign([0.0] * 64)
    with pytest.raises(FloatingPointError, match=r"the gradient of .*weight.* is nan$"):
        fit(trainer, True, (IMAGES[:, None], [1.0] * 16))


def test_what_is_finite_in_float64_is_said_to_be():
    class Through(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([1.0])

        def forward(self, x):
            return (self.weight * x).exp().log()

    with pytest.raises(FloatingPointError, match="in float32; scalar by scalar, in float64, it is"):
        fit(trainer_of(Through()), True, ([[100.0]], [[0.0]]))
