"""What a newcomer would do with a page, each by mouse, by keyboard alone and by touch.

The answer is read from the page and held against Python: the engine run again with what was
changed, finite differences, or a formula written out.
"""

import itertools
import math
import random
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from browsing import Explorer, close, number
from hands import HANDS
from lessons import Lesson
from neurons import MLP, hinge

import autograd
import nn

LOSS = nn.CrossEntropyLoss()
DEAD = 3  # a kernel whose bias is so low that nothing of it is ever on


class Reader(nn.Module):
    """A small CNN that reads digits, (1, 8, 8) -> (10,)."""

    def __init__(self):
        rng = random.Random(5)
        self.conv1 = nn.Conv2D(1, 4, 3, rng=rng)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool(2)
        self.head = nn.Dense(36, 10, rng=rng)
        self.conv1.bias.values[DEAD].data = -30.0

    def forward(self, x):
        self.made = {"conv1": self.conv1(x)}
        self.made["relu1"] = self.relu1(self.made["conv1"])
        self.made["pool1"] = self.pool1(self.made["relu1"])
        return self.head(self.made["pool1"].flatten())


class Seven:
    """A net that learned digits a little, a 7 that it reads, and how far that is from a 1."""

    def __init__(self):
        digits = nn.data.digits().take(range(300))
        self.model = Reader()
        trainer = nn.Trainer(self.model, LOSS, nn.Adam(self.model.parameters(), lr=0.02))
        trainer.fit(digits, epochs=6, seed=0, progress=False)
        sevens = [image for image, label in digits if label == 7]
        self.image = next(image for image in sevens if self.read(image) == 7)
        self.model.zero_grad()
        self.loss = LOSS(self.model(self.image), 1)
        self.loss.backward()
        self.made = self.model.made
        self.scores = self.model(self.image)

    def read(self, image):
        return int(np.argmax(self.model(image).tolist()))

    def all_read(self, images):
        """The classes of images, computed without the engine."""
        weight, bias = (
            np.array(p.tolist()) for p in (self.model.conv1.weight, self.model.conv1.bias)
        )
        maps = bias[:, None, None] + sum(
            weight[:, 0, u, v, None, None] * images[:, None, u : u + 6, v : v + 6]
            for u, v in np.ndindex(3, 3)
        )
        pooled = np.maximum(maps, 0).reshape(-1, 4, 3, 2, 3, 2).max((3, 5)).reshape(-1, 36)
        head = self.model.head
        return (pooled @ np.array(head.weight.tolist()).T + np.array(head.bias.tolist())).argmax(1)

    def forged(self, ink):
        """([(place, its number)], image): the fewest pixels, inked or cleared, that make it a 1."""
        strokes = [(place, x) for place in range(64) for x in (ink, 0.0)]
        for n in (1, 2):
            chosen = list(itertools.combinations(strokes, n))
            images = np.tile(np.ravel(self.image), (len(chosen), 1))
            for image, some in zip(images, chosen, strict=True):
                image[[place for place, _ in some]] = [x for _, x in some]
            found = np.flatnonzero(self.all_read(images.reshape(-1, 8, 8)) == 1)
            if len(found):
                return chosen[found[0]], images[found[0]]
        raise AssertionError("no two pixels make a 1 of it")

    def leaf(self, name):
        """A weight or a bias of the model, by the name that the page gives it."""
        path, _, index = name.rstrip("]").partition("[")
        layer, which = path.split(".")
        return getattr(getattr(self.model, layer), which)[tuple(map(int, index.split(",")))]

    def again(self, changes, image=None):
        """The loss where some leaves have other numbers."""
        leaves = {name: self.leaf(name) for name in changes}
        before = {name: leaf.data for name, leaf in leaves.items()}
        try:
            for name, x in changes.items():
                leaves[name].data = x
            return LOSS(self.model(image or self.image), 1).data
        finally:
            for name, x in before.items():
                leaves[name].data = x


@pytest.fixture(scope="module")
def seven():
    return Seven()


@pytest.fixture(scope="module")
def lesson():
    return Lesson()


@pytest.fixture(scope="module")
def moons():
    """micrograd's network, written in plain Values, for eight points."""
    random.seed(1)
    made = hinge(MLP(2, [16, 16, 1]), 8)
    made.loss.backward()
    return made


@pytest.fixture(scope="module")
def written(seven, lesson, moons, tmp_path_factory):
    """{name: a page}, each written once."""
    folder = tmp_path_factory.mktemp("tasks")
    autograd.explore(seven.loss, folder / "seven.html", title="a 7, as a 1")
    autograd.explore(seven.scores[7], folder / "score.html", title="the score of a 7")
    autograd.explore(moons.loss, folder / "moons.html")
    autograd.explore(lesson.loss_of, path=folder / "lesson.html", **lesson.options)
    return folder


@pytest.fixture(params=HANDS, ids=lambda hand: hand.__name__.lower())
def opened(request, driver, written):
    """opened(name) is a hand at that page; in the end the page has said and asked for nothing."""
    hands = []

    def at(name, fragment=""):
        page = Explorer(driver, written / f"{name}.html")
        for log in ("browser", "performance"):
            driver.get_log(log)
        hands.append(request.param(page))
        page.open(fragment)
        return hands[-1]

    yield at
    for hand in hands:
        hand.letgo()
        assert hand.page.complaints() == []
        schemes = {url.partition(":")[0] for url in hand.page.requests()}
        assert schemes <= {"file", "data", "blob", "about"}


def softmax(scores):
    powers = np.exp(np.array(scores) - np.max(scores, axis=-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def compared(hand):
    """[{p, y, gradient}] of the classes, as the picture of the loss shows them."""
    hand.open("CrossEntropyLoss")
    hand.read(".comparison tbody tr:last-child .gradient")
    rows = hand.page.run(
        "return [...document.querySelectorAll('.comparison tbody tr')]"
        ".map((row) => [...row.querySelectorAll('.number')].map((cell) => cell.textContent))"
    )
    return [dict(zip(("p", "y", "gradient"), map(number, row), strict=True)) for row in rows]


def loss_of(hand):
    """(now, was) of the loss, as the bar says."""
    said = hand.read("output.root").removeprefix("loss ")
    now, _, was = said.partition(", was ")
    return number(now), number(was or now)


def shades(page, overlay):
    """How far the colour of each entry of a heat map is from the colour of its lightest one."""
    script = """
    const {maps} = arguments[0];
    const {width, height} = maps.picture;
    const {data} = maps.picture.getContext("2d").getImageData(0, 0, width, height);
    return [...maps.numbers.keys()].map((place) => {
      const [x, y] = maps.centre(place).map(Math.floor);
      return [...data.slice(4 * (y * width + x), 4 * (y * width + x) + 3)];
    });
    """
    colours = np.array(page.run(script, overlay))
    light = colours[np.argmax(colours.sum(1))]
    return np.abs(colours - light).sum(1)


def difference(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


def test_which_pixels_matter_most_for_this_score(opened, seven):
    hand = opened("score")
    hand.open("x")
    hand.press("|gradients|")
    overlay = hand.map("x", ".before")
    darkest = int(np.argmax(shades(hand.page, overlay)))
    said = hand.hover("x", darkest, ".before")

    def score(pixel, place):
        image = np.array(seven.image)
        image.flat[place] = pixel
        return seven.model(image.tolist())[7].data

    slopes = [difference(lambda x, k=k: score(x, k), np.ravel(seven.image)[k]) for k in range(64)]
    assert abs(slopes[darkest]) == pytest.approx(max(map(abs, slopes)), rel=1e-4)
    assert said.startswith(f"x[0,{darkest // 8},{darkest % 8}] = ")
    assert close(number(said.rsplit(" ", 1)[1]), slopes[darkest], 3)


def test_why_the_gradient_of_this_weight_is_0(opened, seven):
    hand = opened("seven")
    hand.open("conv1")
    hand.pick("conv1.weight", 9 * DEAD + 4)
    assert number(hand.read(".facts .gradient")) == 0
    hand.press("36 contributions as a table")
    hand.read(".terms tbody td:last-child")
    rows = hand.page.texts(".terms tbody tr td:nth-child(3)")
    assert [number(upstream) for upstream in rows] == [0.0] * 36, (
        "nothing comes back to its channel"
    )
    name = f"conv1[{DEAD},0,0]"
    below = seven.made["conv1"][DEAD, 0, 0].data
    hand.act(hand.page.one(".terms .chip"))
    assert hand.read(".node-pane h2").startswith(name)
    assert math.isclose(number(hand.read(".facts .value")), below)
    assert below < 0
    hand.read(".terms tbody td:nth-child(4)")
    reader, by, _, partial, contribution = hand.page.texts(".terms tbody tr:first-child td")
    assert (reader.startswith(f"relu1[{DEAD},0,0]"), by) == (True, "relu")
    assert partial.endswith(" = 0"), "the gate is off"
    assert number(contribution) == 0


def test_what_happens_if_this_kernel_is_gone(opened, seven):
    hand = opened("seven")
    hand.open("conv1")
    hand.pick("conv1.weight", 4)
    hand.press("conv1.weight[0] = 0")
    kernel = {f"conv1.weight[0,0,{u},{v}]": 0.0 for u in range(3) for v in range(3)}
    true = seven.again({**kernel, "conv1.bias[0]": 0.0})
    now, was = loss_of(hand)
    assert close(now, true)
    assert close(was, seven.loss.data)


def test_how_a_7_is_read_as_a_1_with_the_fewest_pixels(opened, seven):
    ink = np.max(seven.image)
    places, image = seven.forged(ink)
    hand = opened("seven")
    hand.open("x")
    for place, x in places:
        hand.paint("x", place, x, column=".before")
    p = [row["p"] for row in compared(hand)]
    true = softmax(seven.model(image.reshape(1, 8, 8).tolist()).tolist())
    assert all(close(shown, t) for shown, t in zip(p, true, strict=True))
    assert int(np.argmax(p)) == 1
    changed = hand.button("as it was in Python").get_attribute("title")
    assert changed.startswith(f"as it was in Python: {len(places)} number")


def test_where_the_loss_comes_from_and_that_its_gradient_is_p_minus_y(opened, seven):
    hand = opened("seven")
    rows = compared(hand)
    p = softmax([v.data for v in seven.scores.values])
    for k, row in enumerate(rows):
        assert close(row["p"], p[k])
        assert row["y"] == (k == 1)
        assert close(row["gradient"], p[k] - (k == 1))
    assert close(loss_of(hand)[0], -math.log(p[1]))


def test_the_strongest_path_from_a_pixel(opened, seven):
    hand = opened("seven")
    hand.open("x")
    i, j = 3, 4
    hand.pick("x", 8 * i + j, ".before")
    hand.page.wait("return document.querySelector('.paths b')")
    product = number(hand.read(".paths li:first-child b"))
    scores = np.exp([v.data for v in seven.scores.values])
    push = scores / scores.sum() - np.eye(10)[1]
    maps = np.array(seven.made["conv1"].tolist())
    weights, head = (
        np.array(layer.weight.tolist()) for layer in (seven.model.conv1, seven.model.head)
    )
    along = {}
    for o, u, v in np.ndindex(4, 3, 3):
        r, c = i - u, j - v
        if not (0 <= r < 6 and 0 <= c < 6):
            continue
        window = maps[o, r // 2 * 2 : r // 2 * 2 + 2, c // 2 * 2 : c // 2 * 2 + 2]
        if maps[o, r, c] <= 0 or maps[o, r, c] < window.max():
            continue
        for k in range(10):
            slope = weights[o, 0, u, v] * head[k, 9 * o + 3 * (r // 2) + c // 2] * push[k]
            along[f"conv1[{o},{r},{c}]", f"head[{k}]"] = slope
    best = max(along, key=lambda way: abs(along[way]))
    assert close(product, along[best])
    names = hand.page.texts(".paths li:first-child .name")
    assert names[0] == f"x[0,{i},{j}]"
    assert {*best} <= {*names}


def test_why_the_kernel_is_turned_in_reverse(opened, seven):
    hand = opened("seven")
    hand.open("x")
    hand.pick("x", 8 * 4 + 3, ".before")
    hand.press("36 contributions as a table")
    hand.read(".terms tbody td:last-child")
    rows = hand.page.run(
        "const text = (c) => c.querySelector('.name')?.textContent ?? c.textContent;"
        "return [...document.querySelectorAll('.terms tbody tr')]"
        ".map((row) => [...row.children].map(text))"
    )
    places = [f"conv1[1,{r},{c}]" for r in (2, 3, 4) for c in (1, 2, 3)]
    met = {name: number(partial.split(" = ")[-1]) for name, _, _, partial, _ in rows}
    kernel = np.ravel(seven.model.conv1.weight[1, 0].tolist())
    assert [met[name] for name in places] == kernel[::-1].tolist()
    gradient = number(hand.read(".facts .gradient"))
    assert math.isclose(sum(number(row[-1]) for row in rows), gradient, rel_tol=1e-9)


def test_how_one_window_becomes_its_output(opened, seven):
    hand = opened("seven")
    hand.open("conv1")
    o, i, j = 2, 1, 3
    hand.pick("conv1", 36 * o + 6 * i + j, ".here")
    hand.read(".made")
    products = [number(t) for t in hand.page.texts('.made [data-grid="products"] td')]
    kernel = np.array(seven.model.conv1.weight[o, 0].tolist())
    window = np.array(seven.image)[0, i : i + 3, j : j + 3]
    true = (kernel * window).ravel()
    assert all(close(p, t, 2) for p, t in zip(products, true, strict=True))
    value = number(hand.read(".facts .value"))
    assert math.isclose(value, true.sum() + seven.leaf(f"conv1.bias[{o}]").data, rel_tol=1e-12)


def test_a_bias_is_set_by_hand_so_that_the_loss_falls_as_its_gradient_promised(opened, seven):
    hand = opened("seven")
    hand.open("head")
    hand.pick("head.bias", 1)
    gradient = number(hand.read(".facts .gradient"))
    bias = seven.leaf("head.bias[1]").data
    by = -0.2 * math.copysign(1, gradient)
    hand.type(".editor .number", f"{bias + by:.6f}")
    now, was = loss_of(hand)
    assert close(now, seven.again({"head.bias[1]": float(f"{bias + by:.6f}")}))
    assert now < was
    assert math.isclose(now - was, gradient * by, rel_tol=0.3), "to first order"
    slope = difference(lambda b: seven.again({"head.bias[1]": b}), bias)
    assert math.isclose(gradient, slope, rel_tol=1e-5)


def test_one_step_of_descent_makes_the_loss_smaller(opened, seven):
    hand = opened("seven")
    hand.press("learn")
    hand.press("one step")
    said = hand.read("#learn section output[aria-live]")
    stepped = {}
    for name, p in seven.model.named_parameters():
        for v in p.values:
            assert v.label.startswith(name)
            stepped[v.label] = v.data - 0.1 * v.grad
    true = seven.again(stepped)
    _, before, _, after = said.partition(";")[0].split()
    assert close(number(before), seven.loss.data)
    assert close(number(after), true)
    assert true < seven.loss.data


def test_everything_is_undone_step_by_step_and_all_at_once(opened, seven):
    hand = opened("seven")
    hand.press("learn")
    hand.press("one step")
    hand.press("learn")
    hand.open("conv1")
    hand.pick("conv1.weight", 4)
    stepped = loss_of(hand)[0]
    hand.press("conv1.weight[0] = 0")
    assert loss_of(hand)[0] != stepped
    hand.press("undo")
    assert loss_of(hand)[0] == stepped
    hand.press("redo")
    hand.press("as it was in Python")
    assert loss_of(hand) == (pytest.approx(seven.loss.data, rel=1e-3),) * 2
    assert hand.page.run("return [...explorer.graph.data]") == hand.page.run(
        "return [...explorer.graph.original]"
    )


def test_a_link_shows_a_colleague_what_was_changed(opened, seven):
    hand = opened("seven")
    hand.open("conv1")
    hand.pick("conv1.bias", 0)
    hand.type(".editor .number", "1.5")
    hand.page.wait("return location.hash.includes('set=')")
    link = hand.page.run("return location.hash.slice(1)")
    hand.page.open(link)
    assert hand.read(".node-pane h2").startswith("conv1.bias[0]")
    now, was = loss_of(hand)
    assert close(now, seven.again({"conv1.bias[0]": 1.5}))
    assert close(was, seven.loss.data)
    assert hand.page.one(".editor .was").text.startswith("was ")


def test_training_to_ninety_percent_changes_a_kernel(opened, lesson):
    hand = opened("lesson")
    page = hand.page
    if not page.one("#learn").is_displayed():
        hand.press("learn")
    weights = "return document.querySelector('.kernels canvas').toDataURL()"
    before = page.run(weights)
    hand.press("▶ train")
    page.wait(
        "return parseFloat(document.querySelector('.means .from ~ td + td').textContent) >= 90"
    )
    hand.press("❚❚ pause")
    page.wait("return document.querySelector('#learn').dataset.done === 'true'")
    share = number(hand.read(".means tr:nth-child(2) td:nth-child(3)").removesuffix(" %"))
    learned = page.run("return [...explorer.graph.parameters].map((n) => explorer.graph.data[n])")
    other = Lesson()
    for value, x in zip(
        (v for p in other.model.parameters() for v in p.values), learned, strict=True
    ):
        value.data = x
    _, classes = other.read()
    hits = [c == t for c, t in zip(classes[:24], other.labels[:24], strict=True)]
    assert share == pytest.approx(100 * np.mean(hits), abs=0.06)
    assert share >= 90
    hand.press("learn")
    hand.read(".kernels figure figcaption")
    assert page.run(weights) != before


def test_where_the_dead_relus_are(opened, seven):
    hand = opened("seven")
    hand.open("relu1")
    values = [v.data for v in seven.made["conv1"].values]
    off = [k for k, x in enumerate(values) if x <= 0]
    said = hand.read('.here figure[data-tensor="relu1"] .says p:first-child')
    assert f"{len(off)} pass nothing back" in said
    said = hand.hover("relu1", 36 * DEAD + 7, ".here")
    assert said == f"relu1[{DEAD},1,1] = 0, gradient 0"


def test_what_is_around_a_neuron_that_was_written_without_layers(opened, moons):
    hand = opened("moons")
    hand.open("neurons2")
    hand.pick("neurons2", 8 * 3 + 2, ".here")
    hand.press("what is around it")
    hand.page.wait("return document.querySelector('.steps-bar')")
    hand.press("more steps (>)")
    hand.page.wait("return document.querySelector('.steps-bar output').textContent === '3 steps'")
    neuron = moons.made[2][2][0]
    titles = "[...document.querySelectorAll('.card b')].map((b) => b.textContent)"
    hand.page.wait(f"return {titles}.includes('neurons3[0,2]')")
    card = hand.card("neurons3[0,2]")
    cells = [card.find_element("css selector", s) for s in ("b.value", "b.gradient")]
    for cell, true in zip(cells, (neuron.data, neuron.grad), strict=True):
        hand.look(cell)
        assert close(number(cell.text), true)
    hand.open("neurons3[0,2]")
    assert hand.read(".node-pane h2").startswith("neurons3[0,2]")
    assert math.isclose(number(hand.read(".facts .gradient")), neuron.grad, rel_tol=1e-12)


def test_a_picture_of_the_graph_is_saved(opened, seven, tmp_path):
    hand = opened("seven")
    hand.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    hand.press("save a picture")
    hand.press("the whole graph as SVG")
    for _ in range(200):
        if saved := [*tmp_path.glob("*.svg")]:
            break
        time.sleep(0.05)
    texts = [t.text for t in ElementTree.parse(saved[0]).iter("{http://www.w3.org/2000/svg}text")]
    gradients = [v.grad for v in seven.made["pool1"].values]
    assert f"‖∂‖ {np.linalg.norm(gradients):.4g}" in texts
    assert {"conv1", "relu1", "pool1", "head", "CrossEntropyLoss"} <= {*texts}
