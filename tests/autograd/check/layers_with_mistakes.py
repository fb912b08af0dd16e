"""Layers with one mistake each, of those that only an object can make, and others."""

import numpy as np

RNG = np.random.default_rng(11)


class Dense:
    """Right: what the broken ones start from."""

    def __init__(self):
        self.W = RNG.standard_normal((4, 3))
        self.b = RNG.standard_normal(3)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class UpdatesFirst(Dense):
    def backward(self, dout, learning_rate):
        self.W -= learning_rate * self.x.T @ dout
        self.b -= learning_rate * dout.sum(axis=0)
        return dout @ self.W.T


class AddsUp(Dense):
    def __init__(self):
        super().__init__()
        self.dW, self.db = np.zeros((4, 3)), np.zeros(3)

    def backward(self, dout):
        self.dW += self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Stale(Dense):
    x = None

    def forward(self, x):
        if self.x is None:
            self.x = x
        return x @ self.W + self.b


class ChangesInput:
    def forward(self, x):
        x[x < 0] = 0
        self.x = x
        return x

    def backward(self, dout):
        return dout * (self.x > 0)


class ChangesUpstream:
    def forward(self, x):
        self.mask = x <= 0
        return np.maximum(x, 0)

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class ChangesBias:
    def __init__(self):
        self.weights = RNG.standard_normal((3, 4))
        self.biases = RNG.standard_normal((3, 1))

    def forward(self, x):
        self.x = x
        self.output = self.biases
        self.output += self.weights @ x
        return self.output

    def backward(self, grad, lr):
        dx = self.weights.T @ grad
        self.weights -= lr * grad @ self.x.T
        self.biases = self.biases - lr * grad
        return dx


class LosesOrder(Dense):
    """ravel copies where the memory is not in order, and the writes are lost."""

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        dx.ravel()[:] = (dout @ self.W.T).ravel()
        return dx


class Truncates:
    def forward(self, x):
        self.x = x
        return 0.5 * x

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        dx[...] = 0.5 * dout
        return dx


class Transposed(Dense):
    def backward(self, dout):
        return dout @ self.W.T, dout.T @ self.x, dout.sum(axis=0)


class Doubled(Dense):
    def backward(self, dout, lr):
        dx = dout @ self.W.T
        self.W -= 2 * lr * self.x.T @ dout
        self.b -= lr * dout.sum(axis=0)
        return dx


class Ascends(Dense):
    def backward(self, dout, lr):
        dx = dout @ self.W.T
        self.W += lr * self.x.T @ dout
        self.b += lr * dout.sum(axis=0)
        return dx


class HalfMean(Dense):
    """1/N in dW, not in db: neither convention."""

    def backward(self, dout):
        super().backward(dout)
        self.dW /= len(self.x)
        return dout @ self.W.T


class FrozenBias(Dense):
    def backward(self, dout, lr):
        dx = dout @ self.W.T
        self.W -= lr * self.x.T @ dout
        return dx


class Momentum(Dense):
    def __init__(self):
        super().__init__()
        self.v = np.zeros((4, 3))

    def backward(self, dout, lr):
        dx = dout @ self.W.T
        self.v = 0.9 * self.v + lr * self.x.T @ dout
        self.W -= self.v
        self.b -= lr * dout.sum(axis=0)
        return dx


class Adam(Dense):
    def backward(self, dout, lr):
        dx = dout @ self.W.T
        g = self.x.T @ dout
        self.W -= lr * g / (np.sqrt(g * g) + 1e-8)
        self.b -= lr * dout.sum(axis=0)
        return dx


class Raises(Dense):
    def backward(self, dout):
        return dout @ self.W


class RingReLU:
    """Right on floats, but an entry at 0 is counted as 2: no relu has such a slope."""

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dout):
        return dout * (np.sign(self.x) + 1)
