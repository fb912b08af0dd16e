"""Layers, losses and optimisers against PyTorch 2.13: goldens*.json.gz, by make_goldens.py.

Each case names our constructor; the goldens hold the numbers that PyTorch computed in float64.
"""

import gzip
import json
import math
from pathlib import Path

import pytest

import nn
from autograd import Tensor

GOLDENS = {
    group: cases
    for path in Path(__file__).parent.glob("goldens*.json.gz")
    for group, cases in json.loads(gzip.decompress(path.read_bytes())).items()
}


def each_of(group):
    """Run a test for every case of a group, under the case's name."""
    cases = [pytest.param(case, id=case["name"]) for case in GOLDENS[group]]
    return pytest.mark.parametrize("case", cases)


def built(text, **names):
    """What a line of our API makes, such as "Conv2D(1, 2, 3)"."""
    return eval(text, {**vars(nn), **names})


def assert_agree(got, expected, where):
    """Dicts and nested lists have the same form, and their numbers agree closely."""
    if isinstance(expected, dict):
        assert got.keys() == expected.keys(), f"{where} has the keys {list(got)}"
        for key in expected:
            assert_agree(got[key], expected[key], f"{where} of {key}")
    elif isinstance(expected, list):
        assert isinstance(got, list), f"{where} is the number {got}"
        assert len(got) == len(expected), f"{where} has {len(got)} entries, not {len(expected)}"
        for k, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
            assert_agree(ours, theirs, f"{where}[{k}]")
    else:
        close = math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-11)
        assert close, f"{where} is {got}, PyTorch has {expected}"


def numbers(y):
    """The numbers of a Tensor or of a Value."""
    return y.tolist() if isinstance(y, Tensor) else y.item()


def weighted(y, upstream):
    """Σ upstream·y: a scalar that hands the upstream gradient to y."""
    return (y * Tensor(upstream)).sum() if isinstance(y, Tensor) else y * upstream


def gradients(model):
    """The gradients of all parameters by their paths."""
    return {path: p.grad for path, p in model.named_parameters()}


def check_layer(case):
    """Outputs, all gradients, and the state that is left agree in every step."""
    layer = built(case["layer"]).train(case["training"])
    layer.load_state_dict(case["state"])
    for step in case["steps"]:
        x = Tensor(step["input"])
        layer.zero_grad()
        y = layer(x)
        assert_agree(numbers(y), step["output"], "output")
        weighted(y, step["upstream"]).backward()
        assert_agree(x.grad, step["input_grad"], "gradient of the input")
        assert_agree(gradients(layer), step["grads"], "gradient")
    assert_agree(layer.state_dict(), case["after"], "state")


def check_loss(case):
    """The loss and the gradient of the prediction agree."""
    x = Tensor(case["prediction"])
    y = built(case["loss"])(x, case["target"])
    assert_agree(numbers(y), case["output"], "loss")
    weighted(y, case["upstream"]).backward()
    assert_agree(x.grad, case["prediction_grad"], "gradient of the prediction")


@each_of("convolutions")
def test_convolution_slides_its_kernels_as_pytorch_does(case):
    check_layer(case)


@each_of("pooling")
def test_pools_reduce_each_window_and_the_first_of_equal_entries_takes_the_gradient(case):
    check_layer(case)


@each_of("shapes")
def test_layers_without_weights_move_average_or_pass_entries(case):
    check_layer(case)


@each_of("dense")
def test_dense_multiplies_the_last_axis_by_its_weights(case):
    check_layer(case)


@each_of("activations")
def test_activations_agree_at_random_numbers_at_their_kinks_and_in_their_tails(case):
    check_layer(case)


@each_of("softmax")
def test_softmax_normalises_along_its_axis_and_survives_large_numbers(case):
    check_layer(case)


@each_of("residual")
def test_residual_adds_the_gradients_of_body_and_shortcut(case):
    check_layer(case)


@each_of("norms")
def test_norms_differentiate_through_mean_and_variance(case):
    check_layer(case)


@each_of("batch_norms")
def test_batch_norm_uses_the_batch_in_training_and_the_running_statistics_in_evaluation(case):
    check_layer(case)


@each_of("signals")
def test_signals_are_convolved_and_pooled_along_their_one_axis(case):
    check_layer(case)


@each_of("upward")
def test_convolutions_are_transposed_and_images_stretched(case):
    check_layer(case)


@each_of("pools")
def test_windows_of_pools_are_dilated_end_outside_and_leave_margins_uncounted(case):
    check_layer(case)


@each_of("root_mean_squares")
def test_rms_norms_divide_by_the_root_of_the_mean_square(case):
    check_layer(case)


@each_of("further_batch_norms")
def test_batch_norm_1d_takes_vectors_and_signals_and_nothing_need_be_learnt(case):
    check_layer(case)


@each_of("functions")
def test_further_functions_agree_at_random_numbers_at_kinks_and_in_tails(case):
    check_layer(case)


@each_of("pair_losses")
def test_losses_of_predictions_and_targets_of_one_shape_agree_under_each_reduction(case):
    check_loss(case)


@each_of("class_losses")
def test_losses_of_class_scores_take_classes_from_the_last_axis(case):
    check_loss(case)


@each_of("models")
def test_a_whole_network_has_pytorchs_loss_and_gradients(case):
    model = built(case["model"])
    model.load_state_dict(case["state"])
    x = Tensor(case["input"])
    y = model(x)
    loss = built(case["loss"])(y, case["target"])
    loss.backward()
    assert_agree(numbers(y), case["output"], "output")
    assert_agree(loss.item(), case["value"], "loss")
    assert_agree(x.grad, case["input_grad"], "gradient of the input")
    assert_agree(gradients(model), case["grads"], "gradient")
    assert_agree(model.state_dict(), case["after"], "state")


@each_of("optimizers")
def test_optimisers_walk_the_same_path_from_the_same_gradients(case):
    p = Tensor(case["start"])
    optimizer = built(case["optimizer"], parameters=[p])
    for step, (gradient, expected) in enumerate(
        zip(case["gradients"], case["numbers"], strict=True), 1
    ):
        for value, g in zip(p.values, gradient, strict=True):
            value.grad = g
        optimizer.step()
        assert_agree(p.tolist(), expected, f"after step {step}: parameter")


@each_of("schedules")
def test_schedules_set_the_same_learning_rates(case):
    optimizer = nn.SGD([Tensor([0.0])], lr=case["lr"])
    schedule = built(case["schedule"], optimizer=optimizer)
    rates = [optimizer.lr]
    for _ in case["rates"][1:]:
        schedule.step()
        rates.append(optimizer.lr)
    assert_agree(rates, case["rates"], "learning rate")


@each_of("clips")
def test_clipping_scales_all_gradients_by_one_factor_when_their_norm_is_too_large(case):
    """PyTorch divides by norm + 1e-6 where it clips, we by the norm: the norm becomes max_norm."""
    parameters = [Tensor(row) for row in case["rows"]]
    for p, row in zip(parameters, case["rows"], strict=True):
        for value, g in zip(p.values, row, strict=True):
            value.grad = g
    norm = nn.clip_grad_norm(parameters, case["max_norm"])
    assert_agree(norm, case["norm"], "norm")
    ratio = (norm + 1e-6) / norm if norm > case["max_norm"] else 1.0
    expected = [[ratio * g for g in row] for row in case["after"]]
    assert_agree([p.grad for p in parameters], expected, "clipped gradient")


@pytest.mark.parametrize("wrong", [[[1.0, 2.0 + 1e-8]], [[1.0]], [1.0, 2.0], [[1.0, math.nan]]])
def test_a_wrong_number_or_a_wrong_shape_is_noticed(wrong):
    with pytest.raises(AssertionError, match="output"):
        assert_agree(wrong, [[1.0, 2.0]], "output")


def test_every_case_has_a_name_of_its_own():
    for group, cases in GOLDENS.items():
        names = [case["name"] for case in cases] if isinstance(cases, list) else []
        assert len(set(names)) == len(names), group
