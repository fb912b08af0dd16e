"""The explorer in a real browser: numbers that somebody changes, and all that follows them."""

import math

import pytest
from browsing import Trained, close, expression, number

import nn
from autograd import Primitive, Tensor, Value, apply, graph


def again(net, changes):
    """{label: (value, gradient)} of the net's loss where leaves have other numbers."""
    leaves = {v.label: v for v in graph.nodes(net.loss) if v.op is None and v.label}
    before = {name: leaves[name].data for name in changes}
    image = Tensor(net.image, label="x")
    try:
        for name, x in changes.items():
            if name in {v.label for v in image.values}:
                next(v for v in image.values if v.label == name).data = x
            else:
                leaves[name].data = x
        loss = nn.CrossEntropyLoss()(net.model(image), 2)
        nodes = graph.nodes(loss)
        for node in nodes:
            node.grad = 0
        loss.backward()
        named = {v.label: (v.data, v.grad) for v in nodes if v.label}
        return {**named, "loss": (loss.data, 1.0)}
    finally:
        for name, x in before.items():
            leaves[name].data = x


@pytest.fixture
def trained():
    return Trained()


def shown(page):
    """{label: (value, gradient)} of the page's graph."""
    script = """
    const {graph} = explorer;
    const found = {};
    graph.tensors.forEach((t) => t.entries.forEach((n, place) => {
      const at = [];
      for (let a = t.shape.length - 1, k = place; a >= 0; k = Math.floor(k / t.shape[a--]))
        at.unshift(k % t.shape[a]);
      if (n >= 0) found[`${t.name}[${at.join(",")}]`] = [graph.data[n], graph.adjoint[n]];
    }));
    found.loss = [graph.data[graph.roots[0]], graph.adjoint[graph.roots[0]]];
    return found;
    """
    return page.run(script)


def assert_same(page, truth):
    """What the page has is what the engine says, numbers and gradients."""
    found = shown(page)
    names = found.keys() & truth.keys()
    assert len(names) > 150
    for name in names:
        for here, there in zip(found[name], truth[name], strict=True):
            assert math.isclose(here, there, rel_tol=1e-12, abs_tol=1e-14), name


def open_weight(explorer, net, name="conv1.weight[1,0,1,1]"):
    return explorer(net.loss).open(f"node={name}")


def field(page):
    return page.one(".editor .number")


def type_in(page, text):
    from selenium.webdriver.common.keys import Keys

    field(page).send_keys(Keys.CONTROL + "a" + Keys.NULL, text)


def test_what_is_not_changed_is_as_python_had_it(explorer, trained):
    page = explorer(trained.loss).open()
    assert_same(page, again(trained, {}))
    assert page.run("return explorer.live.changes.size") == 0
    assert not page.one(".edits [aria-label=undo]").is_enabled()


def test_a_weight_is_typed_and_everything_follows(explorer, trained):
    page = open_weight(explorer, trained)
    was = number(page.text(".facts .value"))
    loss = trained.loss.data
    type_in(page, "1.25")
    truth = again(trained, {"conv1.weight[1,0,1,1]": 1.25})
    assert_same(page, truth)
    assert number(page.text(".facts .value")) == 1.25
    assert math.isclose(
        number(page.text(".facts .gradient")), truth["conv1.weight[1,0,1,1]"][1], rel_tol=1e-12
    )
    said = page.text("output.root")
    assert close(number(said.split()[1].rstrip(",")), truth["loss"][0])
    assert close(number(said.split("was ")[1]), loss)
    contributions = [number(t) for t in page.texts(".terms td:last-child")]
    assert math.isclose(sum(contributions), truth["conv1.weight[1,0,1,1]"][1], rel_tol=1e-9)
    assert field(page).get_attribute("value") == "1.25"
    assert close(number(page.text(".editor .was").removeprefix("was ")), was)
    assert page.complaints() == []


def test_arrow_keys_change_a_number_and_the_focus_stays(explorer, trained):
    from selenium.webdriver.common.keys import Keys

    page = open_weight(explorer, trained)
    before = page.run("return explorer.graph.data[explorer.state.node]")
    field(page).send_keys(Keys.ARROW_UP, Keys.ARROW_UP)
    after = page.run("return explorer.graph.data[explorer.state.node]")
    assert math.isclose(after - before, 2 * 0.05, rel_tol=1e-9)
    field(page).send_keys(Keys.SHIFT + Keys.ARROW_DOWN)
    now = page.run("return explorer.graph.data[explorer.state.node]")
    assert math.isclose(now, after - 0.5, rel_tol=1e-9)
    assert page.run("return document.activeElement === document.querySelector('.editor .number')")
    assert_same(page, again(trained, {"conv1.weight[1,0,1,1]": now}))


@pytest.mark.parametrize("text", ["", "e", "one", "-", "NaN"])
def test_what_is_no_number_changes_nothing_and_is_marked(explorer, trained, text):
    page = open_weight(explorer, trained)
    before = page.run("return explorer.graph.data[explorer.state.node]")
    from selenium.webdriver.common.keys import Keys

    field(page).send_keys(Keys.CONTROL + "a" + Keys.NULL, Keys.DELETE, text)
    assert page.run("return explorer.graph.data[explorer.state.node]") == before
    assert field(page).get_attribute("aria-invalid") == "true"
    field(page).send_keys(Keys.ENTER)
    assert float(field(page).get_attribute("value")) == before


def test_a_drag_of_the_slider_is_one_step_of_the_history(explorer, trained):
    from selenium.webdriver.common.action_chains import ActionChains

    page = open_weight(explorer, trained)
    before = page.run("return explorer.graph.data[explorer.state.node]")
    slider = page.one(".editor .drag")
    width = slider.size["width"]
    chain = ActionChains(page.driver, duration=20).move_to_element(slider).click_and_hold()
    for _ in range(5):
        chain.move_by_offset(width // 20, 0)
    chain.release().perform()
    page.wait("return explorer.live.history.undoes !== null")
    after = page.run("return explorer.graph.data[explorer.state.node]")
    assert after > before
    assert_same(page, again(trained, {"conv1.weight[1,0,1,1]": after}))
    page.one(".edits [aria-label=undo]").click()
    assert page.run("return explorer.graph.data[explorer.state.node]") == before
    assert page.run("return explorer.live.changes.size") == 0
    assert_same(page, again(trained, {}))
    page.one(".edits [aria-label=redo]").click()
    assert page.run("return explorer.graph.data[explorer.state.node]") == after


def test_a_kernel_is_set_to_zero_and_a_channel_with_its_bias(explorer, trained):
    page = open_weight(explorer, trained)
    kernel = [f"conv1.weight[1,0,{u},{v}]" for u in range(3) for v in range(3)]
    button = next(b for b in page.all(".zero") if b.text == "conv1.weight[1] = 0")
    button.click()
    truth = again(trained, {**dict.fromkeys(kernel, 0.0), "conv1.bias[1]": 0.0})
    assert_same(page, truth)
    assert all(truth[f"conv1[1,{i},{j}]"][0] == 0 for i in range(4) for j in range(4))
    page.one("[aria-label='as it was in Python']").click()
    assert_same(page, again(trained, {}))
    page.chord("z")  # "as it was" is a step too
    assert_same(page, truth)


def strokes(page, overlay, places):
    from selenium.webdriver.common.action_chains import ActionChains

    page.run("arguments[0].scrollIntoView({block: 'center'})", overlay)
    size = overlay.size
    chain = ActionChains(page.driver, duration=0)
    for k, place in enumerate(places):
        x, y = page.run("return arguments[0].maps.centre(arguments[1])", overlay, place)
        chain.move_to_element_with_offset(overlay, x - size["width"] / 2, y - size["height"] / 2)
        if not k:
            chain.click_and_hold()
        chain.pause(0.05)
    chain.release().perform()


def test_a_pen_paints_on_the_image_and_a_rubber_wipes(explorer, trained):
    page = explorer(trained.loss).open("layer=conv1")
    most = max(x for plane in trained.image for row in plane for x in row)
    page.one(".tools [data-tool=pen]").click()
    overlay = page.map("x", ".before")
    strokes(page, overlay, [30, 31, 32])
    page.wait("return explorer.live.history.undoes !== null")
    painted = dict.fromkeys(["x[0,5,0]", "x[0,5,1]", "x[0,5,2]"], most)
    assert_same(page, again(trained, painted))
    assert page.run("return explorer.state.node") is None, "a stroke selects nothing"
    page.one(".tools [data-tool=rubber]").click()
    strokes(page, overlay, [31])
    page.wait("return explorer.live.history.undoes.includes('x')")
    assert_same(page, again(trained, {**painted, "x[0,5,1]": 0.0}))
    page.chord("z")
    page.chord("z")
    assert page.run("return [...explorer.live.changes]") == []
    assert_same(page, again(trained, {}))
    clear = next(b for b in page.all(".tools button") if b.text == "clear")
    clear.click()
    everything = {f"x[0,{i},{j}]": 0.0 for i in range(6) for j in range(6)}
    assert_same(page, again(trained, everything))


def test_edits_are_in_the_address(explorer, trained):
    page = open_weight(explorer, trained)
    type_in(page, "0.5")
    page.wait("return location.hash.includes('set=')")
    address = page.run("return location.hash.slice(1)")
    assert "set=conv1.weight[1,0,1,1]:0.5" in address
    page.open(address)
    truth = again(trained, {"conv1.weight[1,0,1,1]": 0.5})
    assert_same(page, truth)
    page.run("location.hash = 'node=conv1.weight[1,0,1,1]'")
    page.wait("return explorer.live.changes.size === 0")
    assert_same(page, again(trained, {}))


def test_the_reverse_pass_can_be_watched_with_changed_numbers(explorer, trained):
    page = open_weight(explorer, trained)
    page.run("explorer.state.set({time: Math.floor(explorer.reverse.end / 2)})")
    type_in(page, "0.5")
    truth = again(trained, {"conv1.weight[1,0,1,1]": 0.5})
    page.run("explorer.state.set({time: explorer.reverse.end})")
    assert_same(page, truth)
    script = "return [...explorer.reverse.gradientsOf(explorer.graph.tensors[0])]"
    name = page.run("return explorer.graph.tensors[0].name")
    gradients = [g for label, (_, g) in truth.items() if label.startswith(f"{name}[")]
    assert len(page.run(script)) == len(gradients) > 8


def test_leaves_of_an_expression_change_the_cards_and_the_arrows(explorer):
    *_, y = expression()
    page = explorer(y).open("node=a")
    type_in(page, "0.5")
    a, b = Value(0.5), Value(-3.0)
    c = a * b
    root = (c - a / b).tanh() + a
    root.backward()
    card = {c.find_element("css selector", "b").text: c for c in page.all(".card.node")}
    gradient = next(c for name, c in card.items() if name == "a")
    assert close(number(gradient.find_element("css selector", ".gradient").text), a.grad)
    labels = [t for t in page.texts(".contribution") if " = " in t]
    sums = sorted(number(t.split(" = ")[1]) for t in labels)
    assert len(sums) == len(labels) > 5
    assert close(number(page.text("output.root b")), root.data)


OPAQUE = Primitive("gamma", "Γ", lambda x: math.gamma(x), lambda y, x: (2.5,))


def test_a_graph_that_the_page_cannot_run_is_shown_and_says_why(explorer):
    x = Value(2.5, label="x")
    y = apply(OPAQUE, x) * 2.0
    page = explorer(y).open("node=x")
    assert "gamma" in page.text(".frozen")
    assert page.all(".editor") == []
    y.backward()
    assert math.isclose(number(page.text(".facts .gradient")), x.grad)
    assert page.complaints() == []


def test_a_leaf_that_was_changed_after_the_forward_pass_freezes_the_page(explorer):
    x = Value(2.0, label="x")
    y = x * 3.0
    x.data = 5.0
    page = explorer(y).open("node=x")
    assert "Python had" in page.text(".frozen")
