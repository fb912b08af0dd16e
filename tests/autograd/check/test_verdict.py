"""The verdict is that of the numbers alone: what explains a difference neither makes nor mends it.

Each slip is made in an operation that the catalogue knows, and in others that it does not: scaled,
shifted and composed ones.
"""

import numpy as np
import pytest

from autograd import check_gradients
from autograd.check import gradients

RNG = np.random.default_rng(3)
X = RNG.standard_normal((6, 4))
LABELS = np.eye(4)[[0, 3, 3, 1, 2, 0]]


class Standardise:
    """x̂ = (x − mean) / √(variance + ε), along an axis: batch or layer normalisation."""

    def __init__(self, axis):
        self.axis = axis

    def forward(self, x, eps):
        return (x - x.mean(self.axis, keepdims=True)) / self.deviation(x, eps)

    def deviation(self, x, eps):
        return np.sqrt(x.var(self.axis, keepdims=True) + eps)

    def backward(self, u, x, eps, left):
        """`eps` in x̂, as forward kept it, and `left` of it in the deviation."""
        y = self.forward(x, eps)
        means = u.mean(self.axis, keepdims=True) + y * (u * y).mean(self.axis, keepdims=True)
        return (u - means) / self.deviation(x, left)


class Unit:
    """x / √(Σ x² + ε), for each row."""

    def forward(self, x, eps):
        return x / np.sqrt((x * x).sum(1, keepdims=True) + eps)

    def backward(self, u, x, eps, left):
        size = np.sqrt((x * x).sum(1, keepdims=True) + left)
        return u / size - x * (u * x).sum(1, keepdims=True) / size**3


class CrossEntropy:
    """−Σ log(p + ε) of the labels, for each row."""

    def forward(self, x, eps):
        return -np.log((LABELS * softmax(x)).sum(1) + eps)

    def backward(self, u, x, eps, left):
        p = softmax(x)
        chosen = (LABELS * p).sum(1)
        return (u * chosen / (chosen + left))[:, None] * (p - LABELS)


def softmax(x):
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


SLIPS = {
    "batch normalisation": (Standardise(0), 1e-5, 3e-2),
    "layer normalisation": (Standardise(1), 2e-5, 3e-2),
    "unit length": (Unit(), 1e-4, 3e-2),
    "cross-entropy": (CrossEntropy(), 1e-6, 3e-2),
}
AROUND = {  # g(f(x)), g′(f(x))
    "alone": (lambda y: y, lambda y: 1.0),
    "twice": (lambda y: 2 * y, lambda y: 2.0),
    "scaled": (lambda y: -0.3 * y, lambda y: -0.3),
    "shifted": (lambda y: y + 1, lambda y: 1.0),
    "composed": (np.tanh, lambda y: 1 - np.tanh(y) ** 2),
}


def checked(operation, around, eps, left):
    """The report where backward keeps `left` of the ε of forward."""
    g, slope = AROUND[around]
    return check_gradients(
        lambda x: g(operation.forward(x, eps)),
        {"x": X},
        lambda u, x: operation.backward(u * slope(operation.forward(x, eps)), x, eps, left),
    )


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", SLIPS)
def test_a_small_epsilon_that_is_left_out_is_right_wherever_it_stands(name, around):
    operation, small, _ = SLIPS[name]
    report = checked(operation, around, small, 0.0)
    assert report.verdict == "right", report
    assert report.gradients["x"].how.startswith("up to ")
    said = "; ".join([*report.notes, *(finding.what for finding in report.findings)])
    assert "ε" in said
    exact = checked(operation, around, small, small)
    assert (exact.verdict, exact.gradients["x"].how, exact.notes) == ("right", "", ())


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", SLIPS)
def test_a_large_epsilon_that_is_left_out_is_wrong_wherever_it_stands(name, around):
    operation, _, large = SLIPS[name]
    assert checked(operation, around, large, 0.0).verdict == "wrong"
    assert checked(operation, around, large, large).verdict == "right"


def test_a_small_slip_that_is_known_is_named_beside_the_right_verdict():
    report = checked(Standardise(0), "alone", 1e-5, 0.0)
    (finding,) = report.gradients["x"].findings
    assert "ε is missing" in finding.what
    assert not report.notes
    unknown = checked(Standardise(0), "twice", 1e-5, 0.0)
    assert not unknown.findings
    assert "x is not exact: an ε in forward" in "\n".join(unknown.notes)


W = RNG.standard_normal((4, 3))
CLAIMS = {
    "right": lambda U, X, W: (U @ W.T, X.T @ U),
    "a factor": lambda U, X, W: (U @ W.T, X.T @ U / 6),
    "transposed": lambda U, X, W: (U @ W.T, U.T @ X),
    "a little decay": lambda U, X, W: (U @ W.T, X.T @ U + 2e-4 * W),
    "decay": lambda U, X, W: (U @ W.T, X.T @ U + 1e-1 * W),
    "unexplained": lambda U, X, W: (U @ W.T, X.T @ U + np.sin(9 * W)),
    "not finite": lambda U, X, W: (U @ W.T, X.T @ U * [1, np.inf, 1]),
    "one entry": lambda U, X, W: (U @ W.T + 0.1 * (X[2, 1] == X), X.T @ U),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_without_any_explanation_the_verdicts_are_the_same(monkeypatch, claim):
    def verdicts():
        report = check_gradients(lambda X, W: X @ W, (X, W), CLAIMS[claim])
        return report.verdict, {name: g.verdict for name, g in report.gradients.items()}

    explained = verdicts()
    monkeypatch.setattr(gradients, "explain", lambda *_: {})
    assert verdicts() == explained
    assert explained[0] == ("right" if claim in ("right", "a little decay") else "wrong")


def of_sizes(*sizes):
    """A forward whose gradient has entries of these sizes."""
    c = np.array(sizes)
    return lambda x: np.sum(c * np.sin(x)), {"x": np.zeros(len(sizes))}, c


def test_a_small_entry_beside_large_ones_is_wrong_by_its_own_measure():
    forward, inputs, true = of_sizes(1.0, -2.0, 1e-2, 0.5)
    for claimed in (-1e-2, 0.0, 2e-2):
        report = check_gradients(forward, inputs, ({"x": [*true[:2], claimed, true[3]]}))
        assert report.verdict == "wrong", claimed
        assert "x[2]" in str(report) or "position 2" in str(report)
    assert check_gradients(forward, inputs, {"x": true}).gradients["x"].how == ""


def test_what_is_off_by_a_stabiliser_at_every_entry_is_right_and_a_little_more_is_not():
    forward, inputs, true = of_sizes(1.0, -2.0, 0.3, 0.5)
    nearly = check_gradients(forward, inputs, {"x": 1.0004 * true})
    assert nearly.gradients["x"].how == "up to 4e-04 of its size, within tolerance=0.0005"
    assert "x[1]: claimed -2.0008, true -2 ±" in "".join(nearly.notes)
    assert check_gradients(forward, inputs, {"x": 1.001 * true}).verdict == "wrong"


def test_how_far_off_is_right_is_for_the_caller_to_say():
    forward, inputs, true = of_sizes(1.0, -2.0, 0.3, 0.5)
    for off, tolerance, expected in (
        (2e-5, 5e-4, "right"), (2e-5, 1e-5, "wrong"), (2e-3, 5e-4, "wrong"), (2e-3, 1e-2, "right"),
        (0.0, 0.0, "right"), (1e-5, 1e-6, "wrong"),
    ):  # fmt: skip
        claimed = {"x": (1 + off) * true}
        assert check_gradients(forward, inputs, claimed, tolerance=tolerance).verdict == expected


def test_a_gradient_that_is_nearly_right_is_not_said_to_hold_weight_decay():
    report = check_gradients(lambda X, W: X @ W, (X, W), CLAIMS["a little decay"])
    assert report.ok
    assert not report.findings
    assert "is not exact" in "".join(report.notes)


def test_a_gradient_within_wide_error_bars_is_undecided():
    coarse = np.frompyfunc(lambda number: np.float32(3e3) + np.float32(number), 1, 1)

    def forward(x):
        return coarse(x).astype(float)

    report = check_gradients(forward, {"x": X[0]}, lambda U, x: 1.01 * U)
    assert report.verdict == "undecided", report
    assert check_gradients(forward, {"x": X[0]}, lambda U, x: 1e4 * U).verdict == "wrong"


def test_where_the_steps_of_forward_can_be_recorded_wide_error_bars_leave_no_doubt():
    def forward(x):
        return (np.float32(3e3) + x.astype(np.float32)).astype(float)

    for factor, verdict in ((1.0, "right"), (1.01, "wrong")):
        report = check_gradients(forward, {"x": X[0]}, lambda U, x, f=factor: f * U)
        assert report.verdict == verdict, report


def test_one_entry_that_is_not_finite_is_wrong_where_there_is_no_time_for_all():
    x = RNG.standard_normal((40, 50))
    claimed = 2 * x
    claimed[7, 11] = np.nan
    report = check_gradients(lambda x: np.sum(x**2), {"x": x}, {"x": claimed}, budget=1e-3)
    assert report.verdict == "wrong"
    assert report.findings[0].where == "x[7,11]"


def test_kinks_that_do_not_belong_together_do_not_make_up_for_each_other():
    x = np.array([0.0, 0.0, 1.0])
    for claimed, verdict in (([0.5, -1, 1], "right"), ([1.5, -1.5, 1], "wrong")):
        report = check_gradients(lambda x: np.sum(np.abs(x)), {"x": x}, {"x": claimed})
        assert report.verdict == verdict, report


def test_a_slope_beside_a_kink_is_told_from_one_at_it():
    near, at = np.array([1e-5, 1.0]), np.array([0.0, 1.0])
    for x, verdict in ((near, "wrong"), (at, "right")):
        report = check_gradients(lambda x: np.sum(np.maximum(x, 0)), {"x": x}, {"x": [0.5, 1.0]})
        assert report.verdict == verdict, report


def test_a_model_knows_every_entry_though_there_is_no_time_to_measure_them():
    x = RNG.standard_normal((40, 50))
    claimed = 2 * x
    claimed[7, 11] += 1
    report = check_gradients(
        lambda x: np.sum(x * x), {"x": x}, {"x": claimed}, budget=1e-3,
        model=lambda x: (x * x).sum(),
    )  # fmt: skip
    assert report.verdict == "wrong"
    assert report.gradients["x"].how == ""
    assert report.gradients["x"].comparison.worst() == [(7, 11)]


def test_a_claim_in_single_precision_is_held_to_that_alone():
    claimed = 2 * X * (1 + 1e-4)
    measured = "up to 1e-04 of its size, within tolerance=0.0005"
    for dtype, how in ((np.float32, ""), (float, measured)):
        report = check_gradients(lambda x: np.sum(x**2), {"x": X}, {"x": claimed.astype(dtype)})
        assert (report.verdict, report.gradients["x"].how) == ("right", how)
