"""Vanilla recurrent nets: both directions, behind an embedding, a layer object."""

import numpy as np
from exam_draws import draws
from exam_rnn import RECURRENT, TANH
from telling import (
    CARRY,
    INSTEAD,
    MISSING,
    OVERWRITTEN,
    SIGN,
    TRANSPOSED,
    both,
    word,
)

normal, _ = draws(61)


def bidirectional(x, Wf, Uf, Wb, Ub):
    N, T, _ = x.shape
    H = Uf.shape[0]
    out = np.zeros((N, T, 2 * H))
    hf, hb = np.zeros((N, H)), np.zeros((N, H))
    for t in range(T):
        hf = np.tanh(x[:, t] @ Wf + hf @ Uf)
        out[:, t, :H] = hf
    for t in range(T - 1, -1, -1):
        hb = np.tanh(x[:, t] @ Wb + hb @ Ub)
        out[:, t, H:] = hb
    return out


def bidirectional_backward(dout, x, Wf, Uf, Wb, Ub):
    out = bidirectional(x, Wf, Uf, Wb, Ub)
    N, T, _ = x.shape
    H = Uf.shape[0]
    zero = np.zeros((N, H))
    dx, dWf, dUf = np.zeros_like(x), np.zeros_like(Wf), np.zeros_like(Uf)
    dWb, dUb = np.zeros_like(Wb), np.zeros_like(Ub)
    dh = zero
    for t in reversed(range(T)):
        dz = (dout[:, t, :H] + dh) * (1 - out[:, t, :H] ** 2)
        dWf += x[:, t].T @ dz
        dUf += (out[:, t - 1, :H] if t > 0 else zero).T @ dz
        dx[:, t] += dz @ Wf.T
        dh = dz @ Uf.T
    dh = zero
    for t in range(T):
        dz = (dout[:, t, H:] + dh) * (1 - out[:, t, H:] ** 2)
        dWb += x[:, t].T @ dz
        dUb += (out[:, t + 1, H:] if t < T - 1 else zero).T @ dz
        dx[:, t] += dz @ Wb.T
        dh = dz @ Ub.T
    return {"x": dx, "Wf": dWf, "Uf": dUf, "Wb": dWb, "Ub": dUb}


both_ways = RECURRENT.functions(
    "birnn", bidirectional, bidirectional_backward,
    x=normal(2, 3, 5), Wf=normal(5, 4), Uf=normal(4, 4), Wb=normal(5, 4), Ub=normal(4, 4),
)  # fmt: skip
BACKWARDS = word("Wb", "Ub", "hb", "backward", "second")
both_ways.wrong(
    "x-overwritten", {"dx[:, t] += dz @ Wb.T": "dx[:, t] = dz @ Wb.T"}, "x",
    "dx of the forward direction is overwritten by the backward one",
    both(word("Wf", "hf", "forward") + "|path|direction", MISSING + "|overwrit|=|only"),
)  # fmt: skip
both_ways.wrong(
    "backward-not-carried", {"(dout[:, t, H:] + dh)": "(dout[:, t, H:])"}, "x Wb Ub",
    "the backward direction's state is not carried", both(BACKWARDS, MISSING, CARRY),
)  # fmt: skip
both_ways.wrong(
    "backward-wrong-neighbour",
    {"(out[:, t + 1, H:] if t < T - 1 else zero)": "(out[:, t - 1, H:] if t > 0 else zero)"}, "Ub",
    "dUb takes the state of step t − 1 where that direction came from t + 1",
    both(BACKWARDS, r"state|step|t ?[+\-−] ?1|previous|\bhb?\b", INSTEAD),
)  # fmt: skip
both_ways.wrong(
    "same-weights-twice", {"dx[:, t] += dz @ Wb.T": "dx[:, t] += dz @ Wf.T"}, "x",
    "Wf in place of Wb in dx", both(word("Wf"), word("Wb"), INSTEAD),
)  # fmt: skip
both_ways.wrong(
    "forward-half-twice", {"(1 - out[:, t, H:] ** 2)": "(1 - out[:, t, :H] ** 2)"}, "x Wb Ub",
    "tanh′ of the backward direction is taken from the forward one",
    both(TANH, word("hb", "hf") + "|direction|other|half", INSTEAD),
)  # fmt: skip


IDS = np.array([[0, 2, 2, 4], [3, 0, 1, 2]])


def embedded_rnn(E, Wx, Wh, b):
    h = np.zeros((IDS.shape[0], Wh.shape[0]))
    states = []
    for t in range(IDS.shape[1]):
        h = np.tanh(E[IDS[:, t]] @ Wx + h @ Wh + b)
        states.append(h)
    return np.stack(states, axis=1)


def embedded_rnn_backward(dout, E, Wx, Wh, b):
    out = embedded_rnn(E, Wx, Wh, b)
    dE, dWx, dWh, db = np.zeros_like(E), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh = np.zeros_like(out[:, 0])
    for t in reversed(range(IDS.shape[1])):
        dz = (dout[:, t] + dh) * (1 - out[:, t] ** 2)
        emb = E[IDS[:, t]]
        dWx += emb.T @ dz
        if t > 0:
            dWh += out[:, t - 1].T @ dz
        db += dz.sum(0)
        np.add.at(dE, IDS[:, t], dz @ Wx.T)
        dh = dz @ Wh.T
    return {"E": dE, "Wx": dWx, "Wh": dWh, "b": db}


embedded = RECURRENT.functions(
    "rnn-embedding", embedded_rnn, embedded_rnn_backward,
    E=normal(6, 3), Wx=normal(3, 4), Wh=normal(4, 4), b=normal(4),
)  # fmt: skip
ROWS = r"row|repeat|occur|twice|index|token|word|embedding|\bE\b"
embedded.wrong(
    "rows-overwritten", {"np.add.at(dE, IDS[:, t], dz @ Wx.T)": "dE[IDS[:, t]] = dz @ Wx.T"}, "E",
    "rows that occur again at an earlier step overwrite what was there",
    both(ROWS, r"overwrit|accumul|add|\+=|sum|first|once|only"),
)  # fmt: skip
embedded.wrong(
    "no-Wx", {"np.add.at(dE, IDS[:, t], dz @ Wx.T)": "np.add.at(dE, IDS[:, t], dz[:, :3])"}, "E",
    "the embedding's gradient does not go through Wx", both(word("Wx"), MISSING),
)  # fmt: skip
embedded.wrong(
    "carry-sign", {"dh = dz @ Wh.T": "dh = -dz @ Wh.T"}, "E Wx Wh b",
    "the carried gradient has the wrong sign", both(SIGN, CARRY + "|" + word("Wh", "h")),
)  # fmt: skip
embedded.wrong(
    "bias-mean", {"db += dz.sum(0)": "db += dz.mean(0)"}, "b",
    "the bias takes the mean over the batch", both(r"mean|averag|1/2|half|divid|0\.5|1/N"),
)  # fmt: skip


class RNNLayer:
    """An Elman layer as people write it: states in a dict, gradients as attributes."""

    def __init__(self):
        rng = np.random.default_rng(5)
        self.U = rng.standard_normal((4, 5)) * 0.6
        self.W = rng.standard_normal((4, 4)) * 0.6
        self.b = rng.standard_normal(4)

    def forward(self, x):
        self.x, self.h = x, {-1: np.zeros(4)}
        for t in range(len(x)):
            self.h[t] = np.tanh(self.U @ x[t] + self.W @ self.h[t - 1] + self.b)
        return np.array([self.h[t] for t in range(len(x))])

    def backward(self, dout):
        self.dU, self.dW = np.zeros_like(self.U), np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)
        dx, dnext = np.zeros_like(self.x), np.zeros(4)
        for t in reversed(range(len(self.x))):
            draw = (dout[t] + dnext) * (1 - self.h[t] * self.h[t])
            self.db += draw
            self.dU += np.outer(draw, self.x[t])
            self.dW += np.outer(draw, self.h[t - 1])
            dx[t] = self.U.T @ draw
            dnext = self.W.T @ draw
        return dx


elman = RECURRENT.layer("rnn-layer", RNNLayer, normal(3, 5), U="dU", W="dW", b="db")
elman.wrong(
    "outer-swapped", {"np.outer(draw, self.h[t - 1])": "np.outer(self.h[t - 1], draw)"}, "W",
    "dW is transposed", both(word("W"), TRANSPOSED),
)  # fmt: skip
elman.wrong(
    "not-carried", {"(dout[t] + dnext)": "dout[t]"}, "x U W b",
    "the state's gradient is not carried", both(MISSING, CARRY),
)  # fmt: skip
elman.wrong(
    "bias-overwritten", {"self.db += draw": "self.db = draw"}, "b",
    "db is overwritten at each step", both(OVERWRITTEN, CARRY + "|axis|time|row"),
)  # fmt: skip
elman.wrong(
    "present-state", {"np.outer(draw, self.h[t - 1])": "np.outer(draw, self.h[t])"}, "W",
    "dW takes the present state", both(r"previous|present|step|₋₁|h\[", INSTEAD),
)  # fmt: skip
elman.wrong(
    "upstream-doubled", {"(dout[t] + dnext)": "(2 * dout[t] + dnext)"}, "x U W b",
    "the upstream is counted twice at each step", both(r"\b2\b|twice|doubl"),
)  # fmt: skip
elman.pair(
    "carry-and-bias", {"(dout[t] + dnext)": "dout[t]", "self.db += draw": "self.db = draw"},
    "x U W b", "not carried, and db overwritten", both(MISSING, CARRY),
    both(OVERWRITTEN, "gradient of b"),
)  # fmt: skip
