"""Drop-in for micrograd 0.1.0: its formulas, its nn module and its way of drawing, on our Value."""

import random

import micrograd.engine
import micrograd.nn
import pytest

from autograd import Value


def formulas(kind):
    """Two expressions of every operation that micrograd has; leaves and results."""
    x = kind(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    y = (z * z).relu() + q + q * x
    a, b = kind(-4.0), kind(2.0)
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    g = (c - d) ** 2 / 2.0
    g += 10.0 / (c - d) ** 2
    return [x, a, b], [y, g]


def test_every_operation_agrees_with_micrograd():
    ours, theirs = formulas(Value), formulas(micrograd.engine.Value)
    for ours_root, their_root in zip(ours[1], theirs[1], strict=True):
        ours_root.backward()
        their_root.backward()
        assert ours_root.data == pytest.approx(their_root.data, rel=1e-12)
    assert [v.grad for v in ours[0]] == pytest.approx([v.grad for v in theirs[0]], rel=1e-12)


def loss_of(model, kind):
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    scores = [model([kind(v) for v in x]) for x in xs]
    losses = [(1 + -t * s).relu() for t, s in zip([1, -1, -1, 1], scores, strict=True)]
    return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())


def test_its_mlp_trains_unchanged_on_our_values(their_nn):
    models = []
    for mlp in (their_nn.MLP, micrograd.nn.MLP):
        random.seed(1337)
        models.append(mlp(3, [4, 4, 1]))
    for _ in range(5):
        losses = [
            loss_of(m, k) for m, k in zip(models, (Value, micrograd.engine.Value), strict=True)
        ]
        for model, loss in zip(models, losses, strict=True):
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= 0.1 * p.grad
        assert losses[0].data == pytest.approx(losses[1].data, rel=1e-12)
    assert repr(models[0]) == repr(models[1])


def test_its_trace_finds_nodes_edges_and_operations():
    """The walk of micrograd's drawing notebook: `_prev`, `_op`, `data` and `grad` of every node."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    x = Value(1.0)
    y = (x * 2 + 1).relu()
    y.backward()
    build(y)
    assert (len(nodes), len(edges)) == (6, 5)
    assert sorted(n._op for n in nodes) == ["", "", "", "*", "+", "ReLU"]
    assert y._prev == set(y.inputs)
    labels = ["{ data %.4f | grad %.4f }" % (n.data, n.grad) for n in nodes]  # noqa: UP031
    assert "{ data 3.0000 | grad 1.0000 }" in labels
    with pytest.raises(AttributeError):
        y._op = "+"
