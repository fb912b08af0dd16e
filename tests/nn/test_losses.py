"""Losses at the awkward points: extreme logits stay finite and exact, shifts add no derivative."""

import math
from fractions import Fraction

import numpy as np
import pytest

import nn
from autograd import Tensor, grad, hessian, log_softmax, logsumexp, softmax


@pytest.mark.parametrize("target", [0, 1])
def test_cross_entropy_of_extreme_logits_is_finite_with_the_right_gradient(target):
    x = Tensor([1000.0, 0.0])
    loss = nn.CrossEntropyLoss()(x, target)
    loss.backward()
    assert loss.data == (0.0 if target == 0 else 1000.0)
    assert x.grad == [0.0 if target == 0 else 1.0, 0.0 if target == 0 else -1.0]


def test_cross_entropy_of_a_class_and_of_its_one_hot_agree():
    rows = [[0.3, -1.2, 2.0], [1.0, 1.0, -0.5]]
    by_class, by_row = Tensor(rows), Tensor(rows)
    a = nn.CrossEntropyLoss()(by_class, [2, 0])
    b = nn.CrossEntropyLoss()(by_row, [[0, 0, 1], [1, 0, 0]])
    a.backward()
    b.backward()
    assert a.data == pytest.approx(b.data)
    for p, q in zip(by_class.grad, by_row.grad, strict=True):
        assert p == pytest.approx(q)


@pytest.mark.parametrize("one_hot", [False, True])
def test_label_smoothing_moves_a_share_of_the_target_to_all_classes(one_hot):
    rows = [[0.3, -1.2, 2.0], [1.0, 1.0, -0.5]]
    smoothed, soft = Tensor(rows), Tensor(rows)
    target = [[0, 0, 1], [1, 0, 0]] if one_hot else [2, 0]
    a = nn.CrossEntropyLoss(label_smoothing=0.3)(smoothed, target)
    b = nn.CrossEntropyLoss()(soft, [[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]])
    a.backward()
    b.backward()
    assert a.data == pytest.approx(b.data)
    for p, q in zip(smoothed.grad, soft.grad, strict=True):
        assert p == pytest.approx(q)
    assert nn.CrossEntropyLoss(label_smoothing=0.3)(rows[0], 2).data > 0


def test_the_gradient_of_cross_entropy_is_softmax_minus_one_hot():
    x = Tensor([0.3, -1.2, 2.0])
    nn.CrossEntropyLoss()(x, 1).backward()
    expected = [p - (k == 1) for k, p in enumerate(softmax([0.3, -1.2, 2.0]).tolist())]
    assert x.grad == pytest.approx(expected)


def test_softmax_does_not_change_with_a_shift_and_its_hessian_is_exact():
    x = Tensor([0.5, 0.5, -1.0])
    p = softmax(x).tolist()
    shifted = softmax(Tensor([100.5, 100.5, 99.0])).tolist()
    assert shifted == pytest.approx(p)
    h = hessian(logsumexp(x), x).tolist()
    for i in range(3):
        for j in range(3):
            assert h[i][j] == pytest.approx(p[i] * (i == j) - p[i] * p[j])
    assert log_softmax(x).tolist() == pytest.approx([math.log(q) for q in p])


@pytest.mark.parametrize("logit", [-1000.0, -40.0, 0.0, 40.0, 1000.0])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_binary_cross_entropy_of_logits_is_exact_everywhere(logit, target):
    x = Tensor([logit])
    loss = nn.BCEWithLogitsLoss()(x, [target])
    loss.backward()
    z = logit if target == 0.0 else -logit
    assert loss.data == pytest.approx(max(z, 0) + math.log1p(math.exp(-abs(z))), rel=1e-12)
    sigmoid = 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0
    assert x.grad[0] == pytest.approx(sigmoid - target, rel=1e-12, abs=1e-17)


def test_binary_cross_entropy_of_certain_probabilities_is_bounded():
    assert nn.BCELoss()([0.0, 1.0], [1.0, 0.0]).data == 100.0
    y = Tensor([0.0, 1.0])
    nn.BCELoss()(y, [0.0, 1.0]).backward()
    assert all(math.isfinite(g) for g in y.grad)


def test_absolute_errors_have_slope_zero_where_they_vanish():
    for loss in (nn.L1Loss(), nn.HuberLoss()):
        y = Tensor([1.0, 3.0])
        loss(y, [1.0, 1.0]).backward()
        assert y.grad == [0.0, 0.5]


def test_rational_losses_are_exact_in_fractions():
    y = Tensor([Fraction(1, 3), Fraction(5, 2)])
    loss = nn.MSELoss()(y, [Fraction(1, 2), 1])
    loss.backward()
    assert loss.data == (Fraction(1, 36) + Fraction(9, 4)) / 2
    assert y.grad == [Fraction(-1, 6), Fraction(3, 2)]


def test_a_convolution_is_exact_in_fractions():
    conv = nn.Conv2D(1, 1, 2)
    conv.load_state_dict({"weight": [[[[Fraction(1, 3), 2], [0, -1]]]], "bias": [Fraction(1, 7)]})
    y = conv([[[1, 2, 3], [4, 5, 6]]])
    assert y.tolist() == [
        [[Fraction(1, 3) + 4 - 5 + Fraction(1, 7), Fraction(2, 3) + 6 - 6 + Fraction(1, 7)]]
    ]


def test_one_sample_and_a_batch_of_it_have_the_same_loss():
    loss = nn.CrossEntropyLoss()
    one, many = loss([0.1, 0.9], 1), loss([[0.1, 0.9]] * 3, [1, 1, 1])
    assert one.data == pytest.approx(many.data)
    assert loss([[[0.1, 0.9]], [[0.5, 0.2]]], [[1], [0]]).data > 0
    assert nn.CrossEntropyLoss("none")([[0.1, 0.9]] * 3, [1, 1, 1]).shape == (3,)


def test_a_class_may_be_a_numpy_integer():
    scores = np.array([0.1, 0.9])
    assert nn.CrossEntropyLoss()(scores, np.int64(1)).data < nn.CrossEntropyLoss()(scores, 0).data


def test_a_loss_is_differentiable_twice():
    x = Tensor([0.2, -0.3])
    (dx,) = grad(nn.MSELoss()(x, [0.0, 0.0]), [x])
    assert [grad(d, [x])[0].tolist() for d in dx] == [[1.0, 0.0], [0.0, 1.0]]


def test_a_single_value_is_a_prediction_of_one():
    y = nn.Dense(1, 1)([2.0])[0]
    assert nn.MSELoss()(y, 1.0).data == pytest.approx((y.data - 1.0) ** 2)
