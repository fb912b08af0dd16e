"""check_gradients: right gradients pass, wrong ones are found and named, kinks raise no alarm."""

import numpy as np
import pytest

from autograd import check_gradients
from autograd.check.truth import verdict

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((5, 4)), RNG.standard_normal((4, 3)), RNG.standard_normal(3)
DENSE = {"X": X, "W": W, "b": B}


def dense(X, W, b):
    return X @ W + b


def true_dense(U, X, W, b):
    return {"X": U @ W.T, "W": X.T @ U, "b": U.sum(0)}


def only(report):
    """The one finding of a report."""
    (finding,) = report.findings
    return finding


# --- right ----------------------------------------------------------------------------------------


def test_a_right_backward_is_right():
    report = check_gradients(dense, DENSE, true_dense)
    assert report.ok
    assert report.verdict == "right"
    assert not report.findings
    report.assert_ok()
    assert str(report).startswith("right\nX: right")


def test_arrays_of_gradients_are_checked_for_a_given_upstream():
    U = RNG.standard_normal((5, 3))
    claimed = true_dense(U, **DENSE)
    assert check_gradients(dense, DENSE, claimed, upstream=U).ok
    assert check_gradients(dense, DENSE, {"W": claimed["W"]}, upstream=U).ok
    assert check_gradients(dense, tuple(DENSE.values()), tuple(claimed.values()), upstream=U).ok
    assert not check_gradients(dense, DENSE, {**claimed, "b": B}, upstream=U).ok


def test_plain_python_with_lists_and_numbers_is_checked():
    def forward(xs, w):
        assert isinstance(xs, list)
        assert isinstance(w, float)
        return sum(w * x**3 for x in xs)

    inputs = {"xs": [1.0, -2.0, 0.5], "w": 3.0}
    right = {"xs": [9 * x * x for x in inputs["xs"]], "w": sum(x**3 for x in inputs["xs"])}
    assert check_gradients(forward, inputs, right).ok
    assert check_gradients(forward, inputs, {**right, "w": 1.0}).verdict == "wrong"


def test_inputs_without_a_claim_are_passed_as_they_are():
    def loss(scores, labels, mode):
        assert mode == "mean"
        assert labels.dtype == int
        shifted = scores - scores.max(1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        return -logs[np.arange(len(labels)), labels].mean()

    def backward(upstream, scores, labels, mode):
        p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        p[np.arange(len(labels)), labels] -= 1
        return {"scores": upstream * p / len(labels)}

    inputs = {"scores": X, "labels": np.array([0, 3, 1, 1, 2]), "mode": "mean"}
    assert check_gradients(loss, inputs, backward).ok


@pytest.mark.parametrize("scale", [1e-6, 1.0, 255.0])
def test_the_size_of_the_inputs_does_not_matter(scale):
    x = RNG.standard_normal((3, 4)) * scale
    report = check_gradients(lambda x: np.tanh(x / scale), {"x": x},
                             lambda U, x: U * (1 - np.tanh(x / scale) ** 2) / scale)  # fmt: skip
    assert report.ok, report


def test_single_precision_is_not_called_wrong():
    w = W.astype(np.float32)

    def forward(x):
        return np.tanh(x.astype(np.float32) @ w)

    def backward(U, x):
        y = np.tanh(x.astype(np.float32) @ w)
        return {"x": ((U * (1 - y * y)).astype(np.float32) @ w.T).astype(np.float32)}

    report = check_gradients(forward, {"x": X}, backward)
    assert report.ok, report
    assert "single precision" in str(report)
    wrong = check_gradients(forward, {"x": X}, lambda U, x: {"x": 1.01 * backward(U, x)["x"]})
    assert wrong.verdict == "wrong"


# --- kinks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_any_slope_of_relu_at_zero_passes(slope):
    x = np.array([[0.0, 1.0, -2.0], [0.0, 0.0, 3.0]])
    report = check_gradients(lambda x: np.maximum(x, 0), {"x": x},
                             lambda U, x: U * np.where(x == 0, slope, x > 0))  # fmt: skip
    assert report.ok, report


@pytest.mark.parametrize("slope", [-0.2, 1.5])
def test_a_slope_outside_of_both_sides_does_not(slope):
    x = np.array([0.0, 1.0, -2.0])
    report = check_gradients(lambda x: np.maximum(x, 0), {"x": x},
                             lambda U, x: U * np.where(x == 0, slope, x > 0))  # fmt: skip
    assert report.verdict == "wrong"


TIED = np.array([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0], [0.0, 1.0, 2.0, 3.0]])


def largest(x):
    return x.max(1)


def mask(x):
    return x == x.max(1, keepdims=True)


TIES = {
    "first": lambda U, x: U[:, None] * (np.arange(4) == x.argmax(1)[:, None]),
    "last": lambda U, x: U[:, None] * (np.arange(4) == 3 - x[:, ::-1].argmax(1)[:, None]),
    "split": lambda U, x: U[:, None] * mask(x) / mask(x).sum(1, keepdims=True),
}


@pytest.mark.parametrize("way", TIES)
def test_every_way_to_share_a_tie_passes(way):
    report = check_gradients(largest, {"x": TIED}, TIES[way])
    assert report.ok, report


def test_a_tie_that_is_counted_more_than_once_does_not():
    report = check_gradients(largest, {"x": TIED}, lambda U, x: U[:, None] * mask(x))
    assert report.verdict == "wrong"
    assert "2 entries tie, counted 2 times" in str(report)


def test_a_kink_close_by_is_stepped_around():
    x = np.array([1e-5, -1e-5, 3e-7, 1.0])
    report = check_gradients(lambda x: np.maximum(x, 0), {"x": x}, lambda U, x: U * (x > 0))
    assert report.ok, report


# --- wrong, and named -----------------------------------------------------------------------------


def cubes(X, W, b):
    """No operation that is known by name."""
    return (X @ W) ** 3 + b


INSIDE = np.pad(np.ones((3, 2), bool), 1)
PLAIN = {"N", "mean", "not summed", "number"}  # about b

SLIPS = {
    "transposed": (lambda U, X, W, b: {"W": U.T @ X}, "is the true one transposed"),
    "1/N": (lambda U, X, W, b: {"W": X.T @ U / 5}, "is 1/N times the true one (N = 5"),
    "N": (lambda U, X, W, b: {"b": 5 * U.sum(0)}, "is N times the true one (N = 5"),
    "mean": (lambda U, X, W, b: {"b": U.mean(0)}, "is 1/N times"),
    "sign": (lambda U, X, W, b: {"X": -U @ W.T}, "is −1 times"),
    "two": (lambda U, X, W, b: {"X": 2 * U @ W.T}, "is 2 or √d times"),
    "not summed": (lambda U, X, W, b: {"b": U}, "is not summed over axis 0"),
    "summed": (lambda U, X, W, b: {"X": (U @ W.T).sum(0)}, "is the true one summed over axis 0"),
    "number": (lambda U, X, W, b: {"b": U.sum()}, "is the true one summed over axis 0"),
    "zero": (lambda U, X, W, b: {"W": np.zeros((4, 3))}, "is zero everywhere"),
    "ones": (
        lambda U, X, W, b: {"X": (3 * (X @ W) ** 2) @ W.T},
        "ignores the upstream gradient",
    ),
    "decay": (lambda U, X, W, b: {"W": X.T @ U + 0.01 * W}, "contains 0.01·W"),
    "last sample": (
        lambda U, X, W, b: {"X": np.where(np.arange(5)[:, None] == 4, U @ W.T, 0)},
        "is zero only at positions 0 to 3",
    ),
    "flipped": (lambda U, X, W, b: {"X": (U @ W.T)[::-1]}, "flipped along axis 0"),
    "order": (
        lambda U, X, W, b: {"W": (X.T @ U).T.reshape(4, 3)},
        "has the true numbers in another order",
    ),
    "nan": (lambda U, X, W, b: {"W": X.T @ U + [0, 0, np.nan]}, "is not finite"),
    "slices": (
        lambda U, X, W, b: {"W": (X.T @ U) * np.array([1.0, 2.0, 3.0, 4.0])[:, None]},
        "another factor in each slice along axis 0",
    ),
    "shifted": (
        lambda U, X, W, b: {"X": np.roll(U @ W.T, 1, 0) * (np.arange(5) > 0)[:, None]},
        "shifted by 1 on axis 0",
    ),
    "reshaped": (lambda U, X, W, b: {"W": (X.T @ U).reshape(3, 4)}, "in another shape"),
    "averaged": (lambda U, X, W, b: {"X": (U @ W.T).mean(0)}, "averaged over axis 0"),
    "over an axis": (
        lambda U, X, W, b: {"W": (X.T @ U).sum(0) * np.ones((4, 1))},
        "is the sum of the true one over axis 0",
    ),
    "border": (lambda U, X, W, b: {"X": U @ W.T * INSIDE}, "zero only on the border"),
    "inside": (lambda U, X, W, b: {"X": U @ W.T * ~INSIDE}, "zero only inside, off the border"),
    "permuted": (lambda U, X, W, b: {"W": (X.T @ U)[[1, 0, 2, 3]]}, "slices along axis 0"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_named(name):
    backward, words = SLIPS[name]
    report = check_gradients(cubes, DENSE, lambda U, X, W, b: backward(
        U if name in PLAIN else U * 3 * (X @ W) ** 2, X=X, W=W, b=b))  # fmt: skip
    assert report.verdict == "wrong"
    assert words in only(report).what + f" ({only(report).evidence})"
    with pytest.raises(AssertionError, match="wrong"):
        report.assert_ok()


ACTIVATIONS = {
    "f for f′": (lambda U, x: U * np.tanh(x), "f(x) stands where tanh′(x) belongs"),
    "of the input": (lambda U, x: U * (1 - x * x), "1 − x² stands where 1 − y² belongs"),
    "no f′": (lambda U, x: U, "tanh′(x) is not multiplied in"),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_mistake_in_a_known_operation_is_named(name):
    backward, words = ACTIVATIONS[name]
    found = only(check_gradients(np.tanh, (X,), backward))
    assert words in found.what
    assert "this is tanh" in found.evidence


def test_an_upstream_gradient_that_is_left_out_is_named():
    found = only(check_gradients(np.tanh, (X,), lambda U, x: 1 - np.tanh(x) ** 2))
    assert "ignores the upstream gradient" in found.what


def test_an_input_without_a_claim_tells_which_operation_it_is():
    def loss(z, t):
        shifted = z - z.max(1, keepdims=True)
        return -np.sum(t * (shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))) / len(z)

    def backward(U, z, t):
        powers = np.exp(z)
        return {"z": U * powers / powers.sum(1, keepdims=True) / len(z)}

    found = only(check_gradients(loss, {"z": X, "t": np.eye(4)[[0, 3, 1, 1, 2]]}, backward))
    assert "this is softmax and cross-entropy" in found.evidence


def test_a_wrong_activation_that_is_not_known_is_named_too():
    def f(x):
        return np.sin(x) + x

    report = check_gradients(f, (X,), lambda U, x: U * f(x))
    assert "f(x) where f′(x) belongs" in only(report).what


def test_what_nothing_explains_is_said_to_be_unexplained():
    noise = RNG.standard_normal((4, 3))
    report = check_gradients(dense, DENSE, lambda U, X, W, b: {"W": X.T @ U + noise})
    assert report.verdict == "wrong"
    assert not report.findings
    assert "unexplained; the worst entries:\n    W[" in str(report)


# --- how backward behaves -------------------------------------------------------------------------


def test_an_upstream_gradient_that_is_overwritten_is_reported():
    def backward(U, X, W, b):
        U *= 2
        return {"X": U @ W.T / 2}

    assert "changes the upstream gradient" in only(check_gradients(dense, DENSE, backward)).what


def test_an_input_that_is_overwritten_is_reported_and_put_right():
    def backward(U, X, W, b):
        found = true_dense(U, X, W, b)
        X += 1
        return {"W": found["W"]}

    inputs = {name: array.copy() for name, array in DENSE.items()}
    report = check_gradients(dense, inputs, backward)
    assert report.verdict == "wrong"
    assert "changes its input X in place" in only(report).what
    assert np.array_equal(inputs["X"], X)


def test_a_learning_rate_that_slips_in_is_named():
    report = check_gradients(cubes, {"X": X, "W": W, "b": B}, learning_rate=0.013,
        claimed=lambda U, X, W, b: {"X": 0.013 * (3 * U * (X @ W) ** 2) @ W.T})  # fmt: skip
    assert "is the learning rate times the true one" in only(report).what


def test_a_gradient_that_accumulates_over_calls_is_reported():
    kept = {"b": np.zeros(3)}

    def backward(U, X, W, b):
        kept["b"] = kept["b"] + U.sum(0)
        return kept

    found = [f.what for f in check_gradients(dense, DENSE, backward).findings]
    assert found == ["a second call of backward doubles"]


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda U, **_: 1 / 0, "backward raised ZeroDivisionError"),
        (lambda U, **_: None, "backward returned None"),
        (lambda U, **_: {"W": "text"}, "must hold real numbers"),
    ],
)
def test_a_backward_that_fails_is_a_finding(backward, words):
    report = check_gradients(dense, DENSE, backward)
    assert report.verdict == "wrong"
    assert words in str(report)


def test_integers_that_truncate_are_reported():
    report = check_gradients(
        lambda x: (x // 2) * 1.0 if x.dtype == int else x / 2,
        {"x": np.array([1, 2, 3])}, lambda U, x: U / 2,
    )  # fmt: skip
    assert "another result for integers" in str(report)


# --- model ----------------------------------------------------------------------------------------


def test_a_model_gives_the_truth_and_is_compared_first():
    report = check_gradients(dense, DENSE, true_dense, model=lambda X, W, b: X @ W + b)
    assert report.ok
    assert "automatic differentiation" in str(report)
    other = check_gradients(dense, DENSE, true_dense, model=lambda X, W, b: X @ W - b)
    assert other.verdict == "wrong"
    assert "forward and model are not the same function" in str(other)


# --- the checker itself ---------------------------------------------------------------------------


def test_the_control_notices_a_checker_that_calls_everything_right(monkeypatch):
    original = verdict.compare

    def blind(*arguments):
        comparison = original(*arguments)
        comparison.wrong[...] = False
        return comparison

    monkeypatch.setattr(verdict, "compare", blind)
    report = check_gradients(dense, DENSE, true_dense)
    assert report.verdict == "undecided"
    assert "the control was not seen" in str(report)


def test_large_inputs_are_checked_along_directions_then_by_samples():
    x = RNG.standard_normal((40, 50))
    options = {"budget": 1e-3}
    right = check_gradients(lambda x: x**2, {"x": x}, lambda U, x: 2 * U * x, **options)
    assert right.ok
    assert "random directions" in str(right)
    wrong = check_gradients(lambda x: x**2, {"x": x}, lambda U, x: U * x, **options)
    assert "is 1/2 times the true one" in only(wrong).what
    assert "of 2,000 entries" in str(wrong)
    spot = np.zeros((40, 50))
    spot[3, 4] = 1.0
    one = check_gradients(lambda x: x**2, {"x": x}, lambda U, x: 2 * U * x + spot, **options)
    assert one.verdict == "wrong"
    assert "x[3,4]: claimed" in str(one)


@pytest.mark.parametrize(
    ("inputs", "claimed", "error"),
    [
        (3.0, {}, TypeError),
        ({}, {}, ValueError),
        (DENSE, {"Q": W}, ValueError),
        (DENSE, (W, W, W, W), ValueError),
        ({"X": X, "W": W, "b": "text"}, {"b": B}, ValueError),
    ],
)
def test_bad_calls_are_refused(inputs, claimed, error):
    forward = dense if inputs is DENSE else (lambda X, W, b: X @ W)
    with pytest.raises(error):
        check_gradients(forward, inputs, claimed)


def test_an_upstream_gradient_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"upstream has shape \(3,\), forward's output \(5, 3\)"):
        check_gradients(dense, DENSE, true_dense, upstream=np.ones(3))


def test_a_report_is_plain_data_and_no_bool():
    report = check_gradients(dense, DENSE, SLIPS["transposed"][0])
    data = report.to_dict()
    assert data["verdict"] == "wrong"
    assert data["gradients"]["W"]["findings"][0]["name"] == "transposed"
    assert np.shape(data["gradients"]["W"]["claimed"]) == (3, 4)
    with pytest.raises(TypeError, match=r"report\.ok"):
        bool(report)


def test_what_was_not_exercised_is_listed():
    report = check_gradients(lambda x: (x**2).sum(), {"x": np.ones((1, 4))}, lambda u, x: 2 * u * x)
    text = "; ".join(report.unexercised)
    assert "a batch of more than 1" in text
    assert "entries that differ" in text
    assert "upstream gradient other than 1" in text


def test_what_was_exercised_is_not_listed():
    def text(x):
        report = check_gradients(lambda x: x**2, {"x": x}, lambda u, x: 2 * u * x)
        return "; ".join(report.unexercised)

    assert "ties" in text(X)
    assert "negative numbers" not in text(X)
    assert "negative numbers in x" in text(np.abs(X))
    assert "ties" not in text(np.round(X))


def test_small_integers_are_differentiated_in_exact_fractions():
    inputs = {"X": np.arange(6.0).reshape(3, 2), "W": np.array([[1.0, -2.0], [3.0, 4.0]])}
    U = np.arange(1.0, 7.0).reshape(3, 2)
    claimed = {"X": U @ inputs["W"].T, "W": inputs["X"].T @ U}
    report = check_gradients(
        lambda X, W: X @ W, inputs, claimed, model=lambda X, W: X @ W, upstream=U
    )
    assert report.ok
    assert "in exact fractions" in str(report)


def test_oracles_that_disagree_are_reported():
    constant = X.copy()  # where forward should read its argument: equal at this point alone
    report = check_gradients(
        lambda x: constant + x, {"x": X}, lambda U, x: 2 * U, upstream=np.ones(X.shape),
        model=lambda x: x + x,
    )  # fmt: skip
    assert report.verdict == "wrong"
    assert report.gradients["x"].verdict == "right"
    assert only(report).name == "oracles disagree"
    assert only(report).evidence == "2 and 1"


def test_pictures_show_claimed_true_and_difference_with_rings(tmp_path):
    kernels = RNG.standard_normal((2, 3, 3, 3))
    claimed = 2 * kernels.copy()
    claimed[1, 2, 0, 0] += 1
    report = check_gradients(lambda w: (w**2).sum(), {"w": kernels}, {"w": claimed})
    page = report._repr_html_()
    assert page.count("<svg") == 3
    assert page.count('stroke="#cc0066"') == 2
    report.save(tmp_path / "report.html")
    assert "difference" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_where_every_entry_is_wrong_it_is_said_and_none_is_ringed():
    kernels = RNG.standard_normal((3, 3))
    report = check_gradients(lambda w: (w**2).sum(), {"w": kernels}, {"w": 3 * kernels})
    page = report._repr_html_()
    assert page.count("<svg") == 3
    assert 'stroke="#cc0066"' not in page
    assert "all 9 entries are wrong" in page
    one = check_gradients(lambda w: (w**2).sum(), {"w": kernels[:1, 0]}, {"w": kernels[:1, 0]})
    assert one._repr_html_().count('stroke="#cc0066"') == 2


def test_ties_by_the_dozen_are_judged_where_they_meet():
    from numpy.lib.stride_tricks import sliding_window_view

    def pool(x):
        return sliding_window_view(x, (3, 3))[::2, ::2].max((-1, -2))

    def backward(U, x):
        found = np.zeros_like(x)
        for i, j in np.ndindex(*U.shape):
            window = x[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            k, m = np.unravel_index(window.argmax(), (3, 3))
            found[2 * i + k, 2 * j + m] += U[i, j]
        return found

    levels = RNG.integers(0, 3, (13, 13)).astype(float)
    report = check_gradients(pool, {"x": levels}, backward)
    assert report.ok, report


def test_a_forward_that_draws_random_numbers_leaves_it_undecided():
    report = check_gradients(lambda x: x * (RNG.random(x.shape) > 0.5), {"x": X}, lambda U, x: U)
    assert report.verdict == "undecided"
    assert "another result on the same inputs" in str(report)


def test_an_input_without_entries_is_right():
    report = check_gradients(
        lambda x, w: (w * 2).sum() + x.sum(), {"x": np.zeros((2, 0)), "w": W},
        lambda U, x, w: {"x": np.zeros((2, 0)), "w": 2 * np.ones_like(w) * U},
    )  # fmt: skip
    assert report.ok


def test_a_block_of_wrong_entries_is_told_with_its_factor():
    kernels = RNG.standard_normal((2, 3, 3, 3))
    claimed = 2 * kernels.copy()
    claimed[1, 2, 0] *= 1.5
    found = only(check_gradients(lambda w: (w**2).sum(), {"w": kernels}, {"w": claimed}))
    assert "wrong only at [1,2,0,:], and right elsewhere, 1.5 times the true one" in found.what


@pytest.mark.parametrize(
    ("epsilon", "scale", "noted"),
    [(1e-5, 1, True), (1e-5, 3, True), (1e-4, 1, True), (1e-7, 1, False), (1e-12, 8, False)],
)
def test_a_stabiliser_that_backward_leaves_out_is_right_with_a_note(epsilon, scale, noted):
    labels = np.eye(4)[[0, 3, 3, 1, 2]]

    def probabilities(z):
        powers = np.exp(z - z.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)

    def loss(z):
        return -np.sum(labels * np.log(probabilities(z) + epsilon)) / 5

    z = scale * X
    report = check_gradients(loss, {"z": z}, {"z": (probabilities(z) - labels) / 5})
    assert report.ok, report
    assert ("z is not exact: an ε in forward" in "\n".join(report.notes)) == noted


def test_a_gradient_that_cancels_to_zero_is_right():
    def normalise(x, w, b):
        z = x @ w + b
        return (z - z.mean(0)) / np.sqrt(z.var(0) + 1e-5)

    def backward(d, x, w, b):
        z = x @ w + b
        deviation = np.sqrt(z.var(0) + 1e-5)
        h = (z - z.mean(0)) / deviation
        dz = (d - d.mean(0) - h * (d * h).mean(0)) / deviation
        return dz @ w.T, x.T @ dz, dz.sum(0)

    report = check_gradients(normalise, (X, W, B), backward)
    assert report.ok, report


def test_a_residual_without_its_skip_or_one_number_gets_no_invented_factor():
    report = check_gradients(lambda x: (x**3).sum() * 1e-3, {"x": X[0]}, {"x": 2e-3 * X[0] ** 2})
    assert report.verdict == "wrong"
    one = check_gradients(lambda b: np.cos(3 * b), {"b": np.float64(0.4)}, {"b": 1.234})
    assert one.verdict == "wrong"
    assert not one.findings


def test_a_skip_that_is_left_out_is_named():
    report = check_gradients(lambda x: np.sin(x) * x + x, (X,),
                             lambda U, x: U * (np.cos(x) * x + np.sin(x)))  # fmt: skip
    assert "without the upstream gradient itself" in only(report).what
