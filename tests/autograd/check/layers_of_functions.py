"""Right activations: f and its derivative as two methods, in the words that people use."""

import numpy as np
from right_layers import Right, draw


class Sigmoid:
    def __call__(self, x):
        return 1 / (1 + np.exp(-x))

    def gradient(self, x):
        return self(x) * (1 - self(x))


class LeakyReLU:
    def __init__(self, alpha=0.2):
        self.alpha = alpha

    def __call__(self, x):
        return np.where(x >= 0, x, self.alpha * x)

    def gradient(self, x):
        return np.where(x >= 0, 1, self.alpha)


class ELU:
    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def __call__(self, x):
        return np.where(x >= 0.0, x, self.alpha * (np.exp(x) - 1))

    def gradient(self, x):
        return np.where(x >= 0.0, 1, self.__call__(x) + self.alpha)


class Tanh:
    def function(self, x):
        return np.tanh(x)

    def derivative(self, x):
        return 1 - np.tanh(x) ** 2


class SigmoidOfOutput:
    """The derivative takes the activation, as in many a tutorial."""

    def activate(self, x):
        return 1 / (1 + np.exp(-x))

    def derivative(self, a):
        return a * (1 - a)


class Prime:
    def activation(self, z):
        return np.log(1 + np.exp(z))

    def activation_prime(self, z):
        return 1 / (1 + np.exp(-z))


class StaticReLU:
    @staticmethod
    def forward(z):
        return np.maximum(0, z)

    @staticmethod
    def derivative(z):
        return (z > 0).astype(float)


class FunctionPrime:
    def __init__(self):
        self.function, self.function_prime = np.tanh, lambda x: 1 - np.tanh(x) ** 2


class Letters:
    def f(self, x):
        return x / (1 + np.abs(x))

    def df(self, x):
        return 1 / (1 + np.abs(x)) ** 2


class KeptSwish:
    """The derivative is a method without arguments, of what forward kept."""

    def forward(self, x):
        self.x = x
        return x / (1 + np.exp(-x))

    def derivative(self):
        s = 1 / (1 + np.exp(-self.x))
        return s + self.x * s * (1 - s)


class SoftmaxJacobian:
    """gradient(x) is the matrix of each sample."""

    def __call__(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def gradient(self, x):
        p = self(x)
        return np.einsum("ni,ij->nij", p, np.eye(p.shape[-1])) - np.einsum("ni,nj->nij", p, p)


class SoftmaxColumn:
    """One column; backward multiplies by the matrix."""

    def forward(self, inputs):
        tmp = np.exp(inputs)
        self.output = tmp / np.sum(tmp)
        return self.output

    def backward(self, output_gradient, learning_rate):
        n = np.size(self.output)
        return np.dot((np.identity(n) - self.output.T) * self.output, output_gradient)


class SoftmaxLoop:
    """A matrix for each sample in a loop; everything is kept."""

    def forward(self, inputs):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty_like(dvalues)
        for index, (single, d) in enumerate(zip(self.output, dvalues, strict=True)):
            single = single.reshape(-1, 1)
            jacobian = np.diagflat(single) - np.dot(single, single.T)
            self.dinputs[index] = np.dot(jacobian, d)


class BackwardOfBoth:
    """backward(x, dout): the input first."""

    def forward(self, x):
        return np.arctan(x)

    def backward(self, x, dout):
        return dout / (1 + x**2)


class UpstreamAndInput:
    """Both by name, the cache is Z."""

    def relu(self, Z):
        return np.maximum(0, Z), Z

    def relu_backward(self, dA, cache):
        dZ = np.array(dA, copy=True)
        dZ[cache <= 0] = 0
        return dZ


class PiecesOfDZ:
    """forward(Z) keeps Z, backward keeps dZ."""

    def forward(self, Z):
        self.Z = Z
        self.A = np.tanh(Z)

    def backward(self, dA):
        self.dZ = dA * (1 - self.A**2)


class GeluBackward:
    """`call` and `grad`, the second with the upstream gradient in a keyword."""

    def call(self, x):
        self.x = x
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    def grad(self, *, upstream):
        x, c = self.x, np.sqrt(2 / np.pi)
        t = np.tanh(c * (x + 0.044715 * x**3))
        inner = c * (1 + 3 * 0.044715 * x**2)
        return upstream * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)


def of_two(function, derivative, of_output=False):
    """f(x), and f′ of x or of f(x), times the upstream gradient."""

    def hand(layer, **given):
        (name, x), f, prime = *given.items(), getattr(layer, function), getattr(layer, derivative)
        return (f(x),), lambda d: {name: d * prime(f(x) if of_output else x)}

    return hand


def kept(output, gradient, *more):
    def hand(layer, **given):
        ((name, x),) = given.items()
        layer.forward(x)

        def gradients(d):
            layer.backward(d)
            return {name: getattr(layer, gradient)}

        return (getattr(layer, output),), gradients

    return hand


def matrix_hand(layer, x):
    return (layer(x),), lambda d: {"x": np.einsum("ni,nij->nj", d, layer.gradient(x))}


def called(forward, backward):
    """backward(upstream, x) after forward(x), by these two functions of (layer, ...)."""

    def hand(layer, **given):
        ((name, x),) = given.items()
        return (forward(layer, x),), lambda d: {name: backward(layer, d, x)}

    return hand


X, Z = draw(5, 4), draw(4, 3)
CALL = "__call__", "gradient"
FUNCTIONS = {
    "sigmoid": Right(Sigmoid(), {"x": X}, of_two(*CALL)),
    "leaky relu": Right(LeakyReLU(), {"x": X}, of_two(*CALL)),
    "elu": Right(ELU(), {"x": X}, of_two(*CALL)),
    "tanh": Right(Tanh(), {"x": X}, of_two("function", "derivative")),
    "sigmoid of its output": Right(
        SigmoidOfOutput(), {"x": X}, of_two("activate", "derivative", of_output=True)
    ),
    "prime": Right(Prime(), {"z": Z}, of_two("activation", "activation_prime")),
    "static": Right(StaticReLU(), {"z": Z}, of_two("forward", "derivative")),
    "function prime": Right(FunctionPrime(), {"x": X}, of_two("function", "function_prime")),
    "letters": Right(Letters(), {"x": X}, of_two("f", "df")),
    "kept swish": Right(KeptSwish(), {"x": X}, called(
        lambda layer, x: layer.forward(x), lambda layer, d, x: d * layer.derivative()
    )),
    "softmax by matrices": Right(SoftmaxJacobian(), {"x": X}, matrix_hand),
    "softmax of a column": Right(SoftmaxColumn(), {"inputs": draw(4, 1)}, called(
        lambda layer, x: layer.forward(x), lambda layer, d, x: layer.backward(d, 0.1)
    )),
    "softmax in a loop": Right(SoftmaxLoop(), {"inputs": X}, kept("output", "dinputs")),
    "input first": Right(BackwardOfBoth(), {"x": X}, called(
        lambda layer, x: layer.forward(x), lambda layer, d, x: layer.backward(x, d)
    )),
    "cache is Z": Right(
        UpstreamAndInput(), {"Z": Z},
        called(lambda layer, x: layer.relu(x)[0],
               lambda layer, d, x: layer.relu_backward(d, layer.relu(x)[1])),
        {"forward": "relu", "backward": "relu_backward"},
    ),
    "dZ kept": Right(PiecesOfDZ(), {"Z": Z}, kept("A", "dZ")),
    "keyword": Right(GeluBackward(), {"x": X}, called(
        lambda layer, x: layer.call(x), lambda layer, d, x: layer.grad(upstream=d)
    )),
}  # fmt: skip
