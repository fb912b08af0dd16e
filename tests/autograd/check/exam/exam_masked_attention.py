"""Attention with masks: a causal head, cross-attention; and additive attention."""

import numpy as np
from exam_attention import ATTENTION, SCALE, K, V
from exam_draws import draws, softmax
from telling import (
    FACTOR,
    INSTEAD,
    MASK,
    MISSING,
    SLOPE,
    TRANSPOSED,
    both,
    word,
)

normal, _ = draws(63)


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
