"""Vanilla recurrent nets: a cell, a sequence, both directions, the last step, an embedding."""

import numpy as np
from exam_draws import draws
from telling import (
    CARRY,
    INSTEAD,
    MISSING,
    OVERWRITTEN,
    SIGN,
    SLOPE,
    TRANSPOSED,
    both,
    word,
)
from wrong_passes import Family

normal, _ = draws(22)

RECURRENT = Family("recurrent")
TANH = r"tanh|1 ?[-−] ?h|activation"


def rnn_cell(x, h, Wx, Wh, b):
    return np.tanh(x @ Wx + h @ Wh + b)


def rnn_cell_backward(dout, x, h, Wx, Wh, b):
    h_next = np.tanh(x @ Wx + h @ Wh + b)
    dz = dout * (1 - h_next**2)
    dx = dz @ Wx.T
    dh = dz @ Wh.T
    dWx = x.T @ dz
    dWh = h.T @ dz
    db = dz.sum(axis=0)
    return {"x": dx, "h": dh, "Wx": dWx, "Wh": dWh, "b": db}


cell = RECURRENT.functions(
    "rnn-cell", rnn_cell, rnn_cell_backward,
    x=normal(3, 5), h=normal(3, 4), Wx=normal(5, 4), Wh=normal(4, 4), b=normal(4),
)  # fmt: skip
cell.wrong(
    "no-tanh-slope", {"dz = dout * (1 - h_next**2)": "dz = dout"}, "x h Wx Wh b",
    "tanh′ is missing", both(TANH, SLOPE, MISSING),
)  # fmt: skip
cell.wrong(
    "slope-of-old-state", {"(1 - h_next**2)": "(1 - h**2)"}, "x h Wx Wh b",
    "tanh′ is taken from the previous state h instead of the new one",
    both(TANH, r"\bh\b|previous|old|input", INSTEAD),
)  # fmt: skip
cell.wrong(
    "slope-not-squared", {"(1 - h_next**2)": "(1 - h_next)"}, "x h Wx Wh b",
    "tanh′ is taken as 1 − y, without the square",
    both(TANH, r"square|1 ?[-−] ?\w|sigmoid|slope|′"),
)  # fmt: skip
cell.wrong(
    "slope-of-sigmoid", {"(1 - h_next**2)": "h_next * (1 - h_next)"}, "x h Wx Wh b",
    "σ′ = y(1 − y) is used for tanh′", both(r"sigmoid|σ|y ?·? ?\(1|\(1 ?[-−]", TANH),
)  # fmt: skip
cell.wrong(
    "Wh-not-transposed", {"dh = dz @ Wh.T": "dh = dz @ Wh"}, "h",
    "Wh is not transposed in dh", both(word("Wh"), TRANSPOSED),
)  # fmt: skip
cell.wrong(
    "dWh-from-new-state", {"dWh = h.T @ dz": "dWh = h_next.T @ dz"}, "Wh",
    "dWh takes the new state in place of the previous one",
    both(r"previous|new|next|output|tanh|\bh\b", INSTEAD),
)  # fmt: skip
cell.pair(
    "slope-and-transpose", {"dz = dout * (1 - h_next**2)": "dz = dout", "dz @ Wh.T": "dz @ Wh"},
    "x h Wx Wh b", "tanh′ is missing, and Wh is not transposed in dh",
    both(TANH, SLOPE, MISSING), both(word("Wh"), TRANSPOSED),
)  # fmt: skip


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    prev = h0
    for t in range(T):
        prev = np.tanh(x[:, t] @ Wx + prev @ Wh + b)
        h[:, t] = prev
    return h


def rnn_backward(dh, x, h0, Wx, Wh, b):
    h = rnn_forward(x, h0, Wx, Wh, b)
    T = x.shape[1]
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dprev = np.zeros_like(h0)
    for t in reversed(range(T)):
        prev = h[:, t - 1] if t > 0 else h0
        dcur = dh[:, t] + dprev
        dz = dcur * (1 - h[:, t] ** 2)
        dx[:, t] = dz @ Wx.T
        dprev = dz @ Wh.T
        dWx += x[:, t].T @ dz
        dWh += prev.T @ dz
        db += dz.sum(axis=0)
    return {"x": dx, "h0": dprev, "Wx": dWx, "Wh": dWh, "b": db}


sequence = RECURRENT.functions(
    "rnn", rnn_forward, rnn_backward,
    x=normal(2, 4, 5), h0=normal(2, 3), Wx=normal(5, 3), Wh=normal(3, 3), b=normal(3),
)  # fmt: skip
STATE = word("h", "state", "hidden", "prev")
sequence.wrong(
    "not-carried", {"dcur = dh[:, t] + dprev": "dcur = dh[:, t]"}, "x h0 Wx Wh b",
    "the state's gradient is not handed to the step before",
    both(STATE, MISSING, CARRY),
)  # fmt: skip
sequence.wrong(
    "upstream-only-last",
    {"dcur = dh[:, t] + dprev": "dcur = (dh[:, t] if t == T - 1 else 0) + dprev"}, "x h0 Wx Wh b",
    "the upstream is used at the last step alone",
    both(r"last|earlier|steps? before", r"only|alone|missing|ignor|forg|not|left out"),
)  # fmt: skip
sequence.wrong(
    "carried-without-slope",
    {"dprev = dz @ Wh.T": "dprev = dcur @ Wh.T"}, "x h0 Wx Wh b",
    "what is carried to the step before lacks tanh′", both(TANH, SLOPE, MISSING, CARRY),
)  # fmt: skip
sequence.wrong(
    "Wx-overwritten", {"dWx += x[:, t].T @ dz": "dWx = x[:, t].T @ dz"}, "Wx",
    "dWx is overwritten at each step: only the first step is left", both(OVERWRITTEN, CARRY),
)  # fmt: skip
sequence.wrong(
    "present-state", {"dWh += prev.T @ dz": "dWh += h[:, t].T @ dz"}, "Wh",
    "dWh takes the present state in place of the previous one",
    both(r"previous|present|t ?[-−] ?1|₋₁|step|\bh\b", INSTEAD),
)  # fmt: skip
sequence.wrong(
    "first-state-zero", {"else h0": "else np.zeros_like(h0)"}, "Wh",
    "at the first step dWh takes zeros in place of h0",
    both(word("h0", "first", "initial"), r"zero|missing|left out|instead|in place|lack|ignor|not"),
)  # fmt: skip
sequence.wrong(
    "carried-not-transposed", {"dprev = dz @ Wh.T": "dprev = dz @ Wh"}, "x h0 Wx Wh b",
    "Wh is not transposed on the way to the step before", both(word("Wh"), TRANSPOSED),
)  # fmt: skip
sequence.wrong(
    "carry-replaced-by-sum", {"dprev = dz @ Wh.T": "dprev += dz @ Wh.T"}, "x h0 Wx Wh b",
    "the carried gradient is summed over steps instead of replaced",
    both(STATE + "|carr", r"accumulat|\+=|sum|added|twice|again|kept|replac|more than once"),
)  # fmt: skip
sequence.wrong(
    "forward-order", {"in reversed(range(T))": "in range(T)"}, "x h0 Wx Wh b",
    "time runs forwards in backward",
    both(r"order|revers|forward|direction", r"time|step|loop|axis"),
)  # fmt: skip
sequence.wrong(
    "h0-before-last-step", {'"h0": dprev': '"h0": dcur'}, "h0",
    "dh0 is the gradient before the first step's tanh and Wh",
    both(word("h0", "first"), MISSING + "|instead|in place|step"),
)  # fmt: skip
sequence.pair(
    "not-carried-and-present-state",
    {"dcur = dh[:, t] + dprev": "dcur = dh[:, t]", "prev.T @ dz": "h[:, t].T @ dz"},
    "x h0 Wx Wh b", "the state is not carried, and dWh takes the present state",
    both(STATE, MISSING, CARRY), both(r"previous|present", INSTEAD),
)  # fmt: skip


def last_step_loss(x, Wx, Wh, Wy, y):
    """Many to one, a square loss on the last state."""
    h = np.zeros((x.shape[1], Wh.shape[0]))
    for t in range(len(x)):
        h = np.tanh(x[t] @ Wx + h @ Wh)
    return 0.5 * np.sum((h @ Wy - y) ** 2) / len(y)


def last_step_backward(_, x, Wx, Wh, Wy, y):
    T, N, _ = x.shape
    hs = [np.zeros((N, Wh.shape[0]))]
    for t in range(T):
        hs.append(np.tanh(x[t] @ Wx + hs[-1] @ Wh))
    dy = (hs[-1] @ Wy - y) / N
    dWy = hs[-1].T @ dy
    dh = dy @ Wy.T
    dx, dWx, dWh = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh)
    for t in range(T - 1, -1, -1):
        dz = dh * (1 - hs[t + 1] ** 2)
        dWx += x[t].T @ dz
        dWh += hs[t].T @ dz
        dx[t] = dz @ Wx.T
        dh = dz @ Wh.T
    return {"x": dx, "Wx": dWx, "Wh": dWh, "Wy": dWy}


last = RECURRENT.functions(
    "rnn-last", last_step_loss, last_step_backward,
    x=normal(4, 3, 5), Wx=normal(5, 4), Wh=normal(4, 4), Wy=normal(4, 2), y=normal(3, 2),
)  # fmt: skip
last.wrong(
    "slope-of-step-before", {"(1 - hs[t + 1] ** 2)": "(1 - hs[t] ** 2)"}, "x Wx Wh",
    "tanh′ is taken from the previous state",
    both(TANH, r"previous|step|before|t ?[-−] ?1", INSTEAD),
)  # fmt: skip
last.wrong(
    "truncated", {"range(T - 1, -1, -1)": "range(T - 1, T - 3, -1)"}, "x Wx Wh",
    "backward stops after two steps",
    both(r"truncat|reach|stop|cut|missing|steps? 0|first|early|ends",
    r"step|time|axis"),
)  # fmt: skip
last.wrong(
    "one-step-short", {"range(T - 1, -1, -1)": "range(T - 1, 0, -1)"}, "x Wx",
    "the first step is left out", both(r"truncat|stop|left out|missing|cut|zero|short|without",
    r"step|time|first|axis|x\[0"),
)  # fmt: skip
last.wrong(
    "mean-missing", {"(hs[-1] @ Wy - y) / N": "(hs[-1] @ Wy - y)"}, "x Wx Wh Wy",
    "the mean over the batch is missing", both(r"mean|batch|\bN\b|len|3", MISSING + "|times|large"),
)  # fmt: skip
last.wrong(
    "dWx-overwritten", {"dWx += x[t].T @ dz": "dWx = x[t].T @ dz"}, "Wx",
    "dWx is overwritten: only the first step is left", both(OVERWRITTEN, CARRY),
)  # fmt: skip
last.wrong(
    "Wy-from-step-before", {"dWy = hs[-1].T @ dy": "dWy = hs[-2].T @ dy"}, "Wy",
    "dWy takes the state before the last", both(r"last|step|state|\bh", INSTEAD),
)  # fmt: skip


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
