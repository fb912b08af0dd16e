"""The explorer in a real browser: the reverse pass, step by step."""

import math
import random
import re

import pytest
from browsing import close, expression, number

import autograd
import nn
from autograd import Tensor, Value

# --- 5. the reverse pass, step by step ------------------------------------------------------------


def test_each_step_of_an_expression_says_the_chain_rule_and_sums_grow(explorer):
    a, b, _, y = expression()
    page = explorer(y).open()
    assert {t.split(" = ")[0] for t in page.texts(".card.node b:first-child")} >= {"a", "b", "c"}
    page.to_the_result()
    assert page.text(".words").endswith("; ∂y/∂y = 1: the reverse pass starts here")
    assert set(page.texts(".card .gradient")) == {"—", "1"}
    words, growth = [], {"a": [], "b": []}
    while page.run("return explorer.state.time < explorer.reverse.end"):
        page.press("\ue014")  # arrow right
        words.append(page.text(".words"))
        for name in growth:
            growth[name].append(page.card(name).find_element("css selector", ".gradient").text)
        assert page.all(".card.frontier") or "y" in words[-1]
    contributions = [w for w in words if "∂a +=" in w]
    assert len(words) == 9
    assert len(contributions) == 3, "a is read three times"
    rule = re.compile(r"∂y/∂(\S+) \+= ∂y/∂(\S+) · ∂(\S+)/∂(\S+) = (\S+) · (\S+) = (\S+)(;.*)?")
    for line in words:
        x, c, c2, x2, upstream, partial, product, _ = rule.fullmatch(line).groups()
        assert (x, c) == (x2, c2)
        partial, product = (number(t.strip("();")) for t in (partial, product))
        assert close(number(upstream) * partial, product, 3)
    assert "3 of 3, now " in contributions[-1]
    for name, value in (("a", a), ("b", b)):
        assert close(number(growth[name][-1]), value.grad)
        assert len(set(growth[name]) - {"—"}) >= 2, "the sum was seen growing"
    page.picture("expression")


def test_steps_by_layer_light_up_the_frontier_and_reach_the_gradients(explorer, net):
    page = explorer(net.loss).open()
    page.to_the_result()
    seen = []
    for _ in range(5):
        page.press("\ue014")
        seen.append(page.text(".card.frontier b") or page.text(".card.selected b"))
        assert "contribution" in page.text(".words")
    assert seen[:4] == ["CrossEntropyLoss", "head", "pool1", "relu1"]
    assert len(page.all(".card.layer.done")) == 5
    page.press("\ue012")  # arrow left
    assert len(page.all(".card.layer.done")) == 4


def test_steps_by_channel_and_partial_sums_of_a_weight(explorer, net):
    page = explorer(net.loss).open("node=conv1.weight[1,0,2,2]&grain=channel")
    page.to_the_result()
    weight = net.model.conv1.weight[1, 0, 2, 2]
    assert page.text(".facts .gradient") == "0 (0 of 16)"
    while not page.text(".words").startswith("conv1, channel 1"):
        page.press("\ue014")
    assert number(page.text(".facts .gradient")) == weight.grad, "its channel has sent all"
    page.press("g")
    assert page.one(".player select").get_attribute("value") == "scalar"
    end, back = "return explorer.reverse.end", "\ue012"
    for _ in range(7):
        page.press(back)
    assert page.run("return explorer.state.time") < page.run(end)


def test_the_slider_scrubs_to_any_step_and_sums_are_exact_there(explorer, net):
    page = explorer(net.loss).open("node=conv1.weight[1,0,2,2]")
    end = page.run("return explorer.reverse.end")
    scrub = """
    const slider = document.querySelector('.slider');
    slider.value = arguments[0];
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    return [explorer.reverse.sumOf(explorer.state.node), explorer.graph.header.roots.length];
    """
    rows = """
    const {graph, reverse, state} = explorer;
    const found = [];
    graph.eachUse(state.node, (slot, k) => {
      found.push([reverse.timeOf(slot, k), reverse.contribution(slot, k).contribution]);
    });
    return found;
    """
    terms = page.run(rows)
    assert len(terms) == 16
    chooser = random.Random(0)
    for time in [0, end, *[chooser.randrange(end) for _ in range(25)], end]:
        found, _ = page.run(scrub, time)
        arrived = [c for at, c in terms if at < time]
        assert found["made"] == len(arrived)
        assert math.isclose(found["sum"], math.fsum(arrived), rel_tol=1e-9, abs_tol=1e-15)
        assert page.text(".clock").startswith(f"reverse {time:,} of ")


def test_play_runs_and_pauses(explorer):
    page = explorer(expression()[-1]).open()
    page.press(" ")
    page.wait("return explorer.state.time > 1 && explorer.state.time < explorer.reverse.end")
    page.press(" ")
    at = page.run("return explorer.state.time")
    page.wait("return new Promise(go => setTimeout(() => go(true), 400))")
    assert page.run("return explorer.state.time") == at


@pytest.mark.parametrize("large", [float("inf"), 1e17])
def test_going_back_leaves_nothing_behind(explorer, large):
    x = Value(1.0, label="x")
    page = explorer(x * 1.0 + x * large + x * 3.0).open("node=x")
    page.to_the_result()
    seen = []
    while page.run("return explorer.state.time < explorer.reverse.end"):
        seen.append(page.text(".facts .gradient"))
        page.press("\ue014")
    while seen:
        page.press("\ue012")
        assert page.text(".facts .gradient") == seen.pop()


def test_an_output_that_feeds_another_counts_its_own_one(explorer):
    y = Value(2.0, label="x") * 3.0
    page = explorer(Tensor([y, y * 5.0])).open()
    page.run("explorer.state.select({node: explorer.graph.roots[0]})")
    assert number(page.text(".facts .gradient")) == 6.0
    rows = page.run(
        "return [...document.querySelectorAll('.terms tbody tr')].map(r => r.lastChild.textContent)"
    )
    assert [number(t) for t in rows] == [1.0, 5.0]


def test_heat_maps_of_joined_tensors_follow_all_their_stages(explorer):
    a = nn.Tanh()([0.5, 1.0])
    q = nn.ReLU()(a * 3.0)
    t = autograd.concatenate([a, q])
    t.rename("t")
    root = (q * q).sum()
    page = explorer(root).open()
    script = """
    const {graph, reverse} = explorer;
    const tensor = graph.tensors.find((t) => t.name === "t");
    reverse.moveTo(arguments[0]);
    return [reverse.phaseOf(tensor, arguments[0]), [...reverse.gradientsOf(tensor)]];
    """
    end = page.run("return explorer.reverse.end")
    for time in range(end):
        (phase, now), (later, then) = page.run(script, time), page.run(script, time + 1)
        assert phase != later or now == then
