"""Hostile use of compile: each mistake has an error that says what it is and names the thing."""

import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from oracle import batch, eagerly, parameter

import autograd
import nn
from autograd import Tensor, UnknownNumberError, Value, no_grad, stack


def compiled(function, *examples, **options):
    """A program of one argument of three numbers, unless other examples are given."""
    return autograd.compile(function, *(examples or ([0.1, 0.2, 0.3],)), **options)


def looping(x):
    while x[0] > 0:
        x = x - 1
    return x


def branching(x):
    return x[0] if x[0] > x[1] else x[1]


def early(x):
    for entry in x:
        if entry.data > 0:
            return entry
    return x[0]


# --- deciding by numbers that are not known ------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        branching,
        looping,
        early,
        lambda x: x[0] * float(x[1]),
        lambda x: x[0] * int(x[1]),
        lambda x: x[0] * math.exp(x[1]),
        lambda x: max(x[0], x[1]),
        lambda x: min(x),
        lambda x: sorted(x)[0],
        lambda x: max(x[0].data, x[1].data) * x[0],
        lambda x: x[0] and x[1],
        lambda x: x[1] if not x[0] else x[0],
        lambda x: x[1] if x[0] <= 0.5 < x[1] else x[0],
        lambda x: x[0] if any(e >= 1 for e in x) else x[1],
        lambda x: x[0] * round(x[1].data),
        lambda x: [x[0], x[1]][x[2].data],
        lambda x: x[0] * complex(x[1].data),
        lambda x: x[0] if x[1].data == 0 else x[1],
        lambda x: x[0] if x[1].data != 0.5 else x[1],
        lambda x: x[0] if x[1].data in (0, 1) else x[1],
        lambda x: x[0] * np.float64(x[1].data),
        lambda x: x[0] * len(f"{x[1]:.3f}"),
        lambda x: x[0] * math.floor(x[1]),
    ],
)
def test_deciding_by_a_number_that_is_not_known_yet_says_what_to_use_instead(function):
    with pytest.raises(UnknownNumberError, match=r"autograd\.where"):
        compiled(function)


def test_a_parameter_is_as_unknown_as_an_argument():
    w = Value(2.0)
    with pytest.raises(TypeError, match="not known yet"):
        compiled(lambda x: x.sum() * w if w > 0 else x.sum(), parameters=[w])
    assert w.data == 2.0


def test_a_function_may_decide_by_shapes_and_by_numbers_of_its_own():
    def function(x):
        half = Value(0.25)
        assert half < 1.0
        assert rate.data == 0.1
        return x.sum() * half if len(x) == 3 else x[0]

    assert compiled(function, dtype="float64")([[1.0, 1.0, 2.0]]).tolist() == [1.0]


# --- Values from elsewhere -----------------------------------------------------------------------


free = Value(0.7)
rate = Value(0.1, label="rate")


def test_a_parameter_that_is_missing_is_named():
    layer = nn.Dense(3, 2)
    weights = layer.parameters()[:1]
    with pytest.raises(ValueError, match=r"bias\[0\].*parameters="):
        compiled(layer, parameters=weights)
    with pytest.raises(ValueError, match=r"rate.*parameters="):
        compiled(lambda x: x.sum() * rate)
    with pytest.raises(ValueError, match=r"data=0\.7.*parameters="):
        compiled(lambda x: x.sum() * free)


def test_a_missing_parameter_is_named_where_it_is_a_result_or_in_a_sum():
    for function in (lambda *_: free, lambda x: stack([*x, free]).sum(), lambda *_: Tensor([free])):
        with pytest.raises(ValueError, match=r"data=0\.7"):
            compiled(function)


def test_a_value_that_was_computed_outside_is_an_error():
    made = free * 2.0
    for function in (lambda x: x.sum() * made, lambda *_: made, lambda x: (x * made).max()):
        with pytest.raises(ValueError, match=r"1\.4.*computed outside"):
            compiled(function, parameters=[free])


def test_the_number_of_a_value_from_elsewhere_may_be_used():
    program = compiled(lambda x: x.sum() * free.detach() + free.data, dtype="float64")
    assert program([[1.0, 0.0, 1.0]]).tolist() == pytest.approx([2.1])


def test_a_parameter_twice_is_an_error():
    w = parameter(3)
    for twice in ([w, w], [w, w[0]], [Tensor([w[0], w[0]])], [w, Tensor([w[1], Value(1.0)])]):
        with pytest.raises(ValueError, match="twice"):
            compiled(lambda x: (x * w).sum(), parameters=twice)


def test_a_parameter_that_was_computed_is_an_error():
    w = parameter(3)
    for made in (w * 2.0, (w * w)[0], stack([w[0], w[1] + 1.0])):
        with pytest.raises(ValueError, match="leaves"):
            compiled(lambda x: x.sum(), parameters=[made])


@pytest.mark.parametrize(
    "bad", [Tensor([1.0]), Value(1.0), 3.0, None, nn.Dense(1, 1), nn.Dense(1, 1).parameters]
)
def test_parameters_that_are_no_list_are_a_type_error(bad):
    with pytest.raises(TypeError, match="parameters"):
        compiled(lambda x: x.sum(), parameters=bad)


@pytest.mark.parametrize("bad", [[1.0], ["w"], [np.ones(2)], [None], {"w": Value(1.0)}])
def test_parameters_that_are_no_tensors_are_a_type_error(bad):
    with pytest.raises(TypeError, match=r"parameters must be (a list of )?Tensors and Values"):
        compiled(lambda x: x.sum(), parameters=bad)


def test_no_grad_inside_is_an_error_that_says_what_to_use():
    def function(x):
        with no_grad():
            y = x * 2.0
        return y.sum()

    with pytest.raises(ValueError, match=r"no_grad.*stop_gradient"):
        compiled(function)
    with pytest.raises(ValueError, match="no_grad"):
        compiled(lambda x: no_grad()(lambda: x[0] * 2.0)())


def test_no_grad_around_compile_changes_nothing():
    w = parameter(3)
    with no_grad():
        program = compiled(lambda x: (x * w).sum(), parameters=[w], dtype="float64")
        _, (bar,) = program.value_and_grad([[1.0, 2.0, 3.0]])
    assert bar.tolist() == [1.0, 2.0, 3.0]


def test_backward_inside_is_an_error_or_leaves_no_trace():
    w = parameter(3)

    def function(x):
        y = (w * x).sum()
        y.backward()
        return y

    with pytest.raises((TypeError, ValueError), match="grad"):
        compiled(function, parameters=[w])
    assert w.grad == [0, 0, 0]


# --- results and options -------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [None, 3.0, "loss", np.ones(2), {"loss": 1.0}, [None]])
def test_results_that_are_no_tensors_are_a_type_error(bad):
    with pytest.raises(TypeError, match="what the function returns"):
        compiled(lambda *_: bad)


@pytest.mark.parametrize("nothing", [(), [], {}, ([], {})])
def test_a_function_that_returns_nothing_is_an_error(nothing):
    with pytest.raises((TypeError, ValueError), match=r"compile: .*return"):
        compiled(lambda *_: nothing)


def test_value_and_grad_of_a_tensor_is_a_type_error_with_its_shape():
    program = compiled(lambda x: x * 2.0)
    with pytest.raises(TypeError, match=r"single Value.*\(3,\)"):
        program.value_and_grad([[1.0, 2.0, 3.0]])
    assert program([[1.0, 2.0, 3.0]]).tolist() == [[2.0, 4.0, 6.0]]


@pytest.mark.parametrize("bad", ["float16", "int32", "float", "foo", None, 3, complex, object])
def test_another_dtype_is_an_error_that_names_the_two(bad):
    if bad != "float":  # NumPy's other name of float64
        with pytest.raises(
            (TypeError, ValueError), match=r'compile: dtype.*"float32" or "float64"'
        ):
            compiled(lambda x: x.sum(), dtype=bad)


def test_a_dtype_of_numpy_will_do():
    for kind in (np.float64, np.dtype("float64"), "float64"):
        assert compiled(lambda x: x.sum(), dtype=kind)([[1, 2, 3]]).dtype == np.float64


@pytest.mark.parametrize("bad", [0, -1, 1.0, "2", True])
def test_threads_that_are_no_positive_int_are_an_error(bad):
    with pytest.raises((ValueError, TypeError), match="compile: threads must be"):
        compiled(lambda x: x.sum(), threads=bad)
    assert compiled(lambda x: x.sum(), threads=np.int64(1))([[1, 2, 3]]).tolist() == [6.0]


@pytest.mark.parametrize("bad", ["cuda", "NumPy", None, 1])
def test_a_backend_that_does_not_exist_is_an_error_that_names_those_that_do(bad):
    with pytest.raises(ValueError, match='"auto", "native", "numpy", "jax", got'):
        compiled(lambda x: x.sum(), backend=bad)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"devices": 2}, "compile: devices are those of backend=\"jax\", not of 'auto'"),
        ({"dtype": "bfloat16"}, 'compile: "bfloat16" needs backend="jax", not \'auto\''),
        ({"dtype": "float16"}, 'compile: dtype must be "float32" or "float64", got \'float16\''),
    ],
)
def test_what_only_one_backend_has_is_asked_of_no_other(options, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        compiled(lambda x: x.sum(), **options)


def test_what_is_no_optimiser_is_named():
    program = compiled(lambda x: x.sum())
    for wrong in (0.1, np.zeros(3), type("Sgd", (), {"rule": None})):
        with pytest.raises(TypeError, match="train_step: needs an optimiser"):
            program.train_step(wrong)


@pytest.mark.parametrize(
    "example", [[], [[]], np.empty((2, 0)), "text", None, {}, [1j], [[1], [2, 3]]]
)
def test_an_example_that_holds_no_numbers_is_an_error(example):
    with pytest.raises((TypeError, ValueError)):
        compiled(lambda x: x, example)


@pytest.mark.parametrize("option", [None, "mean", nn.ReLU(), len])
def test_an_argument_that_is_no_number_is_named(option):
    with pytest.raises(TypeError, match=r"argument 1 must be numbers, got .*f\(x, option\), x"):
        compiled(lambda x, _: x[0], [1.0, 2.0], option)


def test_a_model_in_the_place_of_its_parameters_says_what_to_write():
    with pytest.raises(TypeError, match=r"as model\.parameters\(\) is, got Dense"):
        compiled(lambda x: x[0], parameters=nn.Dense(1, 1))


def test_an_example_of_other_numbers_is_an_error_or_a_float():
    program = compiled(lambda x: x.sum(), [Decimal("0.5"), 1], dtype="float64")
    assert program([[1.0, 2.0]]).tolist() == [3.0]


@pytest.mark.parametrize(
    "number", [1j, 1 + 0j, pytest.param(10**400, id="huge"), sympy.Symbol("t")]
)
def test_a_number_in_the_function_that_is_no_float_is_an_error_of_compile(number):
    with pytest.raises((TypeError, ValueError, OverflowError), match="compile: "):
        compiled(lambda x: x.sum() * number)


@pytest.mark.parametrize("number", [1j, sympy.Symbol("t")])
def test_a_parameter_that_is_not_real_is_an_error_of_compile(number):
    w = Value(number)
    with pytest.raises(TypeError, match="compile: "):
        compiled(lambda x: x.sum() * w, parameters=[w])


def test_fractions_and_other_real_numbers_become_floats():
    w = Value(Fraction(1, 3))
    program = compiled(lambda x: x.sum() * w + Fraction(1, 2), parameters=[w], dtype="float64")
    assert program([[1.0, 2.0, 0.0]]).tolist() == [1.5]
    assert w.data == Fraction(1, 3)


def test_the_wrong_number_of_examples_is_the_functions_own_error():
    with pytest.raises(TypeError, match="positional argument"):
        compiled(lambda x, y: x + y)


# --- what a failed recording leaves behind -------------------------------------------------------


def failing(x):
    assert x[0].unknown
    raise KeyError("on purpose")


@pytest.mark.parametrize("function", [failing, branching, lambda *_: None, lambda x: free * x])
def test_a_failed_recording_leaves_numbers_gradients_and_eager_mode_as_they_were(function):
    w = parameter(3)
    run = eagerly(lambda x: (w * x).sum() ** 2, [batch(2, 3)], [w])
    before = w.tolist(), w.grad
    with pytest.raises((KeyError, TypeError, ValueError)):
        compiled(lambda x: function(x * w), parameters=[w])
    assert (w.tolist(), w.grad) == before
    assert not autograd.is_compiling()
    assert autograd.current_scope().trace is None
    again = eagerly(lambda x: (w * x).sum() ** 2, [batch(2, 3)], [w])
    assert np.array_equal(again.gradients[0], run.gradients[0])
    assert Value(2.0) > Value(1.0)


def test_a_function_that_takes_arguments_needs_examples_of_them():
    with pytest.raises(
        TypeError, match=r"compile: give a function, and an example of each.*got <function"
    ):
        autograd.compile(lambda x: x * 2)


def test_a_value_is_no_function_and_parameters_have_an_order():
    w = Value(2.0)
    with pytest.raises(TypeError, match=r"compile: give a function.*got Value"):
        autograd.compile(w * 2.0, 1.0)
    for unordered in ({w}, {"w": w}, w):
        with pytest.raises(TypeError, match="compile: parameters must be a list"):
            autograd.compile(lambda x: w * x, 1.0, parameters=unordered)
    program = autograd.compile(lambda x: w * x, 1.0, parameters=iter([w]))
    assert program.value_and_grad([3.0])[1][0].tolist() == 3.0
