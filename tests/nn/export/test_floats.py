"""Numbers for libraries that know floats alone."""

from fractions import Fraction

import pytest

from autograd import Tensor
from nn.export.weights import floats


def test_real_numbers_become_floats_in_order():
    assert floats(Tensor([[1, Fraction(1, 4)], [-2.5, True]]), 10.0) == [1.0, 0.25, -2.5, 1.0]
    assert floats(Tensor([float("inf")]), 10.0) == [float("inf")]


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (1j, "1j is not a real number"),
        ("one", "'one' is not a real number"),
        (None, "None is not a real number"),
        (-11, "-11 is too large; the largest number there is 10"),
        (10**400, "is too large"),
    ],
)
def test_other_numbers_are_told(number, message):
    tensor = Tensor([0.0])
    tensor.values[0].data = number
    with pytest.raises(ValueError, match=message):
        floats(tensor, 10.0)
