"""What is said of a wrong gradient is true of its numbers, and all that fits is named."""

import numpy as np
import pytest

from autograd import check_gradients

RNG = np.random.default_rng(7)
Q, K, V = (RNG.standard_normal((3, 5, 8)) for _ in range(3))
X = RNG.standard_normal((6, 12))


def cubes(x):
    """A forward that no operation of the catalogue computes, and that is 0 nowhere."""
    return (x + 3) ** 3


def slopes(u, x):
    return u * 3 * (x + 3) ** 2


def only(forward, inputs, claimed):
    (finding,) = check_gradients(forward, inputs, claimed).findings
    return finding


def mixed(q, k, v):
    scores = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(8))
    return scores / scores.sum(-1, keepdims=True) @ v


def d_q(u, q, k, v):
    scores = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(8))
    a = scores / scores.sum(-1, keepdims=True)
    da = u @ v.transpose(0, 2, 1)
    return a * (da - (da * a).sum(-1, keepdims=True)) @ k / np.sqrt(8)


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (np.sqrt(8), "is √d times"),
        (1 / np.sqrt(8), "is 1/√d times"),
        (1 / 8, "is 1/d times"),
        (1 / 5, "is 1/T times"),
        (3, "is N times"),
        (1 / 15, "is 1/(N·T) times"),
        (40, "is T·d times"),
        (np.sqrt(2), "is √2 times"),
        (0.8, "is 4/5 times"),
        (-np.sqrt(8), "is −√d times"),
    ],
)
def test_a_factor_is_called_by_the_sizes_at_hand(factor, words):
    """Not 577/408, and every letter comes with the axis that it is the length of."""
    found = only(mixed, {"q": Q, "k": K, "v": V},
                 lambda u, **inputs: {"q": factor * d_q(u, **inputs)})  # fmt: skip
    assert words in found.what
    assert ("axis" in str(found)) == any(letter in words for letter in "NTd(")


def test_a_factor_two_is_the_squares_only_where_there_is_a_loss():
    loss = only(lambda x: (x**2).sum() + 0.0, (X,), lambda u, x: u * x)
    assert "of a square or of a mean of two" in loss.remedy
    layer = only(cubes, (X,), lambda u, x: slopes(u, x) / 2)
    assert "is 1/2 times the true one" in layer.what
    assert "e²" not in layer.remedy


def test_sizes_that_fit_alike_are_joined_by_or():
    x = RNG.standard_normal((4, 4, 2))
    found = only(cubes, (x,), lambda u, x: 4 * slopes(u, x))
    assert "is N or T times" in found.what
    assert "N = 4, axis 0" in found.evidence
    assert "T = 4, axis 1" in found.evidence


@pytest.mark.parametrize("rate", [2e-5, 8e-5])
def test_what_is_no_more_than_rounding_is_no_weight_decay(rate):
    found = check_gradients(cubes, (X / 1e3,), lambda u, x: slopes(u, x) + rate * x)
    assert not found.findings


def test_places_that_are_not_all_named_end_with_an_ellipsis():
    places = np.zeros(24)
    places[::2] = 1.0
    x = RNG.standard_normal((24, 3))
    found = only(cubes, (x,), lambda u, x: slopes(u, x) * places[:, None])
    assert "positions 1, 3, 5, 7, 9, 11, 13, 15, … of 24" in found.what
    order = [1, 0, *range(2, 24)]
    swapped = only(cubes, (x,), lambda u, x: slopes(u, x)[order])
    assert swapped.evidence == "slice k is the true slice [1, 0, 2, 3, 4, 5, 6, 7, …][k]"


def test_right_at_the_last_step_only_does_not_mean_that_something_is_overwritten():
    """States that are carried: Σ over later steps is left out, nothing is 0."""
    found = only(lambda x: np.cumsum(np.sin(x), 0) ** 2, (X,),
                 lambda u, x: 2 * u * np.cumsum(np.sin(x), 0) * np.cos(x))  # fmt: skip
    assert "`np.cumsum(np.sin(x), 0)`" in found.what
    assert "is not undone" in found.what
    assert "overwrit" not in str(found)


def test_a_mistake_that_leaves_the_gradient_as_it_is_is_not_told():
    """In single precision every right db differs from the measured one; no dW explains that."""
    x, w, b = (a.astype(np.float32) for a in (X[:5, :4], X[:4, 4:7], X[0, :3]))
    upstream = np.ones((5, 3))
    upstream[:, 1] = [1, -1, 1, -1, 0.01]

    def backward(u, x, w, b):
        return {"b": (u.sum(0) + np.array([0, 5e-3, 0])).astype(np.float32)}

    report = check_gradients(
        lambda x, w, b: x.astype(np.float32) @ w.astype(np.float32) + b.astype(np.float32),
        {"x": x, "w": w, "b": b}, backward, upstream=upstream,
    )  # fmt: skip
    assert report.verdict == "wrong"
    (finding,) = report.findings
    assert finding.what.startswith("the gradient of b is wrong only at position 1 of axis 0")


@pytest.mark.parametrize("keep", ["last", "first"])
def test_rows_that_occur_several_times_are_told_apart_from_the_others(keep):
    """In a forward that is not in the catalogue too: sin of an embedding."""
    w, i = X[:, :3], np.array([1, 4, 1, 0])

    def backward(u, w, i):
        found = np.zeros_like(w)
        order = slice(None) if keep == "last" else slice(None, None, -1)
        found[i[order]] = (u * np.cos(w[i]))[order]
        return {"w": found}

    found = only(lambda w, i: np.sin(w[i.astype(int)]), {"w": w, "i": i}, backward)
    assert "only in the rows that occur several times in i: 1" in found.what
    assert "np.add.at" in found.remedy


def test_an_embedding_is_known_without_its_indices():
    i = np.array([1, 4, 1, 0])

    def backward(u, w):
        found = np.zeros_like(w)
        found[i] += u
        return found

    assert only(lambda w: w[i], (X[:, :3],), backward).name == "last-occurrence"


def test_dropout_without_its_scale_is_no_factor_without_a_name():
    mask = np.arange(72).reshape(6, 12) % 3 > 0
    found = only(lambda x: x * mask / 0.7, (X,), lambda u, x: u * mask)
    assert "the scale of the entries that are kept is missing" in found.what
    half = only(lambda x: x * mask / 0.5, (X,), lambda u, x: u * mask)
    assert half.name.split(" | ") == ["scale-forgotten", "factor 1/2"]


def test_the_softmax_of_the_batch_is_told_where_the_forward_has_that_of_the_classes():
    def softmax(x, axis):
        return np.exp(x) / np.exp(x).sum(axis, keepdims=True)

    def backward(u, x):
        y = softmax(x, 0)
        return y * (u - (u * y).sum(0, keepdims=True))

    found = only(lambda x: softmax(x, 1), (X,), backward)
    assert "run over the wrong axis: over the samples" in found.what


KEPT = np.array([1.0, 0, 1, 1, 0, 1])
CLASSES = np.eye(12)[[0, 3, 5, 5, 11, 7]]
RATES = np.linspace(0.5, 3.0, 12)


@pytest.mark.parametrize(
    ("inputs", "right", "wrong", "words"),
    [
        ({"m": KEPT}, lambda m: m[:, None], lambda m: 1.0, "is not multiplied by m"),
        ({"m": KEPT}, lambda m: m[:, None] / m.sum(), lambda m: m[:, None] / len(m),
         "is Σm/N times"),
        ({"v": RATES}, lambda v: v, lambda v: 1.0, "lacks the factor v"),
        ({"v": RATES}, lambda v: v, lambda v: v * v, "has the factor v once more"),
        ({"t": CLASSES, "v": RATES}, lambda t, v: (t * v).sum(1, keepdims=True),
         lambda t, v: 1.0, "lacks the factor v of t"),
        ({"t": CLASSES}, lambda t: 1 + 2 * t, lambda t: 1.0,
         "is 1/3 times the true one where t is 1"),
    ],
)  # fmt: skip
def test_a_weight_that_is_an_input_is_called_by_its_name(inputs, right, wrong, words):
    """In any forward: the mask of a loss, the weights of samples or of classes."""
    found = only(lambda x, **others: right(**others) * cubes(x), {"x": X, **inputs},
                 lambda u, x, **others: {"x": wrong(**others) * slopes(u, x)})  # fmt: skip
    assert words in found.what


def test_a_known_mistake_with_a_factor_is_told_with_both():
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    found = only(lambda z, t: np.sum((sigmoid(z) - t) ** 2), {"z": X, "t": CLASSES},
                 lambda u, z, t: {"z": sigmoid(z) - t})  # fmt: skip
    assert "the derivative of the sigmoid is missing" in found.what
    assert "and that is 1/2 times as large" in found.what
