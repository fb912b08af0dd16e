"""How arguments and results find their places, and what is said where one finds none."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from layers_of_attention import ScaledDot
from layers_of_cells import ColumnLstm, KeptState, LstmCell, RnnCell
from layers_of_frameworks import Sgd
from layers_of_parts import Buffered
from right_layers import draw

from autograd import check_layer


def checked(layer, x, **settings):
    return check_layer(layer, x, probe=False, **settings)


# --- what forward takes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "x", "drawn"),
    [
        (RnnCell(), draw(5, 3), {"h": (5, 4)}),
        (LstmCell(), draw(5, 3), {"h_prev": (5, 4), "c_prev": (5, 4)}),
        (ColumnLstm(), draw(3, 5), {"a_prev": (4, 5), "c_prev": (4, 5)}),
        (ScaledDot(), draw(2, 4, 3), {"k": (2, 4, 3), "v": (2, 4, 3)}),
    ],
)
def test_states_keys_and_values_that_nobody_gave_are_drawn(layer, x, drawn):
    report = checked(layer, x)
    said = ", ".join(f"{name} {shape}" for name, shape in drawn.items())
    assert report.ok, report
    assert f"not given, so drawn: {said}" in report.notes
    assert set(drawn) < set(report.gradients)


def test_a_tuple_is_one_input_for_each_argument():
    report = checked(ScaledDot(), (draw(2, 3), draw(4, 3), draw(4, 5)))
    assert report.ok, report
    assert set(report.gradients) == {"x", "k", "v"}


def test_the_entries_of_a_dict_of_weights_are_inputs_by_name():
    class Cell:
        def forward(self, xt, a_prev, parameters):
            a = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev)
            return a, (a, a_prev, xt, parameters)

        def backward(self, da_next, cache):
            a, a_prev, xt, parameters = cache
            d = (1 - a**2) * da_next
            dx, da_prev = parameters["Wax"].T @ d, parameters["Waa"].T @ d
            return {"dxt": dx, "da_prev": da_prev, "dWax": d @ xt.T, "dWaa": d @ a_prev.T}

    options = {"a_prev": draw(4, 5), "parameters": {"Wax": draw(4, 3), "Waa": draw(4, 4)}}
    report = checked(Cell(), draw(3, 5), options=options)
    assert report.ok, report
    assert set(report.gradients) == {"x", "a_prev", "Wax", "Waa"}


def test_a_state_of_zeros_is_drawn_as_it_would_hide_the_weights_that_it_meets():
    layer = KeptState()
    layer.h = np.zeros((5, 4))
    report = checked(layer, draw(5, 3))
    assert report.ok, report
    assert "h: drawn, as nothing shows in a state of zeros" in report.notes
    assert np.any(report.gradients["U"].claimed)


# --- what backward takes -------------------------------------------------------------------------


def test_an_argument_of_backward_that_nothing_fits_is_named_once():
    class Odd(Buffered):
        def backward(self, dout, zeta):
            return zeta * dout @ self.W.T

    with pytest.raises(TypeError, match=r"Odd.backward: nothing known fits the argument 'zeta'"):
        check_layer(Odd(4, 3), draw(5, 4))


def test_a_target_is_no_upstream_gradient():
    class Softmax:
        def forward(self, logits):
            self.p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            return self.p

        def backward(self, y_true):
            d = self.p.copy()
            d[np.arange(len(d)), y_true] -= 1
            return d

    with pytest.raises(TypeError, match="y_true"):
        checked(Softmax(), draw(5, 4))
    report = checked(Softmax(), draw(5, 4), options={"y_true": np.array([0, 1, 2, 3, 0])})
    assert report.verdict == "undecided"
    assert [finding.name for finding in report.findings] == ["no upstream"]


def test_an_upstream_gradient_of_what_forward_does_not_give_is_zero():
    class Cell:
        def __init__(self):
            self.W, self.V, self.tape = draw(4, 7), draw(2, 4), []

        def forward(self, x, h_prev):
            z = np.vstack([x, h_prev])
            self.tape.append((z, np.tanh(self.W @ z)))
            return self.V @ self.tape[-1][1]

        def backward(self, dy, dh_next):
            z, h = self.tape.pop()
            d = (self.V.T @ dy + dh_next) * (1 - h**2)
            self.dV, self.dW = dy @ h.T, d @ z.T
            return (self.W.T @ d)[:3], (self.W.T @ d)[3:]

    report = checked(Cell(), draw(3, 1), options={"h_prev": draw(4, 1)})
    assert report.ok, report
    assert "the upstream gradient dh_next is 0" in report.notes
    assert set(report.gradients) == {"x", "h_prev", "W", "V"}


def test_a_number_that_the_layer_holds_is_no_upstream_gradient_whatever_its_name():
    class Euler:
        def __init__(self):
            self.W, self.dt = draw(3, 3), 0.1

        def forward(self, x):
            self.x = x
            return x + self.dt * np.tanh(x @ self.W)

        def backward(self, dt, dout):
            d = dout * dt * (1 - np.tanh(self.x @ self.W) ** 2)
            self.dW = self.x.T @ d
            return dout + d @ self.W.T

    assert checked(Euler(), draw(4, 3)).ok


class State(NamedTuple):
    h: Any
    c: Any


def test_a_state_keeps_its_form():
    class Leaky:
        def forward(self, x, state):
            h = np.tanh(x + state.h)
            return h, State(h, 0.5 * state.c + h)

        def backward(self, dh, dstate, h):
            d = (dh + dstate.h + dstate.c) * (1 - h**2)
            return d, State(d, 0.5 * dstate.c)

    report = checked(Leaky(), draw(2, 3), options={"state": State(draw(2, 3), draw(2, 3))})
    assert report.ok, report
    assert set(report.gradients) == {"x", "state"}


# --- one defect, one verdict ---------------------------------------------------------------------


def test_a_forward_that_changes_the_input_that_it_kept_is_accused_once():
    class Square:
        def forward(self, x):
            self.x = x
            x **= 2
            return x

        def backward(self, dout):
            return 2 * self.x * dout

    report = checked(Square(), draw(5, 4))
    assert report.gradients["x"].verdict == "wrong"
    (finding,) = report.findings
    assert "forward changes its input x in place, after it kept it" in finding.what
    assert finding.where == "Square.forward"


def test_what_a_call_leaves_behind_until_it_is_flushed_is_noted():
    class Derived(Buffered):
        def __init__(self):
            super().__init__(4, 3)
            self.X = []

        def forward(self, x):
            self.X.append(x)
            return Buffered.forward(self, x)

        def backward(self, dout):
            self.x = self.X[0]
            return Buffered.backward(self, dout)

        def flush_gradients(self):
            self.X = []

    report = checked(Derived(), draw(5, 4))
    assert report.ok, report
    assert "what a call leaves behind stays until flush_gradients()" in report.notes


def test_every_optimiser_of_a_layer_steps_at_the_same_rate():
    class TwoRates(Buffered):
        def __init__(self):
            super().__init__(4, 3)
            self.W_opt, self.b_opt = Sgd(0.05), Sgd(0.2)

        def backward(self, dout):
            dx = dout @ self.W.T
            self.W = self.W_opt.update(self.W, self.x.T @ dout)
            self.b = self.b_opt.update(self.b, dout.sum(axis=0))
            return dx

    report = checked(TwoRates(), draw(5, 4))
    assert report.ok, report
    assert "W_opt.learning_rate, b_opt.learning_rate set to 1" in report.notes
