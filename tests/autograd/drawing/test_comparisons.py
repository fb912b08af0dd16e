"""What a loss compares, as it is read off the graph: by `nn`, and written by hand."""

import random

import pytest

import nn
from autograd import Tensor, Value, log_softmax
from autograd.drawing.read.graph import Graph
from autograd.drawing.read.losses import comparisons
from autograd.drawing.read.stages import stages

ROLES = ["prediction", "target", "opposite", "yes", "no"]


def compared(root):
    """[(what the stage is, kind, {role: the nodes in their order})]."""
    roots = [root] if isinstance(root, Value) else list(root.values)
    graph = Graph(roots)
    return [
        (
            stage.kind,
            c["kind"],
            {r: [graph.nodes[row[r]] for row in c["rows"] if r in row] for r in ROLES},
        )
        for stage, found in comparisons(graph, stages(graph)).items()
        for c in found
    ]


def predicted(samples=1):
    """Predictions that depend on weights."""
    rng = random.Random(5)
    x = [[rng.uniform(-1, 1) for _ in range(3)] for _ in range(2)]
    return nn.Dense(3, 4, rng=rng)(x if samples == 2 else x[0])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("loss", "kind"),
    [(nn.MSELoss, "square"), (nn.L1Loss, "absolute"), (nn.HuberLoss, "huber"),
     (nn.HingeLoss, "hinge"), (nn.BCEWithLogitsLoss, "logistic")],
)  # fmt: skip
def test_a_loss_of_entries_compares_each_with_its_target(loss, kind, reduction):
    y = predicted()
    targets = Tensor([1.0, 0.0, 1.0, 1.0])
    ((stage, found, roles),) = compared(loss(reduction=reduction)(y, targets))
    assert (stage, found) == (loss.__name__, kind)
    assert roles["prediction"] == list(y.values)
    if kind != "logistic":
        assert roles["target"] == list(targets.values)


def test_a_binary_cross_entropy_has_both_logarithms_of_each_probability():
    p = predicted().sigmoid()
    ((stage, kind, roles),) = compared(nn.BCELoss()(p, [1.0, 0.0, 1.0, 1.0]))
    assert (stage, kind) == ("BCELoss", "binary")
    assert roles["prediction"] == list(p.values)
    for role, of in [("yes", lambda p: p), ("no", lambda p: 1 - p)]:
        logs = [v.inputs[0].inputs[0].data for v in roles[role]]
        assert logs == [of(v.data) for v in p.values]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_cross_entropy_shares_out_among_the_scores_of_each_sample(smoothing):
    scores = predicted(2)
    found = compared(nn.CrossEntropyLoss(label_smoothing=smoothing)(scores, [1, 3]))
    assert [(stage, kind) for stage, kind, _ in found] == [("CrossEntropyLoss", "softmax")] * 2
    rows = {tuple(roles["prediction"]) for _, _, roles in found}
    assert rows == {tuple(scores.values[:4]), tuple(scores.values[4:])}


def softmax_of(scores, shift):
    powers = [(s - shift).exp() if shift else s.exp() for s in scores]
    return powers, sum(powers)


def by_hand():
    """(name, loss, scores or predictions) as people write them from Values."""
    s = [Value(0.1 * k, label=f"s{k}") * 2.0 for k in range(3)]
    powers, total = softmax_of(s, 0.0)
    yield "softmax", -(powers[1] / total).log(), s
    yield "softmax", total.log() - s[1], s
    yield "softmax", -(powers[1] * total**-1).log(), s
    shifted, sum_of_shifted = softmax_of(s, 0.4)
    yield "softmax", -(shifted[2] / sum_of_shifted).log(), s
    yield "softmax", nn.NLLLoss()(log_softmax(s), 1), s
    yield "square", sum((a - t) ** 2 for a, t in zip(s, [1.0, 2.0, 3.0], strict=True)) / 3, s
    errors = [t - a for a, t in zip(s, [1.0, 2.0, 3.0], strict=True)]
    yield "square", sum(e * e for e in errors), s
    yield "hinge", sum((1 + -t * a).relu() for a, t in zip(s, [1, -1, 1], strict=True)) * 0.3, s
    p = [a.sigmoid() for a in s]
    yield "binary", -p[0].log() - (1 - p[1]).log() - p[2].log(), p


@pytest.mark.parametrize(("kind", "loss", "compares"), list(by_hand()), ids=lambda x: str(x)[:8])
def test_a_loss_written_by_hand_is_found_too(kind, loss, compares):
    ((_, found, roles),) = compared(loss)
    assert found == kind
    assert roles["prediction"] == compares


def test_a_decay_of_weights_is_left_out_and_so_is_what_no_loss_made():
    model = nn.Dense(3, 2, rng=random.Random(1))
    y = model([1.0, 2.0, 3.0])
    assert compared(y) == []
    decay = sum(w * w for w in model.weight.values) * 1e-3
    ((stage, kind, roles),) = compared(nn.MSELoss()(y, [0.0, 1.0]) + decay)
    assert (stage, kind, len(roles["prediction"])) == ("MSELoss", "square", 2)


def test_a_softmax_within_a_model_is_no_loss():
    x = predicted()
    attention = nn.Softmax()(x)
    assert [kind for _, kind, _ in compared(nn.MSELoss()(attention, [0.0, 1.0, 0.0, 0.0]))] == [
        "square"
    ]


def test_a_loss_of_many_samples_is_found_among_layers_that_were_found():
    """micrograd's: neurons and hinges are stages of their own, and the loss is that of the root."""
    rng = random.Random(3)
    weights = [Value(rng.uniform(-1, 1)) for _ in range(24)]
    points = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(12)]

    def score(a, b):
        hidden = [(weights[3 * i] * a + weights[3 * i + 1] * b).relu() for i in range(8)]
        return sum(weights[3 * i + 2] * h for i, h in enumerate(hidden))

    scores = [score(a, b) for a, b in points]
    signs = [1 if a > b else -1 for a, b in points]
    hinges = [(1 + -t * s).relu() for t, s in zip(signs, scores, strict=True)]
    ((_, kind, roles),) = compared(sum(hinges) * (1 / 12) + 1e-4 * sum(w * w for w in weights))
    assert kind == "hinge"
    assert roles["prediction"] == scores
    assert [t.data for t in roles["opposite"]] == [-t for t in signs]
