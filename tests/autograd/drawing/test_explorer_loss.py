"""The explorer in a real browser: what a loss compares, and the push that each score gets."""

import math
import random

import pytest
from browsing import close, number

import nn
from autograd import Value


def rows(page):
    """[{class of the cell or its column: its text}] of the first comparison, as it is shown."""
    return page.run("""
    return [...document.querySelector(".comparison").querySelectorAll("tbody tr")].map((row) => ({
      numbers: [...row.querySelectorAll(".number")].map((cell) => cell.textContent),
      target: row.classList.contains("target"),
      bar: row.querySelector(".signed .bar").getBoundingClientRect().width,
      side: row.querySelector(".signed .bar").classList.contains("up") ? 1 : -1,
      node: row.querySelector(".chip").title.split(" = ")[0],
    }))""")


def test_a_cross_entropy_shows_probabilities_target_and_p_minus_y(explorer, net):
    page = explorer(net.loss).open("layer=CrossEntropyLoss")
    scores = net.made["head"].values
    powers = [math.exp(s.data) for s in scores]
    shown = rows(page)
    for k, row in enumerate(shown):
        p, y, gradient = map(number, row["numbers"])
        assert close(p, powers[k] / sum(powers))
        assert (y == 1) == row["target"] == (k == 2)
        assert close(gradient, powers[k] / sum(powers) - y)
        assert close(gradient, scores[k].grad)
        assert row["side"] == math.copysign(1, scores[k].grad)
    widest = max(range(4), key=lambda k: shown[k]["bar"])
    assert widest == max(range(4), key=lambda k: abs(scores[k].grad))
    p = powers[2] / sum(powers)
    assert f"−log p[2] = −log {p:.4g} = {-math.log(p):.4g}" in page.text(".comparison")
    assert "∂loss/∂score = p − y" in page.texts(".comparison thead th")
    page.one('.comparison [data-node] .chip[title^="head[1]"]').click()
    assert page.text(".node-pane h2").startswith("head[1]")
    page.picture("loss")


HEAD = {
    nn.MSELoss: ("2·(ŷ − t)", lambda y, t: 2 * (y - t)),
    nn.L1Loss: ("sign(ŷ − t)", lambda y, t: math.copysign(1, y - t)),
    nn.HuberLoss: ("(ŷ − t, cut off at ±δ)", lambda y, t: max(-1, min(1, y - t))),
    nn.HingeLoss: ("(−t as long as t·ŷ < 1)", lambda y, t: -t if t * y < 1 else 0),
    nn.BCEWithLogitsLoss: ("(p − y)", lambda x, t: 1 / (1 + math.exp(-x)) - t),
    nn.BCELoss: ("(p − y)/(p·(1 − p))", lambda p, t: (p - t) / (p * (1 - p))),
}


PAIRS = (nn.HingeLoss, nn.BCEWithLogitsLoss, nn.BCELoss)  # the target is the second number of a row


@pytest.mark.parametrize(("loss", "rule", "slope"), [(k, *v) for k, v in HEAD.items()])
def test_a_loss_of_entries_shows_the_slope_of_each(explorer, loss, rule, slope):
    rng = random.Random(4)
    y = nn.Dense(3, 4, rng=rng)([0.5, -1.0, 2.0]) * 2.0
    y = y.sigmoid() if loss is nn.BCELoss else y
    targets = [1.0, -1.0 if loss is nn.HingeLoss else 0.0, 1.0, 1.0]
    root = loss()(y, targets)
    root.backward()
    page = explorer(root).open(f"as=layers&layer={loss.__name__}")
    found = rows(page)
    assert len(found) == 4
    for v, t, row in zip(y.values, targets, found, strict=True):
        gradient = number(row["numbers"][-1])
        assert close(gradient, v.grad)
        assert close(gradient, slope(v.data, t) / 4)
        assert close(number(row["numbers"][loss in PAIRS]), t)
    assert any(rule in head and head.endswith("/4") for head in page.texts(".comparison thead th"))
    assert page.complaints() == []


def test_a_sum_counts_each_entry_whole_and_no_reduction_too(explorer):
    y = nn.Dense(3, 2, rng=random.Random(1))([0.5, -1.0, 2.0])
    for reduction in ("sum", "none"):
        root = nn.MSELoss(reduction)(y, [0.0, 1.0])
        page = explorer(root).open("as=layers&layer=MSELoss")
        heads = page.texts(".comparison thead th")
        assert any(head.endswith("/∂ŷ = 2·(ŷ − t)") for head in heads), heads
        for v, t, row in zip(y.values, [0.0, 1.0], rows(page), strict=True):
            assert close(number(row["numbers"][-1]), 2 * (v.data - t))


def test_every_sample_of_a_batch_has_its_own_bars_and_smoothed_targets(explorer):
    scores = nn.Dense(3, 4, rng=random.Random(2))([[0.5, -1.0, 2.0], [1.0, 0.0, -1.0]])
    root = nn.CrossEntropyLoss(label_smoothing=0.2)(scores, [1, 3])
    root.backward()
    page = explorer(root).open("as=layers&layer=CrossEntropyLoss")
    titles = page.texts(".comparison h3")
    assert titles == [f"softmax and cross-entropy ({k} of 2)" for k in (1, 2)]
    cells = [number(t) for t in page.texts(".comparison .number")]
    for v, p, y, gradient in zip(scores.values, cells[::3], cells[1::3], cells[2::3], strict=True):
        assert y in (0.05, 0.85)
        assert math.isclose(gradient, (p - y) / 2, abs_tol=1e-4)
        assert close(gradient, v.grad)


def test_a_softmax_written_by_hand_is_shown_at_the_root_of_its_expression(explorer):
    scores = [Value(x, label=f"s{k}") for k, x in enumerate([0.2, -0.4, 1.0])]
    powers = [s.exp() for s in scores]
    loss = -(powers[1] / sum(powers)).log()
    loss.backward()
    page = explorer(loss).open()
    found = rows(page)
    assert [row["node"] for row in found] == ["s0", "s1", "s2"]
    for s, row in zip(scores, found, strict=True):
        assert close(number(row["numbers"][-1]), s.grad)
    assert [row["target"] for row in found] == [False, True, False]


def test_a_hinge_with_the_sign_before_its_target_shows_the_target(explorer):
    scores = [Value(x, label=f"s{k}") * 1.0 for k, x in enumerate([0.2, -0.4, 2.0])]
    signs = [1, -1, 1]
    loss = sum((1 + -t * s).relu() for t, s in zip(signs, scores, strict=True))
    loss.backward()
    page = explorer(loss).open()
    for s, t, row in zip(scores, signs, rows(page), strict=True):
        margin, target, hinge, gradient = map(number, row["numbers"])
        assert close(margin, t * s.data)
        assert target == t
        assert close(hinge, max(0, 1 - t * s.data))
        assert gradient == s.grad


def test_the_arithmetic_of_a_loss_is_its_own_and_counts_what_it_leaves_out(explorer, net):
    page = explorer(net.loss).open("layer=CrossEntropyLoss")
    assert "before these" not in page.text(".layer-pane .made")
    stage = page.run("const g = explorer.graph; return g.stages.at(-1).count")
    lines = page.all(".layer-pane .made .equation")
    assert len(lines) == stage
    many = nn.MSELoss()(nn.Dense(2, 40, rng=random.Random(1))([0.5, 1.0]), [0.0] * 40)
    page = explorer(many).open("as=layers&layer=MSELoss")
    count = page.run("return explorer.graph.stages.at(-1).count")
    assert page.text(".layer-pane .made .small") == f"{count - 30} operations before these"
    assert len(page.all(".layer-pane .made .equation")) == 30


def test_many_rows_are_shown_when_they_are_asked_for(explorer):
    many = nn.MSELoss()(nn.Dense(2, 40, rng=random.Random(1))([0.5, 1.0]), [0.0] * 40)
    page = explorer(many).open("as=layers&layer=MSELoss")
    assert len(rows(page)) == 24
    page.one(".comparison > button").click()
    assert len(rows(page)) == 40


def test_classes_have_their_names_where_the_samples_know_them(explorer):
    model = nn.Dense(2, 3, rng=random.Random(1))
    data = nn.data.Dataset([[0.1, 0.9], [0.5, 0.3]], [2, 0], class_names=["cat", "dog", "owl"])
    loss = nn.CrossEntropyLoss()
    page = explorer(
        lambda x, t: loss(model(x), t), samples=data, parameters=model.parameters()
    ).open("as=layers&layer=CrossEntropyLoss")
    assert page.texts(".comparison tbody th b:first-child") == ["cat ", "dog ", "owl "]
    assert [row["target"] for row in rows(page)] == [False, False, True]
