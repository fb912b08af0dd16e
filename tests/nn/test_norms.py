"""Normalisation: mean 0 and variance 1 over the right axes, running statistics, settings."""

import re
from fractions import Fraction

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor


def images(*shape):
    return np.random.default_rng(0).normal(2, 3, shape)


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (nn.LayerNorm(4, affine=False), (3, 2, 4), (-1,)),
        (nn.LayerNorm((2, 4), affine=False), (3, 2, 4), (-1, -2)),
        (nn.LayerNorm([3, 2, 4], affine=False), (3, 2, 4), (-1, -2, -3)),
        (nn.GroupNorm(1, 4, affine=False), (2, 4, 3, 2), (1, 2, 3)),
        (nn.GroupNorm(4, 4, affine=False), (2, 4, 3, 2), (2, 3)),
        (nn.BatchNorm2D(4), (2, 4, 3, 2), (0, 2, 3)),
        (nn.BatchNorm2D(4), (2, 3, 4, 1, 2), (0, 1, 3, 4)),
        (nn.BatchNorm2D(2), (2, 3, 2), (1, 2)),
    ],
    ids=repr,
)
def test_the_mean_is_0_and_the_variance_1_over_the_axes(layer, shape, axes):
    y = layer(Tensor(images(*shape)))
    assert y.shape == shape
    np.testing.assert_allclose(y.numpy().mean(axes), 0, atol=1e-12)
    np.testing.assert_allclose(y.numpy().var(axes), 1, rtol=1e-4)


def test_epsilon_is_added_to_the_variance_under_the_root():
    x = [3.0, 5.0]  # mean 4, variance 1
    assert nn.LayerNorm(2, eps=3.0)(Tensor(x)).tolist() == [-0.5, 0.5]
    assert nn.GroupNorm(1, 2, eps=3.0)(Tensor([[[3.0]], [[5.0]]])).tolist() == [[[-0.5]], [[0.5]]]
    assert nn.BatchNorm2D(1, eps=3.0)(Tensor([[x]])).tolist() == [[[-0.5, 0.5]]]


def test_weight_and_bias_scale_and_shift_each_channel():
    x = Tensor([[[3.0, 5.0]], [[5.0, 3.0]]])
    for layer in (nn.GroupNorm(2, 2, eps=0.0), nn.BatchNorm2D(2, eps=0.0)):
        layer.load_state_dict({**layer.state_dict(), "weight": [2.0, 3.0], "bias": [10.0, 20.0]})
        assert layer(x).tolist() == [[[8.0, 12.0]], [[23.0, 17.0]]]
    layer = nn.LayerNorm(2, eps=0.0)
    layer.load_state_dict({"weight": [2.0, 3.0], "bias": [10.0, 20.0]})
    assert layer(Tensor([3.0, 5.0])).tolist() == [8.0, 23.0]


def test_groups_are_neighbouring_channels():
    x = Tensor([[[0.0]], [[2.0]], [[10.0]], [[30.0]]])
    y = nn.GroupNorm(2, 4, eps=0.0, affine=False)(x)
    assert y.reshape(-1).tolist() == [-1.0, 1.0, -1.0, 1.0]


@pytest.mark.parametrize(
    ("layer", "settings"),
    [
        (nn.LayerNorm(3), {"shape": (3,), "eps": 1e-5, "affine": True}),
        (nn.LayerNorm([2, 3]), {"shape": (2, 3)}),
        (nn.GroupNorm(2, 4), {"groups": 2, "channels": 4, "eps": 1e-5, "affine": True}),
        (nn.BatchNorm2D(2), {"channels": 2, "eps": 1e-5, "momentum": 0.1}),
    ],
    ids=repr,
)
def test_settings_that_nobody_names_are_pytorchs(layer, settings):
    assert {name: getattr(layer, name) for name in settings} == settings
    assert set(layer.weight.reshape(-1).tolist()) == {1.0}
    assert set(layer.bias.reshape(-1).tolist()) == {0.0}
    assert layer.weight.shape == layer.bias.shape


def test_without_affine_there_is_nothing_to_learn():
    for layer in (nn.LayerNorm(3, affine=False), nn.GroupNorm(1, 3, affine=False)):
        assert (layer.weight, layer.bias, list(layer.parameters())) == (None, None, [])
    assert nn.GroupNorm(1, 3).weight.shape == (3,)
    assert nn.LayerNorm((2, 3)).weight.shape == (2, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.LayerNorm(0), "LayerNorm: shape"),
        (lambda: nn.LayerNorm((2, -1)), "LayerNorm: shape"),
        (lambda: nn.GroupNorm(0, 2), "GroupNorm: groups"),
        (lambda: nn.GroupNorm(1, 0), "GroupNorm: channels"),
        (lambda: nn.GroupNorm(2, 3), "GroupNorm: .*groups"),
        (lambda: nn.BatchNorm2D(0), "BatchNorm2D: channels"),
        (lambda: nn.BatchNorm2D(1, momentum=-0.1), "momentum must be from 0 to 1, got -0.1"),
        (lambda: nn.BatchNorm2D(1, momentum=1.1), "momentum must be from 0 to 1, got 1.1"),
        (
            lambda: nn.LayerNorm((2, 3))(Tensor(images(4, 3))),
            re.escape("input has shape (4, 3), its last axes must be (2, 3)"),
        ),
        (lambda: nn.LayerNorm((2, 3))(Tensor(images(1, 3))), "its last axes must be"),
        (lambda: nn.GroupNorm(1, 3)(Tensor(images(2, 4, 4))), "GroupNorm.*channels"),
        (lambda: nn.BatchNorm2D(3)(Tensor(images(2, 4, 4))), "BatchNorm2D.*channels"),
        (lambda: nn.BatchNorm2D(3)(Tensor(images(3, 4))), "BatchNorm2D"),
        (lambda: nn.GroupNorm(1, 3)(Tensor(images(3, 4))), "GroupNorm"),
    ],
)
def test_what_does_not_fit_is_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_momentum_may_be_0_or_1():
    assert [nn.BatchNorm2D(1, momentum=m).momentum for m in (0, 1)] == [0, 1]


def test_running_statistics_move_by_momentum_towards_the_batch_exactly():
    """Mean 1/4 and, with Bessel's correction, variance 1/4: exact in fractions."""
    layer = nn.BatchNorm2D(2, momentum=0.5)
    layer.momentum = Fraction(1, 4)
    layer(Tensor([[[Fraction(1), 0, 0, 0]], [[Fraction(0), 0, 0, 0]]]))
    assert layer.running_mean.tolist() == [Fraction(1, 16), 0]
    assert layer.running_var.tolist() == [Fraction(13, 16), Fraction(3, 4)]


def test_evaluation_uses_each_channels_own_running_statistics():
    layer = nn.BatchNorm2D(2, eps=0.0).eval()
    running = {"running_mean": [1.0, 2.0], "running_var": [4.0, 9.0]}
    layer.load_state_dict({**layer.state_dict(), **running})
    assert layer(Tensor([[[3.0]], [[8.0]]])).tolist() == [[[1.0]], [[2.0]]]


def test_training_needs_two_entries_and_evaluation_none():
    layer = nn.BatchNorm2D(1)
    with pytest.raises(ValueError, match=r"several entries per channel, got \(1, 1, 1\)"):
        layer(Tensor([[[2.0]]]))
    layer(Tensor([[[2.0, 4.0]]]))
    layer.eval()
    mean, var = 0.3, 0.9 + 0.1 * 2
    expected = (2.0 - mean) / np.sqrt(var + 1e-5)
    assert layer(Tensor([[[2.0]]])).item() == pytest.approx(expected, rel=1e-12)
    assert layer.running_mean.tolist() == pytest.approx([mean])


def test_a_compiled_program_of_one_entry_per_channel_is_told_as_in_eager_mode():
    layer = nn.BatchNorm2D(2)
    program = autograd.compile(
        lambda x: layer(x).sum(), np.ones((2, 1, 1)), parameters=[layer.weight, layer.bias]
    )
    with pytest.raises(ValueError, match=r"several entries per channel, got \(2, 1, 1\)"):
        program(np.ones((1, 2, 1, 1)))
    assert layer.running_mean.tolist() == [0.0, 0.0]
    program(np.ones((2, 2, 1, 1)))
    assert layer.running_mean.tolist() == pytest.approx([0.1, 0.1])


def test_evaluation_compiled_uses_the_running_statistics():
    layer = nn.BatchNorm2D(1).eval()
    state = [layer.weight, layer.bias, layer.running_mean, layer.running_var]
    program = autograd.compile(lambda x: layer(x).sum(), [[[1.0, 2.0]]], parameters=state)
    assert program([[[[1.0, 2.0]]]])[0] == pytest.approx(3.0, rel=1e-4)


# --- BatchNorm1D: vectors and signals -------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((5, 3), 0),
        ((3, 3), 0),
        ((3, 4), 1),
        ((2, 3, 4), (0, 2)),
        ((2, 3, 3), (0, 2)),
        ((2, 4, 3), (0, 1)),
    ],
)
def test_batch_norm_1d_finds_the_channels_where_pytorch_has_them(shape, axes):
    y = nn.BatchNorm1D(3, eps=0.0)(Tensor(images(*shape))).numpy()
    np.testing.assert_allclose(y.mean(axes), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axes), 1, rtol=1e-9)


def test_batch_norm_1d_names_what_does_not_fit():
    with pytest.raises(ValueError, match=r"BatchNorm1D\(3\): input has 4 channels .* built for 3"):
        nn.BatchNorm1D(3)(Tensor(images(2, 4)))
    with pytest.raises(ValueError, match=r"several entries per channel, got \(3,\)"):
        nn.BatchNorm1D(3)([1.0, 2.0, 3.0])


def test_batch_norms_without_affine_have_nothing_to_learn():
    for layer in (nn.BatchNorm1D(2, affine=False), nn.BatchNorm2D(2, affine=False)):
        assert layer.parameters() == []
        assert [*layer.state_dict()] == ["running_mean", "running_var"]


def test_a_program_has_the_channels_of_its_one_sample_where_the_batch_has_them():
    """A vector is (C,) and a signal (C, L), as long as there are channels too."""
    for shape, axes in (((3,), 0), ((3, 3), (0, 2)), ((3, 4), (0, 2))):
        layer = nn.BatchNorm1D(3, eps=0.0, affine=False)
        program = autograd.compile(layer, np.ones(shape), backend="numpy", dtype="float64")
        y = program(images(4, *shape))
        np.testing.assert_allclose(y.mean(axes), 0, atol=1e-12)
        np.testing.assert_allclose(y.var(axes), 1, rtol=1e-9)


# --- RMSNorm --------------------------------------------------------------------------------------


def test_the_root_of_the_mean_square_is_1_over_the_axes():
    x = images(3, 2, 4)
    for shape, axes in ((4, -1), ((2, 4), (-1, -2))):
        y = nn.RMSNorm(shape, eps=0.0)(Tensor(x)).numpy()
        np.testing.assert_allclose((y**2).mean(axes), 1, rtol=1e-12)
    layer = nn.RMSNorm(2, eps=23.0)  # of [3, 4], the mean square is 12.5
    layer.weight.assign([1.0, 2.0])
    assert layer([5.0, 1.0]).tolist() == pytest.approx([5 / 6, 2 / 6])


def test_settings_of_rms_norm_that_nobody_names_are_pytorchs_in_float32():
    layer = nn.RMSNorm([2, 3])
    assert (layer.shape, layer.eps, layer.affine) == ((2, 3), float(np.finfo(np.float32).eps), True)
    assert layer.weight.tolist() == [[1.0] * 3] * 2
    assert (nn.RMSNorm(3, affine=False).weight, nn.RMSNorm(3, affine=False).parameters()) == (
        None,
        [],
    )
    with pytest.raises(ValueError, match=re.escape("its last axes must be (2, 3)")):
        layer(Tensor(images(3)))
    with pytest.raises(ValueError, match="RMSNorm: shape"):
        nn.RMSNorm(0)
