"""The strongest paths from a node to the root, and how much of its gradient they carry."""

import itertools
import random

import pytest

import nn
from autograd import Tensor, Value, draw, graph
from autograd.drawing.read.graph import Graph
from autograd.drawing.read.scores import scores
from autograd.drawing.select.by_path import _strongest


def every_path(root, start):
    """|products| of partials along all paths, by brute force."""
    found, stack = [], [(root, 1.0)]
    while stack:
        node, product = stack.pop()
        if node is start:
            found.append(abs(product))
        elif node.inputs:
            partials = node.op.partials(node.data, *[x.data for x in node.inputs])
            for x, p in zip(node.inputs, partials, strict=True):
                pairs = zip(x.inputs, p, strict=True) if isinstance(p, tuple) else [(x, p)]
                stack += [(v, product * q) for v, q in pairs if q is not False]
    return sorted(found, reverse=True)


@pytest.mark.parametrize("seed", range(8))
def test_the_strongest_of_all_paths_are_found(seed):
    rng = random.Random(seed)
    start = Value(rng.uniform(-1, 1), "w")
    nodes = [start, Value(0.7), Value(-1.3)]
    for _ in range(10):
        a, b = rng.sample(nodes, 2)
        nodes.append(rng.choice([a * b, a + b, a - b, (a * 0.5).tanh(), a.maximum(b)]))
    root = Tensor(nodes).sum() + Tensor(nodes[:4]) @ Tensor(nodes[-4:])
    found = _strongest(Graph([root]), start, 5)
    expected = every_path(root, start)
    assert found.paths == len(expected)
    assert found.size == pytest.approx(sum(expected))
    strong = [p for p in expected if p > 0][:5]
    assert [path.weight for path in found.strongest] == pytest.approx(strong)
    assert found.strongest[0].product != 0


def test_the_note_says_what_the_paths_carry():
    w = Value(2.0, "w")
    y = w * 3.0 + w * 5.0 + w * 7.0
    found = draw(y, slice=w, paths=2).outline
    assert "2 of 3 paths, carrying 12 of the gradient 15, 80%" in found.notes
    assert [a.chain_rule for a in found.arrows] == [None] * len(found.arrows)
    y.backward()
    found = draw(y, slice=w, paths=2).outline
    assert {a.chain_rule.contribution for a in found.arrows if a.tail == "n0"} == {5.0, 7.0}


def test_paths_that_cancel_are_measured_by_size():
    w = Value(2.0, "w")
    y = w * 7.0 - w * 5.0 - w * 4.0
    note = "1 of 3 paths, carrying 7 of the gradient −2; paths cancel: by size these are 44% of all"
    assert note in draw(y, slice=w, paths=1).outline.notes


def classified():
    """Weights, scores, and the cross-entropy of the scores, after backward()."""
    rng = random.Random(1)
    model = nn.Sequential(nn.Dense(3, 4, rng=rng), nn.Tanh(), nn.Dense(4, 3, rng=rng))
    logits = model(Tensor([0.5, -1.0, 2.0]))
    loss = nn.CrossEntropyLoss()(logits, 1)
    loss.backward()
    return model, logits, loss


def test_paths_end_at_the_scores_and_are_weighed_by_their_gradients():
    model, logits, loss = classified()
    weight = model[0].weight[2, 1]
    found = _strongest(Graph([loss]), weight, 100)
    true = {
        score: score.grad * sum(signed_paths(score, weight)) for score in logits.values
    }  # one path to each score: the weight, its unit, its tanh, the score
    assert found.paths == len(found.strongest) == 3
    products = sorted(path.product for path in found.strongest)
    assert products == pytest.approx(sorted(true.values()))
    assert sum(products) == pytest.approx(weight.grad)
    note = draw(loss, slice=weight, paths=2).outline.notes[-1]
    assert note.startswith("2 of 3 paths to the scores, carrying ")


def signed_paths(root, start):
    """Products of partials along all paths, by brute force."""
    if root is start:
        return [1.0]
    found = []
    for x, p in zip(
        root.inputs,
        root.inputs and root.op.partials(root.data, *[x.data for x in root.inputs]),
        strict=True,
    ):
        pairs = zip(x.inputs, p, strict=True) if isinstance(p, tuple) else [(x, p)]
        found += [q * rest for v, q in pairs if q is not False for rest in signed_paths(v, start)]
    return found


def test_of_a_score_and_of_a_label_paths_go_to_the_loss():
    _, logits, loss = classified()
    found = draw(loss, slice=logits[0]).outline
    assert "to the scores" not in found.notes[-1]
    assert found.boxes.keys() & {f"n{graph.nodes(loss).index(loss)}"}


def test_scores_are_what_a_loss_reads_before_a_softmax_of_its_own():
    model, logits, loss = classified()

    def of(root):
        found = Graph([root])
        return {found.nodes[k] for k in scores(found)}

    assert of(loss) == set(logits.values)
    assert of(loss * 2.0 + model[0].weight[0, 0] ** 2) == set(logits.values)
    assert of(logits.sum()) == set()
    soft = nn.Softmax()(logits)
    assert of(nn.NLLLoss()(soft, 1)) == set(logits.values)
    assert of(nn.NLLLoss()(soft, 1) + soft[0]) == {soft[1]}, "read as well as the loss"
    assert of(nn.MSELoss()(logits, Tensor([1.0, 0.0, 0.0], label="t"))) == set(logits.values)
    assert of(nn.MSELoss()(Tensor([2.0], label="w"), Tensor([1.0], label="t"))) == set()


def test_all_paths_carry_the_whole_gradient():
    w = Value(0.5, "w")
    y = (w * w).tanh() * w
    y.backward()
    assert f"of the gradient {w.grad:.4g}" in draw(y, slice=w).outline.notes[-1]
    assert f"carrying {w.grad:.4g} " in draw(y, slice=w).outline.notes[-1]


def test_paths_are_counted_without_walking_them():
    node = start = Value(1.0, "a")
    for _ in range(40):
        node = node + node
    assert f"8 of {2**40:,} paths" in draw(node, slice=start).outline.notes[-1]


def test_a_path_too_long_to_draw_shows_its_ends():
    node = start = Value(1.0, "a")
    for _ in range(50_000):
        node = node + 1.0
    found = draw(node, slice=start).outline
    assert len(found.boxes) == 40
    assert "the two ends of a path through 50,001 nodes" in found.notes


def test_a_node_whose_gradient_is_stopped_says_so():
    w = Value(-1.0, "w")
    assert "no path carries" in draw(w.relu() * 2.0, slice=w).outline.notes[-1]


def test_a_node_that_is_not_behind_the_root_is_refused():
    with pytest.raises(ValueError, match="not behind the root"):
        draw(Value(1.0) * 2.0, slice=Value(3.0, "other"))
    with pytest.raises(TypeError, match="slice must be one Value"):
        draw(Value(1.0) * 2.0, slice=Tensor([1.0]))


def test_only_arrows_of_the_paths_are_drawn():
    w, x = Tensor([1.0, 2.0], label="w"), Tensor([3.0, 4.0], label="x")
    y = (w @ x).tanh()
    found = draw(y, slice=w[1]).outline
    assert [box.title or box.symbol for box in found.boxes.values()] == ["w[1]", "Σ×", "tanh"]
    assert [(a.tail, a.head) for a in found.arrows] == [
        *itertools.pairwise(f"n{k}" for k, v in enumerate(graph.nodes(y)) if v is w[1] or v.op)
    ]
