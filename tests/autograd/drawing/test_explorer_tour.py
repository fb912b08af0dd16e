"""The explorer in a real browser: a tour of backpropagation on the reader's own graph."""

import math
import random
import re

import pytest
from browsing import close, expression, number, ringed

import nn
from autograd import Value, graph

NEXT, BACK = '.tour button[title="the next stop"]', '.tour button[title="the stop before"]'
ESCAPE, ENTER = "\ue00c", "\ue007"
WIDE, NARROW, LOW = (1440, 900), (390, 844), (844, 390)


def stops(page):
    """The stops of the tour, by their names in links."""
    return [a.get_attribute("href").split("#tour=")[1] for a in page.all(".tour-links a")]


def opened(page, stop):
    """The words of a stop, opened by its link."""
    page.open(f"tour={stop}")
    return " ".join(page.texts(".tour-words p"))


def numbers_of(pattern, text):
    return [number(x) for x in re.search(pattern, text).groups()]


N = r"(−?\d+(?:\.\d+)?(?:e[+-]\d+)?)"


def test_the_tour_goes_through_a_cnn_from_its_button(explorer, net):
    page = explorer(net.loss).open()
    page.one("header button[title^='a tour']").click()
    assert stops(page) == [
        "forward",
        "loss",
        "scores",
        "weight",
        "input",
        "gate",
        "pool",
        "zero",
        "step",
    ]
    titles = [page.text(".tour h2")]
    while page.one(NEXT).is_enabled():
        page.one(NEXT).click()
        titles.append(page.text(".tour h2"))
        assert page.run("return document.activeElement === document.querySelector('.tour h2')")
    assert len(set(titles)) == 9
    page.one(BACK).click()
    assert page.text(".tour h2") == titles[-2]
    page.one(".tour button[aria-label^='end']").click()
    assert not page.one(".tour").is_displayed()
    assert page.complaints() == []


def test_it_speaks_of_this_loss_and_these_scores(explorer, net):
    page = explorer(net.loss)
    scores = [v for v in graph.nodes(net.loss) if v.label.startswith("head[")]
    scores.sort(key=lambda v: v.label)
    exps = [math.exp(v.data) for v in scores]
    p = [e / sum(exps) for e in exps]
    text = opened(page, "loss")
    best = max(range(4), key=lambda k: p[k])
    assert f"The net says {best} with a probability of " in text
    true, log, loss = numbers_of(f"true class 2 it gives {N}, and loss = −log {N} = {N}", text)
    assert close(true, p[2])
    assert close(log, p[2])
    assert close(loss, net.loss.data)
    text = opened(page, "scores")
    shown, slope = numbers_of(rf"For head\[2\] that is {N} − 1 = {N}:", text)
    assert close(shown, p[2])
    assert close(slope, scores[2].grad)
    assert "p − y" in page.text(".tour h2")
    assert ringed(page, page.map("head", ".here")) == [2]


def test_it_speaks_of_the_weight_that_matters_most_and_all_its_places(explorer, net):
    page = explorer(net.loss)
    text = opened(page, "weight")
    weight = max(net.model.conv1.weight.values, key=lambda w: abs(w.grad))
    assert f"so {weight.label} is used at 16 places" in text
    i, j = divmod(net.model.conv1.weight.values.index(weight) % 9, 3)
    channel = net.model.conv1.weight.values.index(weight) // 9
    sent = {
        v.label: v.grad * net.image[0][k // 4 + i][k % 4 + j]
        for k, v in enumerate(net.made["conv1"].values[16 * channel : 16 * channel + 16])
    }
    told, a, b, c = re.search(rf"(conv1\[[\d,]+\]) sends {N} · \(?{N}\)? = {N}\.", text).groups()
    assert abs(sent[told]) == max(map(abs, sent.values()))
    assert close(number(c), sent[told])
    assert close(number(a) * number(b), sent[told], 3)
    assert close(*numbers_of(rf"= {N}\.$", text), weight.grad)
    assert page.text(".node-pane h2").startswith(weight.label)


def test_it_shows_the_kernel_turned_round(explorer, net):
    page = explorer(net.loss)
    text = opened(page, "input")
    name, first, w, last, v = re.search(
        r"(x\[[\d,]+\]) lies in 9 windows of one output channel: "
        r"(conv1\[[\d,]+\]) met it with (\S+\]), (conv1\[[\d,]+\]) met it with (\S+\])\.",
        text,
    ).groups()
    (_, i, j), (_, r0, c0), (_, r1, c1) = (indices(x) for x in (name, first, last))
    assert indices(w)[2:] == [i - r0, j - c0] == [2, 2], "the first window meets the last weight"
    assert indices(v)[2:] == [i - r1, j - c1] == [0, 0]
    pixel = next(n for n in graph.nodes(net.loss) if n.label == name)
    assert close(*numbers_of(rf"= {N}\.$", text), pixel.grad)


def indices(name):
    return [int(k) for k in name.split("[")[1].rstrip("]").split(",")]


def test_it_counts_gates_that_are_shut_and_gradients_that_died(explorer, net):
    page = explorer(net.loss)
    off = sum(v.data == 0 for v in net.made["relu1"].values)
    assert f"{off} of 48 entries are off" in opened(page, "gate")
    text = opened(page, "pool")
    name, *window = re.search(rf"(pool1\[[\d,]+\]) = max\({N}, {N}, {N}, {N}\)", text).groups()
    pooled = next(v for v in net.made["pool1"].values if v.label == name)
    assert close(max(map(number, window)), pooled.data)
    assert close(*numbers_of(f"gets the whole {N}, ", text), pooled.grad)
    c, i, j = indices(name)
    ring = [16 * c + 4 * (2 * i + a) + 2 * j + b for a in (0, 1) for b in (0, 1)]
    assert ringed(page, page.map("relu1", ".before")) == ring
    parameters = [w for p in net.model.parameters() for w in p.values]
    zero = [w for w in parameters if w.grad == 0]
    text = opened(page, "zero")
    assert f"Of {len(parameters)} parameters {len(zero)} have a gradient of exactly 0" in text
    named, places, shut, nothing = re.search(
        r"(\S+\]) is one: it is used at (\d+) places?"
        r"(?:; at (\d+) nothing comes back from above)?(?:[,;] at (\d+) its own factor is 0)?",
        text,
    ).groups()
    assert named in {w.label for w in zero}
    assert int(shut or 0) + int(nothing or 0) == int(places) == 16


def test_the_last_stop_takes_one_step_and_the_loss_falls_as_foretold(explorer, net):
    page = explorer(net.loss)
    text = opened(page, "step")
    rate, slope, fall = numbers_of(f"= {N} · {N} = {N}", text)
    parameters = [w for p in net.model.parameters() for w in p.values]
    assert close(slope, sum(w.grad**2 for w in parameters))
    assert close(fall, rate * slope)
    page.one(".tour .action").click()
    text = " ".join(page.texts(".tour-words p"))
    was, now, fell = numbers_of(f"was {N}, and is {N}: it fell by {N}", text)
    true = loss_after(net, rate)
    assert close(was, net.loss.data)
    assert close(now, true)
    assert close(fell, net.loss.data - true, 3)
    page.all(".tour-links a")[1].click()
    assert close(*numbers_of(f"and loss = −log {N}", page.text(".tour-words")), math.exp(-true), 3)
    assert 0.3 < fell / fall < 1.7


def loss_after(net, rate):
    """The loss after w −= rate · ∂loss/∂w, by the engine; the net stays as it is."""
    parameters = [w for p in net.model.parameters() for w in p.values]
    before = [w.data for w in parameters]
    made = net.model.made
    for w in parameters:
        w.data -= rate * w.grad
    loss = nn.CrossEntropyLoss()(net.model(net.image), 2).data
    for w, x in zip(parameters, before, strict=True):
        w.data = x
    net.model.made = made
    return loss


def test_its_numbers_are_live(explorer, net):
    page = explorer(net.loss)
    before = opened(page, "loss")
    page.run(
        "const {graph, live} = explorer;"
        "live.set(graph.tensors.find(t => t.name == 'head.bias').entries[2], 9)"
    )
    after = " ".join(page.texts(".tour-words p"))
    assert after != before
    assert "The net says 2 with a probability of " in after
    assert "rightly" in after


def test_a_stop_is_a_link_and_the_address_remembers_that_the_tour_was_ended(explorer, net):
    page = explorer(net.loss)
    words = opened(page, "pool")
    page.wait("return location.hash.includes('layer=pool1')")
    assert "tour=pool" in page.run("return location.hash")
    page.card("conv1").click()
    page.wait("return location.hash.includes('layer=conv1')")
    page.open(page.run("return location.hash.slice(1)"))
    assert " ".join(page.texts(".tour-words p")) == words
    assert page.text("#details h2").startswith("conv1"), "what is looked at is kept"
    page.press(ESCAPE)
    assert not page.one(".tour").is_displayed()
    assert page.text("#details h2").startswith("conv1")
    page.wait("return !location.hash.includes('tour')")
    page.open(page.run("return location.hash.slice(1)"))
    assert not page.one(".tour").is_displayed()
    assert not page.all(".toured")
    page.open("tour=nowhere")
    assert not page.one(".tour").is_displayed()


def test_the_tour_is_taken_by_keys_alone(explorer, net):
    page = explorer(net.loss).open()
    page.press("t")
    assert page.run("return document.activeElement.textContent") == page.text(".tour h2")
    page.press("\ue004")  # Tab: "back" is off at the first stop
    assert page.run("return document.activeElement.title") == "the next stop"
    page.press(ENTER)
    assert page.text(".tour .small") == "2 of 9"
    page.press(ESCAPE)
    assert page.run("return document.activeElement.textContent") == "tour"
    assert page.one(".tour-words").get_attribute("aria-live") == "polite"


def shown(page, selector):
    """Whether the middle of some outlined element can be seen: on the screen, and under nothing."""
    script = """
    return [...document.querySelectorAll(arguments[0])].some((element) => {
      const box = element.getBoundingClientRect();
      const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
      const top = Math.max(box.top, 0);
      const points = [...Array(9).keys()].map((k) => top + 4 + (k * (box.height - 8)) / 8);
      return points.some((y) => {
        const hit = document.elementFromPoint((left + right) / 2, y);
        return hit && (element.contains(hit) || hit.contains(element));
      });
    });
    """
    return page.run(script, selector)


@pytest.mark.parametrize("size", [WIDE, NARROW, LOW])
def test_what_a_stop_speaks_of_is_outlined_and_not_covered(explorer, net, size):
    page = explorer(net.loss)
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page.open("tour=forward")
        while True:
            assert page.all(".toured"), page.text(".tour h2")
            assert shown(page, ".toured"), page.text(".tour h2")
            assert "NaN" not in page.text(".player") + page.text(".tour")
            tour = page.run(
                "const box = document.querySelector('.tour').getBoundingClientRect();"
                "return [box.left, box.right, box.bottom, innerWidth, innerHeight]"
            )
            left, right, bottom, width, height = tour
            assert 0 <= left < right <= width
            assert bottom <= height
            if not page.one(NEXT).is_enabled():
                break
            page.one(NEXT).click()
        page.picture(f"tour-{size[0]}")
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_an_expression_has_a_tour_of_its_nodes(explorer):
    a, b, c, y = expression()
    page = explorer(y).open()
    page.press("t")
    assert stops(page) == ["forward", "result", "chain", "factor", "sum", "gate", "paths", "step"]
    text = opened(page, "sum")
    assert text.startswith("a is read 3 times.")
    terms, total = re.search(rf"add up: (.*) = {N}\.", text).groups()
    assert close(sum(number(t.strip("()")) for t in terms.split(" + ")), a.grad, 3)
    assert close(number(total), a.grad)
    text = opened(page, "factor")
    assert "In c a is multiplied by b = −3." in text
    assert close(*numbers_of(rf"= {N}\.$", text), c.grad * b.data)
    slope = 1 - (y.data - a.data) ** 2
    assert close(*numbers_of(f"a tanh, has the slope {N} ", opened(page, "gate")), slope, 3)
    assert f"a moves y most: ∂y/∂a = {a.grad:.4g}." in opened(page, "paths")
    assert page.complaints() == []


def test_a_net_without_convolutions_speaks_of_a_dense_layer(explorer):
    rng = random.Random(2)
    model = nn.Sequential(nn.Dense(3, 4, rng=rng), nn.Tanh(), nn.Dense(4, 2, rng=rng))
    loss = nn.MSELoss()(model([0.5, -1.0, 2.0]), [1.0, 0.0])
    loss.backward()
    page = explorer(loss).open()
    page.press("t")
    assert stops(page) == ["forward", "loss", "scores", "weight", "input", "gate", "step"]
    text = opened(page, "weight")
    weight = max(model[0].weight.values, key=lambda w: abs(w.grad))
    assert text.startswith(f"{weight.label} was multiplied with one number of the input")
    assert close(*numbers_of(rf"= {N}\. That is", text), weight.grad)
    text = opened(page, "input")
    assert "W is transposed" in text
    assert "the transpose" in page.text(".tour h2")


def test_a_network_of_scalars_has_a_tour_too(explorer, their_nn):
    random.seed(0)
    model = their_nn.MLP(2, [16, 16, 1])
    y = model([Value(1.0), Value(-2.0)])
    y.backward()
    page = explorer(y).open()
    page.press("t")
    assert stops(page) == ["forward", "result", "weight", "input", "gate", "zero", "step"]
    for stop in stops(page):
        assert opened(page, stop)
        assert page.all(".toured"), stop
    assert page.complaints() == []


def test_a_single_leaf_has_next_to_nothing_to_tour(explorer):
    page = explorer(Value(2.0, label="w")).open()
    page.press("t")
    assert stops(page) == ["result", "paths", "step"]
    assert page.complaints() == []
