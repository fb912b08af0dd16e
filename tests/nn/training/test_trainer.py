"""The trainer: history, determinism, callbacks, evaluation; and learning something."""

import gc
import math
import random

import numpy as np
import pytest

import nn

PATTERNS = [[[[1.0, 0.0], [0.0, 1.0]]], [[[0.0, 1.0], [1.0, 0.0]]]]


def patterns(n=24, seed=0):
    """Two classes of noisy 2×2 images."""
    rng = random.Random(seed)
    labels = [k % 2 for k in range(n)]
    images = [
        [[[v + rng.gauss(0, 0.1) for v in row] for row in channel] for channel in PATTERNS[t]]
        for t in labels
    ]
    return nn.data.Dataset(images, labels, ["diagonal", "counter"])


def make(seed=0, dropout=0.0, **options):
    random.seed(seed)
    model = nn.Sequential(
        nn.Flatten(), nn.Dense(4, 6), nn.Tanh(), nn.Dropout(dropout), nn.Dense(6, 2)
    )
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    return nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, **options)


def fit(trainer, **options):
    return trainer.fit(patterns(), batch_size=8, progress=False, **options)


def test_it_learns_and_records_what_happened():
    trainer = make()
    history = fit(trainer, validation=patterns(seed=1), epochs=8)
    assert history["accuracy"][-1] == 1.0
    assert history[-1].validation_accuracy == 1.0
    assert history[-1].loss < history[0].loss / 2
    assert [e.number for e in history] == list(range(1, 9))
    assert "epoch  8" in str(history)
    with pytest.raises(KeyError, match="the columns are number, loss"):
        history["f1"]


def test_the_same_seed_gives_the_same_result_bit_for_bit():
    states = []
    for _ in range(2):
        trainer = make(dropout=0.5)
        random.seed()
        fit(trainer, epochs=2, seed=7)
        states.append(trainer.model.state_dict())
    assert states[0] == states[1]
    other = make(dropout=0.5)
    fit(other, epochs=2, seed=8)
    assert other.model.state_dict() != states[0]


def test_fitting_again_goes_on():
    trainer = make()
    fit(trainer, epochs=2)
    assert [e.number for e in fit(trainer, epochs=1)] == [1, 2, 3]


def test_a_schedule_steps_after_every_epoch():
    trainer = make()
    trainer.schedule = nn.StepLR(trainer.optimizer, 1, gamma=0.5)
    assert fit(trainer, epochs=3)["lr"] == [0.05, 0.025, 0.0125]


def test_clipping_bounds_the_gradient_of_each_batch():
    trainer = make(clip_norm=1e-3)
    fit(trainer, epochs=1)
    values = trainer.optimizer.values
    assert math.sqrt(sum(v.grad**2 for v in values)) <= 1e-3 * (1 + 1e-9)


@pytest.mark.parametrize("compiled", [True, False])
def test_an_optimiser_that_would_train_nothing_is_refused(compiled):
    trainer = make()
    trainer.optimizer = make().optimizer
    with pytest.raises(ValueError, match="no parameter of the model"):
        fit(trainer, compiled=compiled)
    trainer = make()
    trainer.model.layers = [*trainer.model.layers[:4], nn.Dense(6, 2)]
    with pytest.raises(ValueError, match=r"changes 4\.weight\[0,0\], which is no parameter"):
        fit(trainer, compiled=compiled)


@pytest.mark.parametrize("optimizer", [nn.SGD, nn.Adam])
def test_an_optimiser_that_no_gradient_reaches_says_so(optimizer):
    mine, others = make().model, make().model
    step = optimizer(others.parameters())
    nn.CrossEntropyLoss()(mine([[[1.0, 2.0], [3.0, 4.0]]]), 1).backward()
    with pytest.raises(ValueError, match="no gradient has reached any of its parameters"):
        step.step()


def test_callbacks_see_each_epoch_and_a_true_result_ends_the_training():
    seen = []

    def stop_at_two(trainer, epoch):
        seen.append(epoch.number)
        return epoch.number == 2

    assert len(fit(make(), epochs=5, callbacks=[stop_at_two])) == 2
    assert seen == [1, 2]


def test_early_stopping_waits_then_brings_the_best_parameters_back():
    trainer, states = make(), []
    losses = iter([3.0, 1.0, 2.0, 2.0, 2.0])

    def remember(trainer, epoch):
        states.append(trainer.model.state_dict())

    stopping = nn.EarlyStopping(patience=2, monitor="loss")

    def scripted(trainer, epoch):
        fields = {**epoch.__dict__, "loss": next(losses)}
        return stopping(trainer, nn.Epoch(**fields))

    fit(trainer, epochs=5, callbacks=[remember, scripted])
    assert len(states) == 4
    assert trainer.model.state_dict() == states[1]
    with pytest.raises(ValueError, match="patience"):
        nn.EarlyStopping(patience=0)


def test_evaluating_and_predicting_leave_the_model_as_it_was():
    trainer = make(dropout=0.5)
    state = trainer.model.state_dict()
    result = trainer.evaluate(patterns(), batch_size=5)
    outputs = trainer.predict(patterns().images, batch_size=7)
    assert trainer.model.training
    assert trainer.model.state_dict() == state
    assert result.predictions == [row.index(max(row)) for row in outputs]
    share = sum(p == t for p, t in zip(result.predictions, patterns().labels, strict=True)) / 24
    assert result.accuracy == share


def test_labels_may_be_a_numpy_array():
    data = patterns()
    arrays = nn.data.Dataset(np.array(data.images), np.array(data.labels))
    trainer = make()
    fit(trainer, epochs=3)
    assert trainer.evaluate(arrays).accuracy == trainer.evaluate(data).accuracy


def test_regression_has_no_accuracy():
    model = nn.Dense(1, 1)
    trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters(), lr=0.1))
    xs = [[k / 10] for k in range(10)]
    history = trainer.fit((xs, [[2 * x + 1] for (x,) in xs]), epochs=400, progress=False)
    assert history[-1].accuracy is None
    assert model.weight.tolist()[0][0] == pytest.approx(2, abs=0.2)


def test_early_stopping_leaves_the_last_parameters_where_none_are_asked_back():
    trainer = make()
    states = []
    stop = nn.EarlyStopping(patience=1, monitor="loss", restore=False)
    callbacks = [lambda t, _: states.append(t.model.state_dict()), stop]
    trainer.optimizer.lr = 50.0  # so that it gets worse
    fit(trainer, epochs=20, callbacks=callbacks)
    assert len(trainer.history) < 20
    assert trainer.model.state_dict() == states[-1]
    assert repr(stop) == "EarlyStopping(patience=1, monitor='loss', restore=False)"


def test_a_trainer_and_what_it_gives_print_in_a_line():
    trainer = make(clip_norm=2.0)
    parts = "Sequential, CrossEntropyLoss(), Adam(44 parameters, lr=0.05)"
    assert repr(trainer) == f"Trainer({parts}, clip_norm=2.0)"
    assert repr(trainer.history) == "History(no epochs)"
    history = fit(trainer, epochs=2)
    first, last = history["loss"]
    assert repr(history) == f"History(2 epochs, loss {first:.4f} → {last:.4f})"
    assert history[:1] == [history[0]]
    found = trainer.evaluate(patterns(seed=1))
    assert repr(found) == f"Evaluation(loss={found.loss}, accuracy={found.accuracy})"


def test_progress_is_a_line_for_each_epoch(capsys):
    trainer = make()
    trainer.fit(patterns(), validation=patterns(seed=1), epochs=2, batch_size=8)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch  1  loss ")
    assert "validation loss" in lines[0]
    assert "accuracy" in lines[0]


def test_the_collector_of_cycles_is_left_as_it_was():
    fit(make(), epochs=1)
    assert gc.isenabled()
    gc.disable()
    try:
        fit(make(), epochs=1)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_training_leaves_no_graph_behind():
    trainer = make()
    fit(trainer, epochs=1)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        fit(trainer, epochs=2)
        gc.collect()
        assert len(gc.get_objects()) - before < 500
    finally:
        gc.enable()


def test_a_confusion_matrix_counts_rows_of_truth():
    assert nn.confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], 2) == [[1, 1], [0, 2]]
