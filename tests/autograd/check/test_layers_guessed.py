"""What had to be guessed and then failed is not called wrong, and what was guessed is said."""

import numpy as np
import pytest
from layers_of_cells import StateLstm
from layers_of_functions import LeakyReLU, SigmoidOfOutput
from layers_of_parts import Buffered
from layers_of_sequences import OptionalStart
from layers_of_steps import ListOfSteps
from right_layers import draw

from autograd import check_layer


def checked(layer, x, **settings):
    return check_layer(layer, x, probe=False, **settings)


class TwoHeads:
    """Two outputs; a subclass says in what form it returns them."""

    def __init__(self):
        self.Wa, self.Wb = draw(4, 2), draw(4, 1)

    def heads(self, x):
        self.x = x
        return x @ self.Wa, x @ self.Wb

    def gradients(self, da, db):
        self.dWa, self.dWb = self.x.T @ da, self.x.T @ db
        return da @ self.Wa.T + db @ self.Wb.T


class ByNames(TwoHeads):
    def forward(self, x):
        return dict(zip(("logits", "value"), self.heads(x), strict=True))

    def backward(self, dvalue, dlogits):
        return self.gradients(dlogits, dvalue)


class InATuple(TwoHeads):
    def forward(self, x):
        return self.heads(x)

    def backward(self, grads):
        return self.gradients(*grads)


class FirstOfAList(TwoHeads):
    def forward(self, x):
        return list(self.heads(x))

    def backward(self, grad):
        return self.gradients(grad, np.zeros((len(grad), 1)))


@pytest.mark.parametrize(
    ("layer", "names"),
    [
        (ByNames(), {"x", "Wa", "Wb"}),
        (InATuple(), {"x", "Wa", "Wb"}),
        (FirstOfAList(), {"x", "Wa"}),
    ],
)
def test_several_outputs_are_read_in_the_form_in_which_backward_is_right(layer, names):
    report = checked(layer, draw(5, 4))
    assert report.ok, report
    assert set(report.gradients) == names


def test_wrong_steps_are_wrong_whether_their_list_is_one_output_or_several():
    class Doubled(ListOfSteps):
        def backward(self, dys):
            dxs = ListOfSteps.backward(self, dys)
            return [dxs[0], *(2 * dx for dx in dxs[1:])]

    report = checked(Doubled(), [draw(3, 1) for _ in range(3)])
    assert {n for n, g in report.gradients.items() if g.verdict == "wrong"} == {"x"}


def test_a_derivative_is_taken_of_the_input_or_of_the_output_and_that_is_said():
    for layer, at in ((LeakyReLU(), "the input"), (SigmoidOfOutput(), "forward's output")):
        report = checked(layer, draw(5, 4))
        assert report.ok, report
        assert any(f"the derivative at {at}, times upstream" in note for note in report.notes)


def test_a_wrong_derivative_is_wrong_at_the_input_and_at_the_output():
    class Wrong(SigmoidOfOutput):
        def derivative(self, a):
            return a * (2 - a)

    assert checked(Wrong(), draw(5, 4)).verdict == "wrong"


class WeightsFirst(Buffered):
    def __init__(self):
        super().__init__(4, 4)

    def backward(self, dout):
        return self.x.T @ dout, dout @ self.W.T


def test_gradients_of_one_shape_without_names_are_taken_in_the_order_in_which_they_are_right():
    report = checked(WeightsFirst(), draw(4, 4))
    assert report.ok, report
    assert any("in the order in which most are right" in note for note in report.notes)


def test_of_two_gradients_in_another_order_the_wrong_one_alone_is_wrong():
    class OneWrong(WeightsFirst):
        def backward(self, dout):
            return self.x.T @ dout, dout @ self.W

    report = checked(OneWrong(), draw(4, 4))
    assert {name: g.verdict for name, g in report.gradients.items()} == {"x": "wrong", "W": "right"}


@pytest.mark.parametrize(
    ("layer", "x", "state"),
    [(OptionalStart(), draw(2, 5, 3), "h0 (2, 4)"), (StateLstm(), draw(5, 3), "state (2, 5, 4)")],
)
def test_a_state_that_may_be_left_out_is_drawn_if_backward_returns_its_gradient(layer, x, state):
    report = checked(layer, x)
    assert report.ok, report
    assert f"not given, so drawn: {state}" in report.notes
    assert set(report.gradients) == {"x", state.split()[0], "Wx", "Wh", "b"}


def test_a_gradient_that_is_called_like_that_of_a_state_may_be_that_of_the_input():
    class Hidden(Buffered):
        def backward(self, dout):
            dh = dout @ self.W.T
            return dh, self.x.T @ dout, dout.sum(axis=0)

    report = checked(Hidden(4, 3), draw(5, 4))
    assert report.ok, report
    assert set(report.gradients) == {"x", "W", "b"}
