"""SciPy's functions, where SciPy is there."""

import numpy as np
import pytest
from recorded_runs import assert_recorded

special = pytest.importorskip("scipy.special")
signal = pytest.importorskip("scipy.signal")

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 4))
K = np.random.default_rng(1).uniform(0.2, 0.9, (2, 3))


@pytest.mark.parametrize("name", ["expit", "erf", "log_expit", "erfc", "ndtr", "entr"])
def test_functions_of_one_number_have_their_slopes(name):
    assert_recorded(lambda x: getattr(special, name)(x - (0.5 if name != "entr" else 0)), {"x": X})


@pytest.mark.parametrize("name", ["xlogy", "rel_entr"])
def test_functions_of_two_numbers_have_both_slopes(name):
    assert_recorded(lambda x, y: getattr(special, name)(x, y), {"x": X, "y": X[::-1] + 0.1})


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: special.softmax(x, axis=1), lambda x: special.softmax(x),
        lambda x: special.log_softmax(x, axis=-1), lambda x: special.logsumexp(x, axis=0),
        lambda x: special.logsumexp(x), lambda x: special.logsumexp(x, axis=1, keepdims=True),
        lambda x: special.logsumexp(x, axis=(0, 1)), lambda x: special.logsumexp(x, b=X, axis=0),
    ],
)  # fmt: skip
def test_softmax_and_its_logarithm_have_their_slopes(forward):
    assert_recorded(forward, {"x": X})


@pytest.mark.parametrize(
    "name", ["correlate2d", "convolve2d", "correlate", "convolve", "fftconvolve"]
)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_convolutions_have_both_slopes(name, mode):
    assert_recorded(lambda x, k: getattr(signal, name)(x, k, mode), {"x": X, "k": K})
