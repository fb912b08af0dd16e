"""Several inputs and targets, losses of the whole model, weights of samples."""

import random

import numpy as np
import pytest

import nn
from autograd import Tensor, drawn

RNG = np.random.default_rng(0)
LEFT, RIGHT = RNG.normal(size=(12, 2)), RNG.normal(size=(12, 3))
LABELS = [int(a.sum() + b.sum() > 0) for a, b in zip(LEFT, RIGHT, strict=True)]
WAYS = pytest.mark.parametrize("compiled", [True, False])


class Two(nn.Module):
    """Two inputs, logits."""

    def __init__(self):
        rng = random.Random(0)
        self.a, self.b = nn.Dense(2, 2, rng=rng), nn.Dense(3, 2, rng=rng)

    def forward(self, left, right):
        return self.a(left) + self.b(right)


class Heads(nn.Module):
    """One input, two outputs."""

    def __init__(self):
        rng = random.Random(0)
        self.body, self.label = nn.Dense(2, 3, rng=rng), nn.Dense(3, 2, rng=rng)
        self.size = nn.Dense(3, 1, rng=rng)

    def forward(self, x):
        h = self.body(x).tanh()
        return {"label": self.label(h), "size": self.size(h)}


class VAE(nn.Module):
    """Rows of two numbers, a latent number."""

    def __init__(self):
        rng = random.Random(0)
        self.encoder, self.decoder = nn.Dense(2, 2, rng=rng), nn.Dense(1, 2, rng=rng)

    def loss(self, x):
        mean, variance = self.encoder(x)[:1], self.encoder(x)[1:].exp()
        z = drawn.normal((1,), mean, variance.sqrt())
        divergence = (mean**2 + variance - variance.log() - 1).sum() / 2
        return nn.MSELoss("sum")(self.decoder(z), x) + divergence


def fit(model, loss, data, compiled, **options):
    named = {"accumulate", "schedule", "schedule_every"}
    trainer = nn.Trainer(
        model, loss, options.pop("optimizer", None) or nn.SGD(model.parameters(), lr=0.1),
        **{k: options.pop(k) for k in named & options.keys()},
    )  # fmt: skip
    trainer.fit(
        data, **{"epochs": 2, "batch_size": 5, "progress": False, **options}, compiled=compiled
    )
    return trainer


def numbers(model):
    return np.concatenate([np.ravel(p.tolist()) for p in model.parameters()])


def assert_same(first, second):
    np.testing.assert_allclose(numbers(first.model), numbers(second.model), rtol=1e-4, atol=1e-6)
    assert first.history["loss"] == pytest.approx(second.history["loss"], rel=1e-4)


COLUMNS = [(LEFT, RIGHT), {"left": LEFT.tolist(), "right": RIGHT}]


@pytest.mark.parametrize("columns", COLUMNS, ids=["tuple", "dict"])
def test_a_model_of_two_inputs_trains_compiled_as_in_eager_mode(columns):
    runs = [
        fit(Two(), nn.CrossEntropyLoss(), (columns, LABELS), way, validation=(columns, LABELS))
        for way in (True, False)
    ]
    assert_same(*runs)
    assert runs[0].history[-1].accuracy == runs[1].history[-1].accuracy is not None
    trainer = runs[0]
    rows = trainer.predict({"left": LEFT, "right": RIGHT})
    assert rows[3] == trainer.model(LEFT[3], RIGHT[3]).tolist()
    found = trainer.evaluate(nn.data.Dataset(columns, LABELS))
    assert found.predictions == [int(np.argmax(row)) for row in rows]


def test_a_dict_is_handed_over_whole_where_its_names_are_not_known():
    class Whole(Two):
        def forward(self, sample):
            return super().forward(**sample)

    def loss(model, batch):
        return nn.MSELoss()(model(batch), [0.0, 0.0])

    data = {"left": LEFT, "right": RIGHT}
    runs = [
        fit(kind(), nn.CrossEntropyLoss(), (data, LABELS), way)
        for kind, way in [(Two, True), (Whole, True), (Whole, False)]
    ]
    assert numbers(runs[0].model).tolist() == numbers(runs[1].model).tolist()
    assert_same(runs[1], runs[2])
    assert_same(*(fit(Whole(), loss, data, way) for way in (True, False)))


def test_outputs_and_targets_may_be_dicts():
    targets = {"label": np.eye(2)[LABELS], "size": LEFT[:, :1]}

    def loss(outputs, targets):
        classes = nn.CrossEntropyLoss()(outputs["label"], targets["label"])
        return classes + nn.MSELoss()(outputs["size"], targets["size"])

    runs = [fit(Heads(), loss, (LEFT, targets), way, epochs=3) for way in (True, False)]
    assert_same(*runs)
    assert runs[0].history[-1].loss < runs[0].history[0].loss
    assert runs[0].history[-1].accuracy is None


def test_a_method_of_the_model_is_a_loss_of_it():
    runs = [fit(model := VAE(), model.loss, LEFT, way, validation=LEFT) for way in (True, False)]
    assert_same(*runs)
    assert runs[0].history[-1].validation_loss is not None
    assert repr(runs[0]) == "Trainer(VAE, VAE.loss, SGD(10 parameters, lr=0.1))"


def test_a_function_of_the_model_is_handed_the_parts_of_a_sample():
    seen = set()

    def by_place(model, x, noise, target):
        seen.update({type(x), x.shape, noise.shape})
        return nn.MSELoss()(model(x + noise), target)

    def by_name(model, *, x, noise, t):
        return nn.MSELoss()(model(x + noise), t)

    noise, t = LEFT / 10, RIGHT[:, :1]

    def model():
        return nn.Dense(2, 1, rng=random.Random(0))

    runs = [fit(model(), by_place, (LEFT, noise, t), way) for way in (True, False)]
    runs += [fit(model(), by_name, {"x": LEFT, "noise": noise, "t": t}, True)]
    assert_same(runs[0], runs[1])
    assert_same(runs[0], runs[2])
    assert seen == {Tensor, (2,)}


@WAYS
def test_a_loss_of_the_whole_model_gives_one_number(compiled):
    def wrong(model, x):
        return model(x)

    with pytest.raises(TypeError, match="the loss must give a single Value, got a Tensor"):
        fit(nn.Dense(2, 1), wrong, LEFT, compiled)


def test_what_only_a_batch_knows_is_refused_where_samples_go_one_by_one():
    images = RNG.normal(size=(6, 1, 2, 2))

    class Normalised(VAE):
        def __init__(self):
            self.norm = nn.BatchNorm2D(1)

        def loss(self, x):
            return (self.norm(x) ** 3).sum()

    with pytest.raises(ValueError, match="BatchNorm2D needs batch statistics"):
        fit(model := Normalised(), model.loss, images, False)
    fit(model := Normalised(), model.loss, images, True, epochs=1)
    assert model.norm.running_mean.tolist() != [0.0]
    data = nn.data.Dataset(images, [0] * 6, weights=[1] * 6)
    with pytest.raises(ValueError, match="a loss of the whole model weighs samples itself"):
        fit(model, model.loss, data, True)


WEIGHTS = RNG.integers(0, 4, 12).tolist()


@WAYS
@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.CrossEntropyLoss(weight=[1, 3])])
def test_a_sample_of_weight_three_counts_as_three_of_them(compiled, loss):
    repeated = [k for k, w in enumerate(WEIGHTS) for _ in range(w)]
    options = {"epochs": 1, "batch_size": 100}
    weighted, several = (
        fit(nn.Dense(2, 2, rng=random.Random(0)), loss, data, compiled, **options)
        for data in (
            (LEFT, LABELS, WEIGHTS), (LEFT[repeated], [LABELS[k] for k in repeated]),
        )
    )  # fmt: skip
    assert_same(weighted, several)


@WAYS
def test_ignored_samples_change_nothing(compiled):
    some = [t if k % 3 else -1 for k, t in enumerate(LABELS)]
    kept = [k for k, t in enumerate(some) if t >= 0]
    options = {"epochs": 1, "batch_size": 100}
    ignoring, fewer = (
        fit(nn.Dense(2, 2, rng=random.Random(0)), loss, data, compiled, **options)
        for loss, data in [
            (nn.CrossEntropyLoss(ignore_index=-1), (LEFT, some)),
            (nn.CrossEntropyLoss(), (LEFT[kept], [LABELS[k] for k in kept])),
        ]
    )
    assert_same(ignoring, fewer)
    nothing = fit(nn.Dense(2, 2), nn.NLLLoss(ignore_index=-1), (LEFT, [-1] * 12), compiled)
    assert nothing.history["loss"] == [0.0, 0.0]


# --- steps ----------------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize("accumulate", [2, 5])
def test_steps_after_several_batches_are_steps_of_one_large_batch(compiled, accumulate):
    data = (LEFT, LABELS)
    runs = [
        fit(nn.Dense(2, 2, rng=random.Random(0)), nn.CrossEntropyLoss(), data, compiled,
            batch_size=size, accumulate=several)
        for size, several in [(3, accumulate), (3 * accumulate, 1)]
    ]  # fmt: skip
    assert_same(*runs)
    assert runs[0].optimizer.steps == runs[1].optimizer.steps


@WAYS
def test_a_schedule_may_step_with_every_step(compiled):
    model = nn.Dense(2, 2)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    schedule = nn.StepLR(optimizer, 1, gamma=0.5)
    fit(model, nn.CrossEntropyLoss(), (LEFT, LABELS), compiled,
        optimizer=optimizer, schedule=schedule, schedule_every="step")  # fmt: skip
    assert schedule.time == optimizer.steps == 6
    assert optimizer.lr == 0.1 * 0.5**6
    with pytest.raises(ValueError, match='schedule_every must be "epoch" or "step", got'):
        nn.Trainer(model, nn.MSELoss(), optimizer, schedule_every="batch")


def test_the_last_batch_is_left_out_where_it_is_smaller():
    seen = []

    def loss(outputs, targets):
        seen.append(len(targets))
        return nn.CrossEntropyLoss()(outputs, targets)

    fit(nn.Dense(2, 2), loss, (LEFT, LABELS), False, epochs=1, drop_last=True)
    assert seen == [5, 5]
    with pytest.raises(ValueError, match="drop_last leaves nothing of 12 samples"):
        fit(nn.Dense(2, 2), loss, (LEFT, LABELS), False, batch_size=13, drop_last=True)


# --- averages -------------------------------------------------------------------------------------


@WAYS
def test_averages_are_measured_and_left_and_a_training_goes_on_without_them(compiled):
    def run(optimizer_of, epochs):
        model = nn.Dense(2, 2, rng=random.Random(0))
        optimizer = optimizer_of(nn.Adam(model.parameters(), lr=0.1))
        trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer)
        for count in epochs:
            trainer.fit(
                (LEFT, LABELS), (LEFT, LABELS), epochs=count, batch_size=5, progress=False,
                compiled=compiled,
            )  # fmt: skip
        return trainer

    plain = run(lambda adam: adam, [2])
    ema = run(lambda adam: nn.EMA(adam, decay=0.5), [2])
    assert ema.history["loss"] == plain.history["loss"]
    assert ema.history[-1].validation_loss != plain.history[-1].validation_loss
    assert ema.evaluate((LEFT, LABELS)).loss == pytest.approx(ema.history[-1].validation_loss)
    shown = numbers(ema.model)
    assert abs(shown - numbers(plain.model)).max() > 1e-3
    ema.optimizer.resume()
    np.testing.assert_array_equal(numbers(ema.model), numbers(plain.model))
    again = run(lambda adam: nn.EMA(adam, decay=0.5), [1, 1])
    assert again.history["loss"] == run(lambda adam: adam, [1, 1]).history["loss"]


@WAYS
@pytest.mark.parametrize("kind", [nn.EMA, nn.SWA])
def test_a_training_with_all_of_it_in_pieces_is_the_same_as_in_one(tmp_path, compiled, kind):
    def run(path, epochs):
        model = VAE()
        body, head = model.encoder.parameters(), model.decoder.parameters()
        optimizer = kind(nn.Adam([{"params": body, "lr": 0.03}, {"params": head}], lr=0.01))
        schedule = nn.CosineRestartsLR(optimizer, 5)
        trainer = nn.Trainer(
            model, model.loss, optimizer, schedule, schedule_every="step", accumulate=2
        )
        trainer.fit(
            LEFT, LEFT, epochs=epochs, batch_size=3, progress=False, compiled=compiled,
            checkpoint=path, drop_last=True, augment=[nn.data.augment.Noise(0.1)],
        )  # fmt: skip
        return model.state_dict(), optimizer.state_dict(), trainer.history["validation_loss"]

    whole = run(None, 4)
    for epochs in (1, 3, 4):
        pieces = run(tmp_path / "run", epochs)
    assert pieces == whole
    loaded = nn.load(tmp_path / "run", into=VAE())
    assert loaded.state_dict() == whole[0]
