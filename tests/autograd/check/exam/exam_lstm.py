"""LSTM: a cell and sequences, with the gates in three orders and one of four matrices."""

import numpy as np
from exam_draws import draws, sigmoid
from exam_rnn import RECURRENT, TANH
from telling import CARRY, INSTEAD, MISSING, OVERWRITTEN, SIGN, TRANSPOSED, both, word

normal, _ = draws(17)

CELL = word("c", "cs", "cell", "c_next", "c_prev", "memory")
SIGMA = r"sigmoid|σ|\w ?[·*]? ?\(1|1 ?[-−]"
IN, FORGET, OUT, NEW = (
    word("i", "ig", "input gate", "zi"), word("f", "fg", "forget", "zf"),
    word("o", "og", "output gate", "zo"), word("g", "candidate", "c_bar", "zg"),
)  # fmt: skip
SWAPPED = r"swap|exchang|instead|in place|mixed|permut|order|blocks?|confus|not|for"


def lstm_cell(x, h, c, Wx, Wh, b):
    """cs231n's order: i, f, o, g. Gives h and c side by side."""
    H = h.shape[1]
    a = x @ Wx + h @ Wh + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    c_next = f * c + i * g
    h_next = o * np.tanh(c_next)
    return np.concatenate([h_next, c_next], axis=1)


def lstm_cell_backward(dout, x, h, c, Wx, Wh, b):
    H = h.shape[1]
    dh_next, dc_next = dout[:, :H], dout[:, H:]
    a = x @ Wx + h @ Wh + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    tc = np.tanh(f * c + i * g)
    do = dh_next * tc
    dc = dc_next + dh_next * o * (1 - tc**2)
    di = dc * g
    df = dc * c
    dg = dc * i
    dc_prev = dc * f
    dzi = di * i * (1 - i)
    dzf = df * f * (1 - f)
    dzo = do * o * (1 - o)
    dzg = dg * (1 - g**2)
    da = np.hstack((dzi, dzf, dzo, dzg))
    dx, dh_prev = da @ Wx.T, da @ Wh.T
    dWx, dWh, db = x.T @ da, h.T @ da, da.sum(axis=0)
    return {"x": dx, "h": dh_prev, "c": dc_prev, "Wx": dWx, "Wh": dWh, "b": db}


cell = RECURRENT.functions(
    "lstm-cell", lstm_cell, lstm_cell_backward, x=normal(3, 5), h=normal(3, 4), c=normal(3, 4),
    Wx=normal(5, 16), Wh=normal(4, 16), b=normal(16),
)  # fmt: skip
WEIGHTS = "x h Wx Wh b"
cell.wrong(
    "c-upstream-ignored", {"dc = dc_next + dh_next": "dc = dh_next"}, f"{WEIGHTS} c",
    "the gradient that reaches c_next directly is ignored", both(CELL, MISSING),
)  # fmt: skip
cell.wrong(
    "h-path-ignored", {"dc = dc_next + dh_next * o * (1 - tc**2)": "dc = dc_next"}, f"{WEIGHTS} c",
    "the path from h_next through tanh(c_next) is left out",
    both(CELL + "|tanh", MISSING, word("h", "h_next", "o") + "|tanh|path"),
)  # fmt: skip
cell.wrong(
    "no-tanh-slope-of-c", {"dh_next * o * (1 - tc**2)": "dh_next * o"}, f"{WEIGHTS} c",
    "tanh′(c_next) is missing", both(TANH, CELL, MISSING),
)  # fmt: skip
cell.wrong(
    "no-slope-of-i", {"di * i * (1 - i)": "di"}, WEIGHTS,
    "σ′ of the input gate is missing", both(IN, SIGMA, MISSING),
)  # fmt: skip
cell.wrong(
    "no-slope-of-g", {"dg * (1 - g**2)": "dg"}, WEIGHTS,
    "tanh′ of the candidate is missing", both(NEW, TANH, MISSING),
)  # fmt: skip
cell.wrong(
    "slope-of-g-sigmoid", {"dg * (1 - g**2)": "dg * g * (1 - g)"}, WEIGHTS,
    "the candidate gets σ′ in place of tanh′", both(NEW, SIGMA, TANH),
)  # fmt: skip
cell.wrong(
    "slope-of-o-half", {"do * o * (1 - o)": "do * (1 - o)"}, WEIGHTS,
    "σ′ of the output gate lacks its factor o", both(OUT, MISSING + "|1 ?[-−]"),
)  # fmt: skip
cell.wrong(
    "i-and-g-swapped", {"di = dc * g": "di = dc * i", "dg = dc * i": "dg = dc * g"}, WEIGHTS,
    "i and g are swapped in their gradients", both(IN, NEW, SWAPPED),
)  # fmt: skip
cell.wrong(
    "f-from-new-c", {"df = dc * c\n": "df = dc * (f * c + i * g)\n"}, WEIGHTS,
    "df takes the new cell in place of the previous one", both(CELL, INSTEAD, FORGET + "|previous"),
)  # fmt: skip
cell.wrong(
    "c-prev-without-f", {"dc_prev = dc * f": "dc_prev = dc"}, "c",
    "dc_prev lacks the forget gate", both(FORGET, MISSING),
)  # fmt: skip
cell.wrong(
    "c-prev-times-i", {"dc_prev = dc * f": "dc_prev = dc * i"}, "c",
    "dc_prev takes the input gate for the forget gate", both(FORGET, IN, INSTEAD),
)  # fmt: skip
cell.wrong(
    "gates-in-another-order", {"(dzi, dzf, dzo, dzg)": "(dzi, dzf, dzg, dzo)"}, WEIGHTS,
    "the blocks of o and g are exchanged",
    both(SWAPPED, OUT + "|block", NEW + "|block") + r"|12, 13, 14, 15, 8, 9, 10",
)  # fmt: skip
cell.wrong(
    "do-without-tanh", {"do = dh_next * tc": "do = dh_next * (f * c + i * g)"}, WEIGHTS,
    "do takes c in place of tanh(c)", both(TANH, CELL, MISSING + "|" + INSTEAD),
)  # fmt: skip
cell.wrong(
    "Wh-not-transposed-block", {"da @ Wh.T": "da[:, :H] @ Wh[:, :H].T"}, "h",
    "dh takes the input gate's path alone", both(MISSING, IN + "|" + FORGET + "|gate|path|block"),
)  # fmt: skip
cell.pair(
    "slopes-of-i-and-g", {"di * i * (1 - i)": "di", "dg * (1 - g**2)": "dg"}, WEIGHTS,
    "σ′ of i and tanh′ of g are missing", both(IN, SIGMA, MISSING), both(NEW, TANH, MISSING),
)  # fmt: skip
cell.pair(
    "c-prev-and-do", {"dc_prev = dc * f": "dc_prev = dc", "do = dh_next * tc": "do = dh_next"},
    f"{WEIGHTS} c", "dc_prev lacks f, do lacks tanh(c)", both(FORGET, MISSING),
    both(r"tanh|tc|\bc", MISSING),
)  # fmt: skip


def lstm_steps(x, W, b, h0):
    """Concatenated [h, x] @ W, gates in the order f, i, c̃, o; time comes first."""
    T, N, _ = x.shape
    H = h0.shape[1]
    h, c, cache, out = h0, np.zeros((N, H)), [], []
    for t in range(T):
        z = np.concatenate([h, x[t]], axis=1)
        u = z @ W + b
        f, i = sigmoid(u[:, 0:H]), sigmoid(u[:, H : 2 * H])
        c_bar, o = np.tanh(u[:, 2 * H : 3 * H]), sigmoid(u[:, 3 * H : 4 * H])
        c_prev = c
        c = f * c_prev + i * c_bar
        h = o * np.tanh(c)
        cache.append((z, f, i, c_bar, o, c_prev, c))
        out.append(h)
    return np.array(out), cache


def lstm(x, W, b, h0):
    return lstm_steps(x, W, b, h0)[0]


def lstm_backward(dout, x, W, b, h0):
    _, cache = lstm_steps(x, W, b, h0)
    H = h0.shape[1]
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(b)
    dh_next, dc_next = np.zeros_like(h0), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        z, f, i, c_bar, o, c_prev, c = cache[t]
        dh = dout[t] + dh_next
        tc = np.tanh(c)
        dc = dh * o * (1 - tc**2) + dc_next
        du_o = dh * tc * o * (1 - o)
        du_c = dc * i * (1 - c_bar**2)
        du_i = dc * c_bar * i * (1 - i)
        du_f = dc * c_prev * f * (1 - f)
        du = np.concatenate([du_f, du_i, du_c, du_o], axis=1)
        dW += z.T @ du
        db += du.sum(axis=0)
        dz = du @ W.T
        dh_next, dx[t] = dz[:, :H], dz[:, H:]
        dc_next = dc * f
    return {"x": dx, "W": dW, "b": db, "h0": dh_next}


sequence = RECURRENT.functions(
    "lstm", lstm, lstm_backward, x=normal(3, 2, 5), W=normal(9, 16), b=normal(16), h0=normal(2, 4)
)
ALL = "x W b h0"
sequence.wrong(
    "c-not-carried", {"dc = dh * o * (1 - tc**2) + dc_next": "dc = dh * o * (1 - tc**2)"}, ALL,
    "the cell's gradient is not handed to the step before", both(CELL, MISSING, CARRY),
)  # fmt: skip
sequence.wrong(
    "h-not-carried", {"dh = dout[t] + dh_next": "dh = dout[t]"}, ALL,
    "the state's gradient is not handed to the step before",
    both(word("h", "state", "hidden"), MISSING, CARRY),
)  # fmt: skip
sequence.wrong(
    "c-carried-without-f", {"dc_next = dc * f": "dc_next = dc"}, ALL,
    "the carried cell gradient lacks the forget gate", both(FORGET, MISSING),
)  # fmt: skip
sequence.wrong(
    "c-prev-is-c", {"dc * c_prev * f": "dc * c * f"}, ALL,
    "the forget gate's gradient takes the present cell for the previous one",
    both(CELL, r"previous|present|c_prev|t ?[-−] ?1|step", INSTEAD),
)  # fmt: skip
sequence.wrong(
    "f-and-i-swapped", {"[du_f, du_i, du_c, du_o]": "[du_i, du_f, du_c, du_o]"}, ALL,
    "the blocks of f and i are exchanged",
    both(FORGET + "|block|gate", IN + "|block|gate", SWAPPED),
)  # fmt: skip
sequence.wrong(
    "slope-of-c-bar-missing", {"dc * i * (1 - c_bar**2)": "dc * i"}, ALL,
    "tanh′ of the candidate is missing", both(NEW, TANH, MISSING),
)  # fmt: skip
sequence.wrong(
    "slope-of-f-with-i", {"dc * c_prev * f * (1 - f)": "dc * c_prev * i * (1 - i)"}, ALL,
    "σ′ of f is taken of i", both(FORGET, IN, INSTEAD),
)  # fmt: skip
sequence.wrong(
    "W-overwritten", {"dW += z.T @ du": "dW = z.T @ du"}, "W",
    "dW is overwritten at each step", both(OVERWRITTEN, CARRY + "|time|axis"),
)  # fmt: skip
sequence.wrong(
    "carry-is-the-x-part", {"dz[:, :H], dz[:, H:]": "dz[:, H : 2 * H], dz[:, H:]"}, ALL,
    "the carried gradient is cut from the x part of [h, x]",
    both(r"concat|\bz\b|dz|slice|block|part|column",
    r"shift|offset|x part|instead|in place|wrong (bl|sl|p)"),
)  # fmt: skip
sequence.wrong(
    "tanh-of-c-missing", {"dh * o * (1 - tc**2) + dc_next": "dh * o + dc_next"}, ALL,
    "tanh′(c) is missing in dc", both(TANH, CELL, MISSING),
)  # fmt: skip
sequence.wrong(
    "tanh-slope-of-c-itself", {"dh * o * (1 - tc**2)": "dh * o * (1 - c**2)"}, ALL,
    "tanh′ is taken as 1 − c² of c itself, not of tanh(c)",
    both(TANH, CELL, r"itself|argument|input|instead|in place|not of|before|without|of c"),
)  # fmt: skip
sequence.wrong(
    "sign-of-f", {"dc_next = dc * f": "dc_next = -dc * f"}, ALL,
    "the carried cell gradient has the wrong sign", both(SIGN, CELL + "|" + FORGET + "|" + CARRY),
)  # fmt: skip
sequence.wrong(
    "W-transpose", {"dz = du @ W.T": "dz = (W @ du.T).T[::-1]"}, ALL,
    "the batch is reversed on the way back through W",
    both(r"batch|row|sample|axis", r"revers|flip|order"),
)  # fmt: skip
sequence.pair(
    "c-and-h-not-carried",
    {" + dc_next\n": "\n", "dh = dout[t] + dh_next": "dh = dout[t]"}, ALL,
    "neither the cell nor the state is carried", both(MISSING, CARRY),
)  # fmt: skip
sequence.pair(
    "carry-and-gate-order",
    {"dc_next = dc * f": "dc_next = dc", "[du_f, du_i, du_c, du_o]": "[du_f, du_i, du_o, du_c]"},
    ALL, "the carried cell lacks f, and the blocks of c̃ and o are exchanged",
    both(FORGET, MISSING), both(SWAPPED, OUT + "|block"),
)  # fmt: skip


def four_matrices(x, Wi, Wf, Wo, Wg, Ri, Rf, Ro, Rg):
    """No bias, a matrix for each gate, loss at the last step; rows of x are steps (no batch)."""
    h, c = np.zeros(Ri.shape[0]), np.zeros(Ri.shape[0])
    for xt in x:
        i = sigmoid(xt @ Wi + h @ Ri)
        f = sigmoid(xt @ Wf + h @ Rf)
        o = sigmoid(xt @ Wo + h @ Ro)
        g = np.tanh(xt @ Wg + h @ Rg)
        c = f * c + i * g
        h = o * np.tanh(c)
    return h


def four_matrices_backward(dh, x, Wi, Wf, Wo, Wg, Ri, Rf, Ro, Rg):
    H = Ri.shape[0]
    hs, cs, gates = [np.zeros(H)], [np.zeros(H)], []
    for xt in x:
        i, f = sigmoid(xt @ Wi + hs[-1] @ Ri), sigmoid(xt @ Wf + hs[-1] @ Rf)
        o, g = sigmoid(xt @ Wo + hs[-1] @ Ro), np.tanh(xt @ Wg + hs[-1] @ Rg)
        gates.append((i, f, o, g))
        cs.append(f * cs[-1] + i * g)
        hs.append(o * np.tanh(cs[-1]))
    grads = {f"W{gate}": np.zeros_like(Wi) for gate in "ifog"}
    grads |= {f"R{gate}": np.zeros_like(Ri) for gate in "ifog"}
    dx, dc = np.zeros_like(x), np.zeros(H)
    for t in reversed(range(len(x))):
        i, f, o, g = gates[t]
        dc = dc + dh * o * (1 - np.tanh(cs[t + 1]) ** 2)
        dzo = dh * np.tanh(cs[t + 1]) * o * (1 - o)
        dzf = dc * cs[t] * f * (1 - f)
        dzi = dc * g * i * (1 - i)
        dzg = dc * i * (1 - g * g)
        dh = np.zeros(H)
        for gate, dz, W, R in (
            ("i", dzi, Wi, Ri), ("f", dzf, Wf, Rf), ("o", dzo, Wo, Ro), ("g", dzg, Wg, Rg),
        ):  # fmt: skip
            grads["W" + gate] += np.outer(x[t], dz)
            grads["R" + gate] += np.outer(hs[t], dz)
            dx[t] += W @ dz
            dh += R @ dz
        dc = dc * f
    return {"x": dx, **grads}


gated = RECURRENT.functions(
    "lstm-last", four_matrices, four_matrices_backward, x=normal(3, 5),
    **{f"W{gate}": normal(5, 4) for gate in "ifog"},
    **{f"R{gate}": normal(4, 4) for gate in "ifog"},
)  # fmt: skip
EVERY = "x Wi Wf Wo Wg Ri Rf Ro Rg"
gated.wrong(
    "h-overwritten", {"dh += R @ dz": "dh = R @ dz"}, EVERY,
    "of the four gates' paths to h only the last (g) is left",
    both(r"gate|path|sum|only|\b[ifo]\b|Ri|Rf|Ro", MISSING + "|overwrit"),
)  # fmt: skip
gated.wrong(
    "c-not-carried", {"dc = dc + dh * o": "dc = dh * o"}, "x Wi Wf Wo Wg Ri Rf Rg",
    "the cell's gradient is not carried", both(CELL, MISSING, CARRY),
)  # fmt: skip
gated.wrong(
    "R-not-transposed", {"dh += R @ dz": "dh += R.T @ dz"}, EVERY,
    "the recurrent matrices are transposed on the way back",
    both(word("Ri", "Rf", "Ro", "Rg", "R") + "|recurrent", TRANSPOSED),
)  # fmt: skip
gated.wrong(
    "f-from-present-cell", {"dzf = dc * cs[t] *": "dzf = dc * cs[t + 1] *"}, EVERY,
    "the forget gate's gradient takes the present cell",
    both(CELL, r"previous|present|t ?[-−] ?1|step", INSTEAD),
)  # fmt: skip
gated.wrong(
    "R-from-present-state", {"np.outer(hs[t], dz)": "np.outer(hs[t + 1], dz)"}, "Ri Rf Ro Rg",
    "dR takes the present state for the previous one",
    both(r"previous|present|t ?[-−] ?1|step|₋₁|\bh", INSTEAD),
)  # fmt: skip
gated.wrong(
    "o-slope-missing", {"* o * (1 - o)": ""}, EVERY,
    "σ′ of the output gate is missing", both(OUT, SIGMA, MISSING),
)  # fmt: skip
gated.wrong(
    "x-overwritten", {"dx[t] += W @ dz": "dx[t] = W @ dz"}, "x",
    "dx has only the candidate's path", both(MISSING + "|overwrit", r"path|gate|W[ifo]|sum|\bW"),
)  # fmt: skip
