"""Containers of numbers become one array and come back; return statements name their values."""

import functools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autograd.check.layer import naming, returns
from autograd.check.layer.adapter import Layer
from autograd.check.layer.attributes import Step
from autograd.check.layer.discover import discover
from autograd.check.layer.forms import as_array, like

SHAPES = st.lists(st.integers(1, 3), max_size=2).map(tuple)
ARRAYS = st.builds(
    lambda shape, seed: np.random.default_rng(seed).random(shape), SHAPES, st.integers(0, 9)
)
FORMS = st.recursive(
    ARRAYS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=1, max_size=3).map(tuple)
        | st.dictionaries(st.integers(-2, 3), inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


@given(FORMS)
def test_what_was_made_one_array_comes_back_in_its_form(value):
    back = like(as_array(value), value)
    assert type(back) is type(value)
    assert np.array_equal(as_array(back), as_array(value))


def test_steps_of_a_dict_are_stacked_by_time():
    assert as_array({1: [2.0, 3.0], 0: [0.0, 1.0]}).tolist() == [[0, 1], [2, 3]]


def test_what_holds_no_numbers_is_no_array():
    assert as_array([None, 1.0]) is None
    assert as_array({"a": "b"}) is None


def names(function, count):
    return {
        tuple(s.key for s in path): name for path, name in returns.names(function, count).items()
    }


def test_the_last_return_statement_of_as_many_values_names_them():
    def function(dx, dh, cache, self):
        if dx is None:
            return None
        if cache:
            return dh, dx
        return dx.reshape(3, -1).T, [dh, self.db], np.stack(cache["dW"]), dx + dh

    assert names(function, 4) == {
        (0,): "dx", (1, 0): "dh", (1, 1): "db", (2,): "dW"
    }  # fmt: skip
    assert names(function, 2) == {(0,): "dh", (1,): "dx"}
    assert names(function, 3) == {}


def test_functions_without_source_have_no_names():
    assert names(np.sin, 1) == {}
    assert names(functools.partial(max, 1), 1) == {}
    assert names(eval("lambda dx: dx"), 1) == {}


def test_the_gradients_of_the_step_before_and_of_the_next_are_those_of_the_state():
    for gradient in ("dh", "dh_prev", "dprev_h", "dnext_h", "dh0", "grad_hidden"):
        assert naming.announces(gradient, "h_prev") > 2
        assert naming.is_state((Step(True, gradient),))
    assert naming.announces("dc_prev", "h_prev") == 0
    assert naming.announces("dQ", "query") > 2


def test_an_array_that_records_goes_on_recording_through_a_layer():
    class Recording(np.ndarray):
        __array_priority__ = 1.0

    x, w = (np.ones((2, 2)).view(Recording) for _ in range(2))
    layer, _ = discover(
        Layer.of(Cell(), np.ones((2, 2)), {"state": (np.ones((2, 2)),) * 2}, None, None)
    )
    made = layer.forward(x=x, state=np.ones((2, 2, 2)), W=w)
    assert isinstance(made, Recording)
    assert made.shape == (8,)


class Cell:
    def __init__(self):
        self.W = np.ones((2, 2))

    def forward(self, x, state):
        return x @ self.W, [state[0] + x]

    def backward(self, dy, dstate):
        return dy, dstate
