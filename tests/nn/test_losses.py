"""Losses at the awkward points: extreme logits stay finite and exact, shifts add no derivative."""

import math
import random
import re
from fractions import Fraction

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value, grad, hessian, log_softmax, logsumexp, softmax


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


# --- where numbers go wrong -----------------------------------------------------------------------

inf, nan = math.inf, math.nan
MASKED = [0.0, -inf, 1.0]  # what PyTorch 2 gives for classes; for one-hot rows it gives nan
TARGETS = [
    ([1, 0, 0], 0, 1.3132617, [-0.7310586, 0.0, 0.7310586]),
    ([0, 1, 0], 1, inf, [0.2689414, -1.0, 0.7310586]),
    ([0, 0, 1], 2, 0.3132617, [0.2689414, 0.0, -0.2689414]),
    ([0.5, 0, 0.5], None, 0.8132617, [-0.2310586, 0.0, 0.2310586]),
]


def compiled(loss, x, t):
    """The loss of a row and its gradient, by a program."""
    w = Tensor(x)
    program = autograd.compile(lambda t: loss(w, t), t, parameters=[w], dtype="float64")
    value, (gradient,) = program.value_and_grad([t])
    return value, gradient.tolist()


def eagerly(loss, x, t):
    x = Tensor(x)
    y = loss(x, t)
    y.backward()
    return y.data, x.grad


@pytest.mark.parametrize(("row", "label", "value", "slopes"), TARGETS)
def test_a_logit_of_minus_infinity_masks_its_class(row, label, value, slopes):
    loss = nn.CrossEntropyLoss()
    runs = [eagerly(loss, MASKED, row), compiled(loss, MASKED, row)]
    runs += [eagerly(loss, MASKED, label)] if label is not None else []
    for y, gradient in runs:
        assert y == pytest.approx(value)
        assert gradient == pytest.approx(slopes)


@pytest.mark.parametrize(
    ("row", "value", "slopes"),
    [([1, 0, 0], 0.5, [-1, 0, 0]), ([0, 1, 0], inf, [0, -1, 0]), ([0.5, 0, 0], 0.25, [-0.5, 0, 0])],
)
@pytest.mark.parametrize("lost", [-inf, inf, nan])
def test_a_class_without_a_share_contributes_nothing_to_the_likelihood(row, value, slopes, lost):
    value = -lost if value == inf else value
    for run in (eagerly, compiled):
        y, gradient = run(nn.NLLLoss(), [-0.5, lost, lost], row)
        assert y == pytest.approx(value, nan_ok=True)
        assert gradient == pytest.approx(slopes)


def test_a_target_of_zero_keeps_its_own_slope():
    """∂(-Σ t·log p)/∂t = -log p, at t = 0 as well."""
    t = Tensor([1.0, 0.0])
    nn.NLLLoss()([-0.5, -2.0], t).backward()
    assert t.grad == [0.5, 2.0]


@pytest.mark.parametrize(
    ("logit", "target", "value", "slope"),
    [
        (-inf, 0.0, 0.0, 0.0), (inf, 1.0, 0.0, 0.0), (-inf, 1.0, inf, -1.0), (inf, 0.0, inf, 1.0),
        (-inf, 0.5, inf, -0.5), (nan, 0.0, nan, nan),
    ],
)  # fmt: skip
def test_a_certain_logit_costs_nothing_where_it_is_right(logit, target, value, slope):
    for run in (eagerly, compiled):
        y, gradient = run(nn.BCEWithLogitsLoss(), [logit], [target])
        np.testing.assert_array_equal([y, *gradient], [value, slope])


@pytest.mark.parametrize(
    ("x", "y", "shares", "slopes"),
    [
        ([-inf, -inf], -inf, [nan, nan], [nan, nan]),
        ([inf, 0.0], inf, [nan, nan], [nan, 0.0]),
        ([inf, inf], inf, [nan, nan], [nan, nan]),
        ([inf, -inf], inf, [nan, nan], [nan, 0.0]),
        ([-inf, 2.0], 2.0, [0.0, 1.0], [0.0, 1.0]),
        ([-inf, nan], nan, [nan, nan], [nan, nan]),
    ],
)
def test_sums_of_powers_at_infinity_are_those_of_pytorch(x, y, shares, slopes):
    for run in (eagerly, compiled):
        value, gradient = run(lambda x, t: logsumexp(x) + t, x, 0.0)
        np.testing.assert_array_equal(value, y)
        np.testing.assert_array_equal(gradient, slopes)
    np.testing.assert_array_equal(softmax(x).tolist(), shares)
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(log_softmax(x).tolist(), np.log(shares))


def test_a_masked_model_trains_compiled_as_in_eager_mode():
    class Masked(nn.Dense):
        def forward(self, x):
            return Tensor([0.0, -inf, 0.0]) + super().forward(x)

    def trained(compiled):
        model = Masked(2, 3, rng=random.Random(1))
        trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.5))
        data = ([[1.0, 0.5], [-1.0, 0.3], [0.4, -2.0]], [0, 2, 0])
        trainer.fit(data, epochs=3, batch_size=2, progress=False, compiled=compiled)
        return [v.data for p in model.parameters() for v in p.values]

    assert trained(compiled=True) == pytest.approx(trained(compiled=False), rel=1e-4)


SECOND = [
    (nn.MSELoss(), [0.0, 1.0, -1.0], 0.0, 2.0),
    (nn.L1Loss(), [0.0, 1.0, -1.0], 0.0, 0.0),
    (nn.HuberLoss(), [0.0, 0.5, -0.5, 1e-300], 0.0, 1.0),
    (nn.HuberLoss(0.5), [2.0, -2.0], 0.0, 0.0),
    (nn.BCELoss(), [0.5], 0.25, 4.0),
    (nn.BCEWithLogitsLoss(), [0.0, -0.0], 0.25, 0.25),
    (nn.HingeLoss(), [0.0, 1.0, 2.0], 1.0, 0.0),
]


@pytest.mark.parametrize(("loss", "points", "target", "second"), SECOND)
def test_the_second_derivative_at_zero_and_beside_the_joints(loss, points, target, second):
    def curvature(y):
        (first,) = grad(loss([y], [target]), [y])
        return grad(first, [y])[0]

    program = autograd.compile(curvature, 0.5, dtype="float64")
    assert [curvature(autograd.Value(y)).data for y in points] == [second] * len(points)
    assert program(points).tolist() == [second] * len(points)


# --- by head --------------------------------------------------------------------------------------

F = Fraction
PAIRS = [
    (nn.MSELoss, [F(1), F(3)], [F(3), F(2)], [4, 1], [-4, 2]),
    (nn.L1Loss, [F(1), F(3)], [F(3), F(2)], [2, 1], [-1, 1]),
    (nn.HuberLoss, [F(1), F(9, 4)], [F(4), F(2)], [F(5, 2), F(1, 32)], [-1, F(1, 4)]),
    (nn.HingeLoss, [F(1, 2), F(1, 2), F(3)], [1, -1, 1], [F(1, 2), F(3, 2), 0], [-1, 1, 0]),
    (nn.BCELoss, [0.25, 0.5], [1, 0.5], [math.log(4), math.log(2)], [-4, 0]),
    (
        nn.BCEWithLogitsLoss,
        [math.log(3), 0.0],
        [1, 0.5],
        [math.log(4 / 3), math.log(2)],
        [-0.25, 0],
    ),
    (
        nn.BCEWithLogitsLoss,
        [-math.log(3), math.log(3)],
        [0, F(1, 4)],
        [math.log(4 / 3), math.log(4) - 0.25 * math.log(3)],
        [0.25, 0.5],
    ),
]


@pytest.mark.parametrize(("kind", "y", "t", "losses", "slopes"), PAIRS)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_a_loss_of_pairs_and_its_slope(kind, y, t, losses, slopes, reduction):
    prediction, count = Tensor(y), len(y) if reduction == "mean" else 1
    loss = kind(reduction=reduction)(prediction, t)
    if reduction == "none":
        assert loss.tolist() == pytest.approx(losses)
        loss = loss.sum()
    else:
        assert loss.data == pytest.approx(sum(losses) / count)
    loss.backward()
    assert prediction.grad == pytest.approx([slope / count for slope in slopes])


def test_the_quadratic_part_of_huber_ends_at_delta():
    e = [F(1), F(2), F(3)]
    assert nn.HuberLoss(2, "none")(e, [0, 0, 0]).tolist() == [F(1, 2), 2, 4]


def test_a_certain_mistake_costs_100_in_binary_cross_entropy():
    y = Tensor([0.0, 1.0, 1.0])
    loss = nn.BCELoss("none")(y, [1.0, 0.0, 1.0])
    assert loss.tolist() == [100.0, 100.0, 0.0]
    loss.sum().backward()
    assert y.grad == [0.0, 0.0, -1.0]


@pytest.mark.parametrize("target", [1, [0, 1, 0]])
def test_the_negative_log_likelihood_picks_the_target(target):
    scores = Tensor([-1.0, -2.0, -4.0])
    loss = nn.NLLLoss()(scores, target)
    assert loss.data == 2.0
    loss.backward()
    assert scores.grad == [0, -1, 0]


@pytest.mark.parametrize("target", [[1, 0], [[0, 1], [1, 0]]])
@pytest.mark.parametrize(("reduction", "loss"), [("sum", 5.0), ("mean", 2.5), ("none", [2.0, 3.0])])
def test_the_negative_log_likelihood_of_samples(target, reduction, loss):
    found = nn.NLLLoss(reduction)([[-1.0, -2.0], [-3.0, -4.0]], target)
    assert (found.tolist() if reduction == "none" else found.data) == loss


def test_samples_of_many_axes_keep_their_shape():
    scores = [[[-1.0, -2.0], [-3.0, -4.0]], [[-5.0, -6.0], [-7.0, -8.0]]]
    losses = nn.NLLLoss("none")(scores, [[0, 1], [1, 0]])
    assert losses.tolist() == [[1.0, 4.0], [6.0, 7.0]]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.75])
def test_smoothing_is_a_weighted_mean_of_target_and_all(share):
    loss = nn.CrossEntropyLoss(label_smoothing=share)
    logs = log_softmax([1.0, 2.0, 4.0]).tolist()
    expected = -(1 - share) * logs[0] - share * sum(logs) / 3
    assert loss([1.0, 2.0, 4.0], 0).data == pytest.approx(expected)


def test_settings_that_nobody_names():
    assert (nn.HuberLoss().delta, nn.MSELoss().reduction) == (1.0, "mean")
    assert (nn.CrossEntropyLoss().label_smoothing, nn.CrossEntropyLoss().reduction) == (0.0, "mean")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: nn.MSELoss("all"),
            'MSELoss: reduction must be "mean", "sum" or "none", got \'all\'',
        ),
        (lambda: nn.HuberLoss(0), "HuberLoss: delta must be positive, got 0"),
        (lambda: nn.HuberLoss(-1.0), "HuberLoss: delta must be positive, got -1.0"),
        (lambda: nn.BCELoss()([1.5], [1.0]), "BCELoss: predictions are probabilities, got 1.5"),
        (lambda: nn.BCELoss()([-0.5], [1.0]), "BCELoss: predictions are probabilities, got -0.5"),
        (
            lambda: nn.MSELoss()([1.0, 2.0], [1.0]),
            "prediction has shape (2,), target (1,); make them equal",
        ),
        (
            lambda: nn.MSELoss()([1.0], [1.0, 2.0]),
            "prediction has shape (1,), target (2,); make them equal",
        ),
        (lambda: nn.MSELoss()([], []), "prediction of shape (0,) is empty"),
        (lambda: nn.MSELoss()([1.0], []), "target of shape (0,) is empty"),
        (lambda: nn.NLLLoss()([[1.0, 2.0]], 0), "one target for (1,) samples"),
        (
            lambda: nn.NLLLoss()([[1.0, 2.0]], [0, 1]),
            "target has shape (2,), needs classes (1,) or one-hot (1, 2)",
        ),
        (
            lambda: nn.NLLLoss()([[[1.0, 2.0]] * 3] * 2, [[0, 1]]),
            "target has shape (1, 2), needs classes (2, 3) or one-hot (2, 3, 2)",
        ),
        (lambda: nn.NLLLoss()([1.0, 2.0], 2), "label 2 is not one of the 2 classes 0 to 1"),
        (lambda: nn.NLLLoss()([1.0, 2.0], -1), "label -1 is not one of the 2 classes 0 to 1"),
        (lambda: nn.NLLLoss()([[1.0, 2.0]], [0.5]), "label 0.5 is not one of the 2 classes"),
    ],
)
def test_what_a_loss_cannot_take_is_told(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize("target", [True, "1"])
def test_a_class_is_no_bool_and_no_text(target):
    said = re.escape(f"a target is a class number or a row of numbers, got {target!r}")
    with pytest.raises(TypeError, match=said):
        nn.NLLLoss()([1.0, 2.0], target)


def test_a_loss_of_no_each_says_so():
    with pytest.raises(TypeError, match="Mine has no method each"):
        type("Mine", (nn.losses.Loss,), {})()([1.0], [1.0])


def test_a_compiled_loss_takes_probabilities_unchecked():
    program = autograd.compile(nn.BCELoss("sum"), [0.5, 0.5], [1.0, 0.0], dtype="float64")
    assert program([[0.25, 0.5]], [[1.0, 0.0]])[0] == pytest.approx(math.log(8))


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss("sum", 0.1),
        nn.CrossEntropyLoss(weight=[1.0, 2.0, 0.5]),
        nn.CrossEntropyLoss(ignore_index=1),
        nn.CrossEntropyLoss("sum", 0.2, weight=[1.0, 2.0, 0.5], ignore_index=-100),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 1, 3)])
def test_a_compiled_loss_takes_classes_as_eager_mode_does(loss, shape):
    rng = random.Random(1)
    w = Tensor([rng.uniform(-2, 2) for _ in range(math.prod(shape))]).reshape(shape)
    classes = Tensor([1.0, 2.0][: w.size // 3]).reshape(shape[:-1]).tolist() if w.ndim > 1 else 1
    program = autograd.compile(lambda t: loss(w, t), classes, parameters=[w], dtype="float64")
    value, (slopes,) = program.value_and_grad([classes])
    expected = loss(w, classes)
    expected.backward()
    assert value == pytest.approx(expected.data, rel=1e-12)
    np.testing.assert_allclose(slopes, w.grad, rtol=1e-9, atol=1e-12)


def test_a_class_of_a_compiled_loss_that_there_is_not_is_refused_or_gives_nan():
    program = autograd.compile(nn.CrossEntropyLoss(), [0.0, 1.0], 0)
    with pytest.raises(IndexError, match=r"argument 1: the index 2 at \(0,\) is not one of 2"):
        program([[0.0, 1.0]], [2])
    assert math.isnan(program([[0.0, 1.0]], [-1])[0])
    assert program([[0.0, -math.inf]], [0]) == 0.0
    assert program([[0.0, -math.inf]], [1]) == math.inf


def test_a_class_may_be_a_value():
    assert nn.NLLLoss()([-1.0, -2.0], Value(1.0)).data == 2.0
    with pytest.raises(ValueError, match="label 2 is not one of the 2 classes 0 to 1"):
        nn.NLLLoss()([-1.0, -2.0], Value(2))


# --- weights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize(("kind", "y", "t", "losses", "slopes"), PAIRS[:4])
def test_weights_of_samples_multiply_losses_and_means_divide_by_them(
    kind, y, t, losses, slopes, reduction
):
    weights = [F(3), *[F(1, 2)] * (len(y) - 1)]
    found = kind(reduction=reduction)(y, t, weights)
    expected = [w * loss for w, loss in zip(weights, losses, strict=True)]
    if reduction == "none":
        assert found.tolist() == expected
    else:
        count = sum(weights) if reduction == "mean" else 1
        assert found.data == pytest.approx(float(sum(expected) / count), rel=1e-15)


def test_weights_are_of_samples_whose_entries_all_count_so():
    y, t = [[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]
    assert nn.MSELoss()(y, t, [1, 3]).data == (1 + 4 + 3 * 9 + 3 * 25) / 8
    assert nn.MSELoss("none")(y, t, [1, 3]).tolist() == [[1, 4], [27, 75]]
    assert nn.MSELoss()(y, t, 2.0).data == nn.MSELoss()(y, t).data
    assert nn.MSELoss()([math.inf, 1.0], [0.0, 0.0], [0, 1]).data == 1.0
    with pytest.raises(ValueError, match=r"weights of shape \(3,\) for losses of shape \(2, 2\)"):
        nn.MSELoss()(y, t, [1, 2, 3])


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_weighted_mean_is_that_of_a_programs_batch(backend):
    loss = nn.CrossEntropyLoss(weight=[1.0, 2.0, 0.5], label_smoothing=0.1, ignore_index=1)
    rows, labels, weights = (
        [[0.3, -1.2, 2.0], [1.0, 1.0, -0.5], [0.0, 1.0, 0.0]],
        [2, 0, 1],
        [1, 2, 3],
    )
    shift = Tensor([0.1, 0.2, 0.3])
    loss(Tensor(rows) + shift, labels, weights).backward()
    program = autograd.compile(
        lambda x, t, w: loss(x + shift, t, w), rows[0], [0.0] * 3, 1.0,
        parameters=[shift], dtype="float64", backend=backend,
    )  # fmt: skip
    one_hot = [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
    value, (gradient,) = program.value_and_grad(rows, one_hot, weights)
    assert value == pytest.approx(loss(Tensor(rows) + shift, labels, weights).data, rel=1e-12)
    assert gradient.tolist() == pytest.approx(shift.grad, rel=1e-9)
    assert loss(rows, one_hot).data == pytest.approx(loss(rows, labels).data)


def test_smoothed_targets_of_two_classes_are_nearer_to_a_half():
    soft = [0.9, 0.1]
    for kind, y in ((nn.BCELoss, [0.3, 0.6]), (nn.BCEWithLogitsLoss, [0.3, -0.6])):
        assert kind(label_smoothing=0.2)(y, [1, 0]).data == pytest.approx(kind()(y, soft).data)


def test_where_all_is_ignored_nothing_is_lost():
    x = Tensor([[1.0, 2.0], [-inf, 0.0]])
    loss = nn.CrossEntropyLoss(ignore_index=7, label_smoothing=0.1)(x, [7, 7])
    loss.backward()
    assert loss.data == 0
    assert x.grad == [[0, 0], [0, 0]]
    assert nn.NLLLoss(ignore_index=7)([-1.0, -2.0], 7).data == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.CrossEntropyLoss(weight=[1, 2])([1.0, 2.0, 3.0], 0), "2 numbers, for 3"),
        (lambda: nn.NLLLoss(weight=[1, -2]), "NLLLoss: needs 0 <= weight < inf, got -2"),
        (lambda: nn.BCELoss(label_smoothing=1.0), "BCELoss: needs 0 <= label_smoothing < 1"),
        (lambda: nn.NLLLoss(ignore_index=-1)([1.0, 2.0], -2), "label -2 is not one of"),
    ],
)  # fmt: skip
def test_weights_that_cannot_be_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
