"""The page carries the numbers of a graph's leaves at several moments of a training."""

import numpy as np
import pytest
from browsing import carried

from autograd import Tensor, Value, explore


def line(numbers=(0.1, 2.0, 3.0, 0.25)):
    """y = w · x + b with some leaves."""
    w, b = Tensor(numbers[:3], label="w"), Value(numbers[3], label="b")
    return w, b, w @ Tensor([1.0, 2.0, 3.0]) + b


def test_numbers_come_by_moment_and_leaf():
    w, b, y = line([0.0, 1.0, 2.0, 8.0])
    epochs = [("before", {w: [1.5, 2.5, 3.5], b: 4.0}), ("after", {b: 8.0, w: np.arange(3)})]
    header, arrays = carried(explore(y, epochs=epochs))
    assert header["epochs"] == ["before", "after"]
    assert arrays["data"][arrays["epochLeaves"]].tolist() == [0.0, 1.0, 2.0, 8.0]
    rows = arrays["epochNumbers"].reshape(2, 4)
    assert rows.tolist() == [[1.5, 2.5, 3.5, 4.0], [0.0, 1.0, 2.0, 8.0]]
    assert arrays["epochNumbers"].dtype == np.float32


def test_numbers_that_single_precision_does_not_hold_come_in_double():
    w, _, y = line()
    _, arrays = carried(explore(y, epochs=[("now", {w: w.tolist()})]))
    assert arrays["epochNumbers"].tolist() == [0.1, 2.0, 3.0]


@pytest.mark.parametrize("now", [0, 1, 2])
def test_the_moment_of_the_graphs_own_numbers_is_told(now):
    w, _, y = line()
    epochs = [(str(k), {w: w.tolist() if k == now else [k, k, k]}) for k in range(3)]
    header, _ = carried(explore(y, epochs=epochs))
    assert (header["epochs"], header["epoch"]) == (["0", "1", "2"], now)


def test_the_graphs_own_numbers_are_added_where_they_are_of_no_moment():
    w, _, y = line()
    header, arrays = carried(explore(y, epochs=[("a", {w: [0.0, np.nan, np.inf]})]))
    assert (header["epochs"], header["epoch"]) == (["a", "as it was explored"], 1)
    assert arrays["epochNumbers"][3:].tolist() == [0.1, 2.0, 3.0]


def test_large_graphs_have_epochs_in_single_precision(monkeypatch):
    monkeypatch.setattr("autograd.drawing.explorer.snapshot.EXACT", 2)
    w, _, y = line()
    _, arrays = carried(explore(y, epochs=[("now", {w: w.tolist()})]))
    assert arrays["epochNumbers"].dtype == np.float32


def test_a_page_without_epochs_carries_none():
    header, arrays = carried(explore(line()[2]))
    assert "epochs" not in header
    assert "epochLeaves" not in arrays


def test_what_the_graph_does_not_read_is_passed_over():
    w, b, _ = line()
    epochs = [("a", {w: [1.0, 2.0, 3.0], b: 7.0})]
    _, arrays = carried(explore(w[1] * w[2], epochs=epochs))
    assert arrays["epochNumbers"].tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        (lambda w, y: [("a", {Value(1.0): 2.0})], "the graph reads none of these tensors"),
        (lambda w, y: [("a", {y: 1.0})], "is computed, and no leaf"),
        (lambda w, y: [("a", {w: [1, 2, 3]}), ("b", {})], "'b' has no numbers for w"),
        (lambda w, y: [("a", {w: [[1, 2, 3]]})], r"w at 'a' has the shape \(1, 3\), the tensor"),
    ],
)
def test_epochs_of_something_else_are_refused_by_name(epochs, words):
    w, _, y = line()
    with pytest.raises(ValueError, match=rf"explore\(epochs=...\): .*{words}"):
        explore(y, epochs=epochs(w, y))
