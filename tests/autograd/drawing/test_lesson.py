"""A page that learns: what it carries of the samples, and what cannot be learned from."""

import random

import numpy as np
import pytest
from test_snapshot import carried

import nn
from autograd import Tensor, UnknownNumberError, Value, drawn, explore, no_grad, where

DIGITS = nn.data.digits().take(range(30))
LOSS = nn.CrossEntropyLoss()


def dense(seed=0):
    return nn.Sequential(nn.Flatten(), nn.Dense(64, 10, rng=random.Random(seed)))


def lesson(samples=DIGITS, loss_of=None, model=None, **options):
    """The header and the arrays of a page that learns."""
    model = model or dense()
    options.setdefault("parameters", model.parameters())
    return carried(explore(loss_of or (lambda x, t: LOSS(model(x), t)), samples=samples, **options))


def numbers(header, arrays, k):
    """Column k of the samples as the page reads it."""
    column = arrays[f"samples{k}"]
    column = arrays[f"levels{k}"][column] if f"levels{k}" in arrays else column
    return column.reshape(header["samples"]["count"], *header["samples"]["columns"][k]["shape"])


def test_all_samples_travel_exactly_and_pixels_of_few_levels_as_bytes():
    header, arrays = lesson()
    assert arrays["samples0"].dtype == np.uint8
    np.testing.assert_array_equal(numbers(header, arrays, 0), DIGITS.images)
    np.testing.assert_array_equal(numbers(header, arrays, 1), np.eye(10)[DIGITS.labels])
    assert header["samples"]["labels"] == DIGITS.labels
    assert header["samples"]["classes"] == list("0123456789")
    rng = random.Random(0)
    points = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(300)]
    model = nn.Dense(2, 2, rng=rng)
    header, arrays = lesson((points, [0, 1] * 150), model=model)
    assert arrays["samples0"].dtype == np.float64
    np.testing.assert_array_equal(numbers(header, arrays, 0), points)
    header, arrays = lesson((np.float32(points), [0, 1] * 150), model=model)
    assert arrays["samples0"].dtype == np.float32


@pytest.mark.parametrize(
    "samples",
    [
        DIGITS,
        (DIGITS.images, DIGITS.labels),
        (np.array(DIGITS.images), np.array(DIGITS.labels)),
        list(DIGITS),
        [[image, label] for image, label in DIGITS],
        [(Tensor(image), np.int64(label)) for image, label in DIGITS],
        (DIGITS.images, np.eye(10)[DIGITS.labels]),
    ],
)
def test_samples_come_as_a_data_set_as_columns_or_as_pairs(samples):
    header, arrays = lesson(samples)
    assert header["samples"]["labels"] == DIGITS.labels
    np.testing.assert_array_equal(numbers(header, arrays, 0), DIGITS.images)


def test_the_page_shows_the_sample_at_an_index_as_eager_mode_computes_it():
    model = dense()
    header, arrays = lesson(model=model, index=-1)
    loss = LOSS(model(DIGITS.images[29]), DIGITS.labels[29])
    loss.backward()
    assert header["samples"]["index"] == 29
    assert arrays["data"][header["roots"]] == [loss.data]
    learned = [v.grad for p in model.parameters() for v in p.values]
    np.testing.assert_allclose(arrays["adjoint"][arrays["parameters"]], learned, rtol=1e-12)
    names = {t["name"]: t["shape"] for t in header["tensors"]}
    assert names["x"] == [1, 8, 8]
    assert names["target"] == [10]
    np.testing.assert_array_equal(
        arrays["data"][arrays["inputs"][:64]], np.ravel(DIGITS.images[29])
    )
    assert [s["kind"] for s in header["stages"]] == ["Dense", "CrossEntropyLoss"]


def test_scores_are_what_the_loss_reads_or_what_the_function_returns():
    model = dense()
    _, arrays = lesson(model=model)
    scores = model(DIGITS.images[0])
    np.testing.assert_allclose(arrays["data"][arrays["scores"]], scores.tolist(), rtol=1e-12)
    weight = Tensor(np.eye(2).tolist(), label="w")

    def loss_of(x, t):
        y = weight @ x
        return ((y - t) ** 2).sum(), y

    _, arrays = lesson([([1.0, 2.0], 0)] * 3 + [([3.0, 0.0], 1)], loss_of, parameters=[weight])
    assert arrays["data"][arrays["scores"]].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="not made of the scores"):
        lesson([([1.0, 2.0], 0)], lambda x, t: ((weight @ x).sum(), x * 2.0), parameters=[weight])


def test_parameters_are_those_given_or_all_that_the_graph_knows():
    model = dense()
    _, arrays = lesson(model=model, parameters=[model.parameters()[1]])
    assert len(arrays["parameters"]) == 10
    _, arrays = carried(explore(LOSS(model(DIGITS.images[0]), 3)))
    assert len(arrays["parameters"]) == 650
    w, x = Value(2.0, label="w"), Value(3.0, label="x")
    _, arrays = carried(explore(w * x, parameters=iter([w])))
    assert arrays["data"][arrays["parameters"]].tolist() == [2.0]


def test_validation_samples_are_told_apart():
    header, arrays = lesson(DIGITS.take(range(20)), validation=DIGITS.take(range(20, 30)))
    assert (header["samples"]["count"], header["samples"]["heldOut"]) == (30, 10)
    np.testing.assert_array_equal(numbers(header, arrays, 0), DIGITS.images)


def test_the_graph_serves_all_samples_where_the_function_chooses_by_numbers():
    w = Tensor([2.0, 3.0], label="w")
    header, arrays = lesson(
        [[1.0, -1.0], [-1.0, 1.0]], lambda x: where(x > 0, w * x, 0.0).sum(), parameters=[w]
    )
    assert "where" in [name for name, *_ in header["ops"]]
    assert arrays["data"][header["roots"]] == [2.0]


def test_guards_that_have_nothing_to_do_are_no_part_of_the_graph():
    header, _ = lesson()
    assert not {"where", "at_least"} & {name for name, *_ in header["ops"]}
    weight, mask = Tensor([2.0, 1.0]), Tensor([0.0, -np.inf])
    masked = [([1.0], [1.0, 0.0])]
    header, _ = lesson(masked, lambda x, t: LOSS(x[0] * weight + mask, t), parameters=[])
    assert "at_least" in [name for name, *_ in header["ops"]], "0·inf stays guarded"


def test_a_function_that_takes_the_input_alone_has_the_labels_as_captions():
    model = nn.Dense(2, 2, rng=random.Random(0))
    header, arrays = lesson(
        [([1.0, 2.0], 0), ([3.0, 4.0], 1)], lambda x: ((model(x) - x) ** 2).sum(), model
    )
    assert header["samples"]["labels"] == [0, 1]
    assert len(arrays["inputs"]) == 2
    assert len(arrays["scores"]) == 0


def test_samples_for_a_recorded_root_are_other_images_for_its_input():
    model = dense()
    loss = LOSS(model(DIGITS.images[3]), 3)
    header, arrays = carried(explore(loss, samples=DIGITS))
    assert header["samples"]["index"] is None
    np.testing.assert_array_equal(arrays["data"][arrays["inputs"]], np.ravel(DIGITS.images[3]))
    with pytest.raises(
        ValueError, match=r"samples have shape \(3,\), and no inputs.*x \(1, 8, 8\)"
    ):
        explore(loss, samples=[[1.0, 2.0, 3.0]])


# --- what is refused ------------------------------------------------------------------------------


class Noisy(nn.Module):
    def __init__(self, layer):
        self.layer, self.dense = layer, nn.Dense(64, 10, rng=random.Random(0))

    def forward(self, x):
        return self.dense(self.layer(x).reshape(64))


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (nn.Dropout(0.5), "Dropout layer draws random numbers"),
        (nn.BatchNorm2D(1), "BatchNorm2D layer depends on its batch"),
    ],
)
def test_what_draws_or_knows_of_a_batch_is_named_and_evaluation_mode_serves(layer, told):
    model = Noisy(layer)
    with pytest.raises(ValueError, match=told):
        lesson(model=model)
    before = [part.tolist() for _, part in model.named_state()]
    header, _ = lesson(model=model.eval())
    assert header["samples"]["count"] == 30
    assert [part.tolist() for _, part in model.named_state()] == before


def first(x, t):
    return x[0, 0, 0] if x[0, 0, 0] > 0 else t[0]


w = Tensor([1.0, 2.0], label="w")


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"parameters": None}, TypeError, r"parameters=model\.parameters\(\)"),
        ({"parameters": [Value(1.0)]}, ValueError, "depends on none of the parameters"),
        ({"parameters": [3.0]}, TypeError, "parameters must be Tensors and Values"),
        ({"samples": []}, ValueError, "samples is empty"),
        ({"samples": 3}, TypeError, "samples must be a data set"),
        ({"samples": {"x": 1}}, TypeError, "samples must be a data set"),
        ({"samples": "digits"}, TypeError, "samples must be a data set"),
        ({"samples": (DIGITS.images, 3)}, TypeError, "a part of samples is 3"),
        ({"samples": (DIGITS.images, [1])}, ValueError, r"different lengths: \[30, 1\]"),
        ({"samples": [([1.0], 1), ([1.0], 1, 2)]}, ValueError, "different numbers of parts"),
        ({"samples": [([1.0], 0), ([1.0, 2.0], 1)]}, ValueError,
         r"x of sample 1 has shape \(2,\), that of sample 0 \(1,\)"),
        ({"samples": [([1.0], 0), ([np.nan], 1)]}, ValueError, r"x\[0\] of sample 1 is nan"),
        ({"samples": [([1.0], "a")]}, TypeError, "t holds <U1"),
        ({"samples": [([1j], 0)]}, TypeError, "x holds complex128"),
        ({"samples": [[]]}, ValueError, "is empty"),
        ({"samples": (np.zeros((10**6, 10, 10)), np.zeros(10**6))}, ValueError,
         r"1,000,000 samples make a page of about 101 MB; give at most 316,831"),
        ({"samples": DIGITS.images}, TypeError, "takes x, t, and a sample has 1 part"),
        ({"validation": DIGITS.images}, ValueError, "of validation has 1 parts, one of samples 2"),
        ({"index": 30}, IndexError, "no sample 30 among 30"),
        ({"index": True}, TypeError, "index must be an int, got True"),
        ({"loss_of": lambda x, t: x}, TypeError, r"must return a loss.*shape \(1, 8, 8\)"),
        ({"loss_of": lambda x, t: 3.0}, TypeError, "explore records .*lambda.* once"),
        ({"loss_of": lambda x, t: x[0, 0, 0].log() * w[0], "parameters": [w]}, ValueError,
         r"loss of sample 0 is -inf: log\(0.0\) = -inf"),
        ({"loss_of": first}, UnknownNumberError, "cannot decide"),
        ({"loss_of": lambda x, t: drawn([1], random, lambda u: u)[0] * x[0, 0, 0]}, ValueError,
         "the function draws random numbers"),
        ({"loss_of": lambda x, t: x[0, 0, 0] * random.random()}, TypeError, "draws from"),
        ({"loss_of": lambda x, t: LOSS(x[0, 0], t)}, ValueError, "explore records"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from_is_refused_by_name(change, error, told):
    change = {
        "loss_of": lambda x, t: LOSS(dense()(x), t),
        "samples": DIGITS,
        "parameters": [w],
    } | change
    with pytest.raises(error, match=told):
        explore(change.pop("loss_of"), **change)


def test_the_error_of_a_function_that_decides_by_numbers_comes_from_its_line():
    with pytest.raises(UnknownNumberError) as caught:
        explore(first, samples=DIGITS, parameters=[])
    lines = [str(entry.frame.code.path) + entry.name for entry in caught.traceback]
    assert any(line.endswith("test_lesson.pyfirst") for line in lines)


def test_numbers_that_are_hidden_from_the_recording_are_told_of():
    model = dense()

    def hidden(x, t):
        with no_grad():
            y = model(x)
        return LOSS(y, t)

    with pytest.raises(ValueError, match="hides how a number was made"):
        lesson(loss_of=hidden)


def test_a_function_without_samples_says_what_it_needs():
    with pytest.raises(TypeError, match="a function of one sample needs samples="):
        explore(first)


# --- two classes ----------------------------------------------------------------------------------

POINTS = [([0.5, 1.0], 1), ([-0.5, 2.0], 0), ([1.0, -1.0], 1)]
HEAD = nn.Dense(2, 1, rng=random.Random(0))
SURE = nn.Sequential(HEAD, nn.Sigmoid())


@pytest.mark.parametrize(
    ("loss_of", "targets", "threshold"),
    [
        (lambda x, t: nn.BCEWithLogitsLoss()(HEAD(x), t), [0.0, 1.0], 0.0),
        (lambda x, t: nn.BCELoss()(SURE(x), t), [0.0, 1.0], 0.5),
        (lambda x, t: nn.MSELoss()(HEAD(x), t), [0.0, 1.0], 0.5),
        (lambda x, t: nn.HingeLoss()(HEAD(x), t), [-1.0, 1.0], 0.0),
    ],
)
def test_of_two_classes_one_score_tells_by_a_threshold(loss_of, targets, threshold):
    samples = [(x, targets[k]) for x, k in POINTS]
    header, arrays = lesson(samples, loss_of, HEAD)
    assert header["samples"]["labels"] == [1, 0, 1]
    assert header["samples"]["classes"] == [str(t).removesuffix(".0") for t in targets]
    assert len(arrays["scores"]) == 1
    assert header["samples"]["threshold"] == threshold


def test_scores_of_plain_values_are_returned_after_the_loss():
    a, b = Value(0.5, label="a"), Value(-0.25, label="b")

    def loss_of(x, t):
        score = a * x[0] + b * x[1]
        return (1.0 - t * score).relu(), score

    samples = [(x, 2.0 * k - 1.0) for x, k in POINTS]
    header, arrays = lesson(samples, loss_of, parameters=[a, b])
    assert arrays["data"][arrays["scores"]].tolist() == [0.0]
    assert header["samples"]["labels"] == [1, 0, 1]


def test_targets_that_are_other_numbers_are_no_classes():
    header, arrays = lesson(
        [([1.0, 2.0], 0.5), ([0.0, 1.0], 1.0)], lambda x, t: nn.MSELoss()(HEAD(x), t), HEAD
    )
    assert header["samples"]["labels"] is None
    assert len(arrays["scores"]) == 0
