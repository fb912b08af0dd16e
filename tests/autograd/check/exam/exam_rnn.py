"""Vanilla recurrent nets: a cell, a sequence, a loss at the last step."""

import numpy as np
from exam_draws import draws
from telling import (
    CARRY,
    INSTEAD,
    MISSING,
    OVERWRITTEN,
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
    r"step|time|loop"),
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
