"""Each mistake that only an object can make is found, and named with its remedy."""

import numpy as np
import pytest
from layers_with_mistakes import (
    Adam,
    AddsUp,
    Ascends,
    ChangesBias,
    ChangesInput,
    ChangesUpstream,
    Dense,
    Doubled,
    FrozenBias,
    HalfMean,
    LosesOrder,
    Momentum,
    Raises,
    RingReLU,
    Stale,
    Transposed,
    Truncates,
    UpdatesFirst,
)

from autograd.check.layers import check_layer, check_stack

RNG = np.random.default_rng(11)
X = RNG.standard_normal((5, 4))


COLUMN = RNG.standard_normal((4, 1))
FAULTS = {
    "update before use": (UpdatesFirst(), X),
    "stale cache": (Stale(), X),
    "weight changed": (ChangesBias(), COLUMN),
    "memory order": (LosesOrder(), X),
    "integer dtype": (Truncates(), RNG.integers(-5, 5, (3, 4))),
    "raised": (Raises(), X),
}
WARNINGS = {
    "accumulates": (AddsUp(), X),
    "input changed": (ChangesInput(), X),
    "upstream changed": (ChangesUpstream(), X),
    "momentum": (Momentum(), X),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_side_effect_that_spoils_gradients_makes_the_verdict_wrong(name):
    report = check_layer(*FAULTS[name], probe=False)
    assert report.verdict == "wrong"
    assert name in {finding.name for finding in report.findings}, str(report)
    assert all(finding.remedy for finding in report.findings if finding.name == name)


@pytest.mark.parametrize("name", WARNINGS)
def test_a_side_effect_that_endangers_other_calls_is_a_warning_beside_right_gradients(name):
    report = check_layer(*WARNINGS[name], probe=False)
    assert report.ok, str(report)
    assert [finding.name for finding in report.warnings] == [name]
    assert report.findings == list(report.warnings)
    assert report.warnings[0].remedy
    assert report.warnings[0].what in str(report).split("beside the gradients:")[1]


@pytest.mark.parametrize(
    ("layer", "wrong"),
    [(Transposed(), {"W"}), (Doubled(), {"W"}), (Ascends(), {"W", "b"}), (HalfMean(), {"W"})],
)
def test_a_wrong_gradient_is_found_by_name(layer, wrong):
    report = check_layer(layer, X, probe=False)
    assert {n for n, g in report.gradients.items() if g.verdict == "wrong"} == wrong
    assert report.verdict == "wrong"


def test_a_slope_of_two_at_zero_is_wrong_and_one_half_is_not():
    x = np.array([[1.0, -1.0, 0.0]])
    assert check_layer(RingReLU(), x, probe=False).verdict == "wrong"


def test_a_bias_that_is_never_updated_is_noted():
    report = check_layer(FrozenBias(), X, probe=False)
    assert "forward depends on b, but" in "\n".join(report.notes)


def test_an_optimiser_inside_backward_leaves_its_weight_undecided():
    report = check_layer(Adam(), X, probe=False)
    assert report.gradients["W"].verdict == "undecided"
    assert report.verdict == "undecided"
    assert report.gradients["b"].verdict == "right"


def test_the_mean_is_refused_where_the_user_says_that_there_is_none():
    class Mean(Dense):
        def backward(self, dout):
            super().backward(dout)
            self.dW, self.db = self.dW / 5, self.db / 5
            return dout @ self.W.T

    assert check_layer(Mean(), X, probe=False).ok
    assert check_layer(Mean(), X, probe=False, mean=False).verdict == "wrong"


def test_a_learning_rate_that_is_given_is_the_one_that_is_used():
    class Fixed(Dense):
        def backward(self, dout):
            dx = dout @ self.W.T
            self.W -= 0.03 * self.x.T @ dout
            self.b -= 0.03 * dout.sum(axis=0)
            return dx

    assert check_layer(Fixed(), X, probe=False).ok
    assert check_layer(Fixed(), X, probe=False, learning_rate=0.03).ok
    assert check_layer(Fixed(), X, probe=False, learning_rate=0.06).verdict == "wrong"


def test_no_gradient_at_all_is_undecided_and_says_so():
    class Silent(Dense):
        def backward(self, dout):
            return None

    report = check_layer(Silent(), X, probe=False)
    assert report.verdict == "undecided"
    assert "returned nothing" in str(report)


@pytest.mark.parametrize("layer", [object(), type("Half", (), {"forward": lambda self, x: x})()])
def test_an_object_that_is_no_layer_is_refused_by_name(layer):
    with pytest.raises(TypeError, match=f"{type(layer).__name__}: no .* method"):
        check_layer(layer, X)


def test_an_argument_that_fits_nothing_known_is_named():
    class Odd(Dense):
        def forward(self, x, temperature):
            return super().forward(x) / temperature

        def backward(self, dout, temperature):
            return super().backward(dout / temperature)

    with pytest.raises(TypeError, match="temperature"):
        check_layer(Odd(), X)
    assert check_layer(Odd(), X, probe=False, options={"temperature": 2.0}).ok


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="NCHW"):
        check_layer(Dense(), X, layout="HCW")
    assert "ND (5, 4), as given" in check_layer(Dense(), X, layout="ND", probe=False).notes[0]


def test_a_stack_names_the_first_layer_from_the_end_that_goes_wrong():
    class Relu:
        def forward(self, x):
            self.x = x
            return np.maximum(x, 0)

        def backward(self, dout):
            return dout * (self.x > 0)

    class Last(Transposed):
        def __init__(self):
            self.W, self.b = RNG.standard_normal((3, 3)), np.zeros(3)

    report = check_stack([Dense(), Relu(), Last()], X)
    assert report.verdict == "wrong"
    assert "layers[2] Last is the first layer" in report.findings[0].what
    assert check_stack([Dense(), Relu()], X).ok
    assert "layers[0] Transposed" in check_stack([Transposed(), Relu()], X).findings[0].what
    with pytest.raises(ValueError, match="no layers"):
        check_stack([], X)


def test_a_gradient_of_the_input_that_is_nowhere_is_listed_as_not_exercised():
    class First(Dense):
        def backward(self, dout):
            super().backward(dout)

    report = check_layer(First(), X, probe=False)
    assert set(report.gradients) == {"W", "b"}
    assert "the gradient of x: backward neither returns nor keeps it" in report.unexercised


def test_a_method_that_only_sounds_like_a_reset_is_none():
    class Steps(AddsUp):
        def step(self):
            pass

    (warning,) = check_layer(Steps(), X, probe=False).warnings
    assert warning.name == "accumulates"


def test_warnings_of_a_stack_say_whose_they_are():
    report = check_stack([ChangesInput(), ChangesUpstream()], X)
    assert report.ok, str(report)
    assert [finding.what.split(":")[0] for finding in report.warnings] == [
        "layers[0] ChangesInput",
        "layers[1] ChangesUpstream",
    ]


def test_an_explanation_stands_with_the_gradient_that_it_explains():
    report = check_layer(UpdatesFirst(), X, probe=False)
    assert not report.faults
    assert report.gradients["x"].findings[0].name == "update before use"
    assert not report.gradients["W"].findings


def test_an_integer_image_that_would_be_truncated_is_noted_for_float_inputs():
    report = check_layer(Truncates(), X, probe=False)
    assert report.ok
    assert "an integer image would truncate the gradient of x" in "\n".join(report.notes)


def test_a_softmax_that_serves_cross_entropy_alone_is_right_with_a_finding():
    class Softmax:
        """Only the label's entry of the upstream gradient is used, as in a well-known tutorial."""

        def forward(self, x):
            e = np.exp(x)
            self.y = e / e.sum()
            return self.y

        def backward(self, grad):
            for i, g in enumerate(grad):
                if g != 0:
                    return g * self.y[i] * ((np.arange(len(grad)) == i) - self.y)
            return None

    report = check_layer(Softmax(), X[0], probe=False)
    assert report.ok, str(report)
    assert [finding.name for finding in report.findings] == ["one entry"]
