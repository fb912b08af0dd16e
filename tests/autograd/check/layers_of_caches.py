"""Right layers whose caches and buffers lie in dicts, tuples, stacks and arguments."""

import numpy as np
from layers_of_cells import returned
from layers_of_parts import after
from right_layers import Right, draw, stored


class DictCache:
    """(y, cache) with a dict of each; backward returns a dict."""

    def __init__(self):
        self.params = {"W": draw(4, 3), "b": draw(3)}

    def forward(self, x):
        y = x @ self.params["W"] + self.params["b"]
        return y, {"x": x, "y": y}

    def backward(self, dout, cache):
        return {"dx": dout @ self.params["W"].T, "dW": cache["x"].T @ dout, "db": dout.sum(0)}


class Sandwich:
    """affine - relu, with a pair of caches; the weights are arguments."""

    def forward(self, x, w, b):
        a = x.reshape(len(x), -1) @ w + b
        return np.maximum(0, a), ((x, w, b), a)

    def backward(self, dout, cache):
        fc_cache, relu_cache = cache
        da = dout * (relu_cache > 0)
        x, w, _ = fc_cache
        return (da @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ da, da.sum(axis=0)


class StaticAffine:
    """Functions in a class: nothing is held at all."""

    @staticmethod
    def forward(x, weight, bias):
        return x @ weight.T + bias

    @staticmethod
    def backward(grad_output, x, weight):
        return grad_output @ weight, grad_output.T @ x, grad_output.sum(axis=0)


class RunningNorm:
    """Batch norm with running means that forward rewrites, and a mode."""

    def __init__(self, mode="train"):
        self.gamma, self.beta, self.mode = draw(4), draw(4), mode
        self.running_mean, self.running_var = np.zeros(4), np.ones(4)

    def forward(self, x):
        if self.mode == "test":
            return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var + 1e-5)
        mean, var = x.mean(axis=0), x.var(axis=0)
        self.running_mean += 0.1 * (mean - self.running_mean)
        self.running_var += 0.1 * (var - self.running_var)
        self.std = np.sqrt(var + 1e-5)
        self.xhat = (x - mean) / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        self.dgamma, self.dbeta = (dout * self.xhat).sum(axis=0), dout.sum(axis=0)
        d = dout * self.gamma
        return (d - d.mean(axis=0) - self.xhat * (d * self.xhat).mean(axis=0)) / self.std


class StateAndCache:
    """(y, state, cache) out, (dy, dstate, cache) in: a leaky integrator."""

    def __init__(self):
        self.W = draw(3, 4)

    def forward(self, x, state):
        new = 0.7 * state + x @ self.W
        y = np.tanh(new)
        return y, new, {"x": x, "y": y}

    def backward(self, dy, dstate, cache):
        d = dy * (1 - cache["y"] ** 2) + dstate
        dx, dprev, self.dW = d @ self.W.T, 0.7 * d, cache["x"].T @ d
        return dx, dprev


class ActivationAndZ:
    """(A, Z) out, (dA, Z) in."""

    def __init__(self):
        self.W, self.b = draw(3, 4), draw(3, 1)

    def forward(self, A_prev):
        self.A_prev = A_prev
        Z = self.W @ A_prev + self.b
        return np.maximum(Z, 0), Z

    def backward(self, dA, Z):
        dZ = dA * (Z > 0)
        dA_prev = self.W.T @ dZ
        dW, db = dZ @ self.A_prev.T, dZ.sum(axis=1, keepdims=True)
        return dA_prev, dW, db


class Stack:
    """Caches are pushed and popped, so that one layer serves several times."""

    def __init__(self):
        self.W, self.caches = draw(4, 4), []

    def forward(self, x):
        self.caches.append(x)
        return x @ self.W

    def backward(self, grad):
        x = self.caches.pop()
        self.grad_W = x.T @ grad
        return grad @ self.W.T


class Buffers:
    """Arrays made once, which every call writes into."""

    def __init__(self):
        self.W = draw(4, 3)
        self.out, self.dx, self.dW = np.zeros((5, 3)), np.zeros((5, 4)), np.zeros((4, 3))

    def forward(self, x):
        self.x = x
        np.dot(x, self.W, out=self.out)
        return self.out

    def backward(self, dout):
        np.dot(self.x.T, dout, out=self.dW)
        np.dot(dout, self.W.T, out=self.dx)
        return self.dx


class NestedGrads:
    """Weights and gradients in nested dicts; dx is in `self.cache`."""

    def __init__(self):
        self.weights = {"dense": {"kernel": draw(4, 3), "bias": draw(3)}}
        self.cache = {}

    def forward(self, inputs):
        self.cache["inputs"] = inputs
        return inputs @ self.weights["dense"]["kernel"] + self.weights["dense"]["bias"]

    def backward(self, output_grad):
        kernel = self.cache["inputs"].T @ output_grad
        self.gradients = {"dense": {"kernel": kernel, "bias": output_grad.sum(axis=0)}}
        return output_grad @ self.weights["dense"]["kernel"].T


class ListOfPairs:
    """(value, gradient) pairs in a list of tuples, as some optimisers want them."""

    def __init__(self):
        self.w, self.b = draw(4, 3), draw(3)
        self.dw, self.db = np.zeros_like(self.w), np.zeros_like(self.b)

    def parameters(self):
        return [(self.w, self.dw), (self.b, self.db)]

    def __call__(self, x):
        self._x = x
        return x @ self.w + self.b

    def backward(self, delta):
        self.dw[:], self.db[:] = self._x.T @ delta, delta.sum(axis=0)
        return delta @ self.w.T


def dict_hand(layer, x):
    y, cache = layer.forward(x)

    def gradients(d):
        found = layer.backward(d, cache)
        return {"x": found["dx"], "params['W']": found["dW"], "params['b']": found["db"]}

    return (y,), gradients


def static_hand(layer, x, weight, bias):
    return (layer.forward(x, weight, bias),), lambda d: dict(
        zip(("x", "weight", "bias"), layer.backward(d, x, weight), strict=True)
    )


def state_hand(layer, x, state):
    y, new, cache = layer.forward(x, state)
    return (
        (y, new),
        lambda dy, d: (
            dict(zip(("x", "state"), layer.backward(dy, d, cache), strict=True)) | {"W": layer.dW}
        ),
    )


X = draw(5, 4)


KERNEL, BIAS = "weights['dense']['kernel']", "weights['dense']['bias']"


NESTED = [(w, w.replace("weights", "gradients")) for w in (KERNEL, BIAS)]


CACHES = {
    "dicts": Right(DictCache(), {"x": X}, dict_hand),
    "sandwich": Right(
        Sandwich(), {"x": draw(5, 2, 2), "w": draw(4, 3), "b": draw(3)}, returned("x", "w", "b")
    ),
    "static affine": Right(
        StaticAffine(), {"x": X, "weight": draw(3, 4), "bias": draw(3)}, static_hand
    ),
    "running norm": Right(RunningNorm(), {"x": X}, stored("gamma", "beta")),
    "state and cache": Right(StateAndCache(), {"x": draw(5, 3), "state": X}, state_hand),
    "activation and z": Right(
        ActivationAndZ(), {"A_prev": draw(4, 5)}, returned("A_prev", "W", "b")
    ),
    "stack": Right(Stack(), {"x": X}, after("x", ("W", "grad_W"))),
    "buffers": Right(Buffers(), {"x": X}, after("x", ("W", "dW"))),
    "nested": Right(NestedGrads(), {"inputs": X}, after("inputs", *NESTED)),
    "pairs": Right(ListOfPairs(), {"x": X}, after("x", ("w", "dw"), ("b", "db"))),
}  # fmt: skip
