"""The explorer in a real browser: the model as layers, layers as heat maps."""

import re

import pytest
from browsing import close, colour, number

# --- 1. the model as layers -----------------------------------------------------------------------


def test_the_model_is_shown_as_layers_with_shapes_forward_and_back(explorer, net):
    page = explorer(net.loss, program=net.program()).open()
    assert page.texts(".card.layer b") == ["conv1", "relu1", "pool1", "head", "CrossEntropyLoss"]
    assert page.texts(".card.input b") == ["x"]
    lefts = [card.location["x"] for card in page.all(".card.layer")]
    assert lefts == sorted(lefts), "layers run from left to right"
    forward = page.texts(".shapes span:first-child")
    assert sorted(forward) == sorted(["1×6×6 →", "3×4×4 →", "3×4×4 →", "3×2×2 →", "4 →"])
    back = page.texts(".shapes .back")
    assert [text.replace("← ∂ ", "") + " →" for text in back] == forward
    assert "weight 3×1×3×3" in page.card("conv1").text
    assert "(3×9)·(9×16)" in page.card("conv1").text
    page.picture("model")


def test_a_layer_says_which_matrix_products_it_is_and_why_there_is_a_transpose(explorer, net):
    page = explorer(net.loss, program=net.program()).open()
    page.card("conv1").click()
    lines = page.texts(".product button code")
    assert lines == [
        "Z (3×16) = W (3×9) · X (9×16)",
        "dW (3×9) = dZ (3×16) · Xᵀ (16×9)",
        "dX (9×16) = Wᵀ (9×3) · dZ (3×16)",
    ]
    assert "so X is turned" in page.text(".products")
    assert page.text(".compiled pre") == net.program().explain("conv1")


# --- 2. heat maps ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 5, 17, 47])
def test_a_heat_map_tells_value_and_gradient_of_an_entry(explorer, net, place):
    page = explorer(net.loss).open()
    page.card("conv1").click()
    overlay = page.map("conv1", ".here")
    page.point(overlay, place)
    name, value, gradient = re.fullmatch(
        r"(\S+) = (\S+), gradient (\S+)", overlay.get_attribute("title")
    ).groups()
    node = net.made["conv1"].values[place]
    assert name == node.label
    assert close(number(value), node.data)
    assert close(number(gradient), node.grad)


def test_colours_follow_the_sign_of_values_and_of_gradients(explorer, net):
    page = explorer(net.loss).open()
    page.card("conv1").click()
    for key, of in [("", lambda v: v.data), ("v", lambda v: v.grad)]:
        page.press(*key)
        overlay = page.map("conv1", ".here")
        for place, node in enumerate(net.made["conv1"].values):
            red, _, blue, _ = colour(page, overlay, place)
            strong = abs(of(node)) > 0.02 * max(abs(of(v)) for v in net.made["conv1"].values)
            if strong:
                assert (red > blue) == (of(node) > 0), (key, place, of(node), red, blue)
    page.press("v")
    assert page.text('#shown [aria-pressed="true"]') == "|gradients|"
    colours = [colour(page, page.map("conv1", ".here"), k) for k in range(48)]
    assert all(red >= blue for red, _, blue, _ in colours), "sizes have no sign"


def test_dead_relus_and_winners_of_pools_are_marked_and_counted(explorer, net):
    page = explorer(net.loss).open()
    dead = sum(v.data == 0 for v in net.made["relu1"].values)
    page.card("relu1").click()
    assert f"/ {dead} pass nothing back" in page.text('.here figure[data-tensor="relu1"]')
    page.card("pool1").click()
    winners = {v.inputs[0].inputs[v.inputs[0].data.index(v.data)] for v in net.made["pool1"].values}
    assert f"• {len(winners)} won their windows" in page.text('.before figure[data-tensor="relu1"]')
    page.picture("pool")


def test_kernels_are_heat_maps_too(explorer, net):
    page = explorer(net.loss).open()
    page.card("conv1").click()
    overlay = page.map("conv1.weight", ".kernels")
    page.point(overlay, 13)
    weight = net.model.conv1.weight.values[13]
    assert overlay.get_attribute("title").startswith(f"{weight.label} = ")
    assert close(number(overlay.get_attribute("title").split()[-1]), weight.grad)
