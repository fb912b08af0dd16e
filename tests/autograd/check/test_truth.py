"""What is known of the true gradient, and what is said where it is not known."""

import math

import numpy as np
import pytest

from autograd import check_gradients, check_layer
from autograd.check.truth.arrays import Inputs
from autograd.check.truth.differences import Objective

RNG = np.random.default_rng(11)
X = RNG.standard_normal((3, 4))


def objective(forward, x):
    """Σ forward(x), with the rounding of each output measured."""
    inputs = Inputs((x,))
    found = Objective.at(forward, inputs, {"inputs[0]": x}, np.ones(np.shape(forward(x))))
    found.measure_noise(np.random.default_rng(0))
    return found


# --- rounding -------------------------------------------------------------------------------------

ROUNDED = {
    "the output": lambda x: np.tanh(x).astype(np.float32),
    "the output, as doubles again": lambda x: np.tanh(x).astype(np.float32).astype(float),
    "the input": lambda x: np.tanh(x.astype(np.float32).astype(float)),
    "halfway": lambda x: 0.3 * np.tanh(x).astype(np.float32) + 0.1,
    "a relu": lambda x: np.maximum(x, 0).astype(np.float32),
}


@pytest.mark.parametrize("where", ROUNDED)
def test_single_precision_is_seen_wherever_it_is(where):
    found = objective(ROUNDED[where], X)
    assert found.is_single_precision
    beside = found.noise[found.output != 0] / np.abs(found.output[found.output != 0])
    assert np.all((beside > 5e-9) & (beside < 1e-6))


SMOOTH_OR_NOT = {
    "a curve": np.tanh,
    "a sharp curve": lambda x: np.tanh(1e5 * x),
    "kinks at the point": lambda x: np.abs(x - X),
    "a step nearby": lambda x: np.maximum(x - X - 1e-6, 0),
    "what does not depend on the input": lambda x: np.ones(3),
}


@pytest.mark.parametrize("what", SMOOTH_OR_NOT)
def test_curves_and_kinks_in_double_precision_are_not_taken_for_rounding(what):
    found = objective(SMOOTH_OR_NOT[what], X)
    assert not found.is_single_precision
    assert np.all(found.noise < 1e-9)


def test_stairs_too_coarse_for_a_slope_leave_it_undecided():
    for large in (1e4, 1e5):
        for factor in (np.float32(1), 0.3):  # in single precision, and hidden inside of doubles

            def forward(x, large=large, factor=factor):
                return (np.float32(large) + x.astype(np.float32)) * factor

            for claimed in (1.0, 1.01):
                report = check_gradients(forward, (X,), lambda u, x, c=claimed, f=factor: u * f * c)
                assert report.verdict in {"undecided", "right" if claimed == 1 else "undecided"}
                assert not report.findings


# --- borders --------------------------------------------------------------------------------------


def test_steps_at_which_python_raises_are_left_out():
    def forward(xs):
        return [math.log(x) + math.sqrt(x) for x in xs]

    xs = [1.0, 2e-5, 3.0]
    right = [1 / x + 0.5 / math.sqrt(x) for x in xs]
    assert check_gradients(forward, (xs,), lambda u, xs: list(u * right)).ok
    wrong = check_gradients(forward, (xs,), lambda u, xs: list(u * np.array(right) * [1, 1.01, 1]))
    assert wrong.verdict == "wrong"
    assert wrong.gradients["inputs[0]"].comparison.worst() == [(1,)]


def test_a_slope_on_which_no_steps_agree_is_undecided_and_not_explained():
    x = np.array([1.0, 0.0, 4.0])
    claimed = (0.5, 7.0, 0.25)
    report = check_gradients(lambda x: np.sqrt(x).sum(), {"x": x}, {"x": claimed})
    assert report.gradients["x"].verdict == "undecided"
    assert report.gradients["x"].how == "no two steps agree on a slope at x[1]"
    assert not report.findings
    off = check_gradients(lambda x: np.sqrt(x).sum(), {"x": x}, {"x": (0.6, 7.0, 0.25)})
    assert off.verdict == "wrong"


NOT_FINITE = {
    "log of 0": (
        lambda x: np.log(x), np.array([[1.0, 2.0], [0.0, 3.0]]),
        "-inf at output[1,0] for x[1,0] = 0",
    ),
    "root below 0": (
        lambda x: np.sqrt(x).sum(), np.array([4.0, -2.0]), "nan at output for x[1] = -2",
    ),
    "nan given": (lambda x: 2 * x, np.array([np.nan, 1.0]), "nan at output[0] for x[0] = nan"),
    "0/0 for all": (lambda x: x / (x - x), np.array([1.0, 2.0]), "inf at output[0] ("),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_FINITE)
def test_a_forward_that_is_not_finite_is_said_to_be_so(what):
    forward, x, words = NOT_FINITE[what]
    report = check_gradients(forward, {"x": x}, {"x": np.ones(x.shape)})
    assert report.verdict == "undecided"
    (finding,) = report.findings
    assert f"forward gives {words}" in f"{finding.what} ({finding.evidence})"


def test_what_no_step_can_measure_is_taken_from_what_is_exact_and_agrees_elsewhere():
    p, t = np.array([0.3, 1 - 2.0**-50, 0.6, 0.7]), np.array([1.0, 0.0, 0.0, 1.0])

    def loss(p, t):  # every step that is tried takes p[1] over 1
        return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))

    def backward(u, p, t):
        return {"p": u * (p - t) / (p * (1 - p)) / 4}

    inputs = {"p": p, "t": t}
    report = check_gradients(loss, inputs, backward)
    assert report.ok, report
    wrong = check_gradients(
        loss, inputs, lambda u, p, t: {"p": backward(u, p, t)["p"] * [1, 1.1, 1, 1]}
    )
    assert wrong.verdict == "wrong"
    other = check_gradients(lambda p, t: loss(p, t) + np.sum(p) ** 2, inputs, backward)
    assert other.verdict == "wrong"
    shifted = check_gradients(
        lambda p, t: 3 * loss(p, t) - p[0], inputs,
        lambda u, p, t: {"p": 3 * backward(u, p, t)["p"] - [1, 0, 0, 0]},
    )  # fmt: skip
    assert shifted.verdict == "right"  # by its recorded steps: it is no known operation


# --- too many entries for all to be measured ------------------------------------------------------


def spread():
    """2,000 numbers, a few of them close to 0."""
    x = RNG.uniform(0.5, 2, (40, 50))
    x.flat[RNG.integers(x.size, size=5)] = 10.0 ** RNG.uniform(-6, -3, 5)
    return x


LARGE = {
    "a border": (lambda x: np.log(x), spread(), lambda u, x: u / x),
    "single precision": (
        lambda x: np.tanh(x).astype(np.float32), RNG.standard_normal((40, 50)),
        lambda u, x: u * (1 - np.tanh(x) ** 2),
    ),
    "kinks": (lambda x: np.maximum(x, 0), spread() - 1, lambda u, x: u * (x > 0)),
}  # fmt: skip


@pytest.mark.parametrize("what", LARGE)
def test_large_inputs_are_right_along_directions_in_spite_of(what):
    forward, x, backward = LARGE[what]
    right = check_gradients(forward, {"x": x}, backward, budget=1e-3)
    assert right.ok, right
    for wrong in (
        lambda u, x: 1.02 * backward(u, x),
        lambda u, x: backward(u, x) * np.where(np.arange(40)[:, None] % 2, 1, 1.1),
    ):
        report = check_gradients(forward, {"x": x}, wrong, budget=1e-3)
        assert report.verdict == "wrong", report


# --- the option -----------------------------------------------------------------------------------


class Scale:
    """y = 2·x, with a gradient that is a little off."""

    def forward(self, x):
        return 2 * x

    def backward(self, upstream):
        return 2.0002 * upstream


def test_the_tolerance_of_a_layer_is_for_the_caller_to_say():
    report = check_layer(Scale(), X)
    assert report.ok
    assert "within tolerance=0.0005" in str(report)
    assert check_layer(Scale(), X, tolerance=1e-5).verdict == "wrong"
