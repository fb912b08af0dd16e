"""Check the hand-derived gradients of a small CNN in NumPy, layer by layer.

The layers below are written as tutorials write them: `forward` and `backward(output_gradient,
learning_rate)`, the weights updated inside. Convolution, max pooling, a dense layer and softmax
cross-entropy are right; --break switches one classic mistake on and shows what the report says.

    python demos/check_gradients.py                        every layer is right
    python demos/check_gradients.py --list                 the mistakes
    python demos/check_gradients.py --break flipped-kernel
"""

import argparse
import sys

import numpy as np

from autograd import check_layer

MISTAKES = {
    "flipped-kernel": "conv: the kernel is not rotated by 180° for dX",
    "summed-bias": "conv: the gradient of the bias is summed over the channels too",
    "lost-sum": "conv: dW of the last sample alone, = where += belongs",
    "tied-maxima": "max pool: every maximum of a window takes the whole gradient",
    "overwritten": "max pool: overlapping windows overwrite each other, = where += belongs",
    "relu-of-output": "relu: the slope is taken where the gradient is positive, not the input",
    "transposed": "dense: dW is transposed",
    "update-first": "dense: dX with the weights that were just updated",
    "mean-twice": "dense: the gradient of the bias is divided by N, that of the weights is not",
    "ascent": "dense: the update has the wrong sign",
    "no-one-hot": "softmax cross-entropy: the one-hot target is not subtracted",
    "wrong-axis": "softmax cross-entropy: divided by the number of classes, not of samples",
}


class Conv:
    """y[n,o,i,j] = b[o] + Σ_{c,u,v} k[o,c,u,v] · x[n,c,i+u,j+v]."""

    def __init__(self, in_channels: int, filters: int, kernel_size: int, mistake: str = ""):
        self.in_channels, self.filters, self.kernel_size = in_channels, filters, kernel_size
        self.mistake = mistake
        shape = (filters, in_channels, kernel_size, kernel_size)
        self.kernels = np.random.randn(*shape) / kernel_size
        self.biases = np.random.randn(filters)

    def forward(self, x):
        self.x = x
        return correlate(x, self.kernels) + self.biases[:, None, None]

    def backward(self, output_gradient, learning_rate):
        images = zip(self.x, output_gradient, strict=True)
        each = [np.einsum("chwuv,ohw->ocuv", windows(x, g.shape[1:]), g) for x, g in images]
        kernels_gradient = each[-1] if self.mistake == "lost-sum" else sum(each)
        biases_gradient = output_gradient.sum(axis=(0, 2, 3))
        if self.mistake == "summed-bias":
            biases_gradient = np.full(self.filters, output_gradient.sum())
        kernels, around = self.kernels.transpose(1, 0, 2, 3), self.kernel_size - 1
        if self.mistake != "flipped-kernel":
            kernels = kernels[:, :, ::-1, ::-1]
        sides = ((0, 0), (0, 0), (around, around), (around, around))
        input_gradient = correlate(np.pad(output_gradient, sides), kernels)
        self.kernels -= learning_rate * kernels_gradient
        self.biases -= learning_rate * biases_gradient
        return input_gradient


def windows(image, size):
    """(C, H, W) -> (C, H', W', k, l): a window of the kernel for each of H'×W' places."""
    shape = tuple(n - m + 1 for n, m in zip(image.shape[1:], size, strict=True))
    return np.lib.stride_tricks.sliding_window_view(image, shape, axis=(1, 2))


def correlate(x, kernels):
    """(N, C, H, W), (O, C, k, l) -> (N, O, H - k + 1, W - l + 1)."""
    view = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[2:], axis=(2, 3))
    return np.einsum("nchwuv,ocuv->nohw", view, kernels)


class ReLU:
    """y = max(x, 0)."""

    def __init__(self, mistake: str = ""):
        self.mistake = mistake

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, output_gradient, learning_rate):
        z = output_gradient if self.mistake == "relu-of-output" else self.x
        return output_gradient * (z > 0)


class MaxPool:
    """y[n,c,i,j] = max over x[n,c, s·i + u, s·j + v], 0 <= u, v < size."""

    def __init__(self, size: int = 2, stride: int = 2, mistake: str = ""):
        self.size, self.stride, self.mistake = size, stride, mistake

    def places(self):
        """The windows of x, each with the index of its output."""
        high, wide = ((n - self.size) // self.stride + 1 for n in self.x.shape[2:])
        for i, j in np.ndindex(high, wide):
            rows = slice(i * self.stride, i * self.stride + self.size)
            columns = slice(j * self.stride, j * self.stride + self.size)
            yield i, j, (slice(None), slice(None), rows, columns)

    def forward(self, x):
        self.x = x
        high, wide = ((n - self.size) // self.stride + 1 for n in x.shape[2:])
        y = np.zeros((*x.shape[:2], high, wide))
        for i, j, place in self.places():
            y[:, :, i, j] = x[place].max(axis=(2, 3))
        return y

    def backward(self, output_gradient, learning_rate):
        input_gradient = np.zeros_like(self.x)
        for i, j, place in self.places():
            window = self.x[place]
            largest = window == window.max(axis=(2, 3), keepdims=True)
            if self.mistake != "tied-maxima":
                flat = largest.reshape(*largest.shape[:2], -1)
                first = flat.cumsum(axis=2) == 1
                largest = (flat & first).reshape(largest.shape)
            share = largest * output_gradient[:, :, i, j, None, None]
            if self.mistake == "overwritten":
                input_gradient[place] = np.where(largest, share, input_gradient[place])
            else:
                input_gradient[place] += share
        return input_gradient


class Dense:
    """y = x·W + b, for x of any shape (N, ...)."""

    def __init__(self, inputs: int, outputs: int, mistake: str = ""):
        self.inputs, self.outputs, self.mistake = inputs, outputs, mistake
        self.weights = np.random.randn(inputs, outputs) / np.sqrt(inputs)
        self.bias = np.random.randn(outputs)

    def forward(self, x):
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        return self.x @ self.weights + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = self.x.T @ output_gradient
        bias_gradient = output_gradient.sum(axis=0)
        if self.mistake == "transposed":
            weights_gradient = (output_gradient.T @ self.x).reshape(self.weights.shape)
        if self.mistake == "mean-twice":
            bias_gradient = bias_gradient / len(self.x)
        if self.mistake == "ascent":
            learning_rate = -learning_rate
        before = self.weights
        self.weights = self.weights - learning_rate * weights_gradient
        self.bias = self.bias - learning_rate * bias_gradient
        used = self.weights if self.mistake == "update-first" else before
        return (output_gradient @ used.T).reshape(self.shape)


class SoftmaxCrossEntropy:
    """L = -1/N Σ_n log softmax(x)[n, label of n]."""

    def __init__(self, labels, mistake: str = ""):
        self.labels, self.mistake = labels, mistake

    def forward(self, x):
        shifted = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = shifted / shifted.sum(axis=1, keepdims=True)
        return -np.log(self.p[np.arange(len(x)), self.labels]).mean()

    def backward(self, output_gradient, learning_rate):
        target = np.eye(self.p.shape[1])[self.labels]
        if self.mistake == "no-one-hot":
            target = 0
        n = self.p.shape[1] if self.mistake == "wrong-axis" else len(self.p)
        return output_gradient * (self.p - target) / n


def network(mistake: str):
    """The layers of a CNN for images of 1×8×7, and images and labels that exercise it."""
    rng = np.random.default_rng(0)
    np.random.seed(0)
    layers = [
        Conv(1, 3, 3, mistake),
        ReLU(mistake),
        MaxPool(3, 2, mistake),
        Dense(3 * 2 * 2, 5, mistake),
        SoftmaxCrossEntropy(rng.integers(0, 5, 4), mistake),
    ]
    return layers, rng.standard_normal((4, 1, 8, 7))


def main(arguments: list[str] | None = None) -> int:
    """Check each layer on what reaches it; 1 where one of them is wrong."""
    options = parse(arguments)
    if options.list:
        for name, what in MISTAKES.items():
            print(f"{name:15} {what}")
        return 0
    if options.mistake:
        print(f"with a mistake: {MISTAKES[options.mistake]}\n")
    layers, x = network(options.mistake or "")
    wrong = 0
    for layer in layers:
        report = check_layer(layer, x)
        wrong += not report.ok
        print(report, end="\n\n")
        x = layer.forward(x)
    print(f"{wrong} of {len(layers)} layers wrong" if wrong else "every gradient is right")
    return int(wrong > 0)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--break", dest="mistake", choices=MISTAKES, help="switch a mistake on")
    parser.add_argument("--list", action="store_true", help="list the mistakes and stop")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
