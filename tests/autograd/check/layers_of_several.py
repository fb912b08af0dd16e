"""Right layers of several inputs or outputs: sums, products, lists, heads."""

import numpy as np
from layers_of_cells import pair
from right_layers import Right, draw


class Add:
    """The same gradient for both."""

    def forward(self, a, b):
        return a + b

    def backward(self, grad):
        return grad, grad


class Multiply:
    """A list of two arrays in, a list of two out."""

    def forward(self, inputs):
        self.inputs = inputs
        return inputs[0] * inputs[1]

    def backward(self, grad):
        return [grad * self.inputs[1], grad * self.inputs[0]]


class Concatenate:
    """Arrays of several widths in one list."""

    def forward(self, inputs):
        self.widths = np.cumsum([x.shape[1] for x in inputs])[:-1]
        return np.concatenate(inputs, axis=1)

    def backward(self, dout):
        return np.split(dout, self.widths, axis=1)


class Bilinear:
    """x1·W·x2 for each sample; all three gradients kept in a dict."""

    def __init__(self):
        self.W = draw(3, 4)

    def forward(self, x1, x2):
        self.cache = {"x1": x1, "x2": x2}
        return np.einsum("ni,ij,nj->n", x1, self.W, x2)

    def backward(self, dout):
        x1, x2, d = self.cache["x1"], self.cache["x2"], dout[:, None]
        self.grads = {"x1": d * (x2 @ self.W.T), "x2": d * (x1 @ self.W), "W": (d * x1).T @ x2}


class Split:
    """Two outputs and two upstream gradients."""

    def forward(self, x):
        self.x = x
        return np.sin(x), np.cos(x)

    def backward(self, dsin, dcos):
        return dsin * np.cos(self.x) - dcos * np.sin(self.x)


class Reparametrise:
    """mu, log_var and noise in, a sample out."""

    def forward(self, mu, log_var, eps):
        self.std, self.eps = np.exp(0.5 * log_var), eps
        return mu + self.std * eps

    def backward(self, dz):
        return dz, dz * self.eps * self.std * 0.5


class EncoderHead:
    """One input, two heads out: mu and log_var."""

    def __init__(self):
        self.W_mu, self.W_var = draw(3, 2), draw(3, 2)

    def forward(self, h):
        self.h = h
        return h @ self.W_mu, h @ self.W_var

    def backward(self, d_mu, d_var):
        self.dW_mu, self.dW_var = self.h.T @ d_mu, self.h.T @ d_var
        return d_mu @ self.W_mu.T + d_var @ self.W_var.T


def kept_hand(layer, x1, x2):
    y = layer.forward(x1, x2)
    return (y,), lambda d: (layer.backward(d), layer.grads)[1]


def heads_hand(layer, h):
    return layer.forward(h), lambda *d: {
        "h": layer.backward(*d), "W_mu": layer.dW_mu, "W_var": layer.dW_var
    }  # fmt: skip


def list_hand(layer, inputs):
    return (layer.forward(inputs),), lambda d: {"inputs": layer.backward(d)}


SEVERAL = {
    "sum": Right(Add(), {"a": draw(2, 3), "b": draw(2, 3)}, pair("ab")),
    "product of a list": Right(Multiply(), {"inputs": [draw(2, 3), draw(2, 3)]}, list_hand),
    "concatenation": Right(
        Concatenate(), {"inputs": [draw(2, 3), draw(2, 1), draw(2, 4)]}, list_hand
    ),
    "bilinear": Right(Bilinear(), {"x1": draw(5, 3), "x2": draw(5, 4)}, kept_hand),
    "two outputs": Right(
        Split(), {"x": draw(3, 4)}, lambda layer, x: (
            layer.forward(x), lambda *d: {"x": layer.backward(*d)}
        )
    ),
    "reparametrisation": Right(
        Reparametrise(), {"mu": draw(3, 2), "log_var": draw(3, 2), "eps": draw(3, 2)},
        pair(("mu", "log_var")),
    ),
    "two heads": Right(EncoderHead(), {"h": draw(5, 3)}, heads_hand),
}  # fmt: skip
