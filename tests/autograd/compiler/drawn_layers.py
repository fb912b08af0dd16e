"""What random models are made of: layers of every kind, movements of numbers, joints, losses."""

import math
from typing import Any, NamedTuple

import nn
from autograd import Tensor, concatenate, einsum, stack, where

IDS = 3  # indices of a sample are below


class Step(NamedTuple):
    """What is done, to which numbers (0: the last ones), and what says its sizes."""

    name: str
    back: int
    a: int
    b: int
    c: int
    d: int


def _kernel(shape, step):
    return min(1 + step.a % 3, shape[1]), min(1 + step.b % 3, shape[2])


def _convolution(shape, step, rng):
    channels = shape[0]
    groups = channels if step.d % 3 == 2 else 1
    return nn.Conv2D(
        channels, groups * (1 + step.c % 3), _kernel(shape, step), stride=1 + step.d % 2,
        padding=(step.b % 3, step.c % 2), dilation=(1 + step.c % 2, 1 + step.a // 3), groups=groups,
        bias=step.a != 1, rng=rng,
    )  # fmt: skip


def _signal_convolution(shape, step, rng):
    padding = "same" if step.c == 5 else step.c % 3
    return nn.Conv1D(
        shape[0], 1 + step.b % 3, 1 + step.a % 3, stride=1 + step.d % 2, padding=padding,
        dilation=1 + step.b // 3, rng=rng,
    )  # fmt: skip


def _transposed(shape, step, rng):
    return nn.ConvTranspose2D(
        shape[0], 1 + step.c % 2, _kernel(shape, step), stride=(1 + step.d % 3, 1 + step.c % 2),
        padding=step.b % 2, dilation=1 + step.a // 3, rng=rng,
    )  # fmt: skip


def _max_pool(shape, step, rng):
    kernel = _kernel(shape, step)
    return nn.MaxPool(
        kernel, 1 + step.c % 3, [k // 2 * (step.d % 2) for k in kernel],
        dilation=1 + step.d // 4, ceil_mode=step.d % 3 == 0,
    )  # fmt: skip


def _average_pool(shape, step, rng):
    kernel = _kernel(shape, step)
    return nn.AvgPool(
        kernel, 1 + step.c % 3, [k // 2 * (step.d % 2) for k in kernel],
        ceil_mode=step.d % 3 == 0, count_include_pad=step.c < 3,
    )  # fmt: skip


def _upsampled(shape, step, rng):
    size = 1 + step.a % 6, 1 + step.b % 6
    mode = {"mode": "bilinear", "align_corners": step.d % 2 == 0} if step.c % 2 else {}
    return nn.Upsample(size, **mode)


def _sequence(kind):
    def made(shape, step, rng):
        return kind(
            shape[-1], 1 + step.a % 3, 1 + step.b // 4, bidirectional=step.c % 2 == 1,
            return_state=False, return_sequences=step.d < 4, rng=rng,
        )  # fmt: skip

    return made


def _attention(shape, step, rng):
    heads = 1 + (shape[-1] % 2 == 0) * (step.a % 2)
    return nn.MultiHeadAttention(shape[-1], heads, causal=step.b % 2 == 1, rng=rng)


def _batch_norm(shape, step, rng):
    kind = nn.BatchNorm2D if len(shape) == 3 else nn.BatchNorm1D
    return kind(shape[0], eps=0.1, affine=step.b != 1).train(step.a % 2 == 0)


def _groups(shape, step, rng):
    return nn.GroupNorm(math.gcd(shape[0], 1 + step.a), shape[0], eps=0.1)


# For each layer how many axes it wants (None: any number), and the layer for a shape.
LAYERS: dict[str, tuple[int | None, Any]] = {
    "conv2d": (3, _convolution),
    "conv1d": (2, _signal_convolution),
    "conv_transpose": (3, _transposed),
    "max_pool": (3, _max_pool),
    "avg_pool": (3, _average_pool),
    "global_pool": (3, lambda *_: nn.GlobalAvgPool()),
    "upsample": (3, _upsampled),
    "dense": (None, lambda shape, step, rng: nn.Dense(shape[-1], 1 + step.a, step.b != 1, rng=rng)),
    "batch_norm": (None, _batch_norm),
    "layer_norm": (None, lambda shape, step, _: nn.LayerNorm(shape[step.a % len(shape) :], 0.1)),
    "rms_norm": (None, lambda shape, *_: nn.RMSNorm(shape[-1], 0.1)),
    "group_norm": (3, _groups),
    "attention": (2, _attention),
    "rnn": (2, _sequence(nn.RNN)),
    "lstm": (2, _sequence(nn.LSTM)),
    "gru": (2, _sequence(nn.GRU)),
    "lstm_cell": (1, lambda shape, step, rng: nn.LSTMCell(shape[0], 1 + step.a, rng=rng)),
    "embedding": (2, lambda shape, _, rng: nn.Embedding(IDS, shape[1], rng=rng)),
    "gru_cell": (1, lambda shape, step, rng: nn.GRUCell(shape[0], 1 + step.a, rng=rng)),
    "positions": (2, lambda shape, *_: nn.PositionalEncoding(shape[-1])),
    "softmax": (None, lambda shape, step, _: nn.Softmax(-1 - step.a % len(shape))),
    "log_softmax": (None, lambda shape, step, _: nn.LogSoftmax(-1 - step.a % len(shape))),
    "tanh": (None, lambda *_: nn.Tanh()),
    "sigmoid": (None, lambda *_: nn.Sigmoid()),
    "gelu": (None, lambda _, step, __: nn.GELU("tanh" if step.a % 2 else "none")),
    "silu": (None, lambda *_: nn.SiLU()),
    "softplus": (None, lambda _, step, __: nn.Softplus(1.0 + step.a)),
    "elu": (None, lambda _, step, __: nn.ELU(1.0 - step.a / 8)),
    "relu": (None, lambda *_: nn.ReLU()),
    "leaky_relu": (None, lambda _, step, __: nn.LeakyReLU([0.1, -0.5, 1.5][step.a % 3])),
    "hardtanh": (None, lambda *_: nn.Hardtanh(-0.5, 0.75)),
}

# Movements of numbers, and what takes all of them: no weights.
MOVES: dict[str, tuple[int | None, Any]] = {
    "flip": (None, lambda x, s: x[(slice(None),) * (s.a % x.ndim) + (slice(None, None, -1),)]),
    "every_other": (None, lambda x, s: x[..., s.a % 2 :: 2]),
    "slice": (2, lambda x, s: x[s.a % 2 : 3 + s.b, s.c % 2 : 3 + s.d]),
    "transpose": (2, lambda x, _: x.T),
    "channels_last": (3, lambda x, s: x.transpose(s.a % 3, s.b % 3)),
    "pad": (2, lambda x, s: x.pad((s.a % 2, s.b % 3), s.c % 2, value=0.5 * (s.d % 2))),
    "crop_and_pad": (1, lambda x, s: x[s.a % 2 :].pad((s.b % 3, s.c))),
    "roll": (1, lambda x, s: concatenate([x[s.a :], x[: s.a]])),
    "listed": (1, lambda x, s: x[[k * k % len(x) for k in range(s.a, s.a + 2 + s.b)]]),
    "windows": (2, lambda x, s: x.windows((1 + s.a % 2, 2), (1 + s.b % 2, 1)).sum((-1, -2))),
    "every_window": (1, lambda x, s: x.windows((1 + s.a % 3,), (1 + s.b % 3,), (1 + s.c % 2,))),
    "centred": (None, lambda x, s: x - x.mean(s.a % x.ndim, keepdims=True)),
    "total": (None, lambda x, s: x.sum(s.a % x.ndim)),
    "gram": (2, lambda x, _: x @ x.T / 4),
    "outer": (1, lambda x, _: einsum("i,j->ij", x[:6], x[:6] * 0.5)),
    "length": (None, lambda x, _: x / (1 + (x * x).sum(-1, keepdims=True)).sqrt()),
    "halved": (None, lambda x, _: x * 0.5 - 0.25),
    "stop": (None, lambda x, _: x.stop() * 0.5 + x),
    "diagonal": (2, lambda x, _: einsum("ii->i", x[: len(x[0]), : len(x)])),
    "look up": (2, None),
    "abs": (None, lambda x, _: abs(x)),
    "largest": (None, lambda x, s: x.max(s.a % x.ndim)),
    "smallest": (None, lambda x, s: x.min(s.a % x.ndim)),
    "clip": (None, lambda x, _: x.clip(-1.0, 0.5)),
    "where": (None, lambda x, _: where(x > 0.25, x * x, -x)),
}


def _added(x, y):
    return x + y if x.shape == y.shape else x + 0.5 * y.mean()


def _alike(x, y):
    """Matrices with as many columns."""
    n = min(x.shape[1], y.shape[1])
    return x[:, :n], y[:, -n:]


JOINS: dict[str, Any] = {
    "add": _added,
    "gate": lambda x, y: x * _added(y, x).sigmoid(),
    "beside": lambda x, y: concatenate([axes(x, 1), axes(y, 1)]),
    "over": lambda x, y: concatenate([axes(x, 2), axes(y, 2)], 0),
    "channels": lambda x, y: concatenate([axes(x, 3), axes(y, 3)], 0),
    "product": lambda x, y: einsum("ij,kj->ik", *_alike(axes(x, 2), axes(y, 2))) * 0.5,
    "difference": lambda x, y: x - y if x.shape[-1:] == y.shape[-1:] else x - y.sum() * 0.1,
    "larger": lambda x, y: where(x > y.mean(), x, y.mean()),
}

LOSSES = {
    "mse": nn.MSELoss(),
    "cross_entropy": nn.CrossEntropyLoss(),
    "smoothed": nn.CrossEntropyLoss(label_smoothing=0.1),
    "bce": nn.BCEWithLogitsLoss(),
    "summed": nn.MSELoss(reduction="sum"),
    "l1": nn.L1Loss(),
    "huber": nn.HuberLoss(0.5),
    "hinge": nn.HingeLoss(),
}


def axes(x, n):
    """The same numbers in n axes; None: in any, but not in none."""
    if not isinstance(x, Tensor):
        x = stack([x])
    if n is None or n == x.ndim:
        return x
    if x.ndim > n:
        return x.reshape(*x.shape[: n - 1], -1)
    first = next(k for k in (4, 3, 2, 5, 1) if len(x) % k == 0)
    return axes(x.reshape(first, len(x) // first, *x.shape[1:]), n)
