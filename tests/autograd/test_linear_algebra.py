"""Systems and determinants by elimination: NumPy's numbers, with the gradients of textbooks."""

import numpy as np
import pytest

import autograd
from autograd import Tensor, grad

RNG = np.random.default_rng(0)
A = np.array([[0.0, 2.0, 1.0], [1.0, -1.0, 0.5], [3.0, 0.5, -2.0]])  # its first pivot is below
SYMMETRIC = A @ A.T + np.eye(3)
INVERSE = np.linalg.inv(A)


@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_a_solution_is_numpys_with_its_gradient(shape):
    b, upstream = RNG.normal(size=shape), RNG.normal(size=shape)
    np.testing.assert_allclose(np.linalg.solve(Tensor(A), b).numpy(), np.linalg.solve(A, b))
    of_a, of_b = grad(lambda a, b: np.sum(np.linalg.solve(a, b) * upstream), (0, 1))(A, b)
    np.testing.assert_allclose(of_b, INVERSE.T @ upstream)  # A⁻ᵀ·dX, and −A⁻ᵀ·dX·Xᵀ
    x = np.linalg.solve(A, b)
    outer = np.outer if len(shape) == 1 else lambda p, q: p @ q.T
    np.testing.assert_allclose(of_a, -outer(of_b, x), rtol=1e-12)


def test_determinants_and_inverses_are_numpys_with_their_gradients():
    assert np.linalg.det(Tensor(A)).data == pytest.approx(np.linalg.det(A))
    sign, size = np.linalg.slogdet(Tensor(A))
    assert (sign, size.data) == pytest.approx(tuple(np.linalg.slogdet(A)))
    np.testing.assert_allclose(grad(np.linalg.det)(A), np.linalg.det(A) * INVERSE.T)
    np.testing.assert_allclose(grad(lambda a: np.linalg.slogdet(a).logabsdet)(A), INVERSE.T)
    np.testing.assert_allclose(np.linalg.inv(Tensor(A)).numpy(), INVERSE, atol=1e-14)
    autograd.check_grads(lambda a: np.linalg.inv(a), order=1)(A)


def test_a_root_is_numpys_in_compiled_functions_too():
    root = np.linalg.cholesky(Tensor(SYMMETRIC))
    np.testing.assert_allclose(root.numpy(), np.linalg.cholesky(SYMMETRIC), rtol=1e-13)
    half_of = grad(lambda a: np.sum(np.log(np.diag(np.linalg.cholesky(a)))))
    lower = half_of(SYMMETRIC)  # reads the lower triangle alone
    symmetric = (lower + lower.T) / 2
    np.testing.assert_allclose(symmetric, np.linalg.inv(SYMMETRIC) / 2, rtol=1e-10)
    program = autograd.compile(lambda a: np.linalg.cholesky(a).sum(), SYMMETRIC, dtype="float64")
    assert program([SYMMETRIC])[0] == pytest.approx(np.linalg.cholesky(SYMMETRIC).sum())


def test_what_has_no_solution_is_refused():
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        np.linalg.inv(Tensor([[1.0, 2.0], [2.0, 4.0]]))
    with pytest.raises(ValueError, match=r"shape \(n, n\) is needed, got \(1, 2\)"):
        np.linalg.det(Tensor([[1.0, 2.0]]))
    with pytest.raises(autograd.UnknownNumberError):
        autograd.compile(np.linalg.det, Tensor(A))
