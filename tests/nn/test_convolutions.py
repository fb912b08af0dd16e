"""Convolutions by what they are to each other: a transposed one is the adjoint of a convolution."""

import random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nn
from autograd import Tensor, no_grad

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
MARGINS = st.tuples(st.integers(0, 2), st.integers(0, 2))


@settings(max_examples=20)
@given(PAIRS, PAIRS, PAIRS, MARGINS, st.tuples(*[st.integers(1, 6)] * 2), st.integers(1, 2))
def test_a_transposed_convolution_is_the_adjoint_of_a_convolution(
    kernel, stride, dilation, padding, size, groups
):
    """Σ conv(x)·y = Σ x·transposed(y), whatever x and y are."""
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    free = [n + 2 * p - span for n, p, span in zip(size, padding, spans, strict=True)]
    assume(min(free) >= 0)
    rng = random.Random(0)
    conv = nn.Conv2D(2, 4, kernel, stride, padding, dilation, groups, bias=False, rng=rng)
    left_over = tuple(n % s for n, s in zip(free, stride, strict=True))
    options = {"groups": groups, "bias": False, "dilation": dilation}
    transposed = nn.ConvTranspose2D(4, 2, kernel, stride, padding, left_over, **options)
    transposed.weight = conv.weight
    with no_grad():
        x = Tensor.randn(2, *size, rng=rng)
        there = conv(x)
        y = Tensor.randn(*there.shape, rng=rng)
        back = transposed(y)
        assert back.shape == x.shape
        assert abs((there * y).sum().data - (x * back).sum().data) < 1e-9


def test_a_convolution_of_a_signal_is_that_of_an_image_of_one_row():
    options = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}
    signal = nn.Conv1D(2, 4, 3, **options)
    image = nn.Conv2D(2, 4, (1, 3), (1, 2), (0, 1), (1, 2), 2)
    image.load_state_dict({"weight": signal.weight.reshape(4, 1, 1, 3), "bias": signal.bias})
    x = Tensor.randn(3, 2, 9)
    assert signal(x).tolist() == image(x.reshape(3, 2, 1, 9)).reshape(3, 4, -1).tolist()


def test_no_product_of_a_transposed_convolution_is_by_an_inserted_zero():
    """4×4 kernels of stride 2 meet each output with 2×2 of their entries."""
    summary = nn.ConvTranspose2D(3, 5, 4, stride=2, padding=1).summary(3, 6, 6)
    assert summary.multiply_adds == 5 * 12 * 12 * 3 * 2 * 2
