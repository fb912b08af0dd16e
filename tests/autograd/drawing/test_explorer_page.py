"""The explorer in a real browser: finding one's way, hostile names, unusual graphs."""

import random

import pytest
from browsing import colour

import autograd
import nn
from autograd import Tensor, Value

# --- 6. finding one's way -------------------------------------------------------------------------


def test_search_by_name_opens_a_layer_a_node_or_says_that_there_is_none(explorer, net):
    page = explorer(net.loss).open()
    for text, heading in [
        ("conv1.weight[0,0,1,2]", "conv1.weight[0,0,1,2]"),
        ("pool1[2, 1, 0]", "pool1[2,1,0]"),
        ("head", "head"),
        ("loss", "loss"),
    ]:
        page.press("/")
        page.press(text, "\ue007")
        assert any(h.startswith(heading) for h in page.texts("#details h2")), text
    page.press("/")
    for text, problem in [
        ("nowhere[9]", "nothing here is called nowhere"),
        ("CONV", "nothing here is called CONV; there is conv1, conv1.weight, conv1.bias"),
        ("pool1[9,0,0]", "pool1 has the shape 3×2×2: there is no pool1[9,0,0]"),
    ]:
        page.run("const box = document.getElementById('search'); box.value = ''; box.focus()")
        page.press(text, "\ue007")
        assert page.text("#problem") == problem
    page.press("\ue00c")
    assert page.text("#problem") == ""
    page.press("/", "head[-1]", "\ue007")
    assert page.text(".node-pane h2").startswith("head[3]")


def test_a_permalink_opens_the_same_view_again(explorer, net):
    page = explorer(net.loss).open()
    page.press("/")
    page.press("conv1.weight[0,0,1,2]", "\ue007", "v", "g", "\ue011")
    for _ in range(3):
        page.press("\ue014")
    page.run("explorer.state.write()")  # what would be written in a moment
    fragment = page.run("return location.hash.slice(1)")
    seen = [page.text(s) for s in ("#details", ".words", '#shown [aria-pressed="true"]', ".clock")]
    page.open(fragment)
    again = [page.text(s) for s in ("#details", ".words", '#shown [aria-pressed="true"]', ".clock")]
    page.wait("return document.querySelector('.paths b')")
    assert again[1:] == seen[1:]
    assert again[0][:300] == seen[0][:300]
    page.open("node=no[1]")
    assert "nothing here is called no" in page.text("#details")


def test_everything_can_be_reached_by_keys_alone(explorer, net):
    page = explorer(net.loss).open()
    page.run("document.querySelector('.card.layer').focus()")
    page.press("\ue004", "\ue007")  # Tab to the next card, Enter
    assert page.text("#details h2").startswith("relu1")
    page.press("[")
    assert page.text("#details h2").startswith("conv1")
    page.run("document.querySelector('.here canvas.overlay').focus()")
    page.press("\ue014", "\ue015", "\ue007")  # right, down, Enter
    assert page.text(".node-pane h2").startswith("conv1[0,1,1]")
    page.press("\ue00c")  # Escape
    assert not page.all(".node-pane")


def test_help_opens_by_a_key(explorer, net):
    page = explorer(net.loss).open()
    page.press("?")
    assert page.one("dialog").is_displayed()
    assert "space" in page.text("dialog")
    page.press("\ue00c")
    assert not page.one("dialog").is_displayed()


def test_the_selection_is_a_text_table_too(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    page.run("document.querySelector('details.entries').open = true")
    page.wait("return document.querySelector('details.entries tbody tr')")
    rows = page.run(
        "return [...document.querySelectorAll('details.entries tbody tr')]"
        ".map(r => [...r.children].map(c => c.textContent))"
    )
    true = [[v.label, v.data, v.grad] for v in net.made["conv1"].values]
    assert [[name, float(v), float(g)] for name, v, g in rows] == true


def test_dark_and_light_follow_the_system(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    papers, colours = [], []
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        page.wait("return new Promise(go => setTimeout(() => go(true), 100))")
        papers.append(page.run("return getComputedStyle(document.documentElement).backgroundColor"))
        colours.append([colour(page, page.map("conv1", ".here"), k) for k in range(48)])
        page.picture(f"layer-{scheme}")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert papers[0] != papers[1]
    assert colours[0] != colours[1]


# --- the page itself ------------------------------------------------------------------------------


def test_nothing_is_fetched_and_the_console_is_silent(explorer, net):
    page = explorer(net.loss, program=net.program()).open()
    for name in page.texts(".card.layer b"):
        page.card(name).click()
    page.press("\ue011", "\ue014", "v", "?", "\ue00c", "[")
    page.open("node=conv1[1,2,2]")
    assert {url.partition(":")[0] for url in page.requests()} <= {"file", "data", "blob", "about"}
    assert page.complaints() == []


HOSTILE = [
    "<img src=x onerror='window.hacked=1'>",
    "</script><script>window.hacked=1</script>",
    "{{graph}} ]]> --> &lt; &amp; \\N \\l | {a|b} \"quoted\" 'single'",
    "two\nlines\ttab \x00 \x1b[31m \u202eright to left \u2028 \ud800",
    "javascript:window.hacked=1",
    "é ∂ 漢字 🙂",
    "x" * 3000,
]


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_are_text(explorer, label):
    a = Value(2.0, label=label)
    y = a * 3.0 + a
    page = explorer(y, title=label).open()
    assert page.run("return window.hacked") is None
    title = page.run("return document.querySelector('.card.leaf b').textContent.toWellFormed()")
    assert title == label.replace("\ud800", "\ufffd")
    page.all(".card.leaf")[0].click()
    heading = "return document.querySelector('.node-pane h2').textContent.toWellFormed()"
    assert label[:20] in page.run(heading)
    page.press("\ue011", "\ue014", "\ue014")
    assert page.run("return window.hacked") is None
    assert page.run("return document.querySelectorAll('img, script[src], iframe').length") == 0
    assert page.complaints() == []


def test_hostile_tensor_names_are_text_in_every_pane(explorer):
    name = "<b onclick='window.hacked=1'>&amp;</b></script>"
    w = Tensor([[float(i - j) for j in range(20)] for i in range(20)], label=name)
    y = (w * w).sum()
    page = explorer(y).open()
    page.press("/")
    page.press(f"{name}[3,4]", "\ue007")
    assert page.text(".node-pane h2").startswith(f"{name}[3,4]")
    assert page.run("return window.hacked") is None
    assert page.complaints() == []


def numbers():
    from fractions import Fraction

    yield (Value(Fraction(1, 3), label="a") * Fraction(2, 7)), "2/21"
    yield Value(1 + 2j, label="a") * 2.0, "(2+4j)"
    yield Value(3, label="a") * 10**20, str(3 * 10**20)
    yield Value(float("inf"), label="a") * 1.0, "inf"
    yield Value(float("nan"), label="a") * 1.0, "nan"


@pytest.mark.parametrize(("root", "text"), list(numbers()), ids=lambda x: str(x)[:12])
def test_numbers_of_every_kind_are_shown(explorer, root, text):
    page = explorer(root).open()
    assert page.text(".facts .value") == text
    assert page.complaints() == []


@pytest.mark.parametrize("root", [Value(2.0), Value(2.0, label="w")])
def test_a_single_leaf_is_a_graph_too(explorer, root):
    page = explorer(root).open()
    assert page.all(".card.leaf")
    page.press(" ", "\ue014", "\ue012", "g", "v", "]", "[", "d")
    page.wait("return location.hash.length > 1")  # the address is written a little later
    assert "nothing to go back through" in page.text(".words")
    assert page.complaints() == []


def test_code_outside_of_layers_is_explored_as_well(explorer, their_nn):
    """micrograd's published network: 2,000 scalars without a layer, in which layers are found."""
    random.seed(0)
    model = their_nn.MLP(2, [16, 16, 1])
    y = model([Value(1.0), Value(-2.0)])
    y.backward()
    page = explorer(y).open()
    assert page.texts(".card.layer b") == ["neurons1", "neurons2", "neurons3"]
    page.press("/")
    page.press("neurons2[3]", "\ue007")
    assert page.text(".node-pane h2").startswith("neurons2[3]")
    page.press("\ue011", "\ue014", "\ue014")
    assert page.complaints() == []


def test_a_module_called_twice_is_two_layers(explorer):
    class Twice(nn.Module):
        def __init__(self):
            self.dense = nn.Dense(30, 30)
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.dense(self.relu(self.dense(x)))).sum()

    page = explorer(Twice()([0.1] * 30)).open()
    titles = page.texts(".card.layer b")
    assert titles[:4] == ["dense", "relu", "dense (2)", "relu (2)"]
    page.card("relu (2)").click()
    assert page.texts(".here figcaption b") == ["relu (2)"]
    assert page.complaints() == []


def test_a_tensor_of_leaves_alone_is_explored(explorer):
    page = explorer(Tensor([float(k) for k in range(400)], label="t")).open()
    assert page.text(".node-pane h2").startswith("t[0]")
    page.press("]", "[", "d", "v", "\ue011", "\ue010")
    page.wait("return location.hash.length > 1")
    assert page.complaints() == []


def test_a_page_in_a_notebook_answers_without_an_address(explorer, net, tmp_path):
    page = explorer(net.loss)
    outer = tmp_path / "notebook.html"
    outer.write_text(autograd.explore(net.loss)._repr_html_(), encoding="utf-8")
    page.driver.get(outer.as_uri())
    page.driver.switch_to.frame(0)
    page.wait("return document.body.dataset.ready")
    page.card("conv1").click()
    page.press("v", "\ue011", "\ue014")
    page.wait("return new Promise(go => setTimeout(() => go(true), 400))")
    assert page.text("#details h2").startswith("conv1") or page.all(".layer-pane")
    assert page.complaints() == []
    page.driver.switch_to.default_content()


def test_the_button_back_returns_to_what_was_selected_before(explorer, net):
    page = explorer(net.loss).open()
    for name in ("conv1", "pool1"):
        page.card(name).click()
        page.wait(f"return location.hash.includes('{name}')")
    page.driver.back()
    page.wait("return document.querySelector('#details h2').textContent.startsWith('conv1')")


def test_many_calls_are_folded_into_few_cards(explorer):
    class Steps(nn.Module):
        def __init__(self):
            self.cell = nn.Dense(2, 2, rng=random.Random(0))
            self.act = nn.Tanh()

        def forward(self, x):
            for _ in range(150):
                x = self.act(self.cell(x)) + x
            return x.sum()

    page = explorer(Steps()([0.1, 0.2])).open()
    assert len(page.all(".card")) <= 120
    assert any("150 calls" in card.text for card in page.all(".card"))
    assert page.complaints() == []


def test_a_loss_and_code_without_tensors_show_their_arithmetic(explorer, net):
    page = explorer(net.loss).open("layer=CrossEntropyLoss")
    lines = page.texts(".layer-pane .equation")
    assert len(lines) > 5
    assert lines[-1].startswith("loss")
