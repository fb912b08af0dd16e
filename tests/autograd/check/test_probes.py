"""The probe grid finds what the first input cannot show, and holds nothing against a refusal."""

import numpy as np
import pytest

from autograd.check.layer.variants import Maker
from autograd.check.layers import check_layer

RNG = np.random.default_rng(5)


class Conv:
    """NCHW, any stride, padding and kernel; `wrong` switches a mistake on."""

    def __init__(self, in_channels, out_channels, kernel_size=3, stride=1, padding=0, wrong=""):
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding, self.wrong = (
            kernel_size,
            stride,
            padding,
            wrong,
        )
        k, m = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        self.W = np.random.standard_normal((out_channels, in_channels, k, m)) * 0.3
        self.b = np.zeros(out_channels)

    def forward(self, x):
        self.shape, q = x.shape, self.padding
        self.p = np.pad(x, ((0, 0), (0, 0), (q, q), (q, q)))
        return np.einsum("nchwij,ocij->nohw", self.windows(), self.W) + self.b[:, None, None]

    def windows(self):
        view = np.lib.stride_tricks.sliding_window_view(self.p, self.W.shape[2:], axis=(2, 3))
        return view[:, :, :: self.stride, :: self.stride]

    def backward(self, dout):
        s, q, (k, m) = self.stride, self.padding, self.W.shape[2:]
        self.dW = np.einsum("nchwij,nohw->ocij", self.windows(), dout)
        self.db = dout.sum(axis=(0, 2, 3))
        dp = np.zeros_like(self.p)
        for i, j in np.ndindex(*dout.shape[2:]):
            a, b = (i, j) if self.wrong == "stride" else (i * s, j * s)
            if self.wrong == "square":
                a, b = b, a
            part = np.einsum("no,ocij->ncij", dout[:, :, i, j], self.W)
            dp[:, :, a : a + k, b : b + m] += part[
                :, :, : max(0, dp.shape[2] - a), : max(0, dp.shape[3] - b)
            ]
        if self.wrong == "batch":
            self.db = dout[0].sum(axis=(1, 2))
        if self.wrong == "padding":
            return dp[:, :, : self.shape[2], : self.shape[3]]
        return dp[:, :, q : q + self.shape[2], q : q + self.shape[3]]


class AllThatTie:
    """Every entry that ties for the maximum gets the whole gradient."""

    def forward(self, x):
        self.x = x.reshape(len(x), 4, 2, 4, 2)
        return self.x.max(axis=(2, 4))

    def backward(self, dout):
        mask = self.x == self.x.max(axis=(2, 4), keepdims=True)
        return (mask * dout[:, :, None, :, None]).reshape(len(self.x), 8, 8)


def test_a_mistake_at_ties_alone_is_found():
    report = check_layer(AllThatTie(), RNG.normal(size=(2, 8, 8)))
    assert report.verdict == "wrong"
    assert "wrong for ties" in report.faults[0].what


class Pool:
    """Non-overlapping windows at first; `=` where `+=` belongs shows when they overlap."""

    def __init__(self, pool_size=2, stride=2, wrong=True):
        self.pool_size, self.stride, self.wrong = pool_size, stride, wrong

    def forward(self, x):
        self.x, k, s = x, self.pool_size, self.stride
        h, w = ((n - k) // s + 1 for n in x.shape[1:])
        out = np.zeros((x.shape[0], h, w))
        for i, j in np.ndindex(h, w):
            out[:, i, j] = x[:, i * s : i * s + k, j * s : j * s + k].max(axis=(1, 2))
        return out

    def backward(self, dout):
        dx, k, s = np.zeros_like(self.x), self.pool_size, self.stride
        for c, i, j in np.ndindex(*dout.shape):
            window = self.x[c, i * s : i * s + k, j * s : j * s + k]
            a, b = np.unravel_index(np.argmax(window), window.shape)
            if self.wrong:
                dx[c, i * s + a, j * s + b] = dout[c, i, j]
            else:
                dx[c, i * s + a, j * s + b] += dout[c, i, j]
        return dx


class ManyMaxima:
    """Right without ties; with them every maximum takes the whole gradient."""

    def forward(self, x):
        self.x = x
        return x.max(axis=1)

    def backward(self, dout):
        return (self.x == self.x.max(axis=1, keepdims=True)) * dout[:, None]


X = RNG.standard_normal((1, 2, 5, 5))


def test_a_right_layer_passes_the_whole_grid_and_the_report_lists_it():
    report = check_layer(Conv(2, 3), X)
    assert report.ok, str(report)
    notes = "\n".join(report.notes)
    for label in ("batch of 3", "6×5", "ties", "stride=2", "padding=1", "kernel_size=4",
                  "kernel_size=(3, 4)", "stride=2, padding=1"):  # fmt: skip
        assert label in notes
    assert not any("batch" in line or "square" in line for line in report.unexercised)


@pytest.mark.parametrize(
    ("wrong", "label"),
    [("stride", "stride=2"), ("padding", "padding=1"), ("batch", "batch of 3"), ("square", "×")],
)
def test_what_the_first_input_cannot_show_is_found_and_the_option_named(wrong, label):
    layer = Conv(2, 3, wrong=wrong)
    x = X if wrong != "square" else RNG.standard_normal((1, 2, 3, 3))
    assert check_layer(layer, x, probe=False).ok
    report = check_layer(layer, x)
    assert report.verdict == "wrong"
    assert report.findings[0].name == "probes"
    assert label in report.findings[0].what
    assert "right as given" in report.findings[0].what


def test_overlapping_windows_are_tried():
    x = RNG.standard_normal((2, 6, 6))
    assert check_layer(Pool(), x, probe=False).ok
    report = check_layer(Pool(), x)
    assert report.verdict == "wrong"
    assert "stride=1" in report.findings[0].what
    assert check_layer(Pool(wrong=False), x).ok


def test_ties_are_tried():
    x = RNG.standard_normal((4, 5))
    assert check_layer(ManyMaxima(), x, probe=False).ok
    report = check_layer(ManyMaxima(), x)
    assert report.verdict == "wrong"
    assert "ties" in report.findings[0].what


def test_a_maker_is_used_where_the_arguments_cannot_be_told():
    class Hidden(Conv):
        def __init__(self, channels, **options):
            super().__init__(*channels, **options)

    layer = Hidden((2, 3), wrong="stride")
    report = check_layer(layer, X)
    assert report.ok
    assert "give make=lambda **options: Hidden(...)" in "\n".join(report.unexercised)

    def make(stride=1, padding=0):
        return Hidden((2, 3), stride=stride, padding=padding, wrong="stride")

    report = check_layer(layer, X, make=make)
    assert report.verdict == "wrong"
    assert "stride=2" in report.findings[0].what


def test_a_layer_for_one_shape_is_not_blamed_for_others():
    class Fixed:
        def __init__(self, input_shape):
            self.input_shape = input_shape
            self.scale = np.random.standard_normal(input_shape)

        def forward(self, x):
            return x * x[0].size * self.scale.flat[0]

        def backward(self, dout):
            if dout.shape[1:] != self.input_shape:
                raise ValueError("another shape")
            return dout * dout[0].size * self.scale.flat[0]

    x = RNG.standard_normal((2, 2, 5, 5))
    report = check_layer(Fixed((2, 5, 5)), x)
    assert report.gradients["x"].verdict == "right"
    assert report.verdict != "wrong", str(report)


def test_what_forward_refuses_is_not_held_against_the_layer():
    class Square(Conv):
        def forward(self, x):
            if x.shape[2] != x.shape[3] or self.stride != 1:
                raise NotImplementedError
            return super().forward(x)

    report = check_layer(Square(2, 3, wrong="stride"), X)
    assert report.ok, str(report)
    assert "not supported, so not checked" in "\n".join(report.notes)


def test_the_constructor_is_recovered_from_the_attributes():
    maker = Maker.of(Conv(2, 3, stride=2), None)
    assert maker.values == {"in_channels": 2, "out_channels": 3, "kernel_size": 3, "stride": 2,
                            "padding": 0, "wrong": ""}  # fmt: skip
    assert maker(padding=1).padding == 1
    assert maker().stride == 2


def test_probes_leave_the_global_generator_alone():
    layer = Conv(2, 3)
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    check_layer(layer, X)
    assert np.random.random() == expected


def test_a_backward_that_raises_for_another_batch_gives_no_wrong_gradient_but_a_finding():
    class OneSample:
        def __init__(self):
            self.weights = RNG.standard_normal((4, 3))
            self.bias = RNG.standard_normal((1, 3))

        def forward(self, x):
            self.x = x
            return x @ self.weights + self.bias

        def backward(self, output_error, learning_rate):
            input_error = output_error @ self.weights.T
            self.weights -= learning_rate * self.x.T @ output_error
            self.bias -= learning_rate * output_error
            return input_error

    report = check_layer(OneSample(), RNG.standard_normal((1, 4)))
    assert report.ok, str(report)
    assert report.findings[0].what.startswith("for first axis of 3, backward raised ValueError")
