"""The explorer in a real browser: found layers, modules of modules, what is around a node."""

import random

import pytest
from browsing import close, number
from neurons import MLP, hinge

import nn
from autograd import Tensor, Value, graph


@pytest.fixture(scope="module")
def moons():
    """micrograd's network for twenty points, with gradients."""
    random.seed(1)
    made = hinge(MLP(2, [16, 16, 1]), 20)
    made.loss.backward()
    return made


class Attention(nn.Module):
    """One head."""

    def __init__(self, size, rng):
        self.query, self.key, self.value = (nn.Dense(size, size, rng=rng) for _ in range(3))
        self.softmax = nn.Softmax()

    def forward(self, x):
        return self.softmax(self.query(x) @ self.key(x).transpose(1, 0)) @ self.value(x)


class Block(nn.Module):
    """Attention and a perceptron, each beside a residual."""

    def __init__(self, size, rng):
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attention = Attention(size, rng)
        self.mlp = nn.Sequential(nn.Dense(size, 6, rng=rng), nn.GELU(), nn.Dense(6, size, rng=rng))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Two blocks."""

    def __init__(self):
        rng = random.Random(0)
        self.embed = nn.Dense(3, 4, rng=rng)
        self.block1, self.block2 = Block(4, rng), Block(4, rng)
        self.head = nn.Dense(4, 5, rng=rng)

    def forward(self, x):
        self.embedded = self.embed(x)
        self.made = self.block1(self.embedded)
        return self.head(self.block2(self.made))


class Translated:
    """A transformer and its loss, after backward()."""

    def __init__(self):
        rng = random.Random(1)
        x = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(4)]
        self.model = Transformer()
        self.loss = nn.CrossEntropyLoss()(self.model(Tensor(x, label="tokens")), [0, 1, 2, 3])
        self.loss.backward()


@pytest.fixture(scope="module")
def translated():
    return Translated()


def titles(page):
    return page.texts(".card b")


def entries(page, name):
    """[[name, value, gradient]] of a layer's table."""
    page.run("document.querySelector('details.entries').open = true")
    page.wait("return document.querySelector('details.entries tbody tr')")
    rows = page.run(
        "return [...document.querySelectorAll('details.entries tbody tr')]"
        ".map(r => [...r.children].map(c => c.textContent))"
    )
    assert all(row[0].startswith(f"{name}[") for row in rows)
    return [[float(v), float(g)] for _, v, g in rows]


def place(page, element):
    return page.run("const r = arguments[0].getBoundingClientRect(); return [r.x, r.y]", element)


# --- layers that nobody wrote ---------------------------------------------------------------------


def test_micrograds_network_is_seven_cards_with_the_engines_numbers(explorer, moons):
    page = explorer(moons.loss).open()
    assert set(titles(page)) == {
        "x", "neurons1", "neurons2", "neurons3", "relu", "relu.c", "sum1", "sum2", "sum3"
    }  # fmt: skip
    assert page.text("#details h2").startswith("neurons1")
    for k in range(3):
        page.card(f"neurons{k + 1}").click()
        true = [
            [v.data, v.grad] for j in range([16, 16, 1][k]) for v in [m[k][j] for m in moons.made]
        ]
        shown = entries(page, f"neurons{k + 1}")
        assert len(shown) == len(true)
        for (value, gradient), (data, grad) in zip(shown, true, strict=True):
            assert value == pytest.approx(data, rel=1e-12, abs=1e-15)
            assert gradient == pytest.approx(grad, rel=1e-12, abs=1e-15)
    assert page.complaints() == []


def test_a_found_weight_opens_to_its_contributions_of_all_samples(explorer, moons):
    page = explorer(moons.loss).open("layer=neurons2")
    page.point(page.map("neurons2.w", ".kernels"), 3 * 16 + 5, click=True)
    assert page.text(".node-pane h2").startswith("neurons2.w[3,5]")
    weight = moons.layers[1][3].w[5]
    assert float(page.text(".node-pane .gradient")) == pytest.approx(weight.grad, rel=1e-12)
    assert len(page.texts(".terms tbody tr")) == 22  # twenty samples, and w · w of the penalty


def test_a_layer_opens_to_its_neurons_and_closes_again(explorer, moons):
    page = explorer(moons.loss).open("layer=neurons1")
    assert not page.all(".mini")
    page.press("e")
    page.wait("return document.querySelectorAll('.mini').length === 16")
    page.all(".mini")[3].click()
    assert page.text(".node-pane h2").startswith("neurons1[3,0]")
    assert close(float(page.text(".node-pane .value")), moons.made[0][0][3].data)
    assert page.one('.mini[aria-pressed="true"] span').text == "[3]"
    page.wait("return location.hash.includes('open=neurons1[]')")
    page.open("layer=neurons1&open=neurons1[]")
    assert len(page.all(".mini")) == 16
    page.press("E")
    page.wait("return !document.querySelector('.mini')")


def test_the_reverse_pass_runs_layer_by_layer_through_what_was_found(explorer, moons):
    page = explorer(moons.loss).open("step=0")
    seen = []
    for _ in range(7):
        page.press("\ue014")
        seen.append(page.text(".words").split(":")[0])
    assert seen == ["sum3", "sum2", "relu", "neurons3", "neurons2", "neurons1", "sum1"]
    page.press("\ue012")
    page.press("\ue012")
    done = page.texts(".card.layer.done b")
    assert sorted(done) == ["neurons2", "neurons3", "relu", "sum2", "sum3"]


def test_a_large_graph_without_structure_starts_around_its_root(explorer):
    rng, chain = random.Random(0), [Value(1.0), Value(-0.5)]
    for _ in range(400):
        a, b = rng.choices(chain[-6:], k=2)
        chain.append(rng.choice([a + b, a * b, a.tanh(), a - b]).tanh())
    root = chain[-1]
    root.label = "end"
    page = explorer(root).open()
    assert page.text('#cards [aria-pressed="true"]') == "around"
    assert any(title.startswith("end") for title in titles(page))
    assert page.text(".node-pane h2").startswith("end")


# --- modules of modules ---------------------------------------------------------------------------


def test_a_transformer_is_its_blocks_first_and_a_block_opens_in_place(explorer, translated):
    page = explorer(translated.loss).open()
    assert titles(page) == ["tokens", "embed", "block1", "block2", "head", "CrossEntropyLoss"]
    before = place(page, page.card("block1"))
    page.one('[title^="open block1"]').click()
    page.wait("return document.querySelector('.frame')")
    assert titles(page) == [
        "tokens", "embed", "norm1", "attention", "add", "norm2", "mlp", "add", "block2", "head",
        "CrossEntropyLoss",
    ]  # fmt: skip
    assert place(page, page.one(".frame")) == pytest.approx(before, abs=1)
    frame, card = page.one(".frame").rect, page.card("attention").rect
    assert frame["x"] < card["x"] < card["x"] + card["width"] < frame["x"] + frame["width"]
    assert frame["y"] < card["y"] < card["y"] + card["height"] < frame["y"] + frame["height"]
    page.wait("return location.hash.includes('open=block1')")
    page.one(".closer").click()
    page.wait("return !document.querySelector('.frame')")
    assert titles(page) == ["tokens", "embed", "block1", "block2", "head", "CrossEntropyLoss"]
    assert page.complaints() == []


def test_keys_open_what_the_selected_layer_is_in_and_close_it(explorer, translated):
    page = explorer(translated.loss).open("layer=block2.attention.key")
    assert page.one(".card.selected b").text == "block2"
    page.press("e")
    page.wait("return document.querySelectorAll('.frame').length === 1")
    assert page.one(".card.selected b").text == "attention"
    page.press("e")
    page.wait("return document.querySelectorAll('.frame').length === 2")
    assert page.one(".card.selected b").text == "key"
    outer, inner = (frame.rect for frame in page.all(".frame"))
    assert outer["x"] < inner["x"]
    assert inner["x"] + inner["width"] < outer["x"] + outer["width"]
    page.press("E", "E")
    page.wait("return document.querySelectorAll('.frame').length === 0")


def test_an_address_opens_modules_again(explorer, translated):
    page = explorer(translated.loss).open("open=block1;block1.attention")
    assert [frame.get_attribute("data-module") for frame in page.all(".frame")] == [
        "block1", "block1.attention"
    ]  # fmt: skip
    assert "softmax" in titles(page)
    page.card("value").click()
    assert page.text("#details h2").startswith("block1.attention.value")
    page.open("open=nothing")
    assert titles(page)[1:4] == ["embed", "block1", "block2"]


def test_a_closed_module_shows_what_it_makes_and_how_far_its_reverse_pass_is(explorer, translated):
    page = explorer(translated.loss).open()
    made = page.run(
        "const {graph} = explorer;"
        "const made = graph.tensors.find(t => t.name === 'block1 (2)');"
        "return [...made.entries].map(n => graph.data[n])"
    )
    assert made == pytest.approx([v.data for v in translated.model.made.values], rel=1e-12)
    lines = page.card("block1").text.split("\n")
    assert "13 layers" in lines
    parameters = sum(p.size for p in translated.model.block1.parameters())
    assert f"{parameters} parameters" in lines
    page.open("step=0")
    page.press("\ue014", "\ue014", "\ue014")  # the loss, the head, the last addition of block2
    assert page.texts(".card.active b") == ["block2"]
    assert sorted(page.texts(".card.done b")) == ["CrossEntropyLoss", "head"]


# --- around a node --------------------------------------------------------------------------------


def shown(page):
    """{title of a card: (value, gradient)} of what is around a node."""
    rows = page.run(
        "return [...document.querySelectorAll('.card.node')].filter(c => c.querySelector('.value'))"
        ".map(c => ['b', '.value', '.gradient'].map(s => c.querySelector(s).textContent))"
    )
    return {title: (number(value), number(gradient)) for title, value, gradient in rows}


def test_around_a_node_are_what_it_is_made_of_and_what_reads_it(explorer, net):
    page = explorer(net.loss).open("node=relu1[1,1,2]")
    page.one(".node-pane .around").click()
    page.wait("return document.querySelector('.steps-bar')")
    assert "around relu1[1,1,2]" in page.text(".steps-bar")
    relu, conv = net.made["relu1"][1, 1, 2], net.made["conv1"][1, 1, 2]
    found = {title.split(" = ")[0]: numbers for title, numbers in shown(page).items()}
    for value in (relu, conv, net.made["pool1"][1, 0, 1], net.model.conv1.bias[1]):
        data, grad = found[value.label]
        assert close(data, value.data)
        assert close(grad, value.grad)
    page.wait("return location.hash.includes('as=around')")


def test_steps_are_chosen_by_buttons_and_keys_and_kept_in_the_address(explorer, net):
    page = explorer(net.loss).open("node=relu1[1,1,2]&as=around&steps=1")
    assert len(shown(page)) == 3
    page.press(">")
    page.wait("return document.querySelector('.steps-bar output').textContent === '2 steps'")
    two = len(shown(page))
    assert two > 3
    page.wait("return !location.hash.includes('steps=')")
    page.one('.steps-bar [title^="more"]').click()
    page.wait("return document.querySelector('.steps-bar output').textContent === '3 steps'")
    assert len(shown(page)) > two
    page.wait("return location.hash.includes('steps=3')")
    page.press("<", "<", "<", "<")
    page.wait("return document.querySelector('.steps-bar output').textContent === '1 step'")
    assert page.one('.steps-bar [title^="fewer"]').get_attribute("disabled")


def test_readers_of_a_weight_are_opened_a_dozen_at_a_time(explorer, net):
    weight = net.model.conv1.weight[1, 0, 1, 1]
    readers = sum(any(weight in x.inputs for x in n.inputs) for n in graph.nodes(net.loss) if n.op)
    page = explorer(net.loss).open("node=conv1.weight[1,0,1,1]&as=around&steps=1")
    rest = readers - 6
    assert page.text(".expander.read") == f"+{rest} ▸"
    assert len(shown(page)) == 7
    page.one('[title*="that read it"]').click()
    page.wait("return document.querySelectorAll('.card.node').length > 7")
    assert len(shown(page)) == 1 + min(readers, 18)
    page.wait("return location.hash.includes('more=d')")
    fragment = page.run("return location.hash.slice(1)")
    before = shown(page)
    page.open(fragment)
    assert shown(page) == before
    page.one(".steps-bar button:last-child").click()
    page.wait("return document.querySelectorAll('.card.node').length === 7")


def test_a_long_operand_is_one_card_until_it_is_opened(explorer, net):
    page = explorer(net.loss).open("node=head[2]&as=around")
    kernel = next(c for c in page.all(".card.node") if c.text.startswith("head.weight"))
    assert "12 leaf numbers" in kernel.text
    button = kernel.find_element("xpath", "..").find_element("css selector", ".expander")
    button.click()
    page.wait("return document.querySelectorAll('.card.node').length > 14")
    found = shown(page)
    for k in range(12):
        weight = net.model.head.weight[2, k]
        data, grad = found[weight.label]
        assert close(data, weight.data)
        assert close(grad, weight.grad)


def test_a_clicked_neighbour_becomes_the_middle_and_stays_where_it_is(explorer, moons):
    page = explorer(moons.loss).open("node=neurons2[3,2]&as=around&steps=3")
    card = page.card("neurons3[0,2]")
    before = place(page, card)
    card.click()
    page.wait("return document.querySelector('.steps-bar b').textContent === 'neurons3[0,2]'")
    selected = page.one(".card.selected")
    assert selected.text.startswith("neurons3[0,2]")
    whole = page.run(
        "const {diagram} = explorer; return diagram.anchor(['n' + explorer.state.node])"
    )
    if whole["scale"] == 1:  # where it does not fit in at once
        assert place(page, selected) == pytest.approx(before, abs=1)


def test_a_neuron_is_a_sum_of_its_products_around_it(explorer, moons):
    page = explorer(moons.loss).open("node=neurons2[3,2]&as=around")
    found = page.texts(".card.node b:first-child")
    assert sum(title.startswith("neurons2[3,2].mul") for title in found) == 6
    page.one('[title*="that it is made of"][title*="11"]').click()
    page.wait("return document.querySelectorAll('.card.node').length > 15")
    found = page.texts(".card.node b:first-child")
    assert sum(title.startswith("neurons2[3,2].mul") for title in found) == 16
    assert "neurons2.b[3]" in found


def test_views_are_chosen_by_buttons_and_a_key(explorer, net, moons):
    page = explorer(moons.loss).open()
    assert page.texts("#cards button") == ["layers", "around"]
    page.press("d")
    page.wait("return document.querySelector('.steps-bar')")
    page.press("d")
    page.wait("return !document.querySelector('.steps-bar')")
    a = Value(2.0, label="a")
    page = explorer(a * a + 1).open()
    assert page.texts("#cards button") == ["layers", "nodes", "around"]
    page.press("d")
    page.wait("return document.querySelector('.steps-bar')")
    assert len(page.all(".card.node")) == 4


def test_hostile_labels_stay_text_in_frames_and_around_a_node(explorer):
    bad = "<img src=x onerror='window.hacked=1'>"
    a, b = Value(2.0, label=bad), Value(3.0, label=bad)
    page = explorer(a * b + a).open("as=around")
    assert bad in titles(page)
    assert page.run("return window.hacked ?? document.querySelectorAll('img').length") == 0
