"""Models whose forward is their own, as people write them; each with its inputs' shapes."""

import math
import random

import autograd
import nn
from autograd import Tensor, einsum


def parameter(*shape, seed=1):
    """Random numbers that single precision holds."""
    rng = random.Random(seed)
    numbers = [round(64 * rng.uniform(-1, 1)) / 64 for _ in range(math.prod(shape))]
    return nn.Parameter(Tensor(numbers).reshape(*shape))


class Function(nn.Module):
    """A function of inputs, with layers and parameters that it calls by name."""

    def __init__(self, function, **parts):
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


class LeNet(nn.Module):
    def __init__(self):
        self.conv1, self.conv2 = nn.Conv2D(1, 2, 3, padding=1), nn.Conv2D(2, 3, 3)
        self.max, self.mean = nn.MaxPool(2), nn.AvgPool(2)
        self.fc1, self.fc2 = nn.Dense(12, 5), nn.Dense(5, 3)

    def forward(self, x):
        x = self.max(self.conv1(x).relu())
        x = self.mean(self.conv2(x).tanh())
        x = x.reshape(*x.shape[:-3], -1)
        return self.fc2(self.fc1(x).relu())


class Attention(nn.Module):
    """Two heads over tokens, around them a skip connection."""

    def __init__(self):
        self.q, self.k, self.v, self.out = (nn.Dense(4, 4) for _ in range(4))

    def forward(self, x):
        tokens = x.shape[0]
        q, k, v = (
            layer(x).reshape(tokens, 2, 2).permute(1, 0, 2) for layer in (self.q, self.k, self.v)
        )
        weights = autograd.softmax(q @ k.permute(0, 2, 1) / math.sqrt(2), axis=-1)
        return x + self.out((weights @ v).permute(1, 0, 2).reshape(tokens, 4))


class UNet(nn.Module):
    """Down and up again, joined with what was there before."""

    def __init__(self):
        self.down = nn.Conv2D(1, 2, 3, padding=1)
        self.middle = nn.Conv2D(2, 3, 3, padding=1)
        self.up = nn.Conv2D(5, 1, 3, padding=1)
        self.pool = nn.MaxPool(2)

    def forward(self, x):
        before = self.down(x).relu()
        inside = self.middle(self.pool(before)).relu()
        rows, columns = ([i // 2 for i in range(n)] for n in before.shape[-2:])
        return self.up(autograd.concatenate([before, inside[:, rows][:, :, columns]]))


class LSTM(nn.Module):
    def __init__(self):
        self.x, self.h = nn.Dense(2, 12), nn.Dense(3, 12, bias=False)

    def forward(self, x):
        h = c = Tensor([0.0] * 3)
        for t in range(x.shape[0]):
            z = self.x(x[t]) + self.h(h)
            i, f, o = (z[3 * k : 3 * k + 3].sigmoid() for k in range(3))
            c = f * c + i * z[9:].tanh()
            h = o * c.tanh()
        return h, c


class Skip(nn.Module):
    def __init__(self):
        self.one, self.two = nn.Dense(4, 4), nn.Dense(4, 4)

    def forward(self, x):
        y = self.one(x).relu() + x
        return (self.two(y) * y + x).tanh()


class Pooling(nn.Module):
    """Pixels weighed by a softmax over all places of a channel."""

    def __init__(self):
        self.score = nn.Conv2D(2, 2, 1)

    def forward(self, x):
        weights = autograd.softmax(self.score(x).reshape(2, -1), axis=-1)
        return (weights * x.reshape(2, -1)).sum(-1)


class Merge(nn.Module):
    """Two inputs, and what is made of them by name."""

    def __init__(self):
        self.left, self.right = nn.Dense(3, 2), nn.Dense(4, 2)

    def forward(self, image, text):
        sums = self.left(image) + self.right(text)
        return {"sum": sums, "parts": (sums.max(), image * 2)}


def strided(self, x):
    return einsum("ocuv,cijuv->oij", self.w, x.pad(1, 1).windows((3, 2), (2, 1)))


def last_channels(self, x):
    """Channels last, in and out."""
    return einsum("ocuv,cijuv->ijo", self.w, x.permute(2, 0, 1).windows((2, 2))).relu()


def smoothed(self, x):
    """A moving mean and a moving maximum of a signal, without padding."""
    windows = x.windows((3,), (2,))
    return autograd.concatenate([windows.mean(-1), windows.max(-1), windows.min(-1)])


def gaps(self, x):
    """A convolution whose windows have gaps, of one signal."""
    taps = autograd.stack([x[2 * k : 2 * k + 4] for k in range(3)])
    return self.w @ taps


def depthwise(self, x):
    return einsum("cuv,cijuv->cij", self.w, x.windows((2, 2)))


def rearranged(self, x):
    y = autograd.concatenate([x[::-1], x[:, ::2].sum(1).reshape(3, 1) * x, x.T[:3, :3] @ x])
    return y[[5, 0, 5, 8]][:, 1:].pad((1, 0), value=0.5)


def products(self, x):
    """Of parameters alone, of samples, entry by entry."""
    both = self.w @ self.v
    return (both @ x) @ x.T + einsum("ij,ij->i", x, both @ x) + einsum("ik,kj->ij", both, both)


MODELS = {
    "LeNet": (LeNet, (1, 12, 12)),
    "attention": (Attention, (3, 4)),
    "U-Net": (UNet, (1, 4, 6)),
    "LSTM": (LSTM, (2, 2)),
    "skip connections": (Skip, (4,)),
    "softmax pooling": (Pooling, (2, 2, 3)),
    "several inputs": (Merge, [(3,), (4,)]),
    "strided": (lambda: Function(strided, w=parameter(2, 2, 3, 2)), (2, 4, 5)),
    "channels last": (lambda: Function(last_channels, w=parameter(3, 2, 2, 2)), (3, 4, 2)),
    "a signal": (lambda: Function(smoothed), (7,)),
    "gaps": (lambda: Function(gaps, w=parameter(2, 3)), (8,)),
    "depthwise": (lambda: Function(depthwise, w=parameter(3, 2, 2)), (3, 3, 4)),
    "rearranged": (lambda: Function(rearranged), (3, 4)),
    "products": (
        lambda: Function(products, w=parameter(3, 2), v=parameter(2, 3, seed=2)),
        (3, 3),
    ),
    "nothing of the input": (lambda: Function(lambda self, x: self.w * 2, w=parameter(3)), (2,)),
    "a number": (lambda: Function(lambda self, x: (x * self.w).sum(), w=parameter(3)), (3,)),
}

OPERATORS = {  # of the files of some of them, in order
    "LeNet": "Conv Relu MaxPool Conv Tanh AveragePool Reshape Gemm Relu Gemm",
    "U-Net": "Conv Relu MaxPool Conv Relu Reshape Gather Reshape Concat Conv",
    "skip connections": "Gemm Relu Add Gemm Mul Add Tanh",
    "strided": "Conv",
    "channels last": "Transpose Conv Relu Transpose",
    "depthwise": "Reshape Conv",
}
