"""Each mistake that only an object can make is found, and named with its remedy."""

import numpy as np
import pytest

from autograd.check.layers import check_layer, check_stack

RNG = np.random.default_rng(11)
X = RNG.standard_normal((5, 4))


class Dense:
    """Right: what the broken ones start from."""

    def __init__(self):
        self.W = RNG.standard_normal((4, 3))
        self.b = RNG.standard_normal(3)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class UpdatesFirst(Dense):
    def backward(self, dout, learning_rate):
        self.W -= learning_rate * self.x.T @ dout
        self.b -= learning_rate * dout.sum(axis=0)
        return dout @ self.W.T


class AddsUp(Dense):
    def __init__(self):
        super().__init__()
        self.dW, self.db = np.zeros((4, 3)), np.zeros(3)

    def backward(self, dout):
        self.dW += self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Stale(Dense):
    x = None

    def forward(self, x):
        if self.x is None:
            self.x = x
        return x @ self.W + self.b


class ChangesInput:
    def forward(self, x):
        x[x < 0] = 0
        self.x = x
        return x

    def backward(self, dout):
        return dout * (self.x > 0)


class ChangesUpstream:
    def forward(self, x):
        self.mask = x <= 0
        return np.maximum(x, 0)

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class ChangesBias:
    def __init__(self):
        self.weights = RNG.standard_normal((3, 4))
        self.biases = RNG.standard_normal((3, 1))

    def forward(self, x):
        self.x = x
        self.output = self.biases
        self.output += self.weights @ x
        return self.output

    def backward(self, grad, lr):
        dx = self.weights.T @ grad
        self.weights -= lr * grad @ self.x.T
        self.biases = self.biases - lr * grad
        return dx


class LosesOrder(Dense):
    """ravel copies where the memory is not in order, and the writes are lost."""

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        dx.ravel()[:] = (dout @ self.W.T).ravel()
        return dx


class Truncates:
    def forward(self, x):
        self.x = x
        return 0.5 * x

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        dx[...] = 0.5 * dout
        return dx


class Transposed(Dense):
    def backward(self, dout):
        return dout @ self.W.T, dout.T @ self.x, dout.sum(axis=0)


class Doubled(Dense):
    def backward(self, dout, lr):
        dx = dout @ self.W.T
        self.W -= 2 * lr * self.x.T @ dout
        self.b -= lr * dout.sum(axis=0)
        return dx


class Ascends(Dense):
    def backward(self, dout, lr):
        dx = dout @ self.W.T
        self.W += lr * self.x.T @ dout
        self.b += lr * dout.sum(axis=0)
        return dx


class HalfMean(Dense):
    """1/N in dW, not in db: neither convention."""

    def backward(self, dout):
        super().backward(dout)
        self.dW /= len(self.x)
        return dout @ self.W.T


class FrozenBias(Dense):
    def backward(self, dout, lr):
        dx = dout @ self.W.T
        self.W -= lr * self.x.T @ dout
        return dx


class Momentum(Dense):
    def __init__(self):
        super().__init__()
        self.v = np.zeros((4, 3))

    def backward(self, dout, lr):
        dx = dout @ self.W.T
        self.v = 0.9 * self.v + lr * self.x.T @ dout
        self.W -= self.v
        self.b -= lr * dout.sum(axis=0)
        return dx


class Adam(Dense):
    def backward(self, dout, lr):
        dx = dout @ self.W.T
        g = self.x.T @ dout
        self.W -= lr * g / (np.sqrt(g * g) + 1e-8)
        self.b -= lr * dout.sum(axis=0)
        return dx


class Raises(Dense):
    def backward(self, dout):
        return dout @ self.W


class RingReLU:
    """Right on floats, but an entry at 0 is counted as 2: no relu has such a slope."""

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dout):
        return dout * (np.sign(self.x) + 1)


COLUMN = RNG.standard_normal((4, 1))
GRAVE = {
    "update before use": (UpdatesFirst(), X),
    "stale cache": (Stale(), X),
    "weight changed": (ChangesBias(), COLUMN),
    "memory order": (LosesOrder(), X),
    "integer dtype": (Truncates(), RNG.integers(-5, 5, (3, 4))),
    "raised": (Raises(), X),
}
MILD = {
    "accumulates": (AddsUp(), X),
    "input changed": (ChangesInput(), X),
    "upstream changed": (ChangesUpstream(), X),
    "momentum": (Momentum(), X),
}


@pytest.mark.parametrize("name", GRAVE)
def test_a_habit_that_spoils_gradients_makes_the_verdict_wrong(name):
    report = check_layer(*GRAVE[name], probe=False)
    assert report.verdict == "wrong"
    assert name in {finding.name for finding in report.findings}, str(report)
    assert all(finding.remedy for finding in report.findings if finding.name == name)


@pytest.mark.parametrize("name", MILD)
def test_a_habit_that_endangers_other_calls_is_a_finding_beside_right_gradients(name):
    report = check_layer(*MILD[name], probe=False)
    assert report.ok, str(report)
    assert [finding.name for finding in report.findings] == [name]
    assert report.findings[0].remedy


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


def test_an_integer_image_that_would_be_truncated_is_noted_for_float_inputs():
    report = check_layer(Truncates(), X, probe=False)
    assert report.ok
    assert "an integer image would truncate the gradient of x" in "\n".join(report.notes)
