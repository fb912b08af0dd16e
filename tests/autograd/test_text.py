"""Tensors in a few words."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

import nn
from autograd import Tensor, Value, compile


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (Tensor([1.0, -2.5]), "Tensor(2, [1, −2.5])"),
        (Tensor([[1, 2], [3, 4]]), "Tensor(2×2, [[1, 2], [3, 4]])"),
        (Tensor([]), "Tensor(0, [])"),
        (Tensor([[]]), "Tensor(1×0, [[]])"),
        (Tensor([math.nan, -math.inf, 1e-9, -0.0]), "Tensor(4, [nan, −inf, 1e-09, 0])"),
        (Tensor([Fraction(-1, 3), 1 - 2j]), "Tensor(2, [−1/3, 1−2j])"),
        (Tensor([[0.157, -0.049] * 128] * 10), "Tensor(10×256, [[0.157, −0.049, …], …])"),
        (Tensor([0.5] * 17), "Tensor(17, [0.5, 0.5, …])"),
        (Tensor([[1.0, 2.0, 3.0]] * 20), "Tensor(20×3, [[1, 2, 3], …])"),
        (Tensor([[[1.0] * 9] * 2] * 2), None),
    ],
)
def test_a_tensor_is_written_in_full_or_by_its_first_entries(tensor, text):
    text = text or "Tensor(2×2×9, [[[1, 1, …], [1, 1, …]], [[1, 1, …], [1, 1, …]]])"
    assert repr(tensor) == str(tensor) == f"{tensor}" == text


@given(hnp.arrays(float, hnp.array_shapes(min_dims=1, max_dims=6, max_side=5)))
def test_the_text_of_a_tensor_is_short_whatever_is_in_it(array):
    assert len(repr(Tensor(array))) < 400


def test_parameters_and_unknown_numbers_are_written_too():
    assert repr(nn.Dense(256, 10).weight).startswith("Tensor(10×256, [[")
    seen = []
    compile(lambda x: seen.append(repr(x)) or x.sum(), Tensor([1.0, 2.0]))
    assert seen[0] == "Tensor(2, [?, ?])"
    assert repr(Value(2.0, label="a")) == "Value(data=2.0, grad=0, label='a')"
