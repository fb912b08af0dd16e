"""Right layers on images, and activations, as people write them."""

import numpy as np

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
