"""Several heads, rotary embedding, transformer blocks with the norm before and after."""

import numpy as np
from exam_attention import ATTENTION, DIAGONAL, SCALE, SOFTMAX, K, Q, V
from exam_draws import draws, softmax
from telling import EXTRA, INSTEAD, MISSING, SIGN, TRANSPOSED, both, word

normal, positive = draws(52)

HEADS = 2


def split(x):
    """(T, D) -> (heads, T, D / heads)"""
    return x.reshape(len(x), HEADS, -1).transpose(1, 0, 2)


def join(x):
    return x.transpose(1, 0, 2).reshape(x.shape[1], -1)


def multi_head(x, Wqkv, Wo, bo):
    q, k, v = (split(part) for part in np.split(x @ Wqkv, 3, axis=1))
    att = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]))
    return join(att @ v) @ Wo + bo


def multi_head_backward(dout, x, Wqkv, Wo, bo):
    q, k, v = (split(part) for part in np.split(x @ Wqkv, 3, axis=1))
    root = np.sqrt(q.shape[-1])
    att = softmax(q @ k.transpose(0, 2, 1) / root)
    merged = join(att @ v)
    dWo = merged.T @ dout
    dbo = dout.sum(axis=0)
    dheads = split(dout @ Wo.T)
    dv = att.transpose(0, 2, 1) @ dheads
    datt = dheads @ v.transpose(0, 2, 1)
    ds = att * (datt - (datt * att).sum(axis=-1, keepdims=True)) / root
    dq = ds @ k
    dk = ds.transpose(0, 2, 1) @ q
    dqkv = np.concatenate([join(dq), join(dk), join(dv)], axis=1)
    return {"x": dqkv @ Wqkv.T, "Wqkv": x.T @ dqkv, "Wo": dWo, "bo": dbo}


heads = ATTENTION.functions(
    "heads", multi_head, multi_head_backward,
    x=normal(3, 4), Wqkv=normal(4, 12), Wo=normal(4, 4), bo=normal(4),
)  # fmt: skip
BOTH_ROLES = "x Wqkv"
heads.wrong(
    "heads-joined-without-transpose",
    {"join(dv)]": "dv.reshape(len(x), -1)]"}, BOTH_ROLES,
    "dV's heads are joined without the transpose", both(TRANSPOSED + "|head|order|permut|reshape"),
)  # fmt: skip
heads.wrong(
    "q-and-k-exchanged", {"[join(dq), join(dk), join(dv)]": "[join(dk), join(dq), join(dv)]"},
    BOTH_ROLES, "the blocks of Q and K are exchanged",
    both(Q + "|block", K + "|block", r"swap|exchang|permut|instead|in place|order")
    + r"|\[4, 5, 6, 7, 0, 1, 2, 3",
)  # fmt: skip
heads.wrong(
    "scale-of-model", {"root = np.sqrt(q.shape[-1])": "root = np.sqrt(x.shape[-1])",
    "/ root)\n": "/ np.sqrt(q.shape[-1]))\n"},
    BOTH_ROLES, "1/√ of the model's width in place of the head's",
    both(SCALE, r"head|model|width|√2|√h"),
)  # fmt: skip
heads.wrong(
    "first-head-only", {"dv = att.transpose(0, 2, 1) @ dheads":
    "dv = att.transpose(0, 2, 1) @ dheads; dv[1:] = 0"}, BOTH_ROLES,
    "dV of the second head is zero",
    both(r"heads?\b|10 to 11|block|value|\bV\b", r"zero|missing|only|left out"),
)  # fmt: skip
heads.wrong(
    "same-head-twice", {"datt = dheads @ v": "datt = dheads[::-1] @ v"}, BOTH_ROLES,
    "the heads' upstreams are exchanged on the way to the attention weights",
    both(r"heads?\b|axis 0|split|dheads", r"order|revers|swap|exchang|flip"),
)  # fmt: skip
heads.wrong(
    "Wo-not-transposed", {"dout @ Wo.T": "dout @ Wo"}, BOTH_ROLES,
    "Wo is not transposed", both(word("Wo"), TRANSPOSED),
)  # fmt: skip
heads.wrong(
    "attention-not-transposed",
    {"dv = att.transpose(0, 2, 1) @ dheads": "dv = att @ dheads"}, BOTH_ROLES,
    "the attention weights are not transposed in dV", both(TRANSPOSED, V + "|att|weight|softmax"),
)  # fmt: skip
heads.wrong(
    "diagonal", {"att * (datt - (datt * att).sum(axis=-1, keepdims=True))":
    "datt * att * (1 - att)"}, BOTH_ROLES,
    "softmax's Jacobian is taken as diagonal", both(SOFTMAX, DIAGONAL),
)  # fmt: skip
heads.wrong(
    "dWo-from-input", {"dWo = merged.T @ dout": "dWo = x.T @ dout"}, "Wo",
    "dWo takes x in place of the joined heads", both(r"\bx\b|input", INSTEAD),
)  # fmt: skip
heads.pair(
    "Wo-and-q-k", {"dout @ Wo.T": "dout @ Wo", "[join(dq), join(dk)": "[join(dk), join(dq)"},
    BOTH_ROLES, "Wo is not transposed; the blocks of Q and K are exchanged",
    both(word("Wo"), TRANSPOSED), both(r"swap|exchang|permut|instead|in place|order"),
)  # fmt: skip


def rotate(x):
    """Pairs (even, odd) turned by an angle that grows with the position."""
    T, d = x.shape
    angle = np.arange(1, T + 1)[:, None] * 0.9 ** np.arange(d // 2)
    cos, sin = np.cos(angle), np.sin(angle)
    out = np.empty_like(x)
    out[:, 0::2] = x[:, 0::2] * cos - x[:, 1::2] * sin
    out[:, 1::2] = x[:, 0::2] * sin + x[:, 1::2] * cos
    return out


def unrotate(g):
    T, d = g.shape
    angle = np.arange(1, T + 1)[:, None] * 0.9 ** np.arange(d // 2)
    cos, sin = np.cos(angle), np.sin(angle)
    dx = np.empty_like(g)
    dx[:, 0::2] = g[:, 0::2] * cos + g[:, 1::2] * sin
    dx[:, 1::2] = -g[:, 0::2] * sin + g[:, 1::2] * cos
    return dx


def rotary_scores(q, k):
    return rotate(q) @ rotate(k).T / np.sqrt(q.shape[1])


def rotary_scores_backward(ds, q, k):
    ds = ds / np.sqrt(q.shape[1])
    dq = unrotate(ds @ rotate(k))
    dk = unrotate(ds.T @ rotate(q))
    return {"q": dq, "k": dk}


ROTARY = r"rot|angle|sin|cos|turn|position"
rope = ATTENTION.functions(
    "rotary", rotary_scores, rotary_scores_backward, q=normal(3, 4), k=normal(3, 4)
)
rope.wrong(
    "rotated-again", {"dq = unrotate(ds @ rotate(k))": "dq = rotate(ds @ rotate(k))"}, "q",
    "dq is rotated again in place of back",
    both(ROTARY, r"invers|back|sign|transpos|again|opposite|undone|negat"),
)  # fmt: skip
rope.wrong(
    "not-rotated-back", {"dq = unrotate(ds @ rotate(k))": "dq = ds @ rotate(k)"}, "q",
    "dq is not rotated back", both(ROTARY, MISSING + "|not"),
)  # fmt: skip
rope.wrong(
    "k-not-rotated", {"dq = unrotate(ds @ rotate(k))": "dq = unrotate(ds @ k)"}, "q",
    "dq takes k before the rotation", both(ROTARY, word("k"), INSTEAD + "|" + MISSING),
)  # fmt: skip


def rope_backward(dout, x):
    return {"x": unrotate(dout)}


def rope_half_backward(g, x):
    """The same, written out."""
    T, d = g.shape
    angle = np.arange(1, T + 1)[:, None] * 0.9 ** np.arange(d // 2)
    cos, sin = np.cos(angle), np.sin(angle)
    dx = np.empty_like(g)
    dx[:, 0::2] = g[:, 0::2] * cos + g[:, 1::2] * sin
    dx[:, 1::2] = g[:, 1::2] * cos - g[:, 0::2] * sin
    return {"x": dx}


ATTENTION.functions("rotary-alone", rotate, rope_backward, x=normal(3, 4))
turned = ATTENTION.functions("rotary-pairs", rotate, rope_half_backward, x=normal(3, 6))
turned.wrong(
    "sign-of-sin-in-odd", {"cos - g[:, 0::2] * sin": "cos + g[:, 0::2] * sin"}, "x",
    "the sine has the wrong sign in the odd half", both(SIGN, r"sin|odd|half|position"),
)  # fmt: skip
turned.wrong(
    "sin-twice", {"cos - g[:, 0::2] * sin": "sin - g[:, 0::2] * sin"}, "x",
    "sine in place of cosine in the odd half", both(r"sin", r"cos", INSTEAD),
)  # fmt: skip


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
