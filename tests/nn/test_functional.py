"""A model called with other numbers than its own."""

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, grad

NUMBERS = {"0.weight": [[0.5, -1.0], [0.25, 0.5]], "0.bias": [0.1, 0.2], "2.weight": [[1.0, -2.0]],
           "2.bias": [0.5]}  # fmt: skip


def perceptron():
    model = nn.Sequential(nn.Dense(2, 2), nn.Tanh(), nn.Dense(2, 1))
    model.load_state_dict({path: np.array(x) / 2 + 0.1 for path, x in NUMBERS.items()})
    return model


@pytest.mark.parametrize("numbers", [NUMBERS, list(NUMBERS.values())])
def test_a_call_with_numbers_is_a_call_of_a_model_that_has_them(numbers):
    model, other = perceptron(), perceptron()
    other.load_state_dict(NUMBERS)
    before = model.state_dict()
    y = nn.functional_call(model, numbers, [0.3, -0.4])
    assert y.tolist() == other([0.3, -0.4]).tolist()
    assert model.state_dict() == before


def test_parameters_that_are_not_given_stay():
    model = perceptron()
    y = nn.functional_call(model, {"2.bias": [10.1]}, [0.3, -0.4])
    own = model([0.3, -0.4])[0].data
    assert y[0].data == pytest.approx(own - model[2].bias[0].data + 10.1)


def test_keywords_and_buffers_go_along():
    class Scaled(nn.Module):
        def __init__(self):
            self.scale = nn.Buffer([2.0])

        def forward(self, x, shift):
            return x * self.scale + shift

    assert nn.functional_call(Scaled(), {"scale": [3.0]}, [1.0], shift=1.0).tolist() == [4.0]


def test_the_model_has_its_own_numbers_again_after_an_exception():
    model = perceptron()
    values = [list(p.values) for p in model.parameters()]
    with pytest.raises(ValueError, match="input has 3 features"):
        nn.functional_call(model, NUMBERS, [1.0, 2.0, 3.0])
    assert [list(p.values) for p in model.parameters()] == values


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"3.weight": [1.0]}, "the model has no parameter '3.weight'"),
        ({"2.bias": [1.0, 2.0]}, r"2.bias has shape \(2,\), the model needs \(1,\)"),
        ([[1.0]], "the model has 4 parameters, got numbers for 1"),
    ],
)
def test_numbers_that_do_not_fit_are_told(numbers, message):
    with pytest.raises(ValueError, match=f"functional_call: {message}"):
        nn.functional_call(perceptron(), numbers, [0.3, -0.4])
    with pytest.raises(TypeError, match="the model comes first"):
        nn.functional_call(numbers, perceptron(), [0.3, -0.4])


def adapted(model, x, t, y, s, rate=0.1):
    """MAML's loss: that of (y, s) after a step of descent on (x, t)."""
    parameters, loss = model.parameters(), nn.MSELoss()
    slopes = grad(loss(model(x), t), parameters)
    moved = [p - rate * g for p, g in zip(parameters, slopes, strict=True)]
    return loss(nn.functional_call(model, moved, y), s)


TASK = [0.3, -0.4], [1.0], [-0.5, 0.2], [-1.0]


def test_gradients_reach_through_an_update_and_are_those_of_differences():
    model = perceptron()
    adapted(model, *TASK).backward()
    for p in model.parameters():
        for v in p.values:
            before, h = v.data, 1e-5
            ends = []
            for v.data in (before + h, before - h):
                ends.append(adapted(model, *TASK).data)
            v.data = before
            assert v.grad == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6, abs=1e-9)


def test_updates_compile():
    model = perceptron()
    adapted(model, *TASK).backward()
    eager = [p.grad for p in model.parameters()]
    program = autograd.compile(
        lambda *task: adapted(model, *task), *TASK, parameters=model.parameters(), dtype="float64"
    )
    _, compiled = program.value_and_grad(*[[part] for part in TASK])
    for ours, theirs in zip(compiled, eager, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_slow_numbers_follow_a_model_as_targets_do():
    model = perceptron()
    target = {path: Tensor(p.tolist()) for path, p in model.named_parameters()}
    nn.functional_call(model, target, [0.3, -0.4]).sum().backward()
    assert target["2.bias"].grad == [1.0]
    assert model[2].bias.grad == [0]
