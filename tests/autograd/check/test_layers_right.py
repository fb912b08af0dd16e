"""Right layers in every style that people write pass, and what was inferred is stated."""

import random

import numpy as np
import pytest

from autograd.check.layers import check_layer

RNG = np.random.default_rng(7)


def correlated(x, w):
    """x (C, H, W), w (O, C, k, l) -> (O, H - k + 1, W - l + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(1, 2))
    return np.einsum("chwij,ocij->ohw", windows, w)


class TutorialConv:
    """`forward`, `backward(output_gradient, learning_rate)`, weights updated inside."""

    def __init__(self, input_shape=(2, 6, 5), kernel_size=3, depth=2):
        rng = np.random.default_rng(0)
        channels, height, width = input_shape
        self.depth = depth
        self.input_shape = input_shape
        self.kernels = rng.standard_normal((depth, channels, kernel_size, kernel_size))
        out = (depth, height - kernel_size + 1, width - kernel_size + 1)
        self.biases = rng.standard_normal(out)

    def forward(self, input_data):
        self.input = input_data
        self.output = np.copy(self.biases)
        self.output += correlated(input_data, self.kernels)
        return self.output

    def backward(self, output_gradient, learning_rate):
        k = self.kernels.shape[-1]
        columns = np.lib.stride_tricks.sliding_window_view(self.input, (k, k), axis=(1, 2))
        kernels_gradient = np.einsum("chwij,ohw->ocij", columns, output_gradient)
        padded = np.pad(output_gradient, ((0, 0), (k - 1, k - 1), (k - 1, k - 1)))
        flipped = self.kernels[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        input_gradient = correlated(padded, flipped)
        self.kernels -= learning_rate * kernels_gradient
        self.biases -= learning_rate * output_gradient
        return input_gradient


class Conv3x3:
    """One channel, HW in, HWF out, a scalar loop over regions, no dX."""

    def __init__(self, num_filters=3):
        self.num_filters = num_filters
        self.filters = np.random.default_rng(1).standard_normal((num_filters, 3, 3)) / 9

    def regions(self, image):
        for i in range(image.shape[0] - 2):
            for j in range(image.shape[1] - 2):
                yield image[i : i + 3, j : j + 3], i, j

    def forward(self, inputs):
        self.last_input = inputs
        h, w = inputs.shape
        output = np.zeros((h - 2, w - 2, self.num_filters))
        for region, i, j in self.regions(inputs):
            output[i, j] = np.sum(region * self.filters, axis=(1, 2))
        return output

    def backprop(self, d_l_d_out, learn_rate):
        d_loss_d_filters = np.zeros(self.filters.shape)
        for region, i, j in self.regions(self.last_input):
            for f in range(self.num_filters):
                d_loss_d_filters[f] += d_l_d_out[i, j, f] * region
        self.filters -= learn_rate * d_loss_d_filters


class NnfsDense:
    """`self.output`, `self.dinputs`, `self.dweights`; nothing is returned."""

    def __init__(self):
        self.weights = RNG.standard_normal((4, 3))
        self.biases = np.zeros((1, 3))

    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)


class DictDense:
    """Weights and gradients in dicts, aliases of them in attributes."""

    def __init__(self, dtype=np.float64):
        self.W = RNG.standard_normal((4, 3)).astype(dtype)
        self.params = {"W": self.W, "b": np.zeros(3, dtype)}
        self.grads = {}

    def __call__(self, x):
        self.x = x
        return x @ self.W + self.params["b"]

    def backward_pass(self, grad):
        self.grads["W"] = self.x.T @ grad
        self.grads["b"] = grad.sum(axis=0)
        return grad @ self.W.T


class ListDense:
    """Weights and gradients in lists, by place."""

    def __init__(self):
        self.params = [RNG.standard_normal((4, 3)), np.zeros(3)]
        self.grads = [np.zeros((4, 3)), np.zeros(3)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout
        self.grads[1][...] = dout.sum(axis=0)
        return dout @ self.params[0].T


class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class ParameterDense:
    """Parameter objects, whose gradients add up until zero_grad."""

    def __init__(self):
        self.W = Parameter(RNG.standard_normal((4, 3)))
        self.b = Parameter(np.zeros(3))

    def zero_grad(self):
        for parameter in (self.W, self.b):
            parameter.grad = np.zeros_like(parameter.value)

    def forward(self, x):
        self.x = x
        return x @ self.W.value + self.b.value

    def backward(self, d_out):
        self.W.grad += self.x.T @ d_out
        self.b.grad += d_out.sum(axis=0)
        return d_out @ self.W.value.T


class TupleDense:
    """(dX, dW, db) returned; forward returns (output, cache)."""

    def __init__(self):
        self.W = RNG.standard_normal((4, 3))
        self.b = np.zeros(3)

    def forward(self, x):
        return x @ self.W + self.b, (x, self.W)

    def backward(self, dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, dout.sum(axis=0)


class NamedDense(TupleDense):
    """A dict returned."""

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        return {"db": dout.sum(axis=0), "dW": self.x.T @ dout, "dx": dout @ self.W.T}


class ColumnDense:
    """Samples are columns: (D, 1) -> (O, 1); no bias gradient but the update."""

    def __init__(self):
        self.weights = RNG.standard_normal((3, 4))
        self.bias = RNG.standard_normal((3, 1))

    def forward(self, inputs):
        self.input = inputs
        return np.dot(self.weights, self.input) + self.bias

    def backward(self, output_gradient, learning_rate=0.01):
        weights_gradient = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights = self.weights - learning_rate * weights_gradient
        self.bias = self.bias - learning_rate * output_gradient
        return input_gradient


class OwnRateDense(ColumnDense):
    """The learning rate is an attribute."""

    def __init__(self):
        super().__init__()
        self.lr = 0.05

    def backward(self, output_gradient):
        return ColumnDense.backward(self, output_gradient, self.lr)


class HardRateDense(ColumnDense):
    """The learning rate is a number in the code."""

    def backward(self, output_gradient):
        return ColumnDense.backward(self, output_gradient, 0.02)


class StepDense(ColumnDense):
    """Keeps the step, which is no gradient, beside the update."""

    def backward(self, output_gradient, learning_rate):
        self.delta_weights = learning_rate * np.dot(output_gradient, self.input.T)
        dx = np.dot(self.weights.T, output_gradient)
        self.weights = self.weights - self.delta_weights
        self.bias = self.bias - learning_rate * output_gradient
        return dx


class GivenInputDense:
    """`backward(inputs, grad_output)`, as in the courses of the YSDA."""

    def __init__(self):
        self.learning_rate = 0.1
        self.weights = RNG.standard_normal((4, 3))
        self.biases = np.zeros(3)

    def forward(self, inputs):
        return np.dot(inputs, self.weights) + self.biases

    def backward(self, inputs, grad_output):
        grad_input = np.dot(grad_output, self.weights.T)
        self.weights = self.weights - self.learning_rate * np.dot(inputs.T, grad_output)
        self.biases = self.biases - self.learning_rate * grad_output.sum(axis=0)
        return grad_input


class LazyDense:
    """Weights made by the first forward."""

    W = None

    def forward(self, x):
        if self.W is None:
            self.W = np.random.randn(x.shape[1], 3)
        self.x = x
        return x @ self.W

    def backward(self, grad):
        self.grad_W = self.x.T @ grad
        return grad @ self.W.T


class LoopDense:
    """Nested lists and scalar loops, lists out."""

    def __init__(self):
        draw = random.Random(3)
        self.w = [[draw.uniform(-1, 1) for _ in range(4)] for _ in range(3)]
        self.b = [0.1, -0.2, 0.3]

    def forward(self, x):
        self.x = x
        return [sum(w * v for w, v in zip(row, x, strict=True)) + b
                for row, b in zip(self.w, self.b, strict=True)]  # fmt: skip

    def backward(self, grad, lr):
        dx = [sum(self.w[o][i] * grad[o] for o in range(3)) for i in range(4)]
        for o in range(3):
            for i in range(4):
                self.w[o][i] -= lr * grad[o] * self.x[i]
            self.b[o] -= lr * grad[o]
        return dx


class MeanDense(NamedDense):
    """Coursera's convention: the 1/N of the mean loss is in dW and db."""

    def backward(self, d_a):
        m = self.x.shape[0]
        return d_a @ self.W.T, self.x.T @ d_a / m, d_a.sum(axis=0) / m


class ReLU:
    """A mask, no weights; `bprop`."""

    def fprop(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, 0)

    def bprop(self, grad):
        return grad * self.mask


class LeakyReLU:
    """`alpha` is the slope, not a learning rate."""

    def __init__(self):
        self.alpha = 0.1

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, grad):
        return grad * np.where(self.x > 0, 1.0, self.alpha)


class Dropout:
    """A mask drawn anew in each forward, from NumPy's global generator."""

    def __init__(self, p=0.4):
        self.p = p

    def forward(self, x, train_flg=False):
        if not train_flg:
            return x
        self.mask = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class OwnDropout(Dropout):
    """A generator of its own."""

    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(5)

    def forward(self, x):
        self.mask = (self.rng.random(x.shape) > self.p) / (1 - self.p)
        return x * self.mask


class BatchNorm:
    """Saito's book: gamma, beta, running statistics."""

    def __init__(self):
        self.gamma, self.beta = np.full(4, 1.5), np.full(4, 0.2)
        self.running_mean, self.running_var = np.zeros(4), np.ones(4)

    def forward(self, x, train_flg=True):
        if not train_flg:
            return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var) + self.beta
        self.xc = x - x.mean(axis=0)
        self.std = np.sqrt(np.mean(self.xc**2, axis=0) + 1e-7)
        self.xn = self.xc / self.std
        self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(axis=0)
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        self.dbeta, self.dgamma = dout.sum(axis=0), np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        return (dxn - dxn.mean(axis=0) - self.xn * np.mean(dxn * self.xn, axis=0)) / self.std


class MaxPool:
    """HWC images, scalar loops, all maxima of a window share its gradient."""

    def forward(self, image):
        self.image = image
        h, w, c = image.shape
        return image[: h // 2 * 2, : w // 2 * 2].reshape(h // 2, 2, w // 2, 2, c).max(axis=(1, 3))

    def backward(self, grad):
        out = np.zeros(self.image.shape)
        for i, j, k in np.ndindex(*grad.shape):
            window = self.image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k]
            ties = window == window.max()
            out[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k] += grad[i, j, k] * ties / ties.sum()
        return out


class NhwcConv:
    """(N, H, W, C), kernel (k, k, C, O), stride 2 and padding 1."""

    def __init__(self, stride=2, padding=1):
        self.stride, self.padding = stride, padding
        self.filters = RNG.standard_normal((3, 3, 2, 4)) * 0.3
        self.b = np.zeros(4)

    def windows(self, p):
        view = np.lib.stride_tricks.sliding_window_view(p, (3, 3), axis=(1, 2))
        return view[:, :: self.stride, :: self.stride]

    def forward(self, x):
        q = self.padding
        self.p = np.pad(x, ((0, 0), (q, q), (q, q), (0, 0)))
        return np.einsum("nijcuv,uvco->nijo", self.windows(self.p), self.filters) + self.b

    def backward(self, dout):
        dw = np.einsum("nijcuv,nijo->uvco", self.windows(self.p), dout)
        dp = np.zeros_like(self.p)
        for i, j in np.ndindex(*dout.shape[1:3]):
            a, b = i * self.stride, j * self.stride
            dp[:, a : a + 3, b : b + 3] += np.einsum("no,uvco->nuvc", dout[:, i, j], self.filters)
        q = self.padding
        inner = dp[:, q : dp.shape[1] - q, q : dp.shape[2] - q]
        return inner, dw, dout.sum(axis=(0, 1, 2))


X = RNG.standard_normal((5, 4))
IMAGE = RNG.standard_normal((6, 5))

RIGHT = {
    "tutorial conv": (TutorialConv(), RNG.standard_normal((2, 6, 5))),
    "float32 conv": (TutorialConv(), RNG.standard_normal((2, 6, 5)).astype(np.float32)),
    "conv 3x3": (Conv3x3(), IMAGE),
    "integer image": (Conv3x3(), RNG.integers(0, 255, (6, 5))),
    "nnfs": (NnfsDense(), X),
    "dict": (DictDense(), X),
    "float32": (DictDense(np.float32), X.astype(np.float32)),
    "list": (ListDense(), X),
    "parameter objects": (ParameterDense(), X),
    "tuple and cache": (TupleDense(), X),
    "dict returned": (NamedDense(), X),
    "column": (ColumnDense(), RNG.standard_normal((4, 1))),
    "own rate": (OwnRateDense(), RNG.standard_normal((4, 1))),
    "rate in the code": (HardRateDense(), RNG.standard_normal((4, 1))),
    "step kept": (StepDense(), RNG.standard_normal((4, 1))),
    "input given": (GivenInputDense(), X),
    "lazy": (LazyDense(), X),
    "loops": (LoopDense(), [0.3, -1.2, 0.7, 2.0]),
    "mean": (MeanDense(), X),
    "relu": (ReLU(), np.array([[1.0, -2.0, 0.0], [0.5, 3.0, -1.0]])),
    "leaky relu": (LeakyReLU(), X),
    "dropout": (Dropout(), X),
    "dropout of its own": (OwnDropout(), X),
    "batch norm": (BatchNorm(), X),
    "max pool": (MaxPool(), RNG.standard_normal((6, 5, 2))),
    "ties": (MaxPool(), RNG.integers(0, 3, (6, 5, 2)).astype(float)),
    "nhwc": (NhwcConv(), RNG.standard_normal((2, 6, 5, 2))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_layer_passes(name):
    layer, x = RIGHT[name]
    report = check_layer(layer, x, probe=False)
    assert report.ok, str(report)
    assert report.findings == []
    assert len(report.gradients) > 0


EXPECTED = {
    "tutorial conv": {"x", "kernels", "biases"},
    "conv 3x3": {"filters"},
    "dict": {"x", "W", "b"},
    "list": {"x", "params[0]", "params[1]"},
    "parameter objects": {"x", "W", "b"},
    "lazy": {"x", "W"},
    "loops": {"x", "w", "b"},
    "leaky relu": {"x"},
    "batch norm": {"x", "gamma", "beta"},
    "nhwc": {"x", "filters", "b"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_weight_is_found_and_nothing_else(name):
    layer, x = RIGHT[name]
    assert set(check_layer(layer, x, probe=False).gradients) == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("tutorial conv", "kernels (before - after) / learning rate"),
        ("own rate", "lr set to 1"),
        ("rate in the code", "0.02 read off the update"),
        ("mean", "divided by N = 5"),
        ("lazy", "made by the first forward"),
        ("dropout", "random"),
        ("parameter objects", "add up from call to call until zero_grad()"),
        ("nnfs", "weights in dweights"),
        ("dict", "W in grads['W']"),
        ("nhwc", "probably NHWC"),
    ],
)
def test_what_was_inferred_is_stated(name, note):
    layer, x = RIGHT[name]
    assert note in "\n".join(check_layer(layer, x, probe=False).notes)


def test_the_layer_and_the_input_are_left_as_they_were():
    layer, x = TutorialConv(), RNG.standard_normal((2, 6, 5))
    kernels, before = layer.kernels.copy(), x.copy()
    state = np.random.get_state()[1].copy()
    check_layer(layer, x, probe=False)
    assert np.array_equal(layer.kernels, kernels)
    assert not hasattr(layer, "output")
    assert np.array_equal(x, before)
    assert np.array_equal(np.random.get_state()[1], state)
