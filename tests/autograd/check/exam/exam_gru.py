"""GRU in two conventions, and the character model of 100 lines."""

import numpy as np
from exam_draws import draws, sigmoid
from exam_lstm import SIGMA
from exam_rnn import RECURRENT, TANH
from telling import CARRY, INSTEAD, MISSING, OVERWRITTEN, SIGN, TRANSPOSED, both, word

normal, _ = draws(15)

Z, R = word("z", "update gate", "zt"), word("r", "reset", "rt")
N_ = word("n", "candidate", "hh", "h_tilde", "tilde", "nt")
STATE = word("h", "hs", "state", "hidden", "h_prev", "prev")


def gru_cell(x, h, Wz, Uz, Wr, Ur, Wh, Uh):
    """Cho et al.: z keeps; reset before the matrix."""
    z = sigmoid(x @ Wz + h @ Uz)
    r = sigmoid(x @ Wr + h @ Ur)
    n = np.tanh(x @ Wh + (r * h) @ Uh)
    return z * h + (1 - z) * n


def gru_cell_backward(dout, x, h, Wz, Uz, Wr, Ur, Wh, Uh):
    z = sigmoid(x @ Wz + h @ Uz)
    r = sigmoid(x @ Wr + h @ Ur)
    n = np.tanh(x @ Wh + (r * h) @ Uh)
    dz = dout * (h - n)
    dn = dout * (1 - z)
    dh = dout * z
    dan = dn * (1 - n**2)
    drh = dan @ Uh.T
    dr = drh * h
    dh = dh + drh * r
    daz = dz * z * (1 - z)
    dar = dr * r * (1 - r)
    dh = dh + daz @ Uz.T + dar @ Ur.T
    dx = daz @ Wz.T + dar @ Wr.T + dan @ Wh.T
    return {
        "x": dx, "h": dh, "Wz": x.T @ daz, "Uz": h.T @ daz, "Wr": x.T @ dar, "Ur": h.T @ dar,
        "Wh": x.T @ dan, "Uh": (r * h).T @ dan,
    }  # fmt: skip


cell = RECURRENT.functions(
    "gru-cell", gru_cell, gru_cell_backward, x=normal(3, 5), h=normal(3, 4),
    Wz=normal(5, 4), Uz=normal(4, 4), Wr=normal(5, 4), Ur=normal(4, 4), Wh=normal(5, 4),
    Uh=normal(4, 4),
)  # fmt: skip
cell.wrong(
    "sign-of-z", {"dz = dout * (h - n)": "dz = dout * (n - h)"}, "x h Wz Uz",
    "the update gate's gradient has the wrong sign: h and n are exchanged",
    both(Z, SIGN + "|swap|exchang|instead"),
)  # fmt: skip
cell.wrong(
    "z-for-one-minus-z", {"dn = dout * (1 - z)": "dn = dout * z"}, "x h Wr Ur Wh Uh",
    "z in place of 1 − z on the way to the candidate", both(Z, r"1 ?[-−]", INSTEAD),
)  # fmt: skip
cell.wrong(
    "z-and-one-minus-z-for-h", {"dh = dout * z": "dh = dout * (1 - z)"}, "h",
    "1 − z in place of z on the direct way to h", both(Z, r"1 ?[-−]", INSTEAD),
)  # fmt: skip
cell.wrong(
    "direct-path-missing", {"dh = dh + drh * r": "dh = drh * r"}, "h",
    "the direct path z·h is left out of dh", both(MISSING, Z + "|direct|skip"),
)  # fmt: skip
cell.wrong(
    "reset-forgotten-in-dh", {"dh = dh + drh * r": "dh = dh + drh"}, "h",
    "the reset gate is forgotten in dh", both(R, MISSING),
)  # fmt: skip
cell.wrong(
    "reset-forgotten-in-Uh", {"(r * h).T @ dan": "h.T @ dan"}, "Uh",
    "the reset gate is forgotten in dUh", both(R, MISSING + "|instead|in place"),
)  # fmt: skip
cell.wrong(
    "r-without-h", {"dr = drh * h": "dr = drh"}, "x h Wr Ur",
    "dr lacks the factor h", both(STATE, MISSING, R + "|factor|mul|·"),
)  # fmt: skip
cell.wrong(
    "reset-path-missing", {" + dar @ Ur.T\n": "\n"}, "h",
    "the path of the reset gate is left out of dh", both(R + "|Ur", MISSING),
)  # fmt: skip
cell.wrong(
    "no-slope-of-z", {"daz = dz * z * (1 - z)": "daz = dz"}, "x h Wz Uz",
    "σ′ of the update gate is missing", both(Z, SIGMA, MISSING),
)  # fmt: skip
cell.wrong(
    "slope-of-r-with-z", {"dar = dr * r * (1 - r)": "dar = dr * z * (1 - z)"}, "x h Wr Ur",
    "σ′ of r is taken of z", both(Z, R, INSTEAD),
)  # fmt: skip
cell.wrong(
    "Uh-swapped-with-Wh", {"drh = dan @ Uh.T": "drh = dan @ Ur.T"}, "x h Wr Ur",
    "Ur in place of Uh on the way to r·h", both(word("Uh"), word("Ur"), INSTEAD),
)  # fmt: skip
cell.pair(
    "reset-twice-forgotten",
    {"dh = dh + drh * r": "dh = dh + drh", "(r * h).T @ dan": "h.T @ dan"}, "h Uh",
    "the reset gate is forgotten in dh and in dUh", both(R, MISSING + "|instead|in place"),
)  # fmt: skip


def gru_steps(x, W, U, b, bu):
    """PyTorch's: n takes 1 − z; reset after the matrix; blocks r, z, n; batch first."""
    H = U.shape[0]
    h, out, cache = np.zeros((len(x), H)), [], []
    for t in range(x.shape[1]):
        gx, gh = x[:, t] @ W + b, h @ U + bu
        r = sigmoid(gx[:, :H] + gh[:, :H])
        z = sigmoid(gx[:, H : 2 * H] + gh[:, H : 2 * H])
        hn = gh[:, 2 * H :]
        n = np.tanh(gx[:, 2 * H :] + r * hn)
        cache.append((h, r, z, n, hn))
        h = (1 - z) * n + z * h
        out.append(h)
    return np.stack(out, axis=1), cache


def gru(x, W, U, b, bu):
    return gru_steps(x, W, U, b, bu)[0]


def gru_backward(dout, x, W, U, b, bu):
    _, cache = gru_steps(x, W, U, b, bu)
    dx, dW, dU, db, dbu = (np.zeros_like(a) for a in (x, W, U, b, bu))
    dh_next = np.zeros((len(x), U.shape[0]))
    for t in reversed(range(x.shape[1])):
        h_prev, r, z, n, hn = cache[t]
        dh = dout[:, t] + dh_next
        dn = dh * (1 - z)
        dz = dh * (h_prev - n)
        dan = dn * (1 - n**2)
        dr = dan * hn
        dhn = dan * r
        dar = dr * r * (1 - r)
        daz = dz * z * (1 - z)
        dgx = np.concatenate([dar, daz, dan], axis=1)
        dgh = np.concatenate([dar, daz, dhn], axis=1)
        dW += x[:, t].T @ dgx
        dU += h_prev.T @ dgh
        db += dgx.sum(0)
        dbu += dgh.sum(0)
        dx[:, t] = dgx @ W.T
        dh_next = dh * z + dgh @ U.T
    return {"x": dx, "W": dW, "U": dU, "b": db, "bu": dbu}


sequence = RECURRENT.functions(
    "gru", gru, gru_backward,
    x=normal(2, 3, 5), W=normal(5, 12), U=normal(4, 12), b=normal(12), bu=normal(12),
)  # fmt: skip
sequence.wrong(
    "direct-carry-missing", {"dh_next = dh * z + dgh @ U.T": "dh_next = dgh @ U.T"}, "x W U b bu",
    "the direct path z·h is not carried to the step before", both(MISSING, Z + "|direct|skip"),
)  # fmt: skip
sequence.wrong(
    "matrix-carry-missing", {"dh_next = dh * z + dgh @ U.T": "dh_next = dh * z"}, "x W U b bu",
    "the path through U is not carried to the step before", both(MISSING, word("U", "gh")),
)  # fmt: skip
sequence.wrong(
    "reset-forgotten", {"[dar, daz, dhn]": "[dar, daz, dan]"}, "x W U b bu",
    "the reset gate is forgotten in what reaches h @ U", both(R, MISSING + "|instead|in place"),
)  # fmt: skip
sequence.wrong(
    "r-from-state", {"dr = dan * hn": "dr = dan * h_prev"}, "x W U b bu",
    "dr takes h in place of h @ U + b", both(R + "|" + STATE, word("hn", "gh", "U"), INSTEAD),
)  # fmt: skip
sequence.wrong(
    "carry-one-minus-z", {"dh * z + dgh": "dh * (1 - z) + dgh"}, "x W U b bu",
    "1 − z in place of z in the carry", both(Z, r"1 ?[-−]", INSTEAD),
)  # fmt: skip
sequence.wrong(
    "z-and-r-exchanged", {"[dar, daz, dan]": "[daz, dar, dan]"}, "x W b",
    "the blocks of r and z are exchanged", both(R + "|block", Z + "|block", r"swap|exchang|permut|"
    r"instead|order|in place") + r"|\[4, 5, 6, 7, 0, 1, 2, 3",
)  # fmt: skip
sequence.wrong(
    "reset-on-input-path", {"[dar, daz, dan]": "[dar, daz, dhn]"}, "x W b",
    "the reset gate also multiplies what reaches x @ W", both(R, r"·|times|factor|too|also|mult|"
    r"extra|where|contains|on"),
)  # fmt: skip
sequence.wrong(
    "z-with-present-state", {"dz = dh * (h_prev - n)": "dz = dh * ((1 - z) * n + z * h_prev - n)"},
    "x W U b bu", "dz takes the present state for the previous one",
    both(Z + "|" + STATE, r"present|previous|step|new|₋₁|\bh", INSTEAD),
)  # fmt: skip
sequence.wrong(
    "not-carried", {"dh = dout[:, t] + dh_next": "dh = dout[:, t]"}, "x W U b bu",
    "the state's gradient is not carried", both(STATE, MISSING, CARRY),
)  # fmt: skip
sequence.wrong(
    "U-first-step-dropped", {"range(x.shape[1])": "range(1, x.shape[1])"}, "x W b bu",
    "the first step is left out", both(r"first|step|t ?= ?0|\[:?,? ?0\]", MISSING + "|zero|stop"),
)  # fmt: skip
sequence.pair(
    "carry-and-blocks",
    {"dh_next = dh * z + dgh @ U.T": "dh_next = dgh @ U.T", "[dar, daz, dan]": "[daz, dar, dan]"},
    "x W U b bu", "the direct carry is missing; the blocks of r and z are exchanged",
    both(MISSING, Z + "|direct|skip"), both(r"swap|exchang|permut|instead|order|in place"),
)  # fmt: skip


CHARS, TARGETS = [0, 3, 1, 1], [3, 1, 1, 2]


def char_rnn_loss(Wxh, Whh, Why, bh, by, hprev):
    """min-char-rnn: columns, dicts of steps, a loss that is summed."""
    xs, hs, ps = {}, {-1: np.copy(hprev)}, {}
    loss = 0
    for t in range(len(CHARS)):
        xs[t] = np.zeros((Wxh.shape[1], 1))
        xs[t][CHARS[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        y = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][TARGETS[t], 0])
    return loss


def char_rnn_backward(_, Wxh, Whh, Why, bh, by, hprev):
    xs, hs, ps = {}, {-1: np.copy(hprev)}, {}
    for t in range(len(CHARS)):
        xs[t] = np.zeros((Wxh.shape[1], 1))
        xs[t][CHARS[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        y = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(CHARS))):
        dy = np.copy(ps[t])
        dy[TARGETS[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return {"Wxh": dWxh, "Whh": dWhh, "Why": dWhy, "bh": dbh, "by": dby, "hprev": dhnext}


chars = RECURRENT.functions(
    "char-rnn", char_rnn_loss, char_rnn_backward, Wxh=normal(3, 4), Whh=normal(3, 3),
    Why=normal(4, 3), bh=normal(3, 1), by=normal(4, 1), hprev=normal(3, 1),
)  # fmt: skip
HIDDEN = "Wxh Whh bh hprev"
chars.wrong(
    "targets-not-subtracted", {"dy[TARGETS[t]] -= 1": "pass"}, f"{HIDDEN} Why by",
    "the target is not subtracted from the softmax",
    both(r"target|label|one.?hot|true class|\by\b|− ?1|log", MISSING),
)  # fmt: skip
chars.wrong(
    "inputs-subtracted", {"dy[TARGETS[t]] -= 1": "dy[CHARS[t]] -= 1"}, f"{HIDDEN} Why by",
    "1 is subtracted at the input character in place of the target",
    both(r"target|label|class|one.?hot|index|entr", INSTEAD),
)  # fmt: skip
chars.wrong(
    "not-carried", {"np.dot(Why.T, dy) + dhnext": "np.dot(Why.T, dy)"}, HIDDEN,
    "the state's gradient is not carried", both(word("h", "hs", "dhnext", "Whh", "state"), MISSING),
)  # fmt: skip
chars.wrong(
    "Why-from-step-before", {"np.dot(dy, hs[t].T)": "np.dot(dy, hs[t - 1].T)"}, "Why",
    "dWhy takes the previous state for the present one",
    both(r"present|previous|step|₋₁|hs", INSTEAD),
)  # fmt: skip
chars.wrong(
    "Whh-present-state", {"np.dot(dhraw, hs[t - 1].T)": "np.dot(dhraw, hs[t].T)"}, "Whh",
    "dWhh takes the present state for the previous one",
    both(r"present|previous|step|₋₁|hs", INSTEAD),
)  # fmt: skip
chars.wrong(
    "Whh-not-transposed", {"dhnext = np.dot(Whh.T, dhraw)": "dhnext = np.dot(Whh, dhraw)"}, HIDDEN,
    "Whh is not transposed in the carry", both(word("Whh"), TRANSPOSED),
)  # fmt: skip
chars.wrong(
    "slope-of-carried-only",
    {"(1 - hs[t] * hs[t]) * dh\n": "np.dot(Why.T, dy) + (1 - hs[t] * hs[t]) * dhnext\n"},
    HIDDEN, "tanh′ multiplies the carried part alone", both(TANH, MISSING),
)  # fmt: skip
chars.wrong(
    "by-overwritten", {"dby += dy": "dby = dy"}, "by",
    "dby is overwritten at each step", both(OVERWRITTEN, CARRY + "|time|target"),
)  # fmt: skip
chars.wrong(
    "Wxh-clipped", {"dhnext = np.dot(Whh.T, dhraw)\n": "dhnext = np.dot(Whh.T, dhraw)\n    "
    "np.clip(dWxh, -0.2, 0.2, out=dWxh)\n"}, "Wxh",
    "dWxh is clipped to ±0.2", both(r"clip|limit|±|bound|between|0\.2"),
)  # fmt: skip
chars.pair(
    "clip-and-carry", {"dhnext = np.dot(Whh.T, dhraw)\n": "dhnext = np.dot(Whh.T, dh)\n    "
    "np.clip(dWhy, -0.2, 0.2, out=dWhy)\n"}, f"{HIDDEN} Why",
    "dWhy is clipped, and the carried gradient lacks tanh′",
    both(r"clip|limit|±|bound|between|0\.2"), both(TANH, MISSING),
)  # fmt: skip
