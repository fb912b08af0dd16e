"""Losses with targets: probes of other batches take the targets along."""

import numpy as np

from autograd import check_layer

RNG = np.random.default_rng(0)


class SquaredError:
    def forward(self, p, y):
        self.p, self.y = p, y
        return ((p - y) ** 2).mean()

    def backward(self):
        return 2 * (self.p - self.y) / self.p.size


class CrossEntropy:
    def forward(self, x, labels):
        self.labels = labels
        powers = np.exp(x - x.max(1, keepdims=True))
        self.p = powers / powers.sum(1, keepdims=True)
        return -np.log(self.p[np.arange(len(x)), labels]).mean()

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(d)), self.labels] -= 1
        return d / len(d)


def test_targets_follow_the_batch_of_a_probe():
    x = RNG.normal(size=(4, 5))
    for layer, options in [
        (SquaredError(), {"y": np.ones((4, 5))}),
        (CrossEntropy(), {"labels": np.array([0, 1, 1, 4])}),
    ]:
        report = check_layer(layer, x, options=options)
        assert report.ok, report


class Dropout:
    def forward(self, x):
        self.mask = np.random.default_rng().random(x.shape) > 0.5
        return x * self.mask

    def backward(self, d):
        return d * self.mask


def test_a_layer_with_a_generator_of_its_own_is_undecided_and_nothing_else_is_said():
    report = check_layer(Dropout(), RNG.normal(size=(4, 5)))
    assert report.verdict == "undecided"
    assert all("another result on the same inputs" in f.what for f in report.findings)


class Clipped:
    def __init__(self, mistake=1.0):
        rng = np.random.default_rng(0)
        self.w, self.v = 3 * rng.normal(size=(4, 3)), 3 * rng.normal(size=(2, 4))
        self.mistake = mistake

    def forward(self, x):
        self.x, self.h = x, self.w @ x
        return self.v @ self.h

    def backward(self, d, lr=0.02):
        dv = d @ self.h.T
        dw = self.mistake * self.v.T @ d @ self.x.T
        for weights, gradient in ((self.w, dw), (self.v, dv)):
            np.clip(gradient, -1, 1, out=gradient)
            weights -= lr * gradient


def test_updates_that_are_clipped_are_checked_with_a_small_upstream():
    x = RNG.normal(size=(3, 1))
    right = check_layer(Clipped(), x)
    assert right.ok, right
    assert any("clipped" in note for note in right.notes)
    assert check_layer(Clipped(2.0), x).gradients["w"].verdict == "wrong"


class TwoWeights:
    """y = x·(W + V); the one gradient that is kept has the shape of both, and no name."""

    def __init__(self):
        self.W, self.V = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))

    def forward(self, x):
        self.x = x
        return x @ (self.W + self.V)

    def backward(self, d):
        self.grad = self.x.T @ d
        return d @ (self.W + self.V).T


def test_one_attribute_is_the_gradient_of_one_weight():
    report = check_layer(TwoWeights(), RNG.normal(size=(5, 4)), probe=False)
    assert set(report.gradients) == {"x", "W"}
    assert "forward depends on V, but backward leaves no gradient" in "\n".join(report.notes)


class EachSample:
    """Keeps a gradient of W for each sample, and their sum."""

    def __init__(self):
        self.W = RNG.normal(size=(4, 3))

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, d):
        self.dW = self.x[:, :, None] * d[:, None, :]
        self.W_grad = self.dW.sum(axis=0)
        return d @ self.W.T


def test_of_two_gradients_of_a_weight_the_one_of_its_shape_is_taken():
    report = check_layer(EachSample(), RNG.normal(size=(5, 4)), probe=False)
    assert report.ok, report
    assert "W in W_grad" in "\n".join(report.notes)
