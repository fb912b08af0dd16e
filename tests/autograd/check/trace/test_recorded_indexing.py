"""Any key, read and written: each slope goes to its own entry."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from recorded_runs import record_of

SHAPE = (3, 4, 2)
X = np.random.default_rng(0).uniform(0.2, 0.9, SHAPE)

basic = hn.basic_indices(SHAPE, allow_newaxis=True)
fancy = hn.integer_array_indices(SHAPE, result_shape=hn.array_shapes(max_dims=2, max_side=3))
masks = hn.arrays(bool, SHAPE) | hn.arrays(bool, SHAPE[0])
mixed = st.tuples(st.slices(3), hn.arrays(int, 2, elements=st.integers(-4, 3)))
keys = basic | fancy | masks | mixed


@given(keys, st.integers(0, 2))
def test_reading_sends_each_slope_back_to_where_it_was_read(key, seed):
    made = record_of(lambda x: (2 * x)[key] * 1.5, {"x": X})
    upstream = np.random.default_rng(seed).normal(size=np.shape(X[key]))
    expected = np.zeros(SHAPE)
    np.add.at(expected, key, 3 * upstream)
    np.testing.assert_array_equal(made.output.value, (2 * X)[key] * 1.5)
    np.testing.assert_allclose(made.gradients(upstream)["x"], expected)
    assert made.lost == ()


@given(keys)
def test_writing_replaces_what_was_there_and_its_slope(key):
    shape = np.shape(X[key])
    assume(np.prod(shape) > 0)
    y = np.random.default_rng(1).normal(size=shape)

    def forward(x, y):
        out = x * 2
        out[key] = y * 3
        return out

    made = record_of(forward, {"x": X, "y": y})
    upstream = np.random.default_rng(2).normal(size=SHAPE)
    owner = np.full(SHAPE, -1)  # which entry of y is there last
    owner[key] = np.arange(int(np.prod(shape))).reshape(shape)
    expected = np.zeros(y.size)
    np.add.at(expected, owner[owner >= 0], 3 * upstream[owner >= 0])
    np.testing.assert_array_equal(made.output.value, forward(X, y))
    gradients = made.gradients(upstream)
    np.testing.assert_allclose(gradients["x"], 2 * upstream * (owner < 0))
    np.testing.assert_allclose(gradients["y"], expected.reshape(shape))
    assert made.lost == ()


@given(basic, basic)
def test_a_view_of_a_view_is_written_through_to_the_whole(first, second):
    def forward(x):
        out = x * 2
        view = out[first]
        if isinstance(view, np.ndarray) and view.ndim == 3:
            view.T[...] *= 3.0
            view[second if np.shape(view) == SHAPE else ...] += 1.0
        return out

    made = record_of(forward, {"x": X})
    upstream = np.random.default_rng(2).normal(size=SHAPE)
    np.testing.assert_array_equal(made.output.value, forward(X))
    step = forward(X + 0.5) - forward(X)  # it is linear
    np.testing.assert_allclose(made.gradients(upstream)["x"], upstream * step / 0.5)
