"""Sequences are probed with other batches and lengths, and weights with other numbers."""

import numpy as np
import pytest

from autograd import check_layer

RNG = np.random.default_rng(9)


class Rnn:
    """(N, T, C) -> (N, T, H); `mistake` shows with another batch or another length alone."""

    def __init__(self, mistake="", first=0):
        self.W, self.U = RNG.normal(size=(3, 2)), RNG.normal(size=(2, 2))
        self.mistake, self.first = mistake, first

    def forward(self, x):
        x = np.moveaxis(x, self.first, 0)
        self.x, self.hs = x, [np.zeros((len(x), 2))]
        for t in range(x.shape[1]):
            self.hs.append(np.tanh(x[:, t] @ self.W + self.hs[-1] @ self.U))
        return np.moveaxis(np.stack(self.hs[1:], axis=1), 0, self.first)

    def backward(self, dout):
        dout = np.moveaxis(dout, self.first, 0)
        dx, carried = np.zeros(self.x.shape), 0.0
        self.dW, self.dU = np.zeros(self.W.shape), np.zeros(self.U.shape)
        steps = dout.shape[1]
        for t in range(steps)[::-1]:
            d = (dout[:, t] + carried) * (1 - self.hs[t + 1] ** 2)
            if self.mistake == "truncated" and t < steps - 4:
                d = 0 * d
            dx[:, t], carried = d @ self.W.T, d @ self.U.T
            self.dW += self.x[:, t].T @ d
            self.dU += self.hs[t].T @ d
        if self.mistake == "batch":
            self.dU *= len(self.x) / 2
        return np.moveaxis(dx, 0, self.first)


SEQUENCE = RNG.normal(size=(2, 4, 3))


@pytest.mark.parametrize(
    ("layout", "x"), [("NTC", SEQUENCE), ("TNC", SEQUENCE.swapaxes(0, 1).copy())]
)
def test_a_layout_of_sequences_probes_the_batch_and_the_length(layout, x):
    first = layout.index("N")
    report = check_layer(Rnn(first=first), x, layout=layout)
    assert report.ok, str(report)
    notes = "\n".join(report.notes)
    assert all(label in notes for label in ("batch of 1", "batch of 3", "5 steps"))
    for mistake, label in [("batch", "batch of 1; batch of 3"), ("truncated", "5 steps")]:
        wrong = check_layer(Rnn(mistake, first), x, layout=layout)
        assert wrong.verdict == "wrong"
        assert f"wrong for {label}" in wrong.findings[0].what


def test_without_a_layout_the_name_of_the_class_tells_a_sequence():
    for mistake, label in [("batch", "first axis of 3"), ("truncated", "second axis of 5")]:
        report = check_layer(Rnn(mistake), SEQUENCE)
        assert report.verdict == "wrong"
        assert label in report.findings[0].what
    assert check_layer(Rnn(), SEQUENCE).ok


class Masked:
    """Lengths (N,) of sequences (T, N, C)."""

    def forward(self, x, lengths):
        self.mask = (np.arange(len(x))[:, None] < np.asarray(lengths)[None])[..., None]
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


def test_lengths_follow_the_samples_wherever_their_axis_is():
    x = RNG.normal(size=(4, 2, 3))
    report = check_layer(Masked(), x, layout="TNC", options={"lengths": [4, 3]})
    assert report.ok
    assert "batch of 3" in "\n".join(report.notes)


class KeepsState:
    """A state for two samples, which one sample would be stretched to."""

    def __init__(self):
        self.h = RNG.normal(size=(2, 3))

    def forward(self, x):
        self.x = x
        return x * self.h[:, None]

    def backward(self, dout):
        return dout * self.h[:, None], (dout * self.x).sum(axis=1)


def test_a_state_of_so_many_samples_is_not_probed_with_another_number_of_them():
    report = check_layer(KeepsState(), RNG.normal(size=(2, 4, 3)), layout="NTC")
    assert report.verdict == "right", str(report)
    (also,) = (note for note in report.notes if note.startswith("right also for"))
    assert "batch" not in also


class LayerNorm:
    def __init__(self, forgotten="", root=False):
        self.gamma, self.beta = np.ones(4), np.zeros(4)
        self.forgotten, self.root = forgotten, root

    def forward(self, x):
        self.sigma = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        self.z = (x - x.mean(axis=-1, keepdims=True)) / self.sigma
        return self.z * self.scale() + self.beta

    def scale(self):
        return np.sqrt(self.gamma) if self.root else self.gamma

    def backward(self, dout):
        slope = 0.5 / np.sqrt(self.gamma) if self.root else 1.0
        self.dgamma = slope * (dout * self.z).sum(axis=0)
        self.dbeta = dout.sum(axis=0)
        d = dout if self.forgotten else dout * self.scale()
        d = d - d.mean(axis=-1, keepdims=True) - self.z * (d * self.z).mean(axis=-1, keepdims=True)
        return d / self.sigma


def test_a_layer_norm_whose_dx_forgets_gamma_is_found_though_gamma_is_1():
    x = RNG.normal(size=(5, 4))
    assert check_layer(LayerNorm("gamma"), x, probe=False).ok
    report = check_layer(LayerNorm("gamma"), x)
    assert report.verdict == "wrong"
    assert report.findings[0].what.startswith("wrong for other weights (gamma, beta); right as")
    right = check_layer(LayerNorm(), x)
    assert right.ok
    assert "other weights (gamma, beta)" in "\n".join(right.notes)
    assert not any("entries that differ" in line for line in right.unexercised)


def test_weights_that_must_be_positive_are_moved_and_stay_so():
    x = RNG.normal(size=(5, 4))
    report = check_layer(LayerNorm(root=True), x)
    assert report.ok, str(report)
    assert "other weights (gamma, beta)" in "\n".join(report.notes)
    assert check_layer(LayerNorm("gamma", root=True), x).verdict == "wrong"


class Scale:
    """One number, 1 at first; `wrong` forgets it."""

    def __init__(self, wrong):
        self.scale, self.wrong = np.ones(1), wrong

    def forward(self, x):
        self.x = x
        return x * self.scale

    def backward(self, dout):
        self.dscale = np.array([(dout * self.x).sum()])
        return dout if self.wrong else dout * self.scale


def test_a_single_weight_of_1_is_moved():
    x = RNG.normal(size=(3, 2))
    assert check_layer(Scale(False), x).ok
    assert check_layer(Scale(True), x, probe=False).ok
    assert check_layer(Scale(True), x).verdict == "wrong"


def test_weights_that_already_say_enough_stay_as_they_are():
    report = check_layer(Rnn(), SEQUENCE, layout="NTC")
    assert "other weights" not in "\n".join(report.notes)
