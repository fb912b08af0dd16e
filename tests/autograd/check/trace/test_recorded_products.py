"""Products of arrays, in all forms of einsum too, have the slopes of both."""

import numpy as np
import pytest
from recorded_runs import assert_recorded

RNG = np.random.default_rng(0)
A = RNG.uniform(0.2, 0.9, (3, 4))
B = RNG.uniform(0.2, 0.9, (4, 3))
C = RNG.uniform(0.2, 0.9, (3, 4))
V = RNG.uniform(0.2, 0.9, 4)
CUBE = RNG.uniform(0.2, 0.9, (2, 3, 4))
MASK = A > 0.5

PRODUCTS = [
    lambda a, b: a @ b,
    lambda a, b: np.dot(a, b),
    lambda a, b: a.dot(b),
    lambda a, b: np.matmul(a, b),
    lambda a, b: a[0] @ b,
    lambda a, b: a @ b[:, 0],
    lambda a, b: np.dot(a[0], b[:, 1]),
    lambda a, b: np.inner(a, b.T),
    lambda a, b: np.outer(a, b),
    lambda a, b: np.multiply.outer(a, b),
    lambda a, b: np.vdot(a, b),
    lambda a, b: np.tensordot(a, b, 1),
    lambda a, b: np.tensordot(a, b, ((0, 1), (1, 0))),
    lambda a, b: np.tensordot(a, b, axes=([1], [0])),
    lambda a, b: np.tensordot(a, b, 0),
    lambda a, b: np.kron(a, b),
    lambda a, b: np.linalg.multi_dot([a, b, a]),
    lambda a, b: np.dot(2.0, a),
    lambda a, b: np.linalg.matrix_power(a @ b, 3),
    lambda a, b: np.cross(a[:, :3], b[:3]),
    lambda a, b: np.stack([a, a]) @ b,
    lambda a, b: a @ np.stack([b, b])[None],
    lambda a, b: np.vecdot(a, b.T),
    lambda a, b: np.stack([a, a])[:, None] @ np.stack([b, b, b]),
    lambda a, b: np.dot(np.stack([a, a]), np.stack([b, b])),
    lambda a, b: np.matvec(a, b[:, 0]),
    lambda a, b: np.vecmat(a[0], b),
    lambda a, b: np.einsum("ij,jk->ik", a, b),
    lambda a, b: np.einsum("ij,jk", a, b),
    lambda a, b: np.einsum("ij->j", a),
    lambda a, b: np.einsum("ii->i", a @ b),
    lambda a, b: np.einsum("ii", a @ b),
    lambda a, b: np.einsum("ij,ij->", a, b.T),
    lambda a, b: np.einsum("...j,jk->...k", a, b),
    lambda a, b: np.einsum("i...,...i->...", a, b @ a @ b),
    lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]),
    lambda a, b: np.einsum("ij,jk,kl->il", a, b, a),
    lambda a, b: np.einsum("ij , j", a, b[:, 0], optimize=True),
    lambda a, b: np.einsum("ij,j->ij", a, b[:1, 0]),
    lambda a, b: np.einsum("ij->ji", a),
    lambda a, b: np.einsum(a, [0, ...], [...]),
    lambda a, b: np.convolve(a[0], b[:, 0][:3]),
    lambda a, b: np.convolve(a[0], b[:3, 0], "same"),
    lambda a, b: np.convolve(a[0], b[:2, 0], "same"),
    lambda a, b: np.convolve(a[0], b[:2, 0], "valid"),
    lambda a, b: np.correlate(a[0], b[:2, 0]),
    lambda a, b: np.correlate(a[0], b[:2, 0], "full"),
    lambda a, b: np.correlate(a[0], b[:3, 0], "same"),
    lambda a, b: np.correlate(a[0], b[:2, 0], "same"),
]


@pytest.mark.parametrize("k", range(len(PRODUCTS)))
def test_products_of_arrays_have_both_slopes(k):
    assert_recorded(PRODUCTS[k], {"a": A, "b": B})


def test_an_attention_head_of_four_axes_has_its_slopes():
    def attention(q, k, v):
        scores = np.einsum("bhqd,bhkd->bhqk", q, k) / np.sqrt(q.shape[-1])
        e = np.exp(scores - scores.max(-1, keepdims=True))
        return (e / e.sum(-1, keepdims=True)) @ v

    q, k, v = (np.random.default_rng(s).normal(size=(2, 2, 3, 4)) for s in range(3))
    assert_recorded(attention, (q, k, v))
