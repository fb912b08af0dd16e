"""Several heads, and the rotary embedding."""

import numpy as np
from exam_attention import ATTENTION, DIAGONAL, SCALE, SOFTMAX, K, Q, V
from exam_draws import draws, softmax
from telling import INSTEAD, MISSING, SIGN, TRANSPOSED, both, word

normal, _ = draws(52)

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
    both(r"heads?\b|block|value|\bV\b", r"zero|missing|only|left out"),
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
