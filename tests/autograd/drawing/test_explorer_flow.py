"""The explorer in a real browser: where the gradient went, on cards and in words."""

import math
import random

import pytest
from browsing import close, colour, number

import nn
from autograd import Tensor


def norm(values):
    return math.hypot(*[v.grad for v in values])


def test_every_card_shows_the_norm_of_the_gradient_and_a_bar(explorer, net):
    page = explorer(net.loss).open()
    for name, made in net.made.items():
        line = page.card(name).find_element("css selector", ".norm")
        assert close(number(line.text.split()[-1]), norm(made.values))
    norms = {name: norm(made.values) for name, made in net.made.items()}
    widths = {
        name: page.run(
            "return arguments[0].querySelector('.meter span').getBoundingClientRect().width /"
            "arguments[0].querySelector('.meter').getBoundingClientRect().width",
            page.card(name),
        )
        for name in norms
    }
    for name, width in widths.items():
        true = 1 + math.log10(norms[name] / max(norms.values())) / 6
        assert math.isclose(width, true, abs_tol=0.01)
    page.press("\ue011")  # nothing has arrived yet
    assert page.card("conv1").find_element("css selector", ".norm").text == "‖∂‖ 0"


def test_the_pane_says_how_much_arrives_at_the_layer_and_at_its_parameters(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    words = page.text(".flow")
    share = norm(net.made["conv1"].values) / norm(net.made["head"].values)
    said = f"{share:.2g} times" if share >= 1 else f"1/{1 / share:.2g} of"
    assert f"{share:.2g}" != "1", "else it is about the same"
    assert f"Here the norm of the gradient is {said} that at head." in words
    for name in ("weight", "bias"):
        true = norm(getattr(net.model.conv1, name).values)
        assert f"‖∂loss/∂conv1.{name}‖ = {true:.4g}" in words


def test_dead_relus_are_counted_in_words_and_marked_where_they_are_many(explorer, net):
    page = explorer(net.loss).open("layer=relu1")
    dead = sum(v.data == 0 for v in net.made["relu1"].values)
    assert f"{dead} of 48 ReLUs ({dead / 48:.0%})".replace("%", " %") in page.text(".flow")
    assert page.card("relu1").find_element("css selector", ".subtitle").text == "ReLU"
    loss = sleeping(shift=-50.0)
    page = explorer(loss).open("as=layers&layer=1")
    assert page.card("1").find_element("css selector", ".flag").text == "· all dead"
    assert "10 of 10 ReLUs (100 %) pass nothing back" in page.text(".flow")
    page.card("0").click()
    assert "No gradient arrives here." in page.text(".flow")
    assert page.card("0").find_element("css selector", ".flag").text == "· no gradient"


def test_the_terms_of_a_hinge_are_no_units(explorer):
    y = nn.Dense(3, 4, rng=random.Random(1))([0.1, 0.2, 0.3])
    page = explorer(nn.HingeLoss()(y, [1.0, -1.0, 1.0, 1.0])).open("as=layers&layer=HingeLoss")
    assert "ReLU" not in page.text(".flow")


def sleeping(shift):
    """A net whose ReLUs are all off."""
    rng = random.Random(1)
    model = nn.Sequential(nn.Dense(3, 10, rng=rng), nn.ReLU(), nn.Dense(10, 2, rng=rng))
    for b in model[0].bias.values:
        b.data += shift
    return nn.MSELoss()(model([0.1, 0.2, 0.3]), [0.0, 1.0])


@pytest.mark.parametrize(("activation", "slope"), [
    (nn.Tanh, lambda y: 1 - y * y), (nn.Sigmoid, lambda y: y * (1 - y)),
])  # fmt: skip
def test_saturated_units_are_counted_by_their_slope(explorer, activation, slope):
    rng = random.Random(2)
    model = nn.Sequential(nn.Dense(3, 12, rng=rng), activation(), nn.Dense(12, 2, rng=rng))
    x = Tensor([9.0, -7.0, 6.0])
    made = model[1](model[0](x))
    page = explorer(nn.MSELoss()(model(x), [0.0, 1.0])).open("as=layers&layer=1")
    flat = sum(slope(v.data) < 0.01 for v in made.values)
    assert flat > 0
    assert f"{flat} of 12 units ({flat / 12:.0%})".replace("%", " %") in page.text(".flow")
    flag = page.card("1").find_element("css selector", ".flag").text
    assert flag == (f"· {flat / 12:.0%} saturated".replace("%", " %") if flat >= 6 else "")


def deep(scale, activation, layers=9):
    """Dense layers with weights a number of times as large as they should be."""
    rng = random.Random(0)

    def initial(shape, rng):
        return nn.init.he(shape, rng) * scale

    parts = []
    for _ in range(layers):
        parts += [nn.Dense(12, 12, init=initial, rng=rng), activation()]
    model = nn.Sequential(*parts, nn.Dense(12, 4, init=initial, rng=rng))
    return nn.CrossEntropyLoss()(model([0.1 * k for k in range(12)]), 1)


@pytest.mark.parametrize(("scale", "activation", "word", "verb"), [
    (0.5, nn.Sigmoid, "vanishing", "vanished"), (3.0, nn.LeakyReLU, "exploding", "exploded"),
])  # fmt: skip
def test_vanishing_and_exploding_layers_are_named(explorer, scale, activation, word, verb):
    page = explorer(deep(scale, activation)).open("layer=0")
    flags = [t.removeprefix(" · ") for t in page.texts(".card.layer .flag")]
    assert flags[0] == word
    assert flags[-1] == ""
    assert f"The gradient has {verb} on its way back" in page.text(".flow")


def test_one_scale_makes_maps_comparable_and_is_in_the_address(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    places = range(9)
    own = [colour(page, page.map("conv1.weight", ".kernels"), k) for k in places]
    assert "one scale" not in page.text(".legend")
    page.press("s")
    assert "one scale for all maps" in page.text(".legend")
    assert page.one(".scale").get_attribute("aria-pressed") == "true"
    one = [colour(page, page.map("conv1.weight", ".kernels"), k) for k in places]
    assert own != one, "the strongest weight is weak among all numbers"
    most = max(abs(v.data) for made in net.made.values() for v in made.values)
    weights = max(abs(v.data) for v in net.model.conv1.weight.values)
    caption = page.text('.kernels figure[data-tensor="conv1.weight"]')
    assert f"±{weights:.4g} on a scale of ±{most:.4g}" in caption
    page.wait("return location.hash.includes('scale=one')")
    page.open(page.run("return location.hash.slice(1)"))
    assert [colour(page, page.map("conv1.weight", ".kernels"), k) for k in places] == one
    page.one(".scale").click()
    assert [colour(page, page.map("conv1.weight", ".kernels"), k) for k in places] == own
