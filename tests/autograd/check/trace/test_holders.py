"""Arrays that objects and modules hold are recorded where forward writes to them."""

import numpy as np
from recorded_runs import assert_recorded, record_of

from autograd.check.trace.record import record
from autograd.check.truth.arrays import Inputs

X = np.random.default_rng(0).uniform(0.2, 0.9, (2, 3))
SHARED = np.zeros((2, 3))


class Cell:
    def __init__(self):
        self.h = np.zeros((2, 3))
        self.steps = [np.zeros(3), {"last": np.zeros(2)}]
        self.pair = (np.ones(3), "label", self.h)
        self.me = self
        self.n = 2

    def forward(self, x):
        self.h[:] = np.tanh(x)
        self.steps[0][1:] = self.h[0, 1:] * 2
        self.steps[1]["last"] += self.h.sum(1)
        self.pair[0][0] = x[0, 0]
        self.cache = (x, [x.sum()])
        return self.h * self.steps[0] + self.steps[1]["last"][:, None] * self.pair[0] + self.pair[2]


def test_what_is_written_to_the_arrays_of_an_object_has_its_slope():
    cell, twin = Cell(), Cell()
    given = Inputs({"x": X})
    made = record(cell.forward, given, {"x": X}, [globals()], [cell])
    np.testing.assert_allclose(made.output.value, twin.forward(X))
    upstream = np.random.default_rng(1).normal(size=(2, 3))
    step = 1e-6
    for k in np.ndindex(X.shape):
        ends = []
        for h in (step, -step):
            moved = X.copy()
            moved[k] += h
            ends.append(np.sum(upstream * Cell().forward(moved)))
        slope = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(made.gradients(upstream)["x"][k], slope, rtol=1e-6, atol=1e-8)


def test_an_object_holds_plain_arrays_again_and_what_was_written_to_them():
    cell = Cell()
    h, last = cell.h, cell.steps[1]["last"]
    record(cell.forward, Inputs({"x": X}), {"x": X}, [globals()], [cell])
    arrays = [
        cell.h,
        cell.steps[0],
        cell.steps[1]["last"],
        cell.pair[0],
        cell.pair[2],
        cell.cache[0],
    ]
    assert {type(array) for array in arrays} == {np.ndarray}
    assert type(cell.cache[1][0]) is np.float64
    np.testing.assert_array_equal(h, np.tanh(X))
    np.testing.assert_array_equal(last, np.tanh(X).sum(1))
    np.testing.assert_array_equal(cell.h, h)


def test_the_arrays_of_a_module_are_recorded_and_put_back():
    def forward(x):
        SHARED[:, 1:] = x[:, :2] * x[:, 1:]
        return SHARED * 2

    before = SHARED
    assert_recorded(forward, {"x": X})
    assert SHARED is before
    assert type(SHARED) is np.ndarray


def test_what_a_module_is_given_meanwhile_stays_and_is_plain_afterwards():
    space = {"np": np, "state": np.zeros((2, 3))}
    exec("def forward(x):\n    global state\n    state = state + x\n    return state", space)
    made = record_of(space["forward"], {"x": X})
    np.testing.assert_array_equal(space["state"], X)
    assert type(space["state"] * 2) is np.ndarray
    np.testing.assert_array_equal(made.gradients(X)["x"], X)
