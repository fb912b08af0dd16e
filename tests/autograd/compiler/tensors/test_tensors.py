"""Programs as graphs of operations on tensors: that they compute the same, nn.export tests."""

import random

import numpy as np
import pytest

import autograd
from autograd import Tensor, einsum

RNG = random.Random(0)
W, B = Tensor.randn(3, 4, rng=RNG), Tensor.randn(3, rng=RNG)
KERNEL = Tensor.randn(2, 1, 3, 3, rng=RNG)


def graph(function, *shapes, parameters=()):
    """The operations of a function of tensors: inputs are x, y, parameters w, b."""
    examples = [Tensor.randn(*shape, rng=RNG) for shape in shapes]
    program = autograd.compile(
        function, *examples, parameters=parameters, dtype="float64", backend="numpy"
    )
    return program.tensors([*"xyz"[: len(shapes)], *"wb"[: len(parameters)]])


def written(made):
    """`name(inputs) shape` of each operation."""
    return [f"{o.name}({', '.join(map(str, o.inputs))}) {o.shape}" for o in made.operations]


def test_a_product_with_weights_is_a_layer_with_its_bias():
    made = graph(lambda x: (W @ x + B).tanh(), (4,), parameters=[W, B])
    assert written(made) == ["linear(x, w, b) (3,)", "tanh(linear) (3,)"]
    assert (made.inputs, made.parameters) == ([("x", (4,))], [("w", (3, 4)), ("b", (3,))])
    assert made.results == "tanh"


def test_rows_of_samples_keep_their_axes():
    made = graph(lambda x: x @ W.T, (2, 5, 4), parameters=[W])
    assert written(made) == ["linear(x, w) (2, 5, 3)"]


def test_windows_times_weights_are_a_convolution_with_the_margins_of_its_image():
    def convolved(x):
        return einsum("ocuv,cijuv->oij", KERNEL, x.pad(1, 1).windows((3, 3), (2, 1)))

    (conv,) = graph(convolved, (1, 7, 5), parameters=[KERNEL]).operations
    assert (conv.op, conv.inputs, conv.shape) == ("conv", ["x", "w"], (2, 4, 5))
    assert conv.attributes == {
        "groups": 1, "strides": (2, 1), "dilations": (1, 1), "pads": ((1, 1), (1, 1)),
    }  # fmt: skip


def test_margins_of_another_number_are_an_operation():
    def convolved(x):
        return einsum("ocuv,cijuv->oij", KERNEL, x.pad(1, 1, value=2.0).windows((3, 3)))

    made = graph(convolved, (1, 4, 4), parameters=[KERNEL])
    assert [o.op for o in made.operations][-2:] == ["reshape", "conv"]
    assert "pad" in [o.op for o in made.operations]


def test_the_largest_of_windows_is_a_pool_and_of_an_axis_a_reduction():
    made = graph(lambda x: x.windows((2, 2)).max((-2, -1)), (3, 4, 4))
    assert [o.op for o in made.operations] == ["max_pool"]
    made = graph(lambda x: x.max(-1), (3, 4))
    assert [(o.op, o.attributes) for o in made.operations] == [("max_over", {"axes": (1,)})]


def test_a_sum_over_its_count_is_a_mean():
    assert [o.op for o in graph(lambda x: x.mean(-1), (3, 4)).operations] == ["mean_over"]
    assert [o.op for o in graph(lambda x: x.sum(-1) / 3, (3, 4)).operations] == ["sum_over", "div"]


def test_what_is_rearranged_is_sliced_and_transposed_and_else_taken_by_place():
    assert [o.op for o in graph(lambda x: x.T[1:] * 2, (3, 4)).operations] == [
        "slice", "mul", "transpose",
    ]  # fmt: skip
    assert [o.op for o in graph(lambda x: x[[2, 0, 1]], (3,)).operations] == ["take"]
    joined = graph(lambda x, y: autograd.concatenate([x, y], axis=1), (3, 4), (3, 2))
    assert written(joined)[-1] == "concat(x, y) (3, 6)"


def test_what_no_result_needs_is_left_out_and_what_is_known_is_computed():
    made = graph(lambda x: x + Tensor([1.0, 2.0]) * 3, (2,))
    assert written(made) == ["add(x, constant) (2,)"]
    assert made.constants["constant"].tolist() == [3.0, 6.0]


def test_results_keep_the_form_of_what_the_function_returns():
    made = graph(lambda x: {"a": x * 2, "rest": (x, [x + 1])}, (2,))
    assert made.results == {"a": "mul", "rest": ("x", ["add"])}


def test_what_has_no_samples_is_repeated_for_each():
    made = graph(lambda x: W * 2, (1,), parameters=[W])
    assert [(o.op, o.batched) for o in made.operations] == [("mul", False), ("expand", True)]


def test_names_are_scopes_and_never_twice_the_same():
    def forward(x):
        with autograd.scope("layer"):
            y = x.tanh()
        return y.tanh().tanh()

    names = [o.name for o in graph(forward, (2,)).operations]
    assert names == ["layer/tanh", "tanh", "tanh_2"]


def test_single_values_are_parameters_too():
    a, b = autograd.Value(2.0), autograd.Value(3.0)
    made = graph(lambda x: x * a + b, (2,), parameters=[a, b])
    assert made.parameters == [("w", ()), ("b", ())]
    assert [o.op for o in made.operations][-1] == "add"


def test_random_numbers_are_refused():
    with pytest.raises(ValueError, match="draws random numbers"):
        graph(lambda x: x + autograd.drawn((2,), random, np.asarray), (2,))
