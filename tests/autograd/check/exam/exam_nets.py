"""Whole nets with one block wrong: an MLP, a CNN by im2col, an autoencoder, a ResNet block."""

import numpy as np
from exam_draws import draws, one_hot, sigmoid, softmax
from telling import EXTRA, INSTEAD, MISSING, SLOPE, TRANSPOSED, both, word
from wrong_passes import Family

normal, positive = draws(42)

NETS = Family("whole nets")
RELU = r"relu|maximum|mask|> ?0|rectif"
MEAN = r"mean|batch|\bN\b|len|divid|average"
X, Y = normal(4, 5), one_hot([0, 2, 1, 2], 3)


def mlp_loss(W1, b1, W2, b2, W3, b3):
    """X and Y stand outside; ReLU, sigmoid, softmax with cross-entropy, weight decay on W1."""
    h1 = np.maximum(0, X @ W1 + b1)
    h2 = sigmoid(h1 @ W2 + b2)
    p = softmax(h2 @ W3 + b3)
    return -np.sum(Y * np.log(p)) / len(X) + 0.5 * 0.1 * np.sum(W1**2)


def mlp_backward(_, W1, b1, W2, b2, W3, b3):
    grads = {}
    z1 = X @ W1 + b1
    h1 = np.maximum(0, z1)
    h2 = sigmoid(h1 @ W2 + b2)
    dz3 = (softmax(h2 @ W3 + b3) - Y) / len(X)
    grads["W3"] = h2.T @ dz3
    grads["b3"] = dz3.sum(axis=0)
    dh2 = dz3 @ W3.T
    dz2 = dh2 * h2 * (1 - h2)
    grads["W2"] = h1.T @ dz2
    grads["b2"] = dz2.sum(axis=0)
    dh1 = dz2 @ W2.T
    dz1 = dh1 * (z1 > 0)
    grads["W1"] = X.T @ dz1 + 0.1 * W1
    grads["b1"] = dz1.sum(axis=0)
    return grads


mlp = NETS.functions(
    "mlp", mlp_loss, mlp_backward, W1=normal(5, 4), b1=normal(4), W2=normal(4, 4), b2=normal(4),
    W3=normal(4, 3), b3=normal(3),
)  # fmt: skip
LOW = "W1 b1 W2 b2"
mlp.wrong(
    "sigmoid-slope-missing", {"dh2 * h2 * (1 - h2)": "dh2"}, LOW,
    "σ′ of the second layer is missing", both(r"sigmoid|σ|h2", SLOPE, MISSING),
)  # fmt: skip
mlp.wrong(
    "sigmoid-of-wrong-layer", {"dh2 * h2 * (1 - h2)": "dh2 * h1 * (1 - h1)"}, LOW,
    "σ′ of the second layer is taken of h1", both(r"sigmoid|σ|h2", word("h1"), INSTEAD),
)  # fmt: skip
mlp.wrong(
    "relu-missing", {"dh1 * (z1 > 0)": "dh1"}, "W1 b1",
    "ReLU's mask is missing", both(RELU, MISSING),
)  # fmt: skip
mlp.wrong(
    "W2-not-transposed", {"dz2 @ W2.T": "dz2 @ W2"}, "W1 b1",
    "W2 is not transposed", both(word("W2"), TRANSPOSED),
)  # fmt: skip
mlp.wrong(
    "W2-for-W1s-bias", {"grads[\"b1\"] = dz1.sum": "grads[\"b1\"] = dz2.sum"}, "b1",
    "db1 takes the second layer's gradient", both(r"b2|z2|second|next|layer", INSTEAD),
)  # fmt: skip
mlp.wrong(
    "decay-missing", {" + 0.1 * W1": ""}, "W1",
    "the weight decay is left out of dW1", both(r"decay|regular|W1\*\*2|W1²|λ|0\.1|L2", MISSING),
)  # fmt: skip
mlp.wrong(
    "decay-doubled", {"0.1 * W1": "0.2 * W1"}, "W1",
    "the weight decay counts twice: 1/2 belongs to the loss",
    both(r"decay|regular|W1\*\*2|W1²|λ|0\.1|L2|· ?W1", EXTRA + "|0\\.1|half|1/2"),
)  # fmt: skip
mlp.wrong(
    "mean-in-W3-twice", {"h2.T @ dz3": "h2.T @ dz3 / len(X)"}, "W3",
    "dW3 is divided by N twice", both(MEAN + "|1/4", EXTRA + r"|1/N|1/4"),
)  # fmt: skip
mlp.wrong(
    "activations-for-inputs", {"h1.T @ dz2": "z1.T @ dz2"}, "W2",
    "dW2 takes the pre-activation z1 in place of h1",
    both(RELU + "|activation", INSTEAD + "|" + MISSING),
)  # fmt: skip
mlp.pair(
    "relu-and-decay", {"dh1 * (z1 > 0)": "dh1", " + 0.1 * W1": ""}, "W1 b1",
    "ReLU's mask and the weight decay are missing", both(RELU, MISSING),
    both(r"decay|regular|W1\*\*2|W1²|λ|0\.1|L2", MISSING),
)  # fmt: skip
mlp.pair(
    "sigmoid-and-mean", {"dh2 * h2 * (1 - h2)": "dh2", "- Y) / len(X)": "- Y)"},
    f"{LOW} W3 b3", "σ′ and the mean are missing", both(r"sigmoid|σ|h2", SLOPE, MISSING),
    both(MEAN + "|4", MISSING + "|times|large"),
)  # fmt: skip


def im2col(x, k):
    """(N, C, H, W) -> (N·OH·OW, C·k·k)"""
    n, c, height, width = x.shape
    oh, ow = height - k + 1, width - k + 1
    cols = np.zeros((n, oh, ow, c, k, k))
    for i in range(oh):
        for j in range(ow):
            cols[:, i, j] = x[:, :, i : i + k, j : j + k]
    return cols.reshape(n * oh * ow, -1)


def col2im(cols, shape, k):
    n, c, height, width = shape
    oh, ow = height - k + 1, width - k + 1
    cols = cols.reshape(n, oh, ow, c, k, k)
    x = np.zeros(shape)
    for i in range(oh):
        for j in range(ow):
            x[:, :, i : i + k, j : j + k] += cols[:, i, j]
    return x


IMAGE_Y = one_hot([1, 0], 3)


def cnn_loss(x, K, c, W, b):
    """Convolution, ReLU, 2 × 2 max-pooling, dense, softmax; a mean of losses."""
    n = len(x)
    z = (im2col(x, 2) @ K + c).reshape(n, 4, 4, 2).transpose(0, 3, 1, 2)
    a = np.maximum(z, 0)
    pooled = a.reshape(n, 2, 2, 2, 2, 2).max(axis=(3, 5))
    p = softmax(pooled.reshape(n, -1) @ W + b)
    return -np.mean(np.log(np.sum(p * IMAGE_Y, axis=1)))


def cnn_backward(_, x, K, c, W, b):
    n = len(x)
    cols = im2col(x, 2)
    z = (cols @ K + c).reshape(n, 4, 4, 2).transpose(0, 3, 1, 2)
    a = np.maximum(z, 0)
    pooled = a.reshape(n, 2, 2, 2, 2, 2).max(axis=(3, 5))
    flat = pooled.reshape(n, -1)
    dout = (softmax(flat @ W + b) - IMAGE_Y) / n
    dW, db = flat.T @ dout, dout.sum(0)
    dpooled = (dout @ W.T).reshape(pooled.shape)
    da = np.zeros_like(a)
    for i in range(4):
        for j in range(4):
            best = a[:, :, i, j] == pooled[:, :, i // 2, j // 2]
            da[:, :, i, j] = best * dpooled[:, :, i // 2, j // 2]
    dz = da * (z > 0)
    dz = dz.transpose(0, 2, 3, 1).reshape(-1, 2)
    dK, dc = cols.T @ dz, dz.sum(axis=0)
    dx = col2im(dz @ K.T, x.shape, 2)
    return {"x": dx, "K": dK, "c": dc, "W": dW, "b": db}


cnn = NETS.functions(
    "cnn", cnn_loss, cnn_backward, x=normal(2, 3, 5, 5), K=normal(12, 2), c=normal(2) - 1,
    W=normal(8, 3), b=normal(3),
)  # fmt: skip
cnn.wrong(
    "relu-missing", {"dz = da * (z > 0)": "dz = da + 0.0 * z"}, "x K c",
    "ReLU's mask is missing", both(RELU, MISSING),
)  # fmt: skip
cnn.wrong(
    "pool-spreads", {"best = a[:, :, i, j] == pooled[:, :, i // 2, j // 2]": "best = 1"}, "x K c",
    "max-pooling hands the gradient to all entries of a window",
    both(r"pool|max|window",
    r"all|every|only|mean|average|spread|mask|each|sum|largest|missing|argmax"),
)  # fmt: skip
cnn.wrong(
    "channels-mixed", {"dz = dz.transpose(0, 2, 3, 1).reshape(-1, 2)": "dz = dz.reshape(-1, 2)"},
    "x K c", "the channels are not moved last before the reshape",
    both(TRANSPOSED + "|reshape|channel|permut|order|layout"),
)  # fmt: skip
cnn.wrong(
    "col2im-overwrites", {"dx = col2im(dz @ K.T, x.shape, 2)":
    "dx = col2im(dz @ K.T, x.shape, 2)\n    dcols = (dz @ K.T).reshape(n, 4, 4, 3, 2, 2)\n"
    "    for i in range(4):\n        for j in range(4):\n"
    "            dx[:, :, i : i + 2, j : j + 2] = dcols[:, i, j]"}, "x",
    "where windows overlap, the last one overwrites the others",
    both(r"overlap|window|patch|position|\+=|slid", r"overwrit|\+=|add|sum|last|accumul"),
)  # fmt: skip
cnn.wrong(
    "mean-missing", {"- IMAGE_Y) / n": "- IMAGE_Y)"}, "x K c W b",
    "the mean over the batch is missing", both(MEAN + r"|\b2 times", MISSING + "|times|large"),
)  # fmt: skip
cnn.wrong(
    "bias-mean", {"dz.sum(axis=0)": "dz.mean(axis=0)"}, "c",
    "dc is the mean over samples and positions",
    both(r"mean|averag|number of|entries|positions|rows"),
)  # fmt: skip
cnn.wrong(
    "dense-transposed", {"(dout @ W.T).reshape(pooled.shape)":
    "(dout @ W.T).reshape(n, 2, 2, 2).transpose(0, 1, 3, 2)"}, "x K c",
    "rows and columns are exchanged when the flat gradient becomes an image",
    both(TRANSPOSED + "|reshape|permut|order|rows"),
)  # fmt: skip
cnn.pair(
    "relu-and-mean", {"dz = da * (z > 0)": "dz = da + 0.0 * z", "- IMAGE_Y) / n": "- IMAGE_Y)"},
    "x K c W b", "ReLU's mask and the mean are missing", both(RELU, MISSING),
    both(MEAN + r"|\b2 times", MISSING + "|times|large"),
)  # fmt: skip


def autoencoder_loss(x, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    y = sigmoid(h @ W2 + b2)
    return np.mean((y - x) ** 2)


def autoencoder_backward(_, x, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    y = sigmoid(h @ W2 + b2)
    dy = 2 * (y - x) / x.size
    dz2 = dy * y * (1 - y)
    dW2, db2 = h.T @ dz2, dz2.sum(0)
    dz1 = dz2 @ W2.T * (1 - h**2)
    dW1, db1 = x.T @ dz1, dz1.sum(0)
    dx = dz1 @ W1.T - dy
    return {"x": dx, "W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


coder = NETS.functions(
    "autoencoder", autoencoder_loss, autoencoder_backward,
    x=normal(3, 5), W1=normal(5, 4), b1=normal(4), W2=normal(4, 5), b2=normal(5),
)  # fmt: skip
coder.wrong(
    "x-as-target", {"dz1 @ W1.T - dy": "dz1 @ W1.T"}, "x",
    "x is the target too: that path is left out of dx",
    both(MISSING, r"target|y - x|path|loss|direct|\bx\b"),
)  # fmt: skip
coder.wrong(
    "batch-for-size", {"/ x.size": "/ len(x)"}, "x W1 b1 W2 b2",
    "the mean is over the samples in place of all entries",
    both(r"mean|entries|size|\bD\b|5|divid", r"times|large|factor|divid|missing|D\b|instead"),
)  # fmt: skip
coder.wrong(
    "tanh-slope-as-sigmoid", {"(1 - h**2)": "h * (1 - h)"}, "x W1 b1",
    "σ′ in place of tanh′", both(r"sigmoid|σ|\(1 ?[-−]", "tanh"),
)  # fmt: skip
coder.wrong(
    "sigmoid-dropped", {"dz2 = dy * y * (1 - y)": "dz2 = dy"}, "x W1 b1 W2 b2",
    "σ′ of the output is missing", both(r"sigmoid|σ|\by\b|output", SLOPE, MISSING),
)  # fmt: skip
coder.wrong(
    "tied", {"dz2 @ W2.T": "dz2 @ W1"}, "x W1 b1",
    "W1 in place of W2 transposed, as if the weights were tied",
    both(word("W1"), word("W2"), INSTEAD),
)  # fmt: skip


def residual(x, W1, g, b, W2):
    """Dense, batch norm, ReLU, dense, plus x, ReLU: a ResNet block without convolutions."""
    u = x @ W1
    uhat = (u - u.mean(axis=0)) / np.sqrt(u.var(axis=0) + 1e-5)
    a = np.maximum(g * uhat + b, 0)
    return np.maximum(a @ W2 + x, 0)


def residual_backward(dout, x, W1, g, b, W2):
    u = x @ W1
    std = np.sqrt(u.var(axis=0) + 1e-5)
    uhat = (u - u.mean(axis=0)) / std
    v = g * uhat + b
    a = np.maximum(v, 0)
    ds = dout * (a @ W2 + x > 0)
    dW2 = a.T @ ds
    dv = (ds @ W2.T) * (v > 0)
    dg, db = (dv * uhat).sum(axis=0), dv.sum(axis=0)
    duhat = dv * g
    du = (duhat - duhat.mean(axis=0) - uhat * (duhat * uhat).mean(axis=0)) / std
    dW1 = x.T @ du
    dx = du @ W1.T + ds
    return {"x": dx, "W1": dW1, "g": dg, "b": db, "W2": dW2}


block = NETS.functions(
    "resnet", residual, residual_backward,
    x=normal(6, 4), W1=normal(4, 4), g=positive(4), b=normal(4), W2=normal(4, 4),
)  # fmt: skip
SKIP = r"skip|residual|shortcut|identity|direct|\+ ?x|path|itself"
block.wrong(
    "skip-missing", {"dx = du @ W1.T + ds": "dx = du @ W1.T"}, "x",
    "the skip connection is left out of dx", both(SKIP, MISSING),
)  # fmt: skip
block.wrong(
    "skip-before-relu", {"dx = du @ W1.T + ds": "dx = du @ W1.T + dout"}, "x",
    "the skip path lacks the last ReLU's mask", both(RELU, MISSING + "|instead"),
)  # fmt: skip
block.wrong(
    "gamma-missing", {"duhat = dv * g": "duhat = dv"}, "x W1",
    "γ is missing inside the batch norm", both(word("g", "gamma") + "|γ", MISSING),
)  # fmt: skip
block.wrong(
    "relu-of-uhat", {"(v > 0)": "(uhat > 0)"}, "x W1 g b",
    "ReLU's mask is taken before γ and β", both(RELU, r"uhat|before|normali[sz]|instead|without"),
)  # fmt: skip
block.wrong(
    "norm-constant", {
        "(duhat - duhat.mean(axis=0) - uhat * (duhat * uhat).mean(axis=0)) / std":
        "duhat / std"}, "x W1",
    "mean and variance count as constants", both(r"mean|var|std|norm", MISSING),
)  # fmt: skip
block.wrong(
    "first-relu-missing", {"(ds @ W2.T) * (v > 0)": "ds @ W2.T"}, "x W1 g b",
    "the inner ReLU's mask is missing", both(RELU, MISSING),
)  # fmt: skip
block.pair(
    "skip-and-gamma", {"dx = du @ W1.T + ds": "dx = du @ W1.T", "duhat = dv * g": "duhat = dv"},
    "x W1", "the skip and γ are missing",
    both(SKIP, MISSING), both(word("g", "gamma") + "|γ", MISSING),
)  # fmt: skip
