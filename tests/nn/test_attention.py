"""Attention: what masks hide, what order does, options and mistakes."""

import math
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

RNG = np.random.default_rng(0)


def made(*sizes, **options):
    """Attention with random biases too."""
    layer = nn.MultiHeadAttention(*sizes, **options)
    for parameter in layer.parameters():
        parameter.assign(RNG.normal(size=parameter.shape))
    return layer


def assert_close(one, other):
    np.testing.assert_allclose(one.tolist(), other.tolist(), rtol=1e-11, atol=1e-13)


def test_without_positions_the_order_of_the_inputs_is_that_of_the_outputs():
    layer, x = made(4, 2), RNG.normal(size=(5, 4))
    order = [3, 1, 4, 0, 2]
    assert_close(layer(x[order]), np.array(layer(x).tolist())[order])
    encoded = nn.Sequential(nn.PositionalEncoding(4), layer)
    assert encoded(x[order])[0, 0].data != pytest.approx(encoded(x)[3, 0].data)


def test_a_causal_output_does_not_know_what_comes_later():
    layer, x = made(4, 2, causal=True), Tensor(RNG.normal(size=(4, 4)))
    layer(x)[1].sum().backward()
    gradient = np.array(x.grad)
    assert gradient[:2].all()
    assert not gradient[2:].any()


def test_causal_is_a_mask_of_the_lower_triangle():
    layer, x = made(4, 2), RNG.normal(size=(2, 3, 4))
    causal = nn.MultiHeadAttention(4, 2, causal=True)
    causal.load_state_dict(layer.state_dict())
    assert_close(layer(x, mask=np.tri(3) > 0), causal(x))


def test_a_masked_key_is_a_key_that_is_not_there():
    layer, query, keys = made(4, 2), RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4))
    assert_close(layer(query, keys, key_mask=[1, 1, 1, 0, 0]), layer(query, keys[:3]))


def test_a_bias_of_minus_infinity_hides_as_a_mask_does():
    layer, x = made(4, 2), RNG.normal(size=(3, 4))
    mask = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 1]])
    bias = np.where(mask, 0.0, -np.inf)
    assert_close(layer(x, mask=mask), layer(x, bias=bias))


def test_a_mask_of_a_batch_serves_all_heads_and_one_with_heads_each():
    layer, x = made(4, 2), RNG.normal(size=(2, 3, 4))
    mask = RNG.random((2, 3, 3)) > 0.4
    mask |= np.eye(3) > 0
    y = layer(x, mask=mask)
    assert_close(y, layer(x, mask=np.stack([mask, mask], 1)))
    assert_close(y[1], layer(x[1], mask=mask[1]))


def test_weights_are_those_of_each_head_and_sum_to_one():
    y, weights = made(4, 2, causal=True)(RNG.normal(size=(3, 5, 4)), need_weights=True)
    assert (y.shape, weights.shape) == ((3, 5, 4), (3, 2, 5, 5))
    np.testing.assert_allclose(weights.sum(-1).tolist(), 1)


def test_where_all_keys_are_hidden_there_is_no_output():
    y = made(2, 1)(RNG.normal(size=(2, 2)), mask=[[1, 1], [0, 0]])
    assert np.isfinite(y[0].tolist()).all()
    assert np.isnan(y[1].tolist()).all()


def test_keys_stand_for_values_and_queries_for_keys():
    layer, query, keys = made(4, 2), RNG.normal(size=(2, 4)), RNG.normal(size=(3, 4))
    assert_close(layer(query), layer(query, query, query))
    assert_close(layer(query, keys), layer(query, keys, keys))


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_masks_may_differ_from_sample_to_sample_of_a_compiled_program(backend):
    layer, x = made(4, 2), RNG.normal(size=(3, 5, 4))
    mask, key_mask = np.tri(5) > 0, np.arange(5) < np.array([[5], [3], [1]])
    program = autograd.compile(
        lambda x, masks: layer(x, **masks),
        x[0], {"mask": mask, "key_mask": key_mask[0]},
        parameters=layer.parameters(), dtype="float64", backend=backend,
    )  # fmt: skip
    y = program(x, {"mask": np.stack([mask] * 3), "key_mask": key_mask})
    assert_close(y, layer(x, mask=mask, key_mask=key_mask))


def test_dropout_drops_weights_in_training_alone():
    layer, x = made(4, 2, dropout=0.5), RNG.normal(size=(6, 4))
    layer.seed(0)
    _, weights = layer(x, need_weights=True)
    shares = np.array(weights.tolist())
    assert 0.2 < (shares == 0).mean() < 0.8
    layer.eval()
    _, kept = layer(x, need_weights=True)
    np.testing.assert_allclose(shares[shares > 0], 2 * np.array(kept.tolist())[shares > 0])


def test_waves_are_sines_and_cosines_of_ever_longer_periods():
    waves = np.array(nn.PositionalEncoding(4)(np.zeros((3, 4))).tolist())
    for t in range(3):
        expected = [math.sin(t), math.cos(t), math.sin(t / 100), math.cos(t / 100)]
        np.testing.assert_allclose(waves[t], expected, rtol=1e-15)


def test_how_alike_two_positions_are_depends_on_their_distance_alone():
    waves = np.array(nn.PositionalEncoding(8)(np.zeros((9, 8))).tolist())
    products = waves @ waves.T
    for distance in range(9):
        np.testing.assert_allclose(np.diag(products, distance), products[0, distance], rtol=1e-12)


X = [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.MultiHeadAttention(4, 3), ValueError, "num_heads=3 does not divide"),
        (
            lambda: made(2, 1)([1.0, 2.0]),
            ValueError,
            "MultiHeadAttention(2, 1): inputs must be (..., L, E), got (2,), (2,), (2,)",
        ),
        (lambda: made(2, 1)([[1.0]]), ValueError, "MultiHeadAttention(2, 1): input has 1 features"),
        (lambda: made(2, 1)(X, X, [*X, *X]), ValueError, "key has shape (1, 2), value (2, 2)"),
        (lambda: made(2, 1)(X, [X]), ValueError, "got (1, 2), (1, 1, 2), (1, 1, 2)"),
        (lambda: made(2, 1)(X, mask=[1, 0]), ValueError, "mask has shape (2,), the scores (1, 1)"),
        (lambda: made(2, 1)(X, key_mask=[1, 0]), ValueError, "key_mask has shape (2,), the keys 1"),
        (
            lambda: made(2, 1)(X, mask=[[-math.inf]]),
            ValueError,
            "mask must hold true (takes part) and false (hidden); numbers that are added",
        ),
        (lambda: made(2, 1)(X, attn_mask=[[1]]), TypeError, "use mask, true for what takes part"),
        (lambda: made(2, 1)(X, key_padding_mask=[1]), TypeError, "use key_mask, true for what"),
        (lambda: nn.MultiHeadAttention(key_dim=2), TypeError, "use embed_dim"),
        (lambda: nn.MultiheadAttention, AttributeError, "use nn.MultiHeadAttention"),
        (lambda: nn.PositionalEncoding(3)(X), ValueError, "input has 2 features"),
        (lambda: nn.PositionalEncoding(2)([1.0, 2.0]), ValueError, "must be (..., T, E)"),
    ],
)  # fmt: skip
def test_mistakes_are_told_by_the_layer_and_the_argument(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
