"""Right dense layers in every style: where the weights are, and where their gradients."""

import random

import numpy as np

RNG = np.random.default_rng(8)


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


class MeanColumns:
    """The same with samples in columns, and methods of other names; forward returns its cache."""

    def __init__(self):
        self.W, self.b = RNG.standard_normal((3, 4)), np.zeros((3, 1))

    def linear_forward(self, a_prev):
        return self.W @ a_prev + self.b, (a_prev, self.W)

    def linear_backward(self, dz, cache):
        a_prev, w = cache
        m = a_prev.shape[1]
        return w.T @ dz, dz @ a_prev.T / m, dz.sum(axis=1, keepdims=True) / m
