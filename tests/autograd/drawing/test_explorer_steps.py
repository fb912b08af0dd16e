"""The explorer in a real browser: the reverse pass, step by step."""

import math
import random
import re

from browsing import close, expression, number

# --- 5. the reverse pass, step by step ------------------------------------------------------------


def test_each_step_of_an_expression_says_the_chain_rule_and_sums_grow(explorer):
    a, b, _, y = expression()
    page = explorer(y).open()
    assert {t.split(" = ")[0] for t in page.texts(".card.node b:first-child")} >= {"a", "b", "c"}
    page.press("\ue011")  # Home
    assert page.text(".words") == "∂y/∂y = 1: the reverse pass starts here"
    assert set(page.texts(".card .gradient")) == {"—", "1"}
    words, growth = [], {"a": [], "b": []}
    while page.run("return explorer.state.time < explorer.chain.end"):
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
    page.press("\ue011")
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
    page.press("\ue011")
    weight = net.model.conv1.weight[1, 0, 2, 2]
    assert page.text(".facts .gradient") == "0 (0 of 16)"
    while not page.text(".words").startswith("conv1, channel 1"):
        page.press("\ue014")
    assert number(page.text(".facts .gradient")) == weight.grad, "its channel has sent all"
    page.press("g")
    assert page.one(".player select").get_attribute("value") == "scalar"
    end, back = "return explorer.chain.end", "\ue012"
    for _ in range(7):
        page.press(back)
    assert page.run("return explorer.state.time") < page.run(end)


def test_the_slider_scrubs_to_any_step_and_sums_are_exact_there(explorer, net):
    page = explorer(net.loss).open("node=conv1.weight[1,0,2,2]")
    end = page.run("return explorer.chain.end")
    scrub = """
    const slider = document.querySelector('.slider');
    slider.value = arguments[0];
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    return [explorer.chain.sumOf(explorer.state.node), explorer.graph.header.roots.length];
    """
    rows = """
    const {graph, chain, state} = explorer;
    const found = [];
    graph.eachUse(state.node, (slot, k) => {
      found.push([chain.timeOf(slot, k), chain.contribution(slot, k).contribution]);
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
        assert page.text(".clock").startswith(f"{time:,} of ")


def test_play_runs_and_pauses(explorer):
    page = explorer(expression()[-1]).open()
    page.press(" ")
    page.wait("return explorer.state.time > 1 && explorer.state.time < explorer.chain.end")
    page.press(" ")
    at = page.run("return explorer.state.time")
    page.wait("return new Promise(go => setTimeout(() => go(true), 400))")
    assert page.run("return explorer.state.time") == at
