"""Graphs of any size: what is not shown is said, and nothing recurses or hangs."""

import random
from fractions import Fraction

import pytest

import nn
from autograd import Tensor, Value, draw


def chain(n):
    start = Value(1.0, "start")
    node = start
    for _ in range(n):
        node = node + 1.0
    return start, node


def test_a_million_additions_are_the_hundred_boxes_nearest_to_the_root():
    _, root = chain(1_000_000)
    found = draw(root).outline
    assert len(found.boxes) <= 100
    hidden = 2_000_001 - len(found.boxes)
    assert found.notes == [
        "backward() has not run: gradients are —",
        f"2,000,001 scalars in {len(found.boxes)} boxes",
        f"{hidden:,} more nodes behind these are folded",
    ]


def test_a_sum_of_a_hundred_thousand_is_two_boxes():
    found = draw(Tensor([1.0] * 100_000, label="w").sum()).outline
    assert [box.title for box in found.boxes.values()] == ["", "Σ of 100,000"]


def test_a_wide_dot_of_two_vectors_is_its_strongest_products():
    n = 100_000
    root = Tensor([1.0] * n, label="u") @ Tensor([float(k) for k in range(n)], label="v")
    found = draw(root).outline
    assert ("u[99999] × v[99999]", "1e+05") in [*found.boxes.values()][-1].lines


@pytest.mark.parametrize("n", [0, 1, 30, 49, 50, 60, 300])
def test_every_chain_fits(n):
    _, root = chain(n)
    assert len(draw(root).outline.boxes) <= 100


def test_depth_counts_the_operations_behind_the_root():
    _, root = chain(20)
    found = draw(root, depth=3).outline
    assert sum(box.role in ("root", "operation") for box in found.boxes.values()) == 3
    (folded,) = [box for box in found.boxes.values() if box.role == "folded"]
    assert ("", f"{2 * 17} nodes behind") in folded.lines


def test_the_limit_is_kept_and_can_be_raised():
    _, root = chain(1000)
    few, many = (draw(root, depth=900, limit=n).outline for n in (50, 1900))
    assert len(few.boxes) <= 50
    assert len(many.boxes) == 1801


def test_what_does_not_fit_is_collapsed_and_said():
    random.seed(0)
    y = nn.Conv2D(1, 300, 3)(Tensor([[[0.5] * 9] * 9]))
    found = draw(y, expand="Conv2D", limit=200).outline
    assert len(found.boxes) == 2
    assert (
        "what was asked for would be 301 boxes and 300 arrows: limit=200 forbids" in found.notes[-1]
    )


def test_a_hundred_levels_of_doubling_are_drawn():
    node = Value(1.0, "a")
    for _ in range(2000):
        node = node + node
    assert len(draw(node).outline.boxes) <= 100


def test_entries_of_a_large_tensor_are_bounded():
    found = draw(Tensor([0.5] * 1600) * 2.0).outline
    assert "the first 25 of 1,600 entries" in found.notes
    assert len(found.boxes) <= 100


def matrices(n, fill=0.5):
    return [Tensor([[fill] * n for _ in range(n)], label=label) for label in "AB"]


def test_a_large_graph_without_modules_is_its_tensors_and_kinds_of_operations():
    a, b = matrices(12)
    root = ((a @ b) ** 2).mean()
    root.backward()
    found = draw(root).outline
    assert [found.boxes[arrow.tail].title for arrow in found.arrows if arrow.text == "12×12"] == [
        "A", "B"
    ]  # fmt: skip
    many = [box for box in found.boxes.values() if ("", "144 nodes") in box.lines]
    assert [box.symbol for box in many] == ["Σ×", "** 2"]
    assert len(found.boxes) == 7
    arrows = [arrow.text for arrow in found.arrows]
    assert {"12×12", "144 scalars", "144 values"} <= set(arrows)
    squares = sum(g * g for row in a.grad for g in row)
    (left,) = [box for box in found.boxes.values() if box.title == "A"]
    assert ("‖grad‖", f"{squares**0.5:.4g}") in left.lines


def test_operations_of_one_kind_that_read_each_other_form_no_cycle():
    a, b = matrices(12)
    y = ((a * b) + a) * b + a
    found = draw((y * y).sum()).outline
    counted = [box.symbol for box in found.boxes.values() if ("", "144 nodes") in box.lines]
    assert counted == ["×", "+", "×", "+", "×"]
    named = y + 1.0
    named.rename("named")
    assert "named" in [box.title for box in draw((named * 2.0).sum()).outline.boxes.values()]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(1, 3), "1/3"),
        (1 + 2j, "1+2j"),
        (-1e-5, "−1e-05"),
        (float("nan"), "nan"),
        (float("-inf"), "−inf"),
        (10**400, "≈2^1328"),
        (True, "True"),
    ],
)
def test_numbers_of_any_kind_are_shown(number, text):
    x = Value(number, "x")
    y = x * x
    y.backward()
    (box,) = [b for b in draw(y).outline.boxes.values() if b.title == "x"]
    assert box.lines[0] == ("data", text)


def test_decimals_and_symbols_are_shown():
    from decimal import Decimal

    from sympy import Symbol

    for number, text in [(Decimal("1.25"), "1.25"), (Symbol("t"), "t")]:
        y = Value(number, "x") * Value(number, "z")
        y.backward()
        assert text in draw(y).source
