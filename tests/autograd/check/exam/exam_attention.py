"""Attention: softmax alone, one head, a causal head, cross-attention, additive attention."""

import numpy as np
from exam_draws import draws, softmax
from telling import (
    AXIS,
    EXTRA,
    FACTOR,
    INSTEAD,
    MASK,
    MISSING,
    SIGN,
    SLOPE,
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


def causal(q, k, v):
    """A batch; -1e9 above the diagonal."""
    scores = np.einsum("nid,njd->nij", q, k) / np.sqrt(q.shape[2])
    mask = np.tril(np.ones(scores.shape[1:]))
    scores = np.where(mask == 1, scores, -1e9)
    return np.einsum("nij,njd->nid", softmax(scores, axis=2), v)


def causal_backward(dout, q, k, v):
    d = q.shape[2]
    scores = np.einsum("nid,njd->nij", q, k) / np.sqrt(d)
    mask = np.tril(np.ones(scores.shape[1:]))
    a = softmax(np.where(mask == 1, scores, -1e9), axis=2)
    dv = np.einsum("nij,nid->njd", a, dout)
    da = np.einsum("nid,njd->nij", dout, v)
    ds = a * (da - np.sum(da * a, axis=2, keepdims=True)) / np.sqrt(d)
    dq = np.einsum("nij,njd->nid", ds, k)
    dk = np.einsum("nij,nid->njd", ds, q)
    return {"q": dq, "k": dk, "v": dv}


masked = ATTENTION.functions(
    "causal", causal, causal_backward, q=normal(2, 3, 4), k=normal(2, 3, 4), v=normal(2, 3, 4)
)
masked.wrong(
    "mask-forgotten", {"np.where(mask == 1, scores, -1e9)": "scores"}, "q k v",
    "the mask is forgotten in backward", both(MASK, MISSING),
)  # fmt: skip
masked.wrong(
    "mask-other-triangle", {"np.tril(": "np.triu("}, "q k v",
    "the mask hides the past in place of the future",
    both(MASK + "|tril|triu", INSTEAD + "|transp"),
)  # fmt: skip
masked.wrong(
    "d-is-batch-length", {"d = q.shape[2]": "d = q.shape[1]"}, "q k v",
    "the scale is 1/√T in place of 1/√d", both(SCALE, r"\bT\b|length|axis 1|number of"),
)  # fmt: skip
masked.wrong(
    "dq-indices", {'np.einsum("nij,njd->nid", ds, k)': 'np.einsum("nji,njd->nid", ds, k)'},
    "q", "the scores' gradient is transposed in dQ",
    both(TRANSPOSED, r"score|\bs\b|softmax|ds|weight|einsum"),
)  # fmt: skip
masked.wrong(
    "dv-through-v", {"da = np.einsum(\"nid,njd->nij\", dout, v)":
    "da = np.einsum(\"nid,njd->nij\", dout, k)"}, "q k",
    "K in place of V on the way to the attention weights", both(K, V, INSTEAD),
)  # fmt: skip
masked.wrong(
    "batch-summed", {"keepdims=True)) / np.sqrt(d)": "keepdims=True).mean(0)) / np.sqrt(d)"}, "q k",
    "softmax's sum is averaged over the batch",
    both(r"batch|axis 0|sample|mean", r"mean|averag|sum|"
    r"softmax|axis"),
)  # fmt: skip


PADDED = np.array([[1.0, 1, 1, 0], [1, 1, 0, 0]])


def cross(x, memory, Wq, Wk, Wv, Wo):
    """Queries from x (N, T, D), keys and values from memory (N, S, D); some of them are padding."""
    q, k, v = x @ Wq, memory @ Wk, memory @ Wv
    s = q @ k.transpose(0, 2, 1) / np.sqrt(Wq.shape[1]) + (1 - PADDED[:, None, :]) * -1e9
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    a = e / e.sum(axis=-1, keepdims=True)
    return (a @ v) @ Wo


def cross_backward(dout, x, memory, Wq, Wk, Wv, Wo):
    q, k, v = x @ Wq, memory @ Wk, memory @ Wv
    root = np.sqrt(Wq.shape[1])
    s = q @ k.transpose(0, 2, 1) / root + (1 - PADDED[:, None, :]) * -1e9
    a = softmax(s)
    context = a @ v
    dWo = np.einsum("ntd,nte->de", context, dout)
    dcontext = dout @ Wo.T
    dv = a.transpose(0, 2, 1) @ dcontext
    da = dcontext @ v.transpose(0, 2, 1)
    ds = a * (da - (da * a).sum(-1, keepdims=True))
    dq = ds @ k / root
    dk = ds.transpose(0, 2, 1) @ q / root
    dWq = np.einsum("ntd,nte->de", x, dq)
    dWk = np.einsum("nsd,nse->de", memory, dk)
    dWv = np.einsum("nsd,nse->de", memory, dv)
    dx = dq @ Wq.T
    dmemory = dk @ Wk.T + dv @ Wv.T
    return {"x": dx, "memory": dmemory, "Wq": dWq, "Wk": dWk, "Wv": dWv, "Wo": dWo}


crossed = ATTENTION.functions(
    "cross", cross, cross_backward, x=normal(2, 3, 5), memory=normal(2, 4, 5),
    Wq=normal(5, 3), Wk=normal(5, 3), Wv=normal(5, 3), Wo=normal(3, 5),
)  # fmt: skip
crossed.wrong(
    "memory-without-keys", {"dk @ Wk.T + dv @ Wv.T": "dv @ Wv.T"}, "memory",
    "the path through the keys is left out of dmemory", both(K, MISSING),
)  # fmt: skip
crossed.wrong(
    "scale-of-keys-missing", {"@ q / root": "@ q"}, "memory Wk",
    "1/√d is missing in dK", both(SCALE, MISSING + "|times|large"),
)  # fmt: skip
crossed.wrong(
    "Wo-from-upstream", {"dcontext = dout @ Wo.T": "dcontext = dout[..., :3]"},
    "x memory Wq Wk Wv", "the path does not go through Wo", both(word("Wo"), MISSING + "|identity"),
)  # fmt: skip
crossed.wrong(
    "Wo-from-values-before-attention",
    {'np.einsum("ntd,nte->de", context, dout)': 'np.einsum("ntd,nte->de", v[:, :3], dout)'}, "Wo",
    "dWo takes the values in place of the context",
    both(V, INSTEAD + "|" + MISSING, r"context|attention|softmax|a @ v|weights|a @"),
)  # fmt: skip
crossed.wrong(
    "Wq-from-memory",
    {'np.einsum("ntd,nte->de", x, dq)': 'np.einsum("ntd,nte->de", memory[:, :3], dq)'},
    "Wq", "dWq takes the memory in place of x", both(r"memory", r"\bx\b", INSTEAD),
)  # fmt: skip
crossed.wrong(
    "batch-not-summed", {'np.einsum("nsd,nse->de", memory, dv)': "memory[0].T @ dv[0]"}, "Wv",
    "dWv counts the first sample alone",
    both(r"sample|batch|axis 0|\[0|first|\bN\b", MISSING + "|first"),
)  # fmt: skip


def additive(h, s, Wh, Ws, v):
    """Bahdanau: e_j = v·tanh(h_j Wh + s Ws), the context is Σ a_j h_j."""
    u = np.tanh(h @ Wh + s @ Ws)
    e = u @ v
    a = np.exp(e - e.max())
    a = a / a.sum()
    return a @ h


def additive_backward(dctx, h, s, Wh, Ws, v):
    u = np.tanh(h @ Wh + s @ Ws)
    a = softmax(u @ v)
    da = h @ dctx
    de = a * (da - np.dot(a, da))
    dv = u.T @ de
    du = np.outer(de, v)
    dz = du * (1 - u**2)
    dWh = h.T @ dz
    dWs = np.outer(s, dz.sum(axis=0))
    dh = np.outer(a, dctx) + dz @ Wh.T
    ds = dz.sum(axis=0) @ Ws.T
    return {"h": dh, "s": ds, "Wh": dWh, "Ws": dWs, "v": dv}


bahdanau = ATTENTION.functions(
    "additive", additive, additive_backward,
    h=normal(4, 5), s=normal(3), Wh=normal(5, 6), Ws=normal(3, 6), v=normal(6),
)  # fmt: skip
bahdanau.wrong(
    "path-through-scores-missing", {" + dz @ Wh.T": ""}, "h",
    "h counts as values alone: the path through the scores is left out",
    both(MISSING, r"score|Wh|tanh|path|softmax|\be\b|\bu\b"),
)  # fmt: skip
bahdanau.wrong(
    "path-as-values-missing", {"dh = np.outer(a, dctx) + dz @ Wh.T": "dh = dz @ Wh.T"}, "h",
    "the path of h as the values is left out",
    both(MISSING, r"value|a @ h|path|weights|context|a @"),
)  # fmt: skip
bahdanau.wrong(
    "tanh-slope", {"dz = du * (1 - u**2)": "dz = du"}, "h s Wh Ws",
    "tanh′ is missing", both("tanh", SLOPE, MISSING),
)  # fmt: skip
bahdanau.wrong(
    "query-not-summed", {"dWs = np.outer(s, dz.sum(axis=0))": "dWs = np.outer(s, dz[-1])"}, "Ws",
    "dWs counts the last position alone", both(r"not summed|\bsum|last|broadcast"),
)  # fmt: skip
bahdanau.wrong(
    "query-mean", {"ds = dz.sum(axis=0) @ Ws.T": "ds = dz.mean(axis=0) @ Ws.T"}, "s",
    "ds takes the mean over positions", both(FACTOR + "|mean", r"mean|4|\bT\b|positions|1/|axis"),
)  # fmt: skip
