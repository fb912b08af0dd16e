"""Other convolutions, embeddings and losses with margins, in plain loops: each slip by its name.

Nothing here knows of the catalogue.
"""

from itertools import product

import numpy as np
import pytest
from mutant_cases import numbers
from told import told

X, SMALL = numbers(1, 2, 3, 5, 5), numbers(2, 2, 2, 3, 3)
PLACES = list(product(range(3), range(3)))


def depthwise(x, w):
    out = np.zeros((2, 3, 3, 3))
    for i, j in PLACES:
        out[:, :, i, j] = (x[:, :, i : i + 3, j : j + 3] * w).sum((2, 3))
    return out


def depthwise_dx(u, x, w, own=True, add=True):
    found = np.zeros_like(x)
    for i, j in PLACES:
        g = u[:, :, i, j, None, None] * w
        g = g if own else np.broadcast_to(g.sum(1, keepdims=True), g.shape)
        at = (slice(None), slice(None), slice(i, i + 3), slice(j, j + 3))
        found[at] = found[at] + g if add else g
    return found


def depthwise_dw(u, x, w, sample=None):
    seen = slice(None) if sample is None else slice(sample, sample + 1)
    return sum(
        (u[seen, :, i, j, None, None] * x[seen, :, i : i + 3, j : j + 3]).sum(0) for i, j in PLACES
    )


def upwards(x, w):
    """Transposed, with stride 2 and kernels of 3."""
    out = np.zeros((2, 3, 7, 7))
    for i, j in PLACES:
        out[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += np.einsum(
            "nc,couv->nouv", x[:, :, i, j], w
        )
    return out


def upwards_dx(u, x, w, turned=False):
    found, kernel = np.zeros_like(x), w[:, :, ::-1, ::-1] if turned else w
    for i, j in PLACES:
        g = u[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        found[:, :, i, j] = np.einsum("nouv,couv->nc", g, kernel)
    return found


def upwards_dw(u, x, w, add=True):
    found = np.zeros_like(w)
    for i, j in PLACES:
        g = u[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        found = found * add + np.einsum("nc,nouv->couv", x[:, :, i, j], g)
    return found


def columns(x, order=(0, 1, 2)):
    return np.array([[x[n, :, i : i + 3, j : j + 3].transpose(order).ravel() for i, j in PLACES]
                     for n in range(2)])  # fmt: skip


def by_matrix(x, w):
    return (columns(x) @ w.T).transpose(0, 2, 1).reshape(2, -1, 3, 3)


def matrix_dw(u, x, w, order):
    return np.einsum("nol,nlk->ok", u.reshape(2, -1, 9), columns(x, order))


ALONE, ACROSS, MATRIX = numbers(3, 3, 3, 3), numbers(4, 2, 3, 3, 3), numbers(5, 4, 27)


@pytest.mark.parametrize(
    ("forward", "x", "w", "of", "wrong", "name"),
    [
        (depthwise, X, ALONE, "x", lambda u, x, w: depthwise_dx(u, x, w, add=False), "overwritten"),
        (depthwise, X, ALONE, "x", lambda u, x, w: depthwise_dx(u, x, w, own=False),
         "dx-all-groups"),
        (depthwise, X, ALONE, "x", lambda u, x, w: depthwise_dx(u, x, w[:, ::-1, ::-1]),
         "kernel-not-rotated"),
        (depthwise, X, ALONE, "w", lambda u, x, w: depthwise_dw(u, x, w, 0), "dw-first-sample"),
        (depthwise, X, ALONE, "w", lambda u, x, w: depthwise_dw(u, x[:, [0, 0, 0]], w),
         "dw-first-group"),
        (upwards, SMALL, ACROSS, "x", lambda u, x, w: upwards_dx(u, x, w, True), "kernel-rotated"),
        (upwards, SMALL, ACROSS, "w", lambda u, x, w: upwards_dw(u, x, w, False),
         "dw-last-position"),
        (by_matrix, X, MATRIX, "w", lambda u, x, w: matrix_dw(u, x, w, (1, 2, 0)),
         "dw-other-order"),
    ],
)  # fmt: skip
def test_a_slip_in_another_form_of_convolution_is_told(forward, x, w, of, wrong, name):
    assert told(forward, {"x": x, "w": w}, wrong, of) == [name]


@pytest.mark.parametrize(
    ("forward", "dx", "dw"),
    [(depthwise, depthwise_dx, depthwise_dw), (upwards, upwards_dx, upwards_dw)],
)
def test_the_loops_themselves_are_right(forward, dx, dw):
    x, w = (X, ALONE) if forward is depthwise else (SMALL, ACROSS)
    u, h = numbers(6, *forward(x, w).shape), 1e-6
    for name, gradient in (("x", dx(u, x, w)), ("w", dw(u, x, w))):
        direction = numbers(7, *gradient.shape)
        step_x, step_w = (direction, 0 * w) if name == "x" else (0 * x, direction)
        ends = [forward(x + s * step_x, w + s * step_w) for s in (h, -h)]
        slope = (u * (ends[0] - ends[1])).sum() / (2 * h)
        assert slope == pytest.approx((gradient * direction).sum(), rel=1e-7)


SCORES, LABELS = numbers(8, 5, 4), np.array([0, 3, 1, 1, 2])


def classes_hinge(s, y):
    total = 0.0
    for row, k in zip(s, y.astype(int), strict=True):
        total += sum(max(0.0, row[j] - row[k] + 1.0) for j in range(4) if j != k)
    return total / 5


def classes_hinge_ds(s, y, own, margin=1.0):
    found = np.zeros_like(s)
    for n, k in enumerate(y.astype(int)):
        over = [j for j in range(4) if j != k and s[n, j] - s[n, k] + margin > 0]
        found[n, over] = 1.0
        found[n, k] = -own(len(over))
    return found / 5


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (lambda u, s, y: classes_hinge_ds(s, y, lambda n: 0), "own-class-forgotten"),
        (lambda u, s, y: classes_hinge_ds(s, y, lambda n: n, 0.0), "margin-forgotten"),
    ],
)
def test_a_slip_in_the_hinge_of_classes_is_told(wrong, name):
    assert told(classes_hinge, {"s": SCORES, "y": LABELS}, wrong, "s") == [name]


def test_a_slip_in_hubers_loss_is_told_with_a_delta_that_is_measured():
    p, t = 2 * numbers(9, 12), numbers(10, 12)

    def huber(p, t):
        e = p - t
        return sum(a * a / 2 if abs(a) < 0.7 else 0.7 * (abs(a) - 0.35) for a in e) / 12

    def wrong(u, p, t):
        return np.where(np.abs(p - t) < 0.7, p - t, np.sign(p - t)) / 12

    assert told(huber, {"p": p, "t": t}, wrong, "p") == ["delta-forgotten"]
