"""Linear systems, determinants and roots of matrices, of scalars: elimination, step by step.

A matrix is (n, n). Rows are exchanged by the sizes of known numbers, so but for `cholesky` none of
these is compiled.
"""

from typing import NamedTuple

from .functions import concatenate, stack
from .numbers.kinds import numpy
from .tensor import Arrays, Tensor
from .value import Value

NAMES = ["solve", "inv", "det", "slogdet", "cholesky"]


class SignedLog(NamedTuple):
    """A determinant as its sign, 1.0 or -1.0, and the logarithm of its size."""

    sign: float
    logabsdet: Value


def solve(a: Arrays, b: Arrays) -> Tensor:
    """The x of a·x = b: (n, n), (n,) -> (n,) or (n, n), (n, m) -> (n, m).

    Raises NumPy's LinAlgError for a matrix that is singular, ValueError for one that is not square.
    """
    right = Tensor(b)
    _, rows = _eliminated(Tensor(a), right.reshape(len(right), -1))
    n, found = len(rows), Tensor([])
    for k in reversed(range(n)):
        rest = rows[k][n:]
        if k < n - 1:
            rest = rest - rows[k][k + 1 : n] @ found
        x = (rest / rows[k][k]).reshape(1, -1)
        found = concatenate([x, found]) if k < n - 1 else x
    return found.reshape(*right.shape)


def inv(a: Arrays) -> Tensor:
    """The inverse matrix."""
    return solve(a, numpy().eye(len(Tensor(a))))


def det(a: Arrays) -> Value:
    """The determinant, the product of the pivots."""
    sign, pivots = _pivots(a)
    product: Value = pivots.prod() * sign
    return product


def slogdet(a: Arrays) -> SignedLog:
    """(sign, log |det|), the sum of the logarithms of the pivots."""
    sign, pivots = _pivots(a)
    for pivot in pivots.values:
        sign = -sign if pivot < 0 else sign
    return SignedLog(sign, pivots.abs().log().sum())


def cholesky(a: Arrays) -> Tensor:
    """The lower triangular L of L·Lᵀ = a, of a matrix that is symmetric and positive: else nan."""
    a, zero = _square(Tensor(a)), Value(0.0)
    rows: list[list[Value]] = []
    for i in range(len(a)):
        row: list[Value] = []
        for j in range(i + 1):
            known = rows[j] if j < i else row
            rest = a[i, j] - stack(row) @ stack(known[:j]) if j else a[i, j]
            row.append(rest.sqrt() if j == i else rest / known[j])
        rows.append(row)
    return Tensor([row + [zero] * (len(a) - len(row)) for row in rows])


def _pivots(a: Arrays) -> tuple[float, Tensor]:
    matrix = Tensor(a)
    sign, rows = _eliminated(matrix, matrix[:, :0])
    return sign, stack([row[k] for k, row in enumerate(rows)])


def _eliminated(a: Tensor, b: Tensor) -> tuple[float, list[Tensor]]:
    """The rows of (a | b), which are 0 left of the diagonal, and the sign of how they changed
    places (Gauss; the largest pivot of each column).
    """
    _square(a)
    rows, sign = [concatenate([x, y]) if y.size else x for x, y in zip(a, b, strict=True)], 1.0
    for k in range(len(rows)):
        best = max(range(k, len(rows)), key=lambda i: abs(rows[i].values[k].data))
        if rows[best].values[k].data == 0:
            raise numpy().linalg.LinAlgError("Singular matrix")
        if best != k:
            rows[k], rows[best], sign = rows[best], rows[k], -sign
        for i in range(k + 1, len(rows)):
            rows[i] = rows[i] - rows[k] * (rows[i][k] / rows[k][k])
    return sign, rows


def _square(a: Tensor) -> Tensor:
    if a.ndim != 2 or len(a) != a.shape[1]:
        raise ValueError(f"a matrix of shape (n, n) is needed, got {a.shape}")
    return a
