"""Right layers whose methods hide their arguments, or do more than one thing."""

import functools

import numpy as np
from layers_of_caches import Buffered, after
from right_layers import Right, draw


def timed(function):
    """A decorator without functools.wraps."""

    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def checked(function):
    """One with it."""

    @functools.wraps(function)
    def wrapper(self, *args, **kwargs):
        return function(self, *args, **kwargs)

    return wrapper


class Timed(Buffered):
    def __init__(self):
        super().__init__(4, 3)

    @timed
    def forward(self, x):
        return Buffered.forward(self, x)

    @timed
    def backward(self, dout):
        return Buffered.backward(self, dout)


class Wrapped(Timed):
    @checked
    def forward(self, x):
        return Buffered.forward(self, x)

    @checked
    def backward(self, grad):
        return Buffered.backward(self, grad)


class Starred(Timed):
    """`*args` and `**kwargs` in both."""

    def forward(self, *inputs, **kwargs):
        return Buffered.forward(self, inputs[0])

    def backward(self, *grads, **kwargs):
        return Buffered.backward(self, grads[0])


class Partial(Timed):
    """Methods that are partials of others."""

    def __init__(self):
        super().__init__()
        self.forward = functools.partial(self.run, train=True)
        self.backward = functools.partial(self.back, scale=1.0)

    def run(self, x, train):
        return Buffered.forward(self, x)

    def back(self, d, scale):
        return Buffered.backward(self, scale * d)


class Kernel:
    """A compiled function: callable, and without a signature."""

    __signature__ = "hidden"

    def __init__(self, function):
        self.function = function

    def __call__(self, *arguments):
        return self.function(*arguments)


class Jitted:
    """Compiled functions in the place of methods, of the kept input."""

    def __init__(self):
        self.forward, self.backward = Kernel(self.run), Kernel(self.back)

    def run(self, x):
        self.x = x
        return x / (1 + np.abs(x))

    def back(self, d):
        return d / (1 + np.abs(self.x)) ** 2


class KeywordsOnly(Timed):
    def forward(self, *, x, training=False):
        return Buffered.forward(self, x)

    def backward(self, *, grad_output):
        return Buffered.backward(self, grad_output)


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

    def forward(self, input):
        self.saved = (input,)
        return input @ self.weight.T

    def backward(self, grad_output):
        (input,) = self.saved
        self.weight_grad = grad_output.T @ input
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


class Positional(Buffered):
    """Positional-only arguments, as C functions have them."""

    def __init__(self):
        super().__init__(4, 3)

    def forward(self, x, /):
        return Buffered.forward(self, x)

    def backward(self, g, /):
        return Buffered.backward(self, g)


class Slots:
    """No `__dict__` at all."""

    __slots__ = ("W", "dW", "x")

    def __init__(self):
        self.W = draw(4, 3)

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


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


def keywords_hand(layer, x):
    return (layer.forward(x=x),), lambda d: {
        "x": layer.backward(grad_output=d), "W": layer.dW, "b": layer.db
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


def no_weights(layer, x):
    return (layer.forward(x),), lambda d: {"x": layer.backward(d)}


X = draw(5, 4)
PLAIN = after("x", ("W", "dW"), ("b", "db"))
WRAPPED = {
    "timed": Right(Timed(), {"x": X}, PLAIN),
    "wrapped": Right(Wrapped(), {"x": X}, PLAIN),
    "starred": Right(Starred(), {"x": X}, PLAIN),
    "partial": Right(Partial(), {"x": X}, PLAIN),
    "jitted": Right(Jitted(), {"x": X}, no_weights),
    "keywords only": Right(KeywordsOnly(), {"x": X}, keywords_hand),
    "keras-like": Right(
        KerasLike(),
        {"inputs": X},
        lambda layer, inputs: ((layer(inputs),), lambda d: {"inputs": layer.backward(d)}),
    ),
    "with an optimiser": Right(WithOptimiser(), {"X": X}, optimiser_hand),
    "rate and momentum": Right(GivenOptimiser(), {"x": X}, rate_hand),
    "function of a context": Right(Function(), {"x": X, "weight": draw(4, 3)}, context_hand),
    "tape": Right(Tape(), {"input": X}, after("input", ("weight", "weight_grad"))),
    "residual": Right(Residual(), {"x": X}, after("x", ("block.W", "block.dW"))),
    "pair in a pair": Right(BatchAverage(), {"x": X}, nested_hand("Wb")),
    "bias first": Right(ListReturned(), {"x": X}, nested_hand("bW")),
    "positional only": Right(Positional(), {"x": X}, PLAIN),
    "slots": Right(Slots(), {"x": X}, after("x", ("W", "dW"))),
}
