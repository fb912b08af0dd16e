"""Whole nets of functions: right ones pass, and of wrong ones the first is told, from the loss."""

import nets_as_written as nets
import numpy as np
import pytest
from nets_as_written import DICT, FLAT, LABELS, LAYERS, PAIRS, RNG, W1, X

from autograd import check_stack
from autograd.check.nets.use import order_of_use

TARGETS = RNG.normal(size=(5, 2))
APART = {"W1": W1, "b1": DICT["b1"], "W2": DICT["W3"]}
RIGHT = {
    "dict": ((nets.forward, nets.backward), DICT, LABELS),
    "both at once": (nets.both, DICT, LABELS),
    "no cache": ((nets.loss_alone, nets.from_nothing), DICT, LABELS),
    "pairs": ((nets.of_pairs, nets.of_pairs_backward), PAIRS, None),
    "dicts in a list": ((nets.of_layers, nets.of_layers_backward), LAYERS, None),
    "flat": ((nets.of_flat, nets.of_flat_backward), FLAT, TARGETS),
    "apart": ((nets.apart, nets.apart_backward), APART, TARGETS),
    "side by side": (
        (nets.side_by_side, nets.side_by_side_backward),
        {"weights": [w for w, _ in PAIRS], "biases": [b for _, b in PAIRS]}, None),
    "grads kept in a list": (nets.KeepsGrads(), None, None),
    "an object with params": (nets.TwoLayerNet(), None, LABELS),
    "an object whose forward gives no loss": (nets.BookNet(), None, LABELS),
    "an object with attributes": (nets.Stateful(), None, TARGETS),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_a_right_net_passes_as_it_is_written(case):
    functions, params, target = case
    report = check_stack(functions, X, params=params, target=target)
    assert report.ok, str(report)
    assert not any("no gradient of" in note for note in report.notes)


COLUMNS = {"W1": W1.T, "b1": RNG.normal(size=(4, 1)), "W2": DICT["W3"].T, "b2": np.zeros((2, 1))}


def test_parts_of_the_cache_go_where_names_tell_or_in_their_order():
    pair = nets.l_model_loss, nets.l_model_backward
    target = np.eye(2)[LABELS].T
    report = check_stack(pair, X.T, params=COLUMNS, target=target)
    assert report.ok, str(report)
    assert list(report.gradients) == ["b2", "W2", "b1", "W1"]
    pair = nets.l_model_forward, nets.l_model_backward
    with pytest.raises(TypeError, match=r"gives \(2, 5\) numbers, .* a forward that returns the"):
        check_stack(pair, X.T, params=COLUMNS, target=target)


def test_a_recurrent_net_in_one_function_passes_with_its_first_state_as_an_option():
    params = {"Wxh": W1.T, "Whh": DICT["W2"], "Why": DICT["W3"].T}
    options = {"hprev": DICT["b1"]}
    report = check_stack(nets.char_rnn, [0, 2, 1], params=params, target=[1, 0, 1], options=options)
    assert report.ok, str(report)
    assert next(iter(report.gradients)) == "Why"


def test_a_loss_of_shape_1_1_is_one_number():
    def forward(params, x):
        return np.sum(x @ params["w"]).reshape(1, 1)

    report = check_stack((forward, lambda params, x: {"w": x.sum(0)}), X, params={"w": np.ones(3)})
    assert report.ok, str(report)


def test_parameters_are_listed_from_the_loss_back_whatever_their_order_in_the_dict():
    report = check_stack((nets.forward, nets.backward), X, params=DICT, target=LABELS)
    assert list(report.gradients) == ["b3", "W3", "b2", "W2", "b1", "W1"]
    params = RIGHT["side by side"][1]
    report = check_stack((nets.side_by_side, nets.side_by_side_backward), X, params=params)
    assert list(report.gradients)[:3] == ["biases[2]", "weights[2]", "biases[1]"]
    report = check_stack((nets.of_pairs, nets.of_pairs_backward), X, params=PAIRS)
    assert list(report.gradients) == [f"[{k}][{j}]" for k in (2, 1, 0) for j in (1, 0)]


def in_a_loop(W2, b, W1):
    h = [sum(X[0, i] * W1[i, j] for i in range(3)) + b[j] for j in range(4)]
    return np.einsum("i,ij->j", h, W2).sum()


def with_views(W2, b, W1):
    transposed = W2.T
    h = X.dot(W1) + b[None, :]
    return np.dot(transposed, h.T).sum()


@pytest.mark.parametrize("forward", [in_a_loop, with_views])
def test_the_order_of_use_is_seen_in_loops_products_and_behind_views(forward):
    given = {"W2": DICT["W2"], "b": DICT["b1"], "W1": W1}
    assert order_of_use(forward, given) == ["W1", "b", "W2"]


def test_where_the_order_cannot_be_seen_it_is_that_of_the_parameters():
    def refuses(W2, W1):
        if type(W1) is not np.ndarray:
            raise TypeError

    assert order_of_use(refuses, {"W2": X, "W1": X}) == ["W2", "W1"]


def broken(**changes):
    """The right backward, with some gradients changed; a change of `flow` reaches all behind W2."""

    def backward(params, cache, y):
        grads = nets.backward(params, cache, y)
        return grads | {name: change(grads[name]) for name, change in changes.items()}

    return backward


def slope_forgotten(params, cache, y):
    """The relu is forgotten: all that lies behind W3 is wrong."""
    x, h1, h2, p = cache
    d = (p - np.eye(2)[y]) / len(y)
    grads = {"W3": h2.T @ d, "b3": d.sum(0)}
    d = d @ params["W3"].T
    grads |= {"W2": h1.T @ d, "b2": d.sum(0)}
    d = d @ params["W2"].T * (1 - h1**2)
    return grads | {"W1": x.T @ d, "b1": d.sum(0)}


@pytest.mark.parametrize(
    ("backward", "first", "right", "mend"),
    [
        (broken(W2=lambda g: g.T), "W2", "b3, W3, b2, b1, W1", "mend the line of dW2, or"),
        (slope_forgotten, "b2", "b3, W3", "goes wrong between W3 and b2: mend it there"),
        (broken(W2=lambda g: g.T, b3=lambda g: -g), "b3", "W3, b2, b1, W1",
         "mend it first, then W2"),
        (broken(b3=lambda g: 2 * g, W1=lambda g: -g), "b3", "W3, b2, W2, b1",
         "mend it first, then W1"),
        (broken(**{name: lambda g: 5 * g for name in DICT}), "b3", "",
         "look first at the loss's own"),
    ],
)  # fmt: skip
def test_the_first_wrong_parameter_from_the_loss_back_is_named(backward, first, right, mend):
    report = check_stack((nets.forward, backward), X, params=DICT, target=LABELS)
    finding = report.faults[0]
    assert report.verdict == "wrong"
    assert f"{first} is the first parameter" in finding.what
    assert finding.evidence == (f"right: {right}" if right else "none is right")
    assert mend in finding.remedy


def test_what_explains_each_gradient_is_told_beside_it():
    wrong = broken(W2=lambda g: -g)
    report = check_stack((nets.forward, wrong), X, params=DICT, target=LABELS)
    assert "−1 times" in report.gradients["W2"].findings[0].what


def test_a_parameter_without_a_gradient_is_noted():
    def backward(params, cache, y):
        return {k: g for k, g in nets.backward(params, cache, y).items() if k != "b1"}

    report = check_stack((nets.forward, backward), X, params=DICT, target=LABELS)
    assert report.ok
    assert "backward gives no gradient of b1" in report.notes


def test_an_output_of_many_numbers_is_weighed_by_an_upstream_gradient():
    def forward(params, x):
        return x @ params["W"] + params["b"]

    def backward(dout, params, x):
        return {"W": x.T @ dout, "b": dout.sum(0)}

    params = {"W": W1, "b": DICT["b1"]}
    assert check_stack((forward, backward), X, params=params).ok


def test_what_backward_raises_is_the_finding():
    report = check_stack((nets.forward, lambda params, cache: 1 / 0), X, params=DICT, target=LABELS)
    assert report.verdict == "wrong"
    assert "ZeroDivisionError" in report.findings[0].what


@pytest.mark.parametrize(
    ("functions", "params", "words"),
    [
        (nets.loss_alone, DICT, "no backward"),
        ((nets.loss_alone, nets.from_nothing), {"rate": 0.1}, "no parameters that are arrays"),
        ((nets.loss_alone, lambda params, x, y: [X]), DICT, "return a dict like params"),
        ((lambda params, x, mask: 0, nets.from_nothing), DICT, "nothing known fits .* 'mask'"),
    ],
)
def test_what_cannot_be_checked_says_why(functions, params, words):
    target = None if "mask" in words else LABELS
    if "like params" in words:
        assert words in str(check_stack(functions, X, params=params, target=target))
    else:
        with pytest.raises(TypeError, match=words):
            check_stack(functions, X, params=params, target=target)


def test_nothing_of_the_users_is_changed():
    net, before = nets.Stateful(), W1.copy()
    check_stack(net, X, target=TARGETS)
    assert np.array_equal(net.W1, before)
    assert not hasattr(net, "dW1")


def test_functions_without_their_parameters_are_refused():
    for functions in (nets.both, (nets.forward, nets.backward)):
        with pytest.raises(TypeError, match="functions need params="):
            check_stack(functions, X, target=LABELS)
