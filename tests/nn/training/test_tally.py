"""Accuracy and predicted classes: of labels of every kind, and of every position of a sample."""

import random
from fractions import Fraction

import numpy as np
import pytest

import nn
from autograd import Tensor, Value

DIGITS = nn.data.digits().subset([0, 1, 2]).take(range(24))
IMAGES, LABELS = np.array(DIGITS.images).reshape(24, 64), DIGITS.labels
ONE_HOT = np.eye(3)[LABELS]
BOTH = pytest.mark.parametrize("compiled", [True, False])

KINDS = {
    "list of NumPy ints": [np.int64(t) for t in LABELS],
    "array of bytes": np.array(LABELS, np.uint8),
    "floats": [float(t) for t in LABELS],
    "NumPy floats": [np.float32(t) for t in LABELS],
    "0-d arrays": [np.array(t) for t in LABELS],
    "Tensor": Tensor(LABELS),
    "Values": [Value(t) for t in LABELS],
    "objects": np.array(LABELS, object),
    "fractions": [Fraction(t) for t in LABELS],
    "one-hot": ONE_HOT,
    "one-hot ints": ONE_HOT.astype(int).tolist(),
    "one-hot bools": ONE_HOT.astype(bool),
    "one-hot rows": list(ONE_HOT),
    "one-hot Tensors": [Tensor(row) for row in ONE_HOT.tolist()],
}


def trainer_of(model=None, loss=None):
    random.seed(0)
    model = model or nn.Dense(64, 3)
    return nn.Trainer(model, loss or nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.1))


def fitted(data, compiled, model=None, loss=None):
    trainer = trainer_of(model, loss)
    history = trainer.fit(data, data, epochs=2, batch_size=9, progress=False, compiled=compiled)
    return history, trainer.evaluate(data, compiled=compiled)


@BOTH
@pytest.mark.parametrize("labels", KINDS.values(), ids=KINDS.keys())
def test_labels_of_every_kind_are_the_same_classes(labels, compiled):
    history, found = fitted((IMAGES, labels), compiled)
    expected, ints = fitted((IMAGES, LABELS), compiled)
    assert history["accuracy"] == expected["accuracy"]
    assert history["validation_accuracy"] == expected["validation_accuracy"]
    assert history["loss"] == pytest.approx(expected["loss"], rel=1e-6)
    assert found.predictions == ints.predictions
    assert found.accuracy == ints.accuracy > 0.5


@BOTH
def test_the_class_of_a_row_of_probabilities_is_its_largest(compiled):
    soft = 0.7 * ONE_HOT + 0.1
    found = trainer_of().evaluate((IMAGES, soft), compiled=compiled)
    assert found.accuracy == trainer_of().evaluate((IMAGES, LABELS), compiled=compiled).accuracy


@BOTH
@pytest.mark.parametrize("wrong", [0.5, -1, 3, float("nan"), float("inf")])
def test_a_number_that_is_no_class_is_refused(wrong, compiled):
    with pytest.raises(ValueError, match=f"label {wrong} is not one of the 3 classes 0 to 2"):
        fitted((IMAGES, [*LABELS[:-1], wrong]), compiled)


@BOTH
@pytest.mark.parametrize("axes", [1, 2])
def test_a_column_of_classes_is_refused(axes, compiled):
    labels = np.array(LABELS).reshape(24, *[1] * axes)
    with pytest.raises(ValueError, match=r"needs classes \(24,\) or one-hot \(24, 3\)"):
        trainer_of().evaluate((IMAGES, labels), compiled=compiled)


@BOTH
def test_targets_of_a_loss_without_classes_have_no_accuracy(compiled):
    for loss in (nn.MSELoss(), nn.BCEWithLogitsLoss()):
        history, found = fitted((IMAGES, ONE_HOT), compiled, loss=loss)
        assert (history[-1].accuracy, found.accuracy, found.predictions) == (None, None, [])


class First(nn.losses.Loss):
    """A loss of its own, of the first output and a number."""

    def forward(self, prediction, target):
        target = target if isinstance(target, Value) else Tensor(target)
        return ((prediction[..., 0] - target) ** 2).mean()


def test_ints_are_classes_to_a_loss_that_says_nothing_of_classes():
    """One output is no choice, and floats are measurements."""
    model = nn.Dense(64, 2)
    found = trainer_of(model, First()).evaluate((IMAGES, LABELS), compiled=False)
    assert found.predictions == model(IMAGES).argmax(-1)
    halves = [t / 2 for t in LABELS]
    for outputs, labels in ((1, LABELS), (2, halves)):
        found = trainer_of(nn.Dense(64, outputs), First()).evaluate(
            (IMAGES, labels), compiled=False
        )
        assert (found.accuracy, found.predictions) == (None, [])


# --- a class at every position -------------------------------------------------------------------


class Letters(nn.Module):
    """The next letter at each step of a sequence: (T, K) -> (T, K)."""

    def __init__(self):
        self.hidden, self.head = nn.Dense(4, 6), nn.Dense(6, 4)

    def forward(self, x):
        return self.head(self.hidden(x).tanh())


class Segments(nn.Module):
    """A class for each pixel: (1, H, W) -> (H, W, K)."""

    def __init__(self):
        self.conv = nn.Conv2D(1, 3, 3, padding=1)

    def forward(self, x):
        return self.conv(x).transpose(-3, -2).transpose(-2, -1)


def letters():
    steps = np.array([[(k + t) % 4 for t in range(6)] for k in range(20)])
    return np.eye(4)[steps[:, :-1]], steps[:, 1:]


def segments():
    images = np.array(DIGITS.images)[:12]
    return images, np.digitize(images[:, 0], [0.3, 0.7])


@BOTH
@pytest.mark.parametrize(("make", "data"), [(Letters, letters), (Segments, segments)])
@pytest.mark.parametrize("one_hot", [False, True])
def test_a_class_at_every_position_is_learnt_and_counted(make, data, one_hot, compiled):
    images, labels = data()
    targets = np.eye(labels.max() + 1)[labels] if one_hot else labels
    random.seed(0)
    model = make()
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.Adam(model.parameters(), lr=0.1))
    history = trainer.fit((images, targets), epochs=25, progress=False, compiled=compiled)
    assert history[-1].loss < history[0].loss / 2
    found = trainer.evaluate((images, targets), batch_size=5, compiled=compiled)
    predicted = np.array(found.predictions)
    assert predicted.shape == labels.shape
    assert (predicted == np.argmax(trainer.predict(images), axis=-1)).all()
    assert found.accuracy == (predicted == labels).mean() > 0.8


@pytest.mark.parametrize(("make", "data"), [(Letters, letters), (Segments, segments)])
def test_classes_at_positions_train_compiled_as_scalar_by_scalar(make, data):
    histories = []
    for compiled in (True, False):
        random.seed(0)
        histories.append(fitted(data(), compiled, make())[0])
    for column in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        assert histories[0][column] == pytest.approx(histories[1][column], rel=1e-4)


@BOTH
def test_classes_in_front_of_rows_and_columns_are_sent_to_the_end(compiled):
    trainer = trainer_of(nn.Conv2D(1, 3, 3, padding=1))
    with pytest.raises(ValueError, match=r"needs classes .*; \.transpose\(-3, -2\)\.transpose\("):
        trainer.fit(segments(), progress=False, compiled=compiled)


def test_a_confusion_matrix_takes_classes_only():
    assert nn.confusion_matrix([0.0, np.int64(1)], [0, 0], 2) == [[1, 0], [1, 0]]
    for wrong in (-1, 2, 0.5, "a", [0, 1]):
        with pytest.raises(ValueError, match=r"confusion_matrix: .* is not one of the 2 classes"):
            nn.confusion_matrix([0, wrong], [0, 0], 2)
