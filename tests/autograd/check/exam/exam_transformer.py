"""Transformer blocks with the norm before and after."""

import numpy as np
from exam_attention import ATTENTION
from exam_draws import draws, softmax
from telling import EXTRA, INSTEAD, MISSING, both, word

normal, positive = draws(64)


def layer_norm(x, gamma, beta):
    mean = x.mean(axis=-1, keepdims=True)
    std = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return gamma * (x - mean) / std + beta


def layer_norm_backward(g, x, gamma):
    std = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    xhat = (x - x.mean(axis=-1, keepdims=True)) / std
    dxhat = g * gamma
    inner = dxhat - dxhat.mean(-1, keepdims=True) - xhat * (dxhat * xhat).mean(-1, keepdims=True)
    return inner / std, (g * xhat).sum(axis=0), g.sum(axis=0)


def self_attention(x, Wq, Wk, Wv):
    a = softmax((x @ Wq) @ (x @ Wk).T / np.sqrt(Wq.shape[1]))
    return a @ (x @ Wv)


def self_attention_backward(g, x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    root = np.sqrt(Wq.shape[1])
    a = softmax(q @ k.T / root)
    da = g @ v.T
    ds = a * (da - (da * a).sum(-1, keepdims=True)) / root
    dq, dk, dv = ds @ k, ds.T @ q, a.T @ g
    dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    return dx, x.T @ dq, x.T @ dk, x.T @ dv


def pre_norm(x, g1, b1, Wq, Wk, Wv, g2, b2, W1, c1, W2, c2):
    """x + attention(norm(x)), then + mlp(norm(.))."""
    u = x + self_attention(layer_norm(x, g1, b1), Wq, Wk, Wv)
    z = layer_norm(u, g2, b2) @ W1 + c1
    return u + np.maximum(0, z) @ W2 + c2


def pre_norm_backward(dout, x, g1, b1, Wq, Wk, Wv, g2, b2, W1, c1, W2, c2):
    n1 = layer_norm(x, g1, b1)
    u = x + self_attention(n1, Wq, Wk, Wv)
    n2 = layer_norm(u, g2, b2)
    z = n2 @ W1 + c1
    dW2, dc2 = np.maximum(0, z).T @ dout, dout.sum(0)
    dz = (dout @ W2.T) * (z > 0)
    dW1, dc1 = n2.T @ dz, dz.sum(0)
    dn2 = dz @ W1.T
    du, dg2, db2 = layer_norm_backward(dn2, u, g2)
    du = du + dout
    dn1, dWq, dWk, dWv = self_attention_backward(du, n1, Wq, Wk, Wv)
    dx, dg1, db1 = layer_norm_backward(dn1, x, g1)
    dx = dx + du
    return {
        "x": dx, "g1": dg1, "b1": db1, "Wq": dWq, "Wk": dWk, "Wv": dWv, "g2": dg2, "b2": db2,
        "W1": dW1, "c1": dc1, "W2": dW2, "c2": dc2,
    }  # fmt: skip


before = ATTENTION.functions(
    "pre-norm", pre_norm, pre_norm_backward, x=normal(3, 4),
    g1=positive(4), b1=normal(4), Wq=normal(4, 4), Wk=normal(4, 4), Wv=normal(4, 4),
    g2=-positive(4), b2=normal(4), W1=normal(4, 6), c1=normal(6, scale=2),
    W2=normal(6, 4), c2=normal(4),
)  # fmt: skip
EARLY = "x g1 b1 Wq Wk Wv"
SKIP = r"skip|residual|shortcut|identity|direct|\+ ?x|x \+|u \+|itself|path"
before.wrong(
    "residual-of-mlp-missing", {"du = du + dout": "pass"}, EARLY,
    "the residual path around the MLP is left out", both(SKIP, MISSING),
)  # fmt: skip
before.wrong(
    "residual-of-attention-missing", {"dx = dx + du": "pass"}, "x",
    "the residual path around the attention is left out", both(SKIP, MISSING),
)  # fmt: skip
before.wrong(
    "residual-from-upstream", {"dx = dx + du": "dx = dx + dout"}, "x",
    "the outer upstream is added in place of du: the MLP's part is missing on the residual path",
    both(MISSING + "|instead|in place", SKIP + "|upstream|mlp|norm"),
)  # fmt: skip
before.wrong(
    "norm-skipped", {"du, dg2, db2 = layer_norm_backward(dn2, u, g2)":
    "_, dg2, db2 = layer_norm_backward(dn2, u, g2); du = dn2"}, EARLY,
    "the second layer norm is passed through as if it were the identity",
    both(r"norm|mean|std|var|gamma|g2", MISSING + "|identity"),
)  # fmt: skip
before.wrong(
    "norm-of-x", {"layer_norm_backward(dn2, u, g2)": "layer_norm_backward(dn2, x, g2)"},
    f"{EARLY} g2", "the second norm is taken at x in place of u",
    both(r"\bx\b|input|norm", INSTEAD, word("x", "u")),
)  # fmt: skip
before.wrong(
    "gammas-exchanged", {"layer_norm_backward(dn1, x, g1)": "layer_norm_backward(dn1, x, g2)"}, "x",
    "the first norm takes the second's γ", both(word("g1", "g2", "gamma"), INSTEAD),
)  # fmt: skip
before.wrong(
    "relu-missing", {"dz = (dout @ W2.T) * (z > 0)": "dz = dout @ W2.T"},
    f"{EARLY} g2 b2 W1 c1", "ReLU's mask is missing", both(r"relu|maximum|mask|> ?0", MISSING),
)  # fmt: skip
before.wrong(
    "W1-from-u", {"dW1, dc1 = n2.T @ dz": "dW1, dc1 = u.T @ dz"}, "W1",
    "dW1 takes u before the norm", both(r"norm|\bu\b|n2", INSTEAD + "|" + MISSING),
)  # fmt: skip
before.wrong(
    "relu-of-output", {"* (z > 0)": "* (n2 @ W1 > 0)"}, f"{EARLY} g2 b2 W1 c1",
    "ReLU's mask is taken before the bias",
    both(r"relu|maximum|mask|> ?0", r"bias|c1|before|without"),
)  # fmt: skip
before.pair(
    "residual-and-relu", {"dx = dx + du": "pass", "(dout @ W2.T) * (z > 0)": "dout @ W2.T"},
    f"{EARLY} g2 b2 W1 c1", "ReLU's mask is missing, and the residual around the attention",
    both(SKIP, MISSING), both(r"relu|maximum|mask|> ?0", MISSING),
)  # fmt: skip


def post_norm(x, Wq, Wk, Wv, g, b):
    """norm(x + attention(x)), with dropout left out."""
    return layer_norm(x + self_attention(x, Wq, Wk, Wv), g, b)


def post_norm_backward(dout, x, Wq, Wk, Wv, g, b):
    u = x + self_attention(x, Wq, Wk, Wv)
    du, dg, db = layer_norm_backward(dout, u, g)
    dx, dWq, dWk, dWv = self_attention_backward(du, x, Wq, Wk, Wv)
    dx = dx + du
    return {"x": dx, "Wq": dWq, "Wk": dWk, "Wv": dWv, "g": dg, "b": db}


after = ATTENTION.functions(
    "post-norm", post_norm, post_norm_backward, x=normal(3, 5),
    Wq=normal(5, 5), Wk=normal(5, 5), Wv=normal(5, 5), g=-positive(5), b=normal(5),
)  # fmt: skip
after.wrong(
    "residual-before-norm", {"dx = dx + du": "dx = dx + dout"}, "x",
    "the residual path skips the norm too",
    both(r"norm|gamma|\bg\b|std|mean", MISSING + "|instead"),
)  # fmt: skip
after.wrong(
    "norm-of-attention-alone",
    {"u = x + self_attention(x, Wq, Wk, Wv)": "u = self_attention(x, Wq, Wk, Wv)"},
    "x Wq Wk Wv g", "the norm is taken at the attention's output without the residual",
    both(SKIP + r"|\bx\b|\bu\b", MISSING + "|instead|in place"),
)  # fmt: skip
after.wrong(
    "attention-twice", {"dx = dx + du": "dx = 2 * dx + du"}, "x",
    "the attention's path counts twice", both(EXTRA, r"attention|path|softmax"),
)  # fmt: skip
after.wrong(
    "gamma-missing", {"layer_norm_backward(dout, u, g)": "layer_norm_backward(dout, u, 1)"},
    "x Wq Wk Wv", "γ is missing", both(word("g", "gamma") + "|γ", MISSING),
)  # fmt: skip
