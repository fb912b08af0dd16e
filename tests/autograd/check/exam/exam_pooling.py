"""Embeddings, upsampling, pooling, and other steps that move entries."""

import numpy as np
from exam_draws import draws
from telling import FACTOR, MISSING, OVERWRITTEN, both
from wrong_passes import Family

normal, _ = draws(21)

MOVES = Family("embeddings, pooling")
IDS = np.array([[2, 0, 2], [4, 2, 1]])
REPEATED = r"twice|repeat|occur|again|duplicat|row|index|add\.at|several|more than once"


def embedding(E, P):
    """Words plus positions."""
    return E[IDS] * 2 + P[: IDS.shape[1]]


def embedding_backward(dout, E, P):
    dE, dP = np.zeros_like(E), np.zeros_like(P)
    np.add.at(dE, IDS, 2 * dout)
    dP[: IDS.shape[1]] = dout.sum(axis=0)
    return {"E": dE, "P": dP}


words = MOVES.functions("embedding", embedding, embedding_backward, E=normal(5, 3), P=normal(4, 3))
words.wrong(
    "assigned", {"np.add.at(dE, IDS, 2 * dout)": "dE[IDS] = 2 * dout"}, "E",
    "rows that occur twice are assigned, not added", both(REPEATED, OVERWRITTEN),
)  # fmt: skip
words.wrong(
    "fancy-plus", {"np.add.at(dE, IDS, 2 * dout)": "dE[IDS] += 2 * dout"}, "E",
    "+= with an index array counts a row once", both(REPEATED, OVERWRITTEN + "|once"),
)  # fmt: skip
words.wrong(
    "scale-missing", {"2 * dout)": "dout)"}, "E",
    "the scale 2 is missing", both(r"\b2\b|half|1/2", r"scal|factor|times|\*"),
)  # fmt: skip
words.wrong(
    "positions-of-first-sample", {"= dout.sum(axis=0)": "= dout[0]"}, "P",
    "dP counts the first sample alone",
    both(r"sample|batch|broadcast|sum|axis 0|\[0|first", MISSING +
    "|first|sum"),
)  # fmt: skip
words.pair(
    "assigned-and-first", {"np.add.at(dE, IDS, 2 * dout)": "dE[IDS] = 2 * dout",
    "= dout.sum(axis=0)": "= dout[0]"}, "E P",
    "rows are assigned, dP counts the first sample alone", both(REPEATED, OVERWRITTEN),
    both(r"sample|batch|broadcast|sum|axis 0|first", MISSING + "|first|sum"),
)  # fmt: skip


def bag(E, w):
    """The mean of a sentence's words, and a score."""
    return E[IDS].mean(axis=1) @ w


def bag_backward(dout, E, w):
    dE = np.zeros_like(E)
    for n, sentence in enumerate(IDS):
        for k in sentence:
            dE[k] += dout[n] * w / len(sentence)
    return {"E": dE, "w": dout @ E[IDS].mean(axis=1)}


bags = MOVES.functions("bag-of-words", bag, bag_backward, E=normal(5, 3), w=normal(3))
bags.wrong(
    "mean-missing", {" / len(sentence)": ""}, "E",
    "1/T of the mean is missing",
    both(r"mean|1/3|\b[NT]\b|length|number|\b3\b", FACTOR + "|" + MISSING),
)  # fmt: skip
bags.wrong(
    "each-word-once", {"for k in sentence:": "for k in set(sentence.tolist()):"}, "E",
    "a word that occurs twice in a sentence is counted once",
    both(REPEATED, r"once|add|sum|count|\+=|twice|accumul|overwrit"),
)  # fmt: skip
bags.wrong(
    "dw-from-sum", {"E[IDS].mean(axis=1)}": "E[IDS].sum(axis=1)}"}, "w",
    "dw takes the sum of the words in place of their mean", both(r"mean|sum|\b3 times|\bN times"),
)  # fmt: skip


def upsample(x):
    """(C, H, W) -> (C, 2 H, 2 W), nearest."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


def upsample_backward(dout, x):
    _, h, w = x.shape
    dx = np.zeros_like(x)
    for i in range(2 * h):
        for j in range(2 * w):
            dx[:, i // 2, j // 2] += dout[:, i, j]
    return {"x": dx}


nearest = MOVES.functions("upsample", upsample, upsample_backward, x=normal(2, 3, 2))
nearest.wrong(
    "one-of-four", {"dx[:, i // 2, j // 2] += ": "dx[:, i // 2, j // 2] = "}, "x",
    "of four copies only the last counts", both(OVERWRITTEN + r"|one|four|4|copies|repeat|missing"),
)  # fmt: skip
nearest.wrong(
    "mean", {"+= dout[:, i, j]": "+= dout[:, i, j] / 4"}, "x",
    "the mean of four copies in place of their sum", both(r"mean|averag|1/k²|1/4|sum"),
)  # fmt: skip
nearest.wrong(
    "mixed-up", {"dx[:, i // 2, j // 2] +=": "dx[:, i % h, j % w] +="}, "x",
    "copies are taken as tiles: i mod H in place of i // 2",
    both(r"tile|mod|order|index|permut|mixed|interleav|repeat|position"),
)  # fmt: skip


def max_pool(x):
    """(N, C, H, W), windows 3 wide at stride 2: they overlap."""
    n, c, h, w = x.shape
    out = np.zeros((n, c, (h - 3) // 2 + 1, (w - 3) // 2 + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max(axis=(2, 3))
    return out


def max_pool_backward(dout, x):
    dx = np.zeros_like(x)
    n, c, oh, ow = dout.shape
    for a, b, i, j in np.ndindex(n, c, oh, ow):
        window = x[a, b, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        u, v = np.unravel_index(window.argmax(), (3, 3))
        dx[a, b, 2 * i + u, 2 * j + v] += dout[a, b, i, j]
    return {"x": dx}


PEAKED = normal(1, 2, 5, 5)
PEAKED[:, 0, 2, 2] = 2.5  # in every window
pool = MOVES.functions("max-pool", max_pool, max_pool_backward, x=PEAKED)
pool.wrong(
    "overlaps-overwrite", {"+= dout[a, b, i, j]": "= dout[a, b, i, j]"}, "x",
    "an entry that is the largest of two windows keeps one's gradient",
    both(r"overlap|window|several|two|twice|\+=", OVERWRITTEN),
)  # fmt: skip
pool.wrong(
    "argmin", {"window.argmax()": "window.argmin()"}, "x",
    "the gradient goes to the smallest entry", both(r"small|min|largest|max|argm"),
)  # fmt: skip
pool.wrong(
    "first-entry", {"window.argmax()": "0"}, "x",
    "the gradient goes to each window's first entry",
    both(r"first|corner|position|entry|top|\[0", r"max|largest|window|argmax|pool"),
)  # fmt: skip
pool.wrong(
    "rows-and-columns", {"2 * i + u, 2 * j + v": "2 * i + v, 2 * j + u"}, "x",
    "row and column of the largest entry are exchanged",
    both(r"transpos|row|column|swap|exchang|axes"),
)  # fmt: skip


def average_pool(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))


def average_pool_backward(dout, x):
    return {"x": np.repeat(np.repeat(dout, 2, axis=2), 2, axis=3) / 4}


average = MOVES.functions("average-pool", average_pool, average_pool_backward, x=normal(2, 2, 4, 6))
average.wrong(
    "not-divided", {" / 4": ""}, "x",
    "1/4 of the mean is missing", both(r"\b4\b|window|mean|area", FACTOR + "|" + MISSING),
)  # fmt: skip
average.wrong(
    "tiled", {"np.repeat(np.repeat(dout, 2, axis=2), 2, axis=3)":
    "np.tile(dout, (1, 1, 2, 2))"}, "x",
    "tiled in place of repeated", both(r"tile|order|permut|repeat|index|mixed|interleav|position"),
)  # fmt: skip
