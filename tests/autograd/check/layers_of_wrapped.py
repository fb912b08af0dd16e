"""Right layers whose methods hide their arguments."""

import functools

import numpy as np
from layers_of_parts import Buffered, after
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


def keywords_hand(layer, x):
    return (layer.forward(x=x),), lambda d: {
        "x": layer.backward(grad_output=d), "W": layer.dW, "b": layer.db
    }  # fmt: skip


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
    "positional only": Right(Positional(), {"x": X}, PLAIN),
    "slots": Right(Slots(), {"x": X}, after("x", ("W", "dW"))),
}  # fmt: skip
