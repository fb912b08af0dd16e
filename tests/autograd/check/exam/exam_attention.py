"""Softmax alone, and one head of attention."""

import numpy as np
from exam_draws import draws, softmax
from telling import (
    AXIS,
    EXTRA,
    INSTEAD,
    MISSING,
    SIGN,
    TRANSPOSED,
    both,
    word,
)
from wrong_passes import Family

normal, _ = draws(12)

ATTENTION = Family("attention")
SOFTMAX = r"softmax|probab|attention weight|\bs ?·|scores?\b|Jacobian|exp|attn"
DIAGONAL = r"diagonal|s\(1|1 ?[-−]|couples|Σ|sum|mean of|other entries|row|full|Jacobian|subtract"
SCALE = r"√|sqrt|\bd\b|d_k|scale|dim|1/2|\*\* ?-?0\.5|norm"
Q, K, V = word("q", "wq", "query", "queries"), word("k", "wk", "keys?"), word("v", "wv", "values?")


def softmax_rows(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_rows_backward(dout, x):
    s = softmax_rows(x)
    dx = s * (dout - np.sum(dout * s, axis=1, keepdims=True))
    return {"x": dx}


rows = ATTENTION.functions("softmax", softmax_rows, softmax_rows_backward, x=normal(3, 4))
INNER = "(dout - np.sum(dout * s, axis=1, keepdims=True))"
rows.wrong(
    "diagonal", {f"s * {INNER}": "dout * s * (1 - s)"}, "x",
    "only the diagonal s(1 − s) of softmax's Jacobian is used", both(SOFTMAX, DIAGONAL),
)  # fmt: skip
rows.wrong(
    "other-axis", {"np.sum(dout * s, axis=1, keepdims=True)": "np.sum(dout * s, axis=0)"}, "x",
    "the sum runs over the batch", both(AXIS, r"axis 0|batch|other|instead|wrong|column"),
)  # fmt: skip
rows.wrong(
    "whole-array", {"np.sum(dout * s, axis=1, keepdims=True)": "np.sum(dout * s)"}, "x",
    "the sum runs over the whole array",
    both(r"sum|Σ|axis|axes", r"whole|all|batch|both|every|axis 0"),
)  # fmt: skip
rows.wrong(
    "weight-missing-in-sum", {"np.sum(dout * s, axis=1": "np.mean(dout, axis=1"}, "x",
    "the mean of the upstream in place of its sum weighted by s",
    both(r"mean|weight|\bs\b|sum|uniform", INSTEAD + "|" + MISSING),
)  # fmt: skip
rows.wrong(
    "plus", {"(dout - np.sum": "(dout + np.sum"}, "x",
    "the sum is added where it is subtracted", both(SIGN + r"|\+|added", SOFTMAX + "|sum"),
)  # fmt: skip
rows.wrong(
    "only-s", {f"s * {INNER}": "s * dout"}, "x",
    "the part −s·Σ s·g is left out", both(MISSING + "|exp|constant", SOFTMAX + "|sum|Σ"),
)  # fmt: skip


def softmax_loop_backward(dout, x):
    s = softmax_rows(x)
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for i in range(x.shape[1]):
            for j in range(x.shape[1]):
                if i == j:
                    dx[n, i] += dout[n, j] * s[n, i] * (1 - s[n, j])
                else:
                    dx[n, i] += -dout[n, j] * s[n, i] * s[n, j]
    return {"x": dx}


loop = ATTENTION.functions("softmax-loop", softmax_rows, softmax_loop_backward, x=normal(3, 5))
loop.wrong(
    "off-diagonal-sign", {"+= -dout[n, j]": "+= dout[n, j]"}, "x",
    "the entries beside the diagonal have the wrong sign", both(SIGN, SOFTMAX + "|diagonal"),
)  # fmt: skip
loop.wrong(
    "one-probability", {"+= -dout[n, j] * s[n, i]": "+= -dout[n, j]"}, "x",
    "beside the diagonal one of the two probabilities is missing",
    both(SOFTMAX + "|diagonal", MISSING + "|factor"),
)  # fmt: skip


def attend(x, Wq, Wk, Wv):
    """One head; rows of x are tokens."""
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.T / np.sqrt(q.shape[-1])
    weights = softmax(scores)
    return weights @ v


def attend_backward(dout, x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scale = np.sqrt(q.shape[-1])
    weights = softmax(q @ k.T / scale)
    dweights = dout @ v.T
    dv = weights.T @ dout
    dscores = weights * (dweights - (dweights * weights).sum(-1, keepdims=True))
    dscores = dscores / scale
    dq = dscores @ k
    dk = dscores.T @ q
    dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    return {"x": dx, "Wq": x.T @ dq, "Wk": x.T @ dk, "Wv": x.T @ dv}


head = ATTENTION.functions(
    "head", attend, attend_backward,
    x=normal(4, 5), Wq=normal(5, 3), Wk=normal(5, 3), Wv=normal(5, 3),
)  # fmt: skip
head.wrong(
    "scale-missing", {"dscores = dscores / scale": "pass"}, "x Wq Wk",
    "1/√d is missing", both(SCALE, MISSING + "|times|large"),
)  # fmt: skip
head.wrong(
    "scale-twice", {"dscores / scale": "dscores / scale**2"}, "x Wq Wk",
    "1/√d is applied twice", both(SCALE, EXTRA + "|1/√|small|times"),
)  # fmt: skip
head.wrong(
    "diagonal", {
        "weights * (dweights - (dweights * weights).sum(-1, keepdims=True))":
        "dweights * weights * (1 - weights)"}, "x Wq Wk",
    "softmax's Jacobian is taken as diagonal", both(SOFTMAX, DIAGONAL),
)  # fmt: skip
head.wrong(
    "softmax-over-queries", {".sum(-1, keepdims=True))\n": ".sum(0, keepdims=True))\n"}, "x Wq Wk",
    "softmax's sum runs over the queries in place of the keys",
    both(AXIS + "|softmax", r"axis 0|other|instead|wrong|quer|column|axis"),
)  # fmt: skip
head.wrong(
    "q-for-k", {"dq = dscores @ k": "dq = dscores @ q"}, "x Wq",
    "Q in place of K in dQ", both(Q, K, INSTEAD),
)  # fmt: skip
head.wrong(
    "scores-not-transposed", {"dk = dscores.T @ q": "dk = dscores @ q"}, "x Wk",
    "the scores' gradient is not transposed in dK", both(TRANSPOSED, K + "|score|weight"),
)  # fmt: skip
head.wrong(
    "weights-not-transposed", {"dv = weights.T @ dout": "dv = weights @ dout"}, "x Wv",
    "the attention weights are not transposed in dV", both(TRANSPOSED, V + "|weight|softmax"),
)  # fmt: skip
head.wrong(
    "path-of-v-missing", {" + dv @ Wv.T": ""}, "x",
    "the path through V is left out of dx", both(V, MISSING),
)  # fmt: skip
head.wrong(
    "path-of-k-missing", {" + dk @ Wk.T": ""}, "x",
    "the path through K is left out of dx", both(K, MISSING),
)  # fmt: skip
head.wrong(
    "Wq-for-Wk", {"dk @ Wk.T": "dk @ Wq.T"}, "x",
    "Wq in place of Wk in dx", both(Q, K, INSTEAD),
)  # fmt: skip
head.wrong(
    "dv-from-scores", {"dv = weights.T @ dout": "dv = (q @ k.T / scale).T @ dout"}, "x Wv",
    "dV takes the scores before the softmax", both(r"softmax|scores?", INSTEAD + "|" + MISSING),
)  # fmt: skip
head.wrong(
    "softmax-skipped", {
        "dscores = weights * (dweights - (dweights * weights).sum(-1, keepdims=True))":
        "dscores = dweights"}, "x Wq Wk",
    "softmax's derivative is left out", both(r"softmax|scores|weights", MISSING + "|identity"),
)  # fmt: skip
head.pair(
    "scale-and-diagonal", {
        "dscores = dscores / scale": "pass",
        "weights * (dweights - (dweights * weights).sum(-1, keepdims=True))":
        "dweights * weights * (1 - weights)"}, "x Wq Wk",
    "1/√d is missing, softmax is taken as diagonal", both(SCALE, MISSING + "|times|large"),
    both(SOFTMAX, DIAGONAL),
)  # fmt: skip
head.pair(
    "q-for-k-and-v", {"dq = dscores @ k": "dq = dscores @ q", " + dv @ Wv.T": ""}, "x Wq",
    "Q in place of K in dQ, V's path missing in dx", both(Q, K, INSTEAD), both(V, MISSING),
)  # fmt: skip
