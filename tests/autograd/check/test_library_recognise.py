"""What an operation is, is found from the numbers that go in and come out."""

import numpy as np
import pytest
from mutant_cases import chances, numbers, onehot
from mutants import CASES

from autograd.check.catalogue import recognise

LABELS = [f"{case.operation.name}: {case.name}" for case in CASES]


def names(inputs, output, **options):
    return [reading.operation.name for reading in recognise(inputs, output, **options)]


@pytest.mark.parametrize("case", CASES, ids=LABELS)
def test_the_first_reading_is_what_was_computed(case):
    found = recognise(case.inputs, case.forward(**case.inputs))[0]
    assert (found.operation.name, found.roles) == (case.operation.name, case.reading.roles)
    upstream = case.upstream()
    mine, right = found.backward(upstream), case.backward(upstream, **case.inputs)
    assert all(np.allclose(mine[n], right[n], rtol=1e-5, atol=1e-9) for n in right)
    for name, wrong in case.wrong.items():
        mine, theirs = (
            found.backward(upstream, [case.operation.mistake(name)]),
            wrong(upstream, **case.inputs),
        )
        assert all(np.allclose(mine[n], theirs[n], rtol=1e-5, atol=1e-8) for n in theirs), name


@pytest.mark.parametrize(
    "forward",
    [
        lambda x, w: x**3 * w,
        lambda x, w: np.sum(x**3 * w),
        lambda x, w: x * w,
        lambda x, w: np.sin(x) + w,
        lambda x, w: (x @ w.T) ** 3,
        lambda x, w: np.float64(0.25),
    ],
)
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (1, 6)])
def test_nothing_is_found_in_an_unknown_operation(forward, shape):
    inputs = {"x": numbers(1, *shape), "w": numbers(2, *shape)}
    assert recognise(inputs, forward(**inputs)) == []


@pytest.mark.parametrize("f", [np.sin, np.exp, lambda x: 2 * x, lambda x: x, np.mean])
def test_nothing_is_found_in_an_unknown_function(f):
    x = numbers(1, 4, 6)
    assert recognise({"x": x}, f(x)) == []


def test_words_say_layout_stride_and_padding():
    case = CASES[LABELS.index("convolution: rectangles")]
    found = recognise(case.inputs, case.forward(**case.inputs))[0]
    assert found.describe() == (
        "convolution, NHWC, kernels HWIO, stride 2, padding (0, 0) and (1, 1)"
    )


def test_names_and_order_of_the_inputs_do_not_matter():
    x, w, b = numbers(1, 5, 3), numbers(2, 3, 2), numbers(3, 2)
    (found,) = recognise({"offset": b, "matrix": w, "data": x}, x @ w + b)
    assert found.roles == {"b": "offset", "w": "matrix", "x": "data"}
    g = numbers(4, 5, 2)
    assert np.allclose(found.backward(g)["matrix"], x.T @ g)


def test_names_decide_where_numbers_do_not():
    """(P − T)² says nothing about which is the prediction."""
    found = recognise({"y_true": numbers(1, 3, 2), "y_pred": (p := numbers(2, 3, 2))},
                      np.mean((p - numbers(1, 3, 2)) ** 2))[0]  # fmt: skip
    assert found.roles == {"p": "y_pred", "t": "y_true"}


def test_lists_integers_and_scalars_are_taken():
    assert names({"x": [[1, 2], [3, 5]], "w": [[1, 0], [2, 1]]}, [[5, 2], [13, 5]])[0] == "dense"
    logits, labels = numbers(1, 4, 3), [0, 2, 1, 1]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    loss = -np.mean(np.log(p[range(4), labels]))
    assert names({"x": logits, "y": labels}, loss) == ["softmax and cross-entropy"]


def test_ε_in_the_logarithm_and_in_the_norm_is_found():
    p, t = chances(1, 3, 4), onehot([0, 3, 1], 4)
    (found,) = recognise({"p": p, "t": t}, -np.sum(t * np.log(p + 1e-6)) / 3)
    assert found.options["eps"] == 1e-6
    x = numbers(1, 6, 2)
    found = recognise({"x": x}, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-8))[0]
    assert found.options["eps"] == 1e-8


def test_a_forward_in_float32_is_recognised_with_a_wider_tolerance():
    x, w = numbers(1, 5, 3), numbers(2, 3, 2)
    y = (x.astype(np.float32) @ w.astype(np.float32)).astype(float)
    assert names({"x": x, "w": w}, y) == []
    assert names({"x": x, "w": w}, y, tolerance=1e-5)[0] == "dense"


def test_nothing_is_found_among_nan_or_without_entries():
    x = numbers(1, 3, 3)
    assert recognise({"x": x * np.nan}, x) == []
    assert recognise({"x": np.zeros((0, 3))}, np.zeros((0, 3))) == []


def test_arrays_that_are_all_one_number_crash_nothing():
    for shape in ((1, 1), (2, 2), (1, 1, 1, 1), (2, 1, 3, 3)):
        for value in (0.0, 1.0):
            x = np.full(shape, value)
            for reading in recognise({"x": x, "w": x}, x) + recognise({"x": x}, x):
                reading.backward(x)
