"""Wrong losses are called wrong in every style, and what cannot be called says why."""

import losses_as_objects as objects
import numpy as np
import pytest
from test_losses_right import BITS, CASES, LABELS, THREE, P, T, X, Z

from autograd import check_loss
from autograd.check.losses.reading import Reading


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_no_reading_makes_a_wrong_sign_right(case, monkeypatch):
    right = Reading.gradients
    monkeypatch.setattr(
        Reading, "gradients", lambda self, u: {k: -np.asarray(g) for k, g in right(self, u).items()}
    )
    loss, arrays, *options = case
    report = check_loss(loss, *arrays, options=options[0] if options else None)
    assert report.verdict == "wrong", str(report)


class LengthsForgotten(objects.MaskedSequence):
    def backward(self):
        self.mask = np.ones(self.mask.shape)
        return super().backward()


def test_a_mask_that_backward_forgets_is_found():
    sequence, tokens = np.random.default_rng(1).normal(size=(2, 5, 4)), np.zeros((2, 5), int)
    report = check_loss(LengthsForgotten(), sequence, tokens, options={"lengths": [5, 3]})
    assert report.verdict == "wrong"


class HalfKl(objects.VaeKl):
    """The half is forgotten in one of two gradients."""

    def backward(self):
        dmu, dlogvar = super().backward()
        return dmu, 2 * dlogvar


def test_each_of_several_predictions_has_a_verdict_of_its_own_under_forwards_name():
    for arguments in [((X, Z),), ({"mu": X, "logvar": Z},)]:
        report = check_loss(HalfKl(), *arguments)
        assert {n: g.verdict for n, g in report.gradients.items()} == {
            "mu": "right", "logvar": "wrong"}  # fmt: skip
    assert check_loss(HalfKl(), X, Z).gradients["target"].verdict == "wrong"


class SwappedTriplet(objects.Triplet):
    def backward(self):
        anchor, positive, negative = super().backward()
        return anchor, negative, positive


def test_swapped_gradients_of_a_triplet_are_wrong():
    report = check_loss(SwappedTriplet(), THREE)
    assert report.gradients["anchor"].verdict == "right"
    assert report.gradients["positive"].verdict == "wrong"


class Delta(objects.Nielsen):
    @staticmethod
    def delta(z, a, y):
        return a - y


def test_the_slope_that_a_delta_forgets_is_found():
    report = check_loss(Delta, objects.sigmoid(Z), BITS, options={"z": Z})
    assert report.gradients["z"].verdict == "wrong"
    assert "sigmoid(z)" in "\n".join(report.notes)


class UpstreamIgnored(objects.SamplesCrossEntropy):
    def backward(self, grad_output):
        return super().backward(np.ones(len(self.p)))


def test_a_backward_that_ignores_its_upstream_is_right_for_1_and_that_is_noted():
    report = check_loss(UpstreamIgnored(), X, LABELS)
    assert report.ok
    assert "another upstream gradient than 1 is not heeded" in report.notes[0]


class Raises(objects.Mse):
    def backward(self):
        return self.nothing


def test_a_backward_that_raises_is_the_finding():
    report = check_loss(Raises(), X, T)
    assert report.verdict == "wrong"
    assert "AttributeError" in report.findings[0].what


def test_with_the_target_among_the_inputs_a_known_mistake_is_named():
    def bce(p, y):
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    report = check_loss((bce, lambda p, y: (p - y) / p.size), P, BITS)
    assert "gradient of the logits" in str(report)


class TwoGradients:
    def loss(self, p, t):
        return np.sum((p - t) ** 2)

    def grad(self, p, t):
        return p - t

    def half_loss(self, p, t):
        return 0.5 * np.sum((p - t) ** 2)


def test_methods_are_taken_by_the_names_that_are_given():
    assert check_loss(TwoGradients(), X, T).verdict == "wrong"
    assert check_loss(TwoGradients(), X, T, forward="half_loss").ok
    assert check_loss(TwoGradients(), X, T, forward="half_loss", backward="grad").ok


class Keeps:
    def __init__(self, name="dinputs"):
        self.name = name

    def forward(self, y_pred, y_true):
        self.y_pred, self.y_true = y_pred, y_true
        return np.sum((y_pred - y_true) ** 2)

    def backward(self):
        setattr(self, self.name, 2 * (self.y_pred - self.y_true))


@pytest.mark.parametrize(
    ("loss", "arguments", "options", "words"),
    [
        (objects.Mse(), (X, T), {"mask": T}, r"Mse: options \['mask'\] are no arguments of it"),
        (objects.MaskedSequence(), (X, LABELS), {}, r"nothing known fits the argument 'lengths'"),
        (objects.Nielsen, (X, T), {}, r"Nielsen.delta: nothing known fits the argument 'z'"),
        (objects.Configured(T), ((X, T),), {}, r"takes no argument for prediction\[1\]"),
        (lambda p, t: np.sum(p - t), (X, T), {}, "no backward"),
        (Keeps("other"), (X, T), {}, "Keeps.backward returned None"),
        (object(), (X, T), {}, "object: no loss or forward method"),
    ],
)
def test_what_cannot_be_called_is_a_type_error_with_the_arguments_name(
    loss, arguments, options, words
):
    with pytest.raises(TypeError, match=words):
        check_loss(loss, *arguments, options=options)
    assert check_loss(Keeps(), X, T).ok


def test_a_method_that_is_not_there_is_refused():
    with pytest.raises(TypeError, match=r"Mse: no lossy\(\) found"):
        check_loss(objects.Mse(), X, T, forward="lossy")


def test_a_class_that_needs_arguments_is_refused_by_name():
    class Needs(objects.Mse):
        def __init__(self, delta):
            self.delta = delta

    with pytest.raises(TypeError, match="Needs is a class, give an object of it"):
        check_loss(Needs, X, T)


def test_nothing_of_the_users_is_changed():
    loss, x = objects.Mse(), X.copy()
    check_loss((loss.forward, loss.backward), x, T)
    assert vars(loss) == {}
    assert np.array_equal(x, X)
