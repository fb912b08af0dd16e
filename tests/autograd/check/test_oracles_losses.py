"""Gradients of losses and of the softmax as people write them wrong, in plain loops."""

from math import exp, log

import numpy as np
import pytest
from told import apart, each, told

P, T = apart(4, 3), 0.8 * apart(4, 3)
CHANCES = (P + 1.6) / 3.6
LABELS = np.array([0, 2, 1, 2])
ONEHOT = np.eye(3)[LABELS]
BITS = ONEHOT[:, ::-1]
N, K = P.shape


def sigmoid(x):
    return 1 / (1 + exp(-x))


def sign(x):
    return (x > 0) - (x < 0)


ENTRY_LOSSES = {  # of one entry; the mean over all of them is the loss
    "squared error": lambda p, t: (p - t) ** 2,
    "absolute error": lambda p, t: abs(p - t),
    "binary cross-entropy": lambda p, t: -t * log(p) - (1 - t) * log(1 - p),
    "binary cross-entropy of logits": lambda p, t: log(1 + exp(p)) - t * p,
}
ENTRY_SLOPES = {
    "squared error": {
        "targets-forgotten": lambda p, t: 2 * p,
        "plus-targets": lambda p, t: 2 * (p + t),
        "still-squared": lambda p, t: 2 * (p - t) ** 2,
        "loss-for-gradient": lambda p, t: (p - t) ** 2,
        "sign-of-error": lambda p, t: 2 * sign(p - t),
        "absolute-error": lambda p, t: 2 * abs(p - t),
        "times-prediction": lambda p, t: 2 * (p - t) * p,
    },
    "absolute error": {
        "error-for-sign": lambda p, t: p - t,
        "one-for-sign": lambda p, t: 1.0,
        "step-for-sign": lambda p, t: 1.0 if p > t else 0.0,
    },
    "binary cross-entropy": {
        "sigmoid-included": lambda p, t: p - t,
        "one-minus-t-forgotten": lambda p, t: -t / p,
        "t-forgotten": lambda p, t: (1 - t) / (1 - p),
        "inner-sign": lambda p, t: -t / p - (1 - t) / (1 - p),
        "denominator-multiplied": lambda p, t: (p - t) * p * (1 - p),
        "denominator-halved": lambda p, t: (p - t) / p,
        "targets-forgotten": lambda p, t: 1 / (1 - p),
        "logarithm-for-quotient": lambda p, t: -t * log(p) + (1 - t) * log(1 - p),
        "squared-error": lambda p, t: 2 * (p - t),
    },
    "binary cross-entropy of logits": {
        "logits-for-probabilities": lambda p, t: p - t,
        "sigmoid-twice": lambda p, t: (sigmoid(p) - t) * sigmoid(p) * (1 - sigmoid(p)),
        "sigmoid-left-out": lambda p, t: (sigmoid(p) - t) / sigmoid(p) / (1 - sigmoid(p)),
        "targets-forgotten": lambda p, t: sigmoid(p),
        "sigmoid-of-sigmoid": lambda p, t: sigmoid(sigmoid(p)) - t,
    },
}


def entry_inputs(kind):
    if kind == "binary cross-entropy":
        return {"p": CHANCES, "t": BITS}
    return {"p": P, "t": BITS if "logits" in kind else T}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in ENTRY_SLOPES.items() for name in names]
)
@pytest.mark.parametrize("divided", ["entries", "samples"])
def test_a_wrong_slope_of_a_loss_of_entries_is_told_by_its_name(kind, name, divided):
    n, loss, slope = N * K if divided == "entries" else N, ENTRY_LOSSES[kind], ENTRY_SLOPES[kind]

    def forward(p, t):
        return each(loss, p, t).sum() / n

    def wrong(g, p, t):
        return g * each(slope[name], p, t) / n

    assert told(forward, entry_inputs(kind), wrong, "p") == [name]


@pytest.mark.parametrize("name", ["t-forgotten", "sigmoid-included", "inner-sign"])
def test_an_epsilon_in_the_logarithms_hides_no_mistake(name):
    def forward(p, t):
        return each(lambda p, t: -t * log(p + 1e-6) - (1 - t) * log(1 - p + 1e-6), p, t).sum()

    def wrong(g, p, t):
        return g * each(ENTRY_SLOPES["binary cross-entropy"][name], p, t)

    assert told(forward, {"p": CHANCES, "t": BITS}, wrong, "p") == [name]


# --- rows of classes ------------------------------------------------------------------------------


def softmax(row):
    powers = [exp(x) for x in row]
    return np.array(powers) / sum(powers)


def rows(formula, *arrays):
    """A formula of rows, row by row."""
    return np.array([formula(*row) for row in zip(*arrays, strict=True)])


def by_columns(p):
    """The softmax over the samples."""
    return rows(softmax, p.T).T


CLASS_SLOPES = {  # the whole of N·dP, from logits and one-hot targets
    "targets-forgotten": lambda p, t: rows(softmax, p),
    "one-from-all": lambda p, t: rows(softmax, p) - 1,
    "true-class-only": lambda p, t: np.where(t == 1, rows(softmax, p) - 1, 0),
    "softmax-left-out": lambda p, t: -t / rows(softmax, p),
    "softmax-twice": lambda p, t: rows(lambda p, t: (softmax(p) - t) * softmax(p)
                                       * (1 - softmax(p)), p, t),
    "softmax-of-softmax": lambda p, t: rows(lambda p, t: softmax(softmax(p)) - t, p, t),
    "logits-for-probabilities": lambda p, t: p - t,
    "wrong-axis": lambda p, t: by_columns(p) - t,
    "sigmoid": lambda p, t: each(sigmoid, p) - t,
    "next-class": lambda p, t: rows(softmax, p) - t[:, [2, 0, 1]],
    "first-target": lambda p, t: rows(lambda p: softmax(p) - t[0], p),
}  # fmt: skip
CHANCE_SLOPES = {
    "softmax-included": lambda p, t: p - t,
    "targets-forgotten": lambda p, t: -1 / p,
    "logarithm-kept": lambda p, t: -t * np.log(p),
    "p-forgotten": lambda p, t: -t,
    "p-multiplied": lambda p, t: -t * p,
    "p-squared": lambda p, t: -t / p / p,
    "binary": lambda p, t: -t / p + (1 - t) / (1 - p),
    "true-class-only": lambda p, t: np.where(t == 1, p - 1, 0),
}


def entropy_of_logits(p, t):
    return -sum(log(softmax(row)[int(k)]) for row, k in zip(p, classes(t), strict=True)) / N


def entropy(p, t):
    return -sum(log(row[int(k)]) for row, k in zip(p, classes(t), strict=True)) / N


def classes(t):
    return t if np.ndim(t) == 1 else np.argmax(t, 1)


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("name", CLASS_SLOPES)
def test_a_wrong_gradient_of_logits_is_told_by_its_name(name, labels):
    def forward(p, t):
        if labels:
            return entropy_of_logits(p, t)
        return -sum((t * np.log(rows(softmax, p))).ravel()) / N

    inputs = {"p": P, "t": LABELS if labels else ONEHOT}
    found = told(forward, inputs, lambda g, p, t: g * CLASS_SLOPES[name](p, ONEHOT) / N, "p")
    assert found == [name]


@pytest.mark.parametrize("name", CHANCE_SLOPES)
def test_a_wrong_gradient_of_probabilities_is_told_by_its_name(name):
    inputs = {"p": CHANCES, "t": LABELS}
    found = told(entropy, inputs, lambda g, p, t: g * CHANCE_SLOPES[name](p, ONEHOT) / N, "p")
    assert found == [name]


def test_a_base_that_is_forgotten_is_told_by_its_name():
    inputs = {"p": P, "t": LABELS}
    found = told(lambda p, t: entropy_of_logits(p, t) / log(2), inputs,
                 lambda g, p, t: g * (rows(softmax, p) - ONEHOT) / N, "p")  # fmt: skip
    assert found == ["base-forgotten"]
    inputs = {"p": CHANCES, "t": LABELS}
    found = told(lambda p, t: entropy(p, t) / log(10), inputs,
                 lambda g, p, t: g * -ONEHOT / p / N, "p")  # fmt: skip
    assert found == ["base-forgotten"]


# --- the softmax ----------------------------------------------------------------------------------


def over_all(g, x):
    """Σ over the whole of dY·y."""
    return (g * rows(softmax, x)).sum()


JACOBIANS = {  # dX of one row, from dY, the logits and their softmax
    "diagonal-only": lambda g, x, y: g * y * (1 - y),
    "sum-forgotten": lambda g, x, y: g * y,
    "diagonal-forgotten": lambda g, x, y: [-y[i] * sum(g[k] * y[k] for k in range(len(y)) if k != i)
                                           for i in range(len(y))],
    "y-minus-upstream": lambda g, x, y: y - g,
    "at-input": lambda g, x, y: x * (g - sum(g * x)),
    "twice": lambda g, x, y: softmax(y) * (g - sum(g * softmax(y))),
    "sum-not-weighted": lambda g, x, y: y * (g - sum(g)),
    "y-forgotten": lambda g, x, y: g - sum(g * y),
    "jacobian-summed": lambda g, x, y: y * (1 - 2 * y),
    "mean-for-sum": lambda g, x, y: y * (g - sum(g * y) / len(y)),
    "plus": lambda g, x, y: y * (g + sum(g * y)),
}  # fmt: skip
LOG_JACOBIANS = {
    "sum-forgotten": lambda g, x, y: g - g * y,
    "sum-is-one": lambda g, x, y: g - y,
    "logarithm-for-softmax": lambda g, x, y: g - np.log(y) * sum(g),
    "softmax-jacobian": lambda g, x, y: y * (g - sum(g * y)),
    "mean-for-sum": lambda g, x, y: g - y * sum(g) / len(g),
    "plus": lambda g, x, y: g + y * sum(g),
}
WHOLE = {  # of all rows at once
    "wrong-axis": lambda g, x: rows(softmax, x) * (g - (g * rows(softmax, x)).sum(0)),
    "sum-over-everything": lambda g, x: rows(softmax, x) * (g - over_all(g, x)),
    "first-row": lambda g, x: rows(lambda g: softmax(x[0]) * (g - sum(g * softmax(x[0]))), g),
}
LOG_WHOLE = {
    "wrong-axis": lambda g, x: g - rows(softmax, x) * g.sum(0),
    "sum-over-everything": lambda g, x: g - rows(softmax, x) * g.sum(),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", [*JACOBIANS, *WHOLE])
def test_a_wrong_gradient_of_the_softmax_is_told_by_its_name(name, turned):
    """With the classes in rows, or in columns."""

    def wrong(g, x):
        if name in WHOLE:
            return WHOLE[name](g, x)
        return rows(lambda g, x: JACOBIANS[name](g, x, softmax(x)), g, x)

    if turned:
        found = told(lambda x: by_columns(x), {"x": P}, lambda g, x: wrong(g.T, x.T).T, "x")
    else:
        found = told(lambda x: rows(softmax, x), {"x": P}, wrong, "x")
    assert found == [name]


@pytest.mark.parametrize("name", [*LOG_JACOBIANS, *LOG_WHOLE])
def test_a_wrong_gradient_of_the_log_softmax_is_told_by_its_name(name):
    def wrong(g, x):
        if name in LOG_WHOLE:
            return LOG_WHOLE[name](g, x)
        return rows(lambda g, x: LOG_JACOBIANS[name](g, x, softmax(x)), g, x)

    assert told(lambda x: np.log(rows(softmax, x)), {"x": P}, wrong, "x") == [name]
