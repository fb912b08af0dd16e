"""`nn.Epochs` keeps what a training makes of a model, for the explorer."""

import random

import pytest
from browsing import carried

import autograd
import nn
from autograd import Tensor


def fit(model, callbacks, **options):
    trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters(), lr=0.25))
    options = {"epochs": 3, "progress": False, "compiled": False, **options}
    trainer.fit(([[1.0]], [[2.0]]), callbacks=callbacks, **options)
    return trainer


def test_the_numbers_of_every_epoch_are_those_of_the_rule_by_hand():
    model = nn.Dense(1, 1, bias=False)
    model.weight.assign([[0.0]])
    epochs = nn.Epochs(model)
    assert repr(epochs) == "Epochs(Dense): 1 moments"
    fit(model, [epochs])
    kept = [numbers[model.weight] for _, numbers in epochs]
    assert kept == [[[0.0]], [[1.0]], [[1.5]], [[1.75]]]  # w -= 0.25 · 2 · (w - 2)
    words = ["before the training", "epoch 1: loss 4", "epoch 2: loss 1", "epoch 3: loss 0.25"]
    assert [w for w, _ in epochs] == words


def test_words_say_what_an_epoch_gave():
    random.seed(0)
    train, test = nn.data.digits().subset([0, 1]).split()
    model = nn.Sequential(nn.Flatten(), nn.Dense(64, 2))
    epochs = nn.Epochs(model)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.1))
    trainer.fit(train, test, epochs=1, callbacks=[epochs], progress=False)
    e = trainer.history[0]
    right, held = f"{e.accuracy:.1%} right", f"{e.validation_accuracy:.1%} right"
    assert [words for words, _ in epochs] == [
        "before the training",
        f"epoch 1: loss {e.loss:.4g}, {right}, validation loss {e.validation_loss:.4g}, {held}",
    ]


def test_an_explored_loss_has_the_numbers_of_each_epoch_also_of_buffers():
    random.seed(0)
    model = nn.Sequential(nn.Conv2D(1, 2, 3), nn.BatchNorm2D(2), nn.Flatten(), nn.Dense(72, 2))
    epochs = nn.Epochs(model)
    data = nn.data.digits().subset([0, 1]).take(range(32))
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.Adam(model.parameters(), lr=0.01))
    trainer.fit(data, epochs=2, callbacks=[epochs], progress=False)
    loss = nn.CrossEntropyLoss()(model.eval()(Tensor(data.images[0])), 1)
    header, arrays = carried(autograd.explore(loss, epochs=epochs))
    assert header["epochs"] == [words for words, _ in epochs]
    assert header["epoch"] == 2
    rows = arrays["epochNumbers"].reshape(3, -1)
    assert rows[2].tolist() == arrays["data"][arrays["epochLeaves"]].tolist()
    assert len(rows[0]) == sum(len(part.values) for _, part in model.named_state())
    assert (rows[0] != rows[1]).all() or (rows[0] != rows[2]).any()


def test_a_training_that_goes_on_has_all_moments(tmp_path):
    def trained(path, total):
        random.seed(5)
        model = nn.Sequential(a=nn.Dense(1, 2), b=nn.Dense(2, 1))
        epochs = nn.Epochs(model)
        trainer = fit(model, [epochs], epochs=total, checkpoint=path)
        assert len(trainer.history) == total
        names = {part: name for name, part in model.named_state()}
        return [
            (words, {names[part]: Tensor(given).tolist() for part, given in numbers.items()})
            for words, numbers in epochs
        ]

    trained(tmp_path / "run", 2)
    assert trained(tmp_path / "run", 4) == trained(None, 4)


def test_another_model_than_the_trainers_is_refused():
    with pytest.raises(ValueError, match="another model"):
        fit(nn.Dense(1, 1), [nn.Epochs(nn.Dense(1, 1))])
