"""The explorer in a real browser: one pixel, one weight."""

import math

import pytest
from browsing import close, number, ringed

from autograd import Value, graph

# --- 3. one pixel ---------------------------------------------------------------------------------


def open_pixel(explorer, net, place=22):
    page = explorer(net.loss).open()
    page.card("conv1").click()
    page.point(page.map("conv1", ".here"), place, click=True)
    return page, net.made["conv1"].values[place]


def cells(page, caption):
    return [number(t) for t in page.texts(f'.made [data-grid="{caption}"] td')]


def test_a_pixel_shows_window_times_kernel_sum_bias_and_activation(explorer, net):
    page, pixel = open_pixel(explorer, net)
    assert page.text(".node-pane h2").startswith(pixel.label)
    assert number(page.text(".facts .value")) == pixel.data
    assert number(page.text(".facts .gradient")) == pixel.grad
    dot, bias = pixel.inputs
    kernel, window = (x.data for x in dot.inputs)
    shown = [cells(page, c) for c in ("conv1.weight, 9", "x, 9", "products")]
    products = [a * b for a, b in zip(kernel, window, strict=True)]
    for numbers, true in zip(shown, [kernel, window, products], strict=True):
        assert all(close(a, b, 3) for a, b in zip(numbers, true, strict=True))
    assert len(page.all('.made [data-grid="conv1.weight, 9"] tr')) == 3, "3 rows of 3"
    equation = page.texts(".made .equation:last-child .chip b")
    assert all(close(number(t), v.data) for t, v in zip(equation, [pixel, dot, bias], strict=True))
    relu = net.made["relu1"].values[22]
    assert page.texts(".feeds .chip .name") == [relu.label, pixel.label]
    assert close(number(page.texts(".feeds .chip b")[0]), relu.data)
    page.picture("pixel")


def test_hovering_over_a_pixel_rings_its_window_and_its_consumers(explorer, net):
    page = explorer(net.loss).open()
    page.card("conv1").click()
    page.point(page.map("conv1", ".here"), 16 + 4 * 1 + 2)  # channel 1, row 1, column 2
    window = [6 * i + j for i in (1, 2, 3) for j in (2, 3, 4)]
    assert ringed(page, page.map("x", ".before")) == window
    assert ringed(page, page.map("relu1", ".after")) == [22]
    assert ringed(page, page.map("conv1.weight", ".kernels")) == list(range(9, 18))
    page.card("relu1").click()
    page.point(page.map("relu1", ".here"), 22)
    assert ringed(page, page.map("pool1", ".after")) == [4 + 1]


# --- 4. one weight --------------------------------------------------------------------------------


def paths(start, root):
    """Every path from a node to the root, by brute force: [product of partials]."""
    below = {start}
    for node in graph.order(root):
        if any(x in below for x in node.inputs):
            below.add(node)
    found = []

    def follow(node, product):
        if node is start:
            found.append(product)
            return
        for x, p in zip(
            node.inputs, node.op.partials(node.data, *[x.data for x in node.inputs]), strict=True
        ):
            entries = [(x, p)] if isinstance(x, Value) else zip(x.inputs, p, strict=True)
            for v, partial in entries:
                if v in below and partial is not False:
                    follow(v, product * partial)

    follow(root, 1.0)
    return sorted(found, key=abs, reverse=True)


@pytest.mark.parametrize("place", [4, 13, 26])
def test_a_weight_shows_a_contribution_from_every_position_that_add_up(explorer, net, place):
    page = explorer(net.loss).open()
    page.card("conv1").click()
    page.point(page.map("conv1.weight", ".kernels"), place, click=True)
    weight = net.model.conv1.weight.values[place]
    assert page.text(".node-pane h2").startswith(weight.label)
    assert math.isclose(number(page.text(".contributions .sum")), weight.grad, abs_tol=1e-12)
    overlay = page.one(".contributions canvas.overlay")
    i, j = divmod(place % 9, 3)
    for position in range(16):
        pixel = net.made["conv1"].values[16 * (place // 9) + position]
        page.point(overlay, position)
        text = overlay.get_attribute("title")
        assert text.startswith(f"from {pixel.label}: ")
        row, column = divmod(position, 4)
        true = pixel.grad * net.image[0][row + i][column + j]
        assert close(number(text.split(" = ")[-1]), true)


def test_the_strongest_paths_are_those_of_a_search_of_all(explorer, net):
    page = explorer(net.loss).open("node=conv1.weight[0,0,1,1]")
    weight = net.model.conv1.weight[0, 0, 1, 1]
    true = paths(weight, net.loss)
    assert math.isclose(sum(true), weight.grad, rel_tol=1e-9)
    page.wait("return document.querySelector('.paths li[data-product]')")
    shown = [float(li.get_attribute("data-product")) for li in page.all(".paths li")]
    assert [abs(p) for p in shown] == pytest.approx([abs(p) for p in true[:5]], rel=1e-9)
    first = page.texts(".paths li:first-child .name")
    assert first[0] == weight.label
    assert first[-1] == "loss"
