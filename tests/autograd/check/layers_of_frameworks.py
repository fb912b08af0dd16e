"""Right layers in the manner of frameworks: optimisers inside, contexts, weights made late."""

import numpy as np
from layers_of_parts import Buffered, after
from right_layers import Right, draw


class KerasLike:
    """build, call, compute_gradients; the weights are made by the first call."""

    built = False

    def build(self, shape):
        rng = np.random.RandomState(0)
        self.kernel, self.bias, self.built = rng.randn(shape[-1], 3), np.zeros(3), True

    def __call__(self, inputs, training=None):
        if not self.built:
            self.build(inputs.shape)
        self.inputs = inputs
        return inputs @ self.kernel + self.bias

    def backward(self, upstream):
        self.kernel_gradient, self.bias_gradient = self.inputs.T @ upstream, upstream.sum(axis=0)
        return upstream @ self.kernel.T


class Sgd:
    def __init__(self, learning_rate=0.05):
        self.learning_rate = learning_rate

    def update(self, w, grad):
        return w - self.learning_rate * grad


class WithOptimiser(Buffered):
    """An optimiser in the layer steps in backward."""

    def __init__(self):
        super().__init__(4, 3)
        self.W_opt, self.b_opt, self.trainable = Sgd(), Sgd(), True

    def forward_pass(self, X, training=True):
        return Buffered.forward(self, X)

    forward = None

    def backward_pass(self, accum_grad):
        W = self.W
        if self.trainable:
            self.W = self.W_opt.update(self.W, self.x.T @ accum_grad)
            self.b = self.b_opt.update(self.b, np.sum(accum_grad, axis=0))
        return accum_grad @ W.T

    backward = None


class GivenOptimiser(Buffered):
    """`backward(grad, lr, momentum=0.0, update=True)`."""

    def __init__(self):
        super().__init__(4, 3)

    def backward(self, grad, lr, momentum=0.0, update=True):
        dx = Buffered.backward(self, grad)
        if update:
            self.W -= lr * self.dW
            self.b -= lr * self.db
        return dx


class Context:
    """What a function keeps for its backward."""

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors


class Function:
    """torch-like: static methods with a context."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        return grad_output @ weight.T, x.T @ grad_output


class Tape:
    """torch-like: the layer is its own context."""

    def __init__(self):
        self.weight = draw(3, 4)
        self.grad = None

    def forward(self, tensor):
        self.saved = (tensor,)
        return tensor @ self.weight.T

    def backward(self, grad_output):
        (tensor,) = self.saved
        self.weight_grad = grad_output.T @ tensor
        return grad_output @ self.weight


class Residual:
    """x + f(x), where f is a layer inside."""

    def __init__(self):
        self.block = Buffered(4, 4)

    def forward(self, x):
        self.y = np.tanh(self.block.forward(x))
        return x + self.y

    def backward(self, dout):
        return dout + self.block.backward(dout * (1 - self.y**2))


class BatchAverage(Buffered):
    """Returns (dx, (dW, db)): a pair in a pair."""

    def __init__(self):
        super().__init__(4, 3)

    def backward(self, dout):
        dx = Buffered.backward(self, dout)
        found = dx, (self.dW, self.db)
        del self.dW, self.db
        return found


class ListReturned(BatchAverage):
    """Returns dx and a list of weights' gradients in an order of its own, bias first."""

    def backward(self, dout):
        dx, (dW, db) = BatchAverage.backward(self, dout)
        return dx, [db, dW]


def optimiser_hand(layer, X):
    y = layer.forward_pass(X)

    def gradients(d):
        W, b = layer.W, layer.b
        dx = layer.backward_pass(d)
        return {"X": dx, "W": (W - layer.W) / 0.05, "b": (b - layer.b) / 0.05}

    return (y,), gradients


def rate_hand(layer, x):
    return (layer.forward(x),), lambda d: {
        "x": layer.backward(d, 0.1), "W": layer.dW, "b": layer.db
    }  # fmt: skip


def context_hand(layer, x, weight):
    ctx = Context()
    return (layer.forward(ctx, x, weight),), lambda d: dict(
        zip(("x", "weight"), layer.backward(ctx, d), strict=True)
    )


def nested_hand(order):
    def hand(layer, x):
        def gradients(d):
            dx, weights = layer.backward(d)
            return {"x": dx} | dict(zip(order, weights, strict=True))

        return (layer.forward(x),), gradients

    return hand


X = draw(5, 4)


FRAMEWORKS = {
    "keras-like": Right(
        KerasLike(),
        {"inputs": X},
        lambda layer, inputs: ((layer(inputs),), lambda d: {"inputs": layer.backward(d)}),
    ),
    "with an optimiser": Right(WithOptimiser(), {"X": X}, optimiser_hand),
    "rate and momentum": Right(GivenOptimiser(), {"x": X}, rate_hand),
    "function of a context": Right(Function(), {"x": X, "weight": draw(4, 3)}, context_hand),
    "tape": Right(Tape(), {"tensor": X}, after("tensor", ("weight", "weight_grad"))),
    "residual": Right(Residual(), {"x": X}, after("x", ("block.W", "block.dW"))),
    "pair in a pair": Right(BatchAverage(), {"x": X}, nested_hand("Wb")),
    "bias first": Right(ListReturned(), {"x": X}, nested_hand("bW")),
}  # fmt: skip
