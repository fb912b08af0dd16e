"""Convolutions: loops, im2col, strided, padded, dilated, depthwise, grouped, transposed, 1-d."""

import numpy as np
from exam_draws import draws
from telling import MISSING, OVERWRITTEN, TRANSPOSED, both
from wrong_passes import Family

normal, _ = draws(13)

CONVOLUTIONS = Family("convolutions")
FLIP = r"flip|rotat|180|revers|mirror|\[::-1"
KERNEL = r"kernel|weight|filter|\b[wWKk]\b"


def conv_loops(x, w, b):
    """(N, C, H, W), kernels (O, C, k, k), stride 2, padding 1."""
    xp = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    n, _, height, width = x.shape
    o, _, k, _ = w.shape
    oh, ow = (height + 2 - k) // 2 + 1, (width + 2 - k) // 2 + 1
    out = np.zeros((n, o, oh, ow))
    for i in range(oh):
        for j in range(ow):
            patch = xp[:, :, 2 * i : 2 * i + k, 2 * j : 2 * j + k]
            out[:, :, i, j] = np.tensordot(patch, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out


def conv_loops_backward(dout, x, w, b):
    xp = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    k = w.shape[2]
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, cols = slice(2 * i, 2 * i + k), slice(2 * j, 2 * j + k)
            g = dout[:, :, i, j]
            dxp[:, :, rows, cols] += np.tensordot(g, w, axes=1)
            dw += np.tensordot(g, xp[:, :, rows, cols], axes=([0], [0]))
    db = dout.sum(axis=(0, 2, 3))
    return {"x": dxp[:, :, 1:-1, 1:-1], "w": dw, "b": db}


loops = CONVOLUTIONS.functions(
    "conv", conv_loops, conv_loops_backward, x=normal(2, 3, 5, 4), w=normal(2, 3, 3, 3), b=normal(2)
)
loops.wrong(
    "overwritten", {"dxp[:, :, rows, cols] += ": "dxp[:, :, rows, cols] = "}, "x",
    "where windows overlap, the last one overwrites",
    both(OVERWRITTEN, r"overlap|window|patch|slid|"
    r"position|=")
)  # fmt: skip
loops.wrong(
    "padding-cut-at-one-end", {"dxp[:, :, 1:-1, 1:-1]": "dxp[:, :, 2:, 2:]"}, "x",
    "the padding is cut at one end: the image is shifted by one",
    both(r"shift|offset|padd|roll|moved|displac"),
)  # fmt: skip
loops.wrong(
    "stride-in-dx", {"slice(2 * i, 2 * i + k), slice(2 * j": "slice(i, i + k), slice(2 * j"}, "x w",
    "the stride is left out along the rows", both(r"stride", MISSING + r"|1|instead|ax[ei]s|row"),
)  # fmt: skip
loops.wrong(
    "unpadded-in-dw", {"xp[:, :, rows, cols], axes=([0], [0])":
    "np.pad(x, ((0, 0), (0, 0), (0, 2), (0, 2)))[:, :, rows, cols], axes=([0], [0])"}, "w",
    "dw takes windows of an image that is padded at one end", both(r"padd|shift|offset"),
)  # fmt: skip
loops.wrong(
    "kernel-flipped", {"np.tensordot(g, w, axes=1)":
    "np.tensordot(g, w[:, :, ::-1, ::-1], axes=1)"},
    "x", "the kernel is flipped in dx", both(FLIP, KERNEL + "|ax[ei]s"),
)  # fmt: skip
loops.wrong(
    "kernel-transposed",
    {"np.tensordot(g, w, axes=1)": "np.tensordot(g, w.transpose(0, 1, 3, 2), axes=1)"}, "x",
    "the kernel's rows and columns are exchanged in dx", both(TRANSPOSED, KERNEL + "|ax[ei]s"),
)  # fmt: skip
loops.wrong(
    "bias-batch-only", {"dout.sum(axis=(0, 2, 3))": "dout.mean(axis=(2, 3)).sum(axis=0)"}, "b",
    "db is a mean over positions", both(r"mean|averag|1/6|divid|1/N"),
)  # fmt: skip
loops.pair(
    "flip-and-bias",
    {"np.tensordot(g, w, axes=1)": "np.tensordot(g, w[:, :, ::-1, ::-1], axes=1)",
    "dout.sum(axis=(0, 2, 3))": "dout.mean(axis=(2, 3)).sum(axis=0)"}, "x b",
    "the kernel is flipped in dx, db is a mean",
    both(FLIP, KERNEL + "|ax[ei]s"), both(r"mean|averag|1/6|divid|1/N"),
)  # fmt: skip


def depthwise(x, w):
    """Each channel by itself; (C, H, W), kernels (C, k, k), dilated by 2 along the columns."""
    c, height, width = x.shape
    k = w.shape[1]
    out = np.zeros((c, height - k + 1, width - 2 * (k - 1)))
    for u in range(k):
        for v in range(k):
            out += w[:, u, v, None, None] * x[:, u : u + out.shape[1], 2 * v : 2 * v + out.shape[2]]
    return out


def depthwise_backward(dout, x, w):
    k = w.shape[1]
    _, oh, ow = dout.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for u in range(k):
        for v in range(k):
            dx[:, u : u + oh, 2 * v : 2 * v + ow] += w[:, u, v, None, None] * dout
            dw[:, u, v] = np.sum(x[:, u : u + oh, 2 * v : 2 * v + ow] * dout, axis=(1, 2))
    return {"x": dx, "w": dw}


deep = CONVOLUTIONS.functions(
    "depthwise", depthwise, depthwise_backward, x=normal(3, 5, 6), w=normal(3, 2, 2)
)
deep.wrong(
    "undilated-dx", {"dx[:, u : u + oh, 2 * v : 2 * v + ow]": "dx[:, u : u + oh, v : v + ow]"}, "x",
    "the dilation is left out of dx", both(r"dilat|2 ?[*·]? ?v|shift|offset|index", MISSING +
    "|1|instead|shift|index"),
)  # fmt: skip
deep.wrong(
    "channels-summed", {"dout, axis=(1, 2))": "dout)"}, "w",
    "dw is summed over the channels too", both(r"channel|axis 0|depthwise", r"sum|all|over|every"),
)  # fmt: skip
deep.wrong(
    "kernel-flipped", {"+= w[:, u, v, None, None]":
    "+= w[:, k - 1 - u, k - 1 - v, None, None]"}, "x",
    "the kernel is flipped in dx", both(FLIP, KERNEL + "|ax[ei]s"),
)  # fmt: skip
deep.wrong(
    "channel-order", {"+= w[:, u, v, None, None]": "+= w[::-1, u, v, None, None]"}, "x",
    "the kernels of the channels are reversed in dx",
    both(r"channel|axis 0|order", r"revers|flip|order|permut|\[::-1"),
)  # fmt: skip


def grouped(x, w):
    """Two groups: (N, C, L) with kernels (O, C / 2, k)."""
    n, _, length = x.shape
    o, half, k = w.shape
    out = np.zeros((n, o, length - k + 1))
    for g in range(2):
        ins, outs = slice(g * half, (g + 1) * half), slice(g * o // 2, (g + 1) * o // 2)
        for t in range(out.shape[2]):
            out[:, outs, t] = np.einsum("nck,ock->no", x[:, ins, t : t + k], w[outs])
    return out


def grouped_backward(dout, x, w):
    o, half, k = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for g in range(2):
        ins, outs = slice(g * half, (g + 1) * half), slice(g * o // 2, (g + 1) * o // 2)
        for t in range(dout.shape[2]):
            dx[:, ins, t : t + k] += np.einsum("no,ock->nck", dout[:, outs, t], w[outs])
            dw[outs] += np.einsum("no,nck->ock", dout[:, outs, t], x[:, ins, t : t + k])
    return {"x": dx, "w": dw}


groups = CONVOLUTIONS.functions(
    "grouped", grouped, grouped_backward, x=normal(2, 4, 5), w=normal(4, 2, 3)
)
groups.wrong(
    "first-group-for-all", {"dout[:, outs, t], w[outs])": "dout[:, outs, t], w[: o // 2])"}, "x",
    "every group takes the first group's kernels in dx", both(r"group|block|channel|axis|position",
    r"first|group|instead|kernel|w\b"),
)  # fmt: skip
groups.wrong(
    "groups-exchanged", {"dout[:, outs, t], w[outs])":
    "dout[:, outs, t], w[::-1][outs][::-1])"}, "x",
    "the groups' kernels are exchanged in dx", both(r"group|block|channel|half", r"swap|exchang|"
    r"other|instead|order|permut"),
)  # fmt: skip
groups.wrong(
    "dw-last-position", {"dw[outs] += ": "dw[outs] = "}, "w",
    "dw keeps the last position alone", both(OVERWRITTEN, r"position|\+=|time|last|loop|accum"),
)  # fmt: skip


def conv1d(x, w, b):
    """(N, L, C) channels last, stride 2, kernels (k, C, O): windows by fancy indexing."""
    k = w.shape[0]
    starts = np.arange(0, x.shape[1] - k + 1, 2)
    windows = x[:, starts[:, None] + np.arange(k)]
    return np.tensordot(windows, w, axes=2) + b


def conv1d_backward(dout, x, w, b):
    k = w.shape[0]
    starts = np.arange(0, x.shape[1] - k + 1, 2)
    index = starts[:, None] + np.arange(k)
    dw = np.tensordot(x[:, index], dout, axes=([0, 1], [0, 1]))
    dwindows = np.tensordot(dout, w, axes=([2], [2]))
    dx = np.zeros_like(x)
    np.add.at(dx, (slice(None), index), dwindows)
    return {"x": dx, "w": dw, "b": dout.sum(axis=(0, 1))}


line = CONVOLUTIONS.functions(
    "conv1d", conv1d, conv1d_backward, x=normal(2, 7, 3), w=normal(3, 3, 4), b=normal(4)
)
line.wrong(
    "fancy-assignment", {"np.add.at(dx, (slice(None), index), dwindows)":
    "dx[:, index] = dwindows"},
    "x", "entries in several windows are assigned, not added",
    both(OVERWRITTEN, r"overlap|window|position|patch|repeat|twice|several|add\.at|\+="),
)  # fmt: skip
line.wrong(
    "kernel-reversed", {"np.tensordot(dout, w, axes=([2], [2]))":
    "np.tensordot(dout, w[::-1], axes=([2], [2]))"}, "x",
    "the kernel is reversed in dx", both(FLIP, KERNEL + "|axis"),
)  # fmt: skip
line.wrong(
    "channels-transposed", {"np.tensordot(dout, w, axes=([2], [2]))":
    "np.tensordot(dout, np.swapaxes(w, 0, 1), axes=([2], [2]))"}, "x",
    "kernel position and channel are exchanged in dx",
    both(TRANSPOSED, KERNEL + "|channel|ax[ei]s"),
)  # fmt: skip
line.wrong(
    "shifted", {"np.add.at(dx, (slice(None), index), dwindows)":
    "np.add.at(dx, (slice(None), (index + 1) % x.shape[1]), dwindows)"}, "x",
    "dx is shifted by one", both(r"shift|offset|roll|moved|displac"),
)  # fmt: skip


def transposed_conv(x, w):
    """(C, H, W) -> stride 2, kernels (C, O, k, k): each entry paints a kernel."""
    _, height, width = x.shape
    k = w.shape[2]
    out = np.zeros((w.shape[1], 2 * (height - 1) + k, 2 * (width - 1) + k))
    for i in range(height):
        for j in range(width):
            painted = np.tensordot(x[:, i, j], w, axes=1)
            out[:, 2 * i : 2 * i + k, 2 * j : 2 * j + k] += painted
    return out


def transposed_conv_backward(dout, x, w):
    k = w.shape[2]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            g = dout[:, 2 * i : 2 * i + k, 2 * j : 2 * j + k]
            dx[:, i, j] = np.tensordot(w, g, axes=3)
            dw += x[:, i, j][:, None, None, None] * g
    return {"x": dx, "w": dw}


painted = CONVOLUTIONS.functions(
    "transposed-conv", transposed_conv, transposed_conv_backward, x=normal(2, 3, 3),
    w=normal(2, 3, 3, 3),
)  # fmt: skip
painted.wrong(
    "stride-missing", {"dout[:, 2 * i : 2 * i + k, 2 * j": "dout[:, i : i + k, 2 * j"}, "x w",
    "the stride is left out along the rows", both(r"stride|2 ?[*·]? ?i|index", MISSING +
    r"|1|instead|index|row"),
)  # fmt: skip
painted.wrong(
    "kernel-flipped", {"np.tensordot(w, g, axes=3)":
    "np.tensordot(w[:, :, ::-1, ::-1], g, axes=3)"},
    "x", "the kernel is flipped in dx", both(FLIP, KERNEL + "|ax[ei]s"),
)  # fmt: skip
painted.wrong(
    "dw-flipped", {"[:, None, None, None] * g": "[:, None, None, None] * g[:, ::-1, ::-1]"}, "w",
    "dw is flipped", both(FLIP),
)  # fmt: skip
painted.wrong(
    "dw-overwritten", {"dw += x": "dw = x"}, "w",
    "dw keeps the last position alone", both(OVERWRITTEN, r"position|\+=|last|loop|accum"),
)  # fmt: skip


class ConvIm2col:
    """Weights as a matrix (C·k·k, O), as in books on deep learning from scratch; no padding."""

    def __init__(self):
        rng = np.random.default_rng(4)
        self.W, self.b = rng.standard_normal((12, 2)) * 0.5, rng.standard_normal(2)

    def forward(self, x):
        n, c, h, w = x.shape
        self.shape, oh, ow = x.shape, h - 1, w - 1
        col = np.zeros((n, c, 2, 2, oh, ow))
        for u in range(2):
            for v in range(2):
                col[:, :, u, v] = x[:, :, u : u + oh, v : v + ow]
        self.col = col.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)
        return (self.col @ self.W + self.b).reshape(n, oh, ow, -1).transpose(0, 3, 1, 2)

    def backward(self, dout):
        n, c, h, w = self.shape
        oh, ow = h - 1, w - 1
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, 2)
        self.db = dout.sum(axis=0)
        self.dW = self.col.T @ dout
        dcol = dout @ self.W.T
        dcol = dcol.reshape(n, oh, ow, c, 2, 2).transpose(0, 3, 4, 5, 1, 2)
        dx = np.zeros(self.shape)
        for u in range(2):
            for v in range(2):
                dx[:, :, u : u + oh, v : v + ow] += dcol[:, :, u, v]
        return dx


cols = CONVOLUTIONS.layer("conv-im2col", ConvIm2col, normal(2, 3, 4, 3), W="dW", b="db")
cols.wrong(
    "not-channels-last", {"dout.transpose(0, 2, 3, 1).reshape(-1, 2)": "dout.reshape(-1, 2)"},
    "x W b", "the channels are not moved last before the reshape",
    both(TRANSPOSED + "|reshape|channel|permut|order|layout"),
)  # fmt: skip
cols.wrong(
    "col2im-overwrites", {"v : v + ow] += dcol": "v : v + ow] = dcol"}, "x",
    "where windows overlap, the last one overwrites",
    both(OVERWRITTEN, r"overlap|window|patch|slid|position|="),
)  # fmt: skip
cols.wrong(
    "dcol-order", {".transpose(0, 3, 4, 5, 1, 2)": ".transpose(0, 3, 5, 4, 1, 2)"}, "x",
    "the kernel's rows and columns are exchanged in dx",
    both(TRANSPOSED, KERNEL + "|ax[ei]s|\\bu\\b"),
)  # fmt: skip
cols.wrong(
    "dW-transposed-columns", {"self.col.T @ dout": "self.col.T @ dout[:, ::-1]"}, "W",
    "the output channels are reversed in dW", both(r"channel|axis|order|column", FLIP + "|order|"
    "permut|swap|exchang"),
)  # fmt: skip
cols.pair(
    "order-and-columns", {"self.col.T @ dout": "self.col.T @ dout[:, ::-1]",
    "v : v + ow] += dcol": "v : v + ow] = dcol"}, "W x",
    "the channels are reversed in dW; windows overwrite each other in dx",
    both(r"channel|axis|order|column", FLIP + "|order|permut|swap|exchang"),
    both(OVERWRITTEN, r"overlap|window|patch|slid|position|="),
)  # fmt: skip
