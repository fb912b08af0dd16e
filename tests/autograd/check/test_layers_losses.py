"""Losses: argument order, the place of 1/N, and gradients that are kept or returned."""

import numpy as np
import pytest

from autograd.check.losses import check_loss

RNG = np.random.default_rng(2)
PREDICTED, TRUE = RNG.random((4, 3)), RNG.random((4, 3))
LABELS = np.array([0, 2, 1, 1])


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


def mse_prime_without_n(y_true, y_pred):
    return 2 * (y_pred - y_true)


def absolute(a, b):
    return np.abs(a - b).sum()


class SoftmaxCrossEntropy:
    """Logits and labels; backward takes the usual 1."""

    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dout * dx / len(self.t)


class NnfsCrossEntropy:
    """One loss per sample; `dvalues` are the predictions; kept in dinputs."""

    def forward(self, y_pred, y_true):
        return -np.log(y_pred[range(len(y_true)), y_true])

    def backward(self, dvalues, y_true):
        one_hot = np.eye(dvalues.shape[1])[y_true]
        self.dinputs = -one_hot / dvalues / len(dvalues)


class PerEntry:
    """Squared errors entry by entry; their sum is meant."""

    def __call__(self, output, target):
        self.output, self.target = output, target
        return 0.5 * (output - target) ** 2

    def backward(self):
        return self.output - self.target


@pytest.mark.parametrize(
    ("loss", "target", "note"),
    [
        ((mse, mse_prime), TRUE, ""),
        ((absolute, lambda a, b: np.sign(a - b)), TRUE, "a is the prediction"),
        (SoftmaxCrossEntropy(), LABELS, ""),
        (NnfsCrossEntropy(), LABELS, "taken as their mean (inferred)"),
        (PerEntry(), TRUE, "taken as their sum (inferred)"),
    ],
)
def test_a_right_loss_passes_and_what_was_inferred_is_stated(loss, target, note):
    report = check_loss(loss, PREDICTED, target)
    assert report.ok, str(report)
    assert note in "\n".join(report.notes)


def test_a_forgotten_mean_is_found():
    assert check_loss((mse, mse_prime_without_n), PREDICTED, TRUE).verdict == "wrong"
    assert check_loss(PerEntry(), PREDICTED, TRUE, reduction="mean").verdict == "wrong"


def test_bad_calls_are_refused():
    with pytest.raises(ValueError, match="reduction"):
        check_loss(PerEntry(), PREDICTED, TRUE, reduction="max")
    with pytest.raises(TypeError, match="no backward"):
        check_loss(mse, PREDICTED, TRUE)
