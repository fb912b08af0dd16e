"""Right layers of parts: channels in lists, windows in loops, layers inside."""

import numpy as np
from right_layers import Right, draw


class MaxPoolCache:
    """Loops over NHWC windows; the mask is in a dict by place."""

    def forward(self, A_prev):
        self.A_prev, self.cache = A_prev, {}
        n, h, w, c = A_prev.shape
        out = np.zeros((n, h // 2, w // 2, c))
        for i in range(h // 2):
            for j in range(w // 2):
                part = A_prev[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                flat = part.reshape(n, 4, c)
                self.cache[i, j] = np.eye(4)[flat.argmax(axis=1)].transpose(0, 2, 1)
                out[:, i, j] = flat.max(axis=1)
        return out

    def backward(self, dA):
        dx = np.zeros_like(self.A_prev)
        for (i, j), mask in self.cache.items():
            part = (mask * dA[:, i, j][:, None]).reshape(len(dx), 2, 2, -1)
            dx[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += part
        return dx


class Channels:
    """A list of images in, a list of images out: one kernel for each pair of channels."""

    def __init__(self):
        self.kernels = [[draw(2, 2) for _ in range(2)] for _ in range(3)]

    def forward(self, channels):
        self.channels = channels
        return [sum(correlate(x, k) for x, k in zip(channels, row, strict=True))
                for row in self.kernels]  # fmt: skip

    def backward(self, d_out):
        self.d_kernels = [[correlate(x, d) for x in self.channels] for d in d_out]
        padded = [np.pad(d, 1) for d in d_out]
        return [sum(correlate(d, row[c][::-1, ::-1]) for d, row in zip(padded, self.kernels,
                strict=True)) for c in range(len(self.channels))]  # fmt: skip


def correlate(x, k):
    h, w = x.shape[0] - k.shape[0] + 1, x.shape[1] - k.shape[1] + 1
    return np.array([[(x[i : i + k.shape[0], j : j + k.shape[1]] * k).sum() for j in range(w)]
                     for i in range(h)])  # fmt: skip


class InceptionBranch:
    """Several layers inside; their gradients stay with them."""

    def __init__(self):
        self.layers = [Buffered(4, 5), Tanh(), Buffered(5, 2)]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


class Buffered:
    def __init__(self, fan_in, fan_out):
        self.W, self.b = draw(fan_in, fan_out), draw(fan_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dout):
        return dout * (1 - self.y**2)


def after(name, *places):
    """dx returned, other gradients by place after backward."""

    def hand(layer, **given):
        ((_, x),) = given.items()
        y = layer.forward(x) if hasattr(layer, "forward") else layer(x)
        y = y.copy() if isinstance(y, np.ndarray) else y
        return (
            (y,),
            lambda d: (
                {name: layer.backward(d)}
                | {weight: eval(f"layer.{place}", {"layer": layer}) for weight, place in places}
            ),
        )

    return hand


X = draw(5, 4)


INNER = [(f"layers[{k}].{w}", f"layers[{k}].d{w}") for k in (0, 2) for w in "Wb"]


PARTS = {
    "pool": Right(MaxPoolCache(), {"A_prev": draw(2, 4, 6, 2)}, after("A_prev")),
    "channels": Right(
        Channels(), {"channels": [draw(4, 5), draw(4, 5)]},
        after("channels", ("kernels", "d_kernels")),
    ),
    "layers inside": Right(InceptionBranch(), {"x": X}, after("x", *INNER)),
}  # fmt: skip
