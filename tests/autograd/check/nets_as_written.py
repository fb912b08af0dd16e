"""Right nets of functions, in the styles in which people write them."""

import numpy as np
from losses_as_objects import sigmoid, softmax

RNG = np.random.default_rng(6)
X, LABELS = RNG.normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
W1, B1 = RNG.normal(size=(3, 4)), RNG.normal(size=4)
W2, B2 = RNG.normal(size=(4, 4)), RNG.normal(size=4)
W3, B3 = RNG.normal(size=(4, 2)), RNG.normal(size=2)
DICT = {"W1": W1, "W2": W2, "W3": W3, "b1": B1, "b2": B2, "b3": B3}
PAIRS = [(W1, B1), (W2, B2), (W3, B3)]
LAYERS = [{"W": w, "b": b} for w, b in PAIRS]
FLAT = [W1, B1, W2, B2, W3, B3]


def forward(params, x, y):
    """A dict of parameters; the loss and a cache."""
    h1 = np.tanh(x @ params["W1"] + params["b1"])
    h2 = np.maximum(h1 @ params["W2"] + params["b2"], 0)
    p = softmax(h2 @ params["W3"] + params["b3"])
    return -np.log(p[np.arange(len(y)), y]).mean(), (x, h1, h2, p)


def backward(params, cache, y):
    x, h1, h2, p = cache
    d = p.copy()
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    grads = {"W3": h2.T @ d, "b3": d.sum(0)}
    d = d @ params["W3"].T * (h2 > 0)
    grads |= {"W2": h1.T @ d, "b2": d.sum(0)}
    d = d @ params["W2"].T * (1 - h1**2)
    return grads | {"W1": x.T @ d, "b1": d.sum(0)}


def both(params, x, y):
    """The loss and the gradients at once."""
    loss, cache = forward(params, x, y)
    return loss, backward(params, cache, y)


def loss_alone(params, x, y):
    return forward(params, x, y)[0]


def from_nothing(params, x, y):
    """Runs forward itself, and calls its gradients dW1, db1."""
    grads = backward(params, forward(params, x, y)[1], y)
    return {f"d{name}": gradient for name, gradient in grads.items()}


def of_pairs(params, inputs):
    """A list of (W, b); x before which nothing is known of a target."""
    hs = [inputs]
    for w, b in params:
        hs.append(np.tanh(hs[-1].dot(w) + b))
    return 0.5 * (hs[-1] ** 2).sum(), hs


def of_pairs_backward(params, hs):
    d, grads = hs[-1], []
    for (w, _), h, out in zip(params[::-1], hs[-2::-1], hs[:0:-1], strict=True):
        d = d * (1 - out**2)
        grads.insert(0, (h.T.dot(d), d.sum(axis=0)))
        d = d.dot(w.T)
    return grads


def of_layers(x, layers):
    """A list of dicts, behind x."""
    return of_pairs([(layer["W"], layer["b"]) for layer in layers], x)


def of_layers_backward(layers, cache):
    grads = of_pairs_backward([(layer["W"], layer["b"]) for layer in layers], cache)
    return [{"dW": dw, "db": db} for dw, db in grads]


def of_flat(params, X, Y):
    w1, b1, w2, b2, w3, b3 = params
    a1 = sigmoid(np.dot(X, w1) + b1)
    a2 = sigmoid(np.dot(a1, w2) + b2)
    return 0.5 * np.sum((np.dot(a2, w3) + b3 - Y) ** 2), a1, a2


def of_flat_backward(params, a1, a2, X, Y):
    _, _, w2, _, w3, b3 = params
    d3 = np.dot(a2, w3) + b3 - Y
    d2 = np.dot(d3, w3.T) * a2 * (1 - a2)
    d1 = np.dot(d2, w2.T) * a1 * (1 - a1)
    return (np.dot(X.T, d1), d1.sum(0), np.dot(a1.T, d2), d2.sum(0), np.dot(a2.T, d3), d3.sum(0))


def apart(W1, b1, W2, x, y):
    """Each parameter is an argument."""
    h = np.tanh(x @ W1 + b1)
    return np.sum((h @ W2 - y) ** 2), h


def apart_backward(W1, b1, W2, h, x, y):
    d2 = 2 * (h @ W2 - y)
    d1 = d2 @ W2.T * (1 - h**2)
    return x.T @ d1, d1.sum(0), h.T @ d2


class TwoLayerNet:
    """Parameters in self.params; `loss` gives the loss and the gradients."""

    def __init__(self):
        self.params = {"W1": W1.copy(), "b1": B1.copy(), "W2": W3.copy(), "b2": B3.copy()}

    def loss(self, X, y, reg=0.1):
        p, n = self.params, len(X)
        h = np.maximum(X @ p["W1"] + p["b1"], 0)
        probabilities = softmax(h @ p["W2"] + p["b2"])
        loss = -np.log(probabilities[np.arange(n), y]).mean()
        loss += 0.5 * reg * ((p["W1"] ** 2).sum() + (p["W2"] ** 2).sum())
        d = (probabilities - np.eye(2)[y]) / n
        grads = {"W2": h.T @ d + reg * p["W2"], "b2": d.sum(0)}
        d = d @ p["W2"].T * (h > 0)
        return loss, grads | {"W1": X.T @ d + reg * p["W1"], "b1": d.sum(0)}


class Stateful:
    """forward and backward methods; gradients are kept."""

    def __init__(self):
        self.W1, self.b1, self.W2 = W1.copy(), B1.copy(), W3.copy()

    def forward(self, x, y):
        self.x, self.y = x, y
        self.h = np.tanh(x @ self.W1 + self.b1)
        self.out = self.h @ self.W2
        return ((self.out - y) ** 2).mean()

    def backward(self):
        d = 2 * (self.out - self.y) / self.out.size
        self.dW2 = self.h.T @ d
        d = d @ self.W2.T * (1 - self.h**2)
        self.dW1, self.db1 = self.x.T @ d, d.sum(0)


class BookNet:
    """predict, loss and gradient; `forward` gives no loss."""

    def __init__(self):
        self.params = {"W1": W1.copy(), "b1": B1.copy(), "W2": W3.copy(), "b2": B3.copy()}

    def forward(self, x):
        h = sigmoid(x @ self.params["W1"] + self.params["b1"])
        return softmax(h @ self.params["W2"] + self.params["b2"])

    def loss(self, x, t):
        return -np.log(self.forward(x)[np.arange(len(t)), t]).mean()

    def gradient(self, x, t):
        h = sigmoid(x @ self.params["W1"] + self.params["b1"])
        d = (self.forward(x) - np.eye(2)[t]) / len(t)
        back = d @ self.params["W2"].T * h * (1 - h)
        return {"W1": x.T @ back, "b1": back.sum(0), "W2": h.T @ d, "b2": d.sum(0)}


def l_model_forward(X, parameters):
    """Samples in columns; the output and caches, and no loss."""
    caches, a = [], X
    for k in range(1, len(parameters) // 2 + 1):
        z = parameters[f"W{k}"] @ a + parameters[f"b{k}"]
        caches.append((a, z))
        a = sigmoid(z)
    return a, caches


def l_model_loss(X, parameters, Y):
    al, caches = l_model_forward(X, parameters)
    return -np.mean(np.sum(Y * np.log(al) + (1 - Y) * np.log(1 - al), axis=0)), al, caches


def l_model_backward(AL, Y, caches, parameters):
    grads, d = {}, (AL - Y) / Y.shape[1]
    for k in range(len(caches), 0, -1):
        a, _ = caches[k - 1]
        grads[f"dW{k}"], grads[f"db{k}"] = d @ a.T, d.sum(axis=1, keepdims=True)
        grads[f"dA{k - 1}"] = parameters[f"W{k}"].T @ d
        d = grads[f"dA{k - 1}"] * a * (1 - a)
    return grads


def side_by_side(params, inputs):
    """Weights in one list, biases in another."""
    return of_pairs(list(zip(params["weights"], params["biases"], strict=True)), inputs)


def side_by_side_backward(params, cache):
    pairs = list(zip(params["weights"], params["biases"], strict=True))
    grads = of_pairs_backward(pairs, cache)
    return {"biases": [db for _, db in grads], "weights": [dw for dw, _ in grads]}


class KeepsGrads:
    """A list of layers, and of gradients like it, which backward leaves in `grads`."""

    def __init__(self):
        self.layers = [{"W": w.copy(), "b": b.copy()} for w, b in PAIRS]

    def loss(self, x):
        loss, self.cache = of_layers(x, self.layers)
        return loss

    def backprop(self):
        gradients = of_layers_backward(self.layers, self.cache)
        self.grads = [(layer["dW"], layer["db"]) for layer in gradients]


def char_rnn(inputs, targets, hprev, Wxh, Whh, Why):
    """The loss, the gradients in the order of the parameters, and the last state."""
    hs, loss, d = [hprev], 0.0, []
    for token, target in zip(inputs, targets, strict=True):
        hs.append(np.tanh(Wxh[:, token] + Whh @ hs[-1]))
        p = softmax(Why @ hs[-1])
        loss -= np.log(p[target])
        d.append(p - np.eye(len(p))[target])
    dWxh, dWhh, dWhy, carried = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why), 0.0
    for t in reversed(range(len(inputs))):
        dWhy += np.outer(d[t], hs[t + 1])
        dz = (Why.T @ d[t] + carried) * (1 - hs[t + 1] ** 2)
        dWxh[:, inputs[t]] += dz
        dWhh += np.outer(dz, hs[t])
        carried = Whh.T @ dz
    return loss, dWxh, dWhh, dWhy, hs[-1]
