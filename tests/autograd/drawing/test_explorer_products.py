"""The explorer in a real browser: matrix products forward and in reverse, and the turned kernel."""

import math
import random

import pytest
from browsing import close, number

import nn
from autograd import Tensor

PARTS = {"right": 1, "left": 2, "result": 3}  # in the order of the page


def choose(page, which):
    """Choose Z, dW or dX."""
    page.all(".product button")[["Z", "dW", "dX"].index(which)].click()


def look(page, part, i, j, click=False):
    """Move the mouse to an entry of one of the three matrices that are shown."""
    from selenium.webdriver.common.action_chains import ActionChains

    cells = page.one(f".scheme figure:nth-child({PARTS[part]}) .matrix-cells")
    page.run("arguments[0].scrollIntoView({block: 'center'})", cells)
    page.wait("return document.querySelector('.scheme .matrix-cells').matrix.matrix")
    x, y = page.run("return arguments[0].matrix.centre(arguments[1], arguments[2])", cells, i, j)
    size = page.run("const b = arguments[0]; return [b.clientWidth, b.clientHeight]", cells)
    chain = ActionChains(page.driver, duration=0)
    chain.move_to_element_with_offset(cells, int(x - size[0] / 2), int(y - size[1] / 2))
    (chain.click() if click else chain).perform()


def turned_kernel(page):
    """The heat maps of dX, in sight and painted."""
    overlay = page.one(".flip canvas.overlay")
    page.run("arguments[0].scrollIntoView({block: 'center'})", overlay)
    page.wait("return document.querySelector('.flip canvas.overlay').maps.numbers.length")
    return overlay


def total(page):
    return float(page.text(".sum .total"))


def bands(page, part):
    """[row, column] of what is marked in a matrix, as numbers of entries; None where nothing is."""
    return page.run(
        """
        const figure = document.querySelector(`.scheme figure:nth-child(${arguments[0]})`);
        const cells = figure.querySelector(".matrix-cells");
        const {rows, cols} = cells.matrix.matrix;
        const [row, column] = cells.querySelectorAll(".band");
        const at = (band, side, n) =>
          band.hidden ? null : Math.round(parseFloat(band.style[side]) / 100 * n);
        return [at(row, "top", rows), at(column, "left", cols)];
        """,
        PARTS[part],
    )


def ringed(page, tensor, column):
    return page.run(
        "return [...arguments[0].maps.rings.get('product')?.places ?? []].sort((a, b) => a - b)",
        page.map(tensor, column),
    )


# --- entries and what they are made of ------------------------------------------------------------


def test_an_entry_of_the_product_lights_its_row_and_its_column_and_their_places(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    look(page, "result", 1, 6)  # channel 1, row 1, column 2
    dot = net.made["conv1"].values[22].inputs[0]
    assert total(page) == dot.data
    assert page.text(".sum p").endswith("conv1[1,1,2].dot")
    assert [bands(page, part) for part in PARTS] == [[None, 6], [1, None], [1, 6]]
    assert ringed(page, "x", ".before") == [6 * i + j for i in (1, 2, 3) for j in (2, 3, 4)]
    assert ringed(page, "conv1.weight", ".kernels") == list(range(9, 18))
    assert ringed(page, "conv1", ".here") == [22]
    strip = page.run(
        "return [...document.querySelectorAll('.strip tr')].map(r => [...r.querySelectorAll('td')]"
        ".map(c => c.textContent))"
    )
    kernel, window = ([v.data for v in x.inputs] for x in dot.inputs)
    products = [a * b for a, b in zip(kernel, window, strict=True)]
    for shown, true in zip(strip, [kernel, window, products], strict=True):
        assert all(
            close(number(a), b, 3) or abs(b) < 1e-3 for a, b in zip(shown, true, strict=True)
        )
    page.picture("products")


def test_the_gradient_of_the_weights_is_dz_times_x_turned(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    choose(page, "dW")
    for f, k in [(0, 0), (1, 5), (2, 8)]:
        look(page, "result", f, k)
        weight = net.model.conv1.weight.values[9 * f + k]
        assert math.isclose(total(page), weight.grad, rel_tol=1e-9)
        assert page.text(".sum p").endswith(f": ∂loss/∂{weight.label}")
        assert [bands(page, part) for part in PARTS] == [[None, k], [f, None], [f, k]]
        assert ringed(page, "conv1.weight", ".kernels") == [9 * f + k]
        u, v = divmod(k, 3)
        read = [6 * (i + u) + j + v for i in range(4) for j in range(4)]
        assert ringed(page, "x", ".before") == read, "all pixels that the weight sees"
        assert ringed(page, "conv1", ".here") == list(range(16 * f, 16 * f + 16))


def test_the_gradient_of_the_windows_is_w_turned_times_dz(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    choose(page, "dX")
    k, p = 4, 6
    look(page, "result", k, p)
    weights = net.model.conv1.weight.values
    dots = [net.made["conv1"].values[16 * f + p].grad for f in range(3)]
    true = sum(weights[9 * f + k].data * dots[f] for f in range(3))
    assert math.isclose(total(page), true, rel_tol=1e-9)
    assert "a part of ∂loss/∂x[0,2,3]" in page.text(".sum p")
    look(page, "left", k, 2)
    assert page.text(".sum p").endswith(": conv1.weight[2,0,1,1]")
    assert bands(page, "right") == [2, None]
    look(page, "right", 2, p)
    assert page.text(".sum p").endswith(": ∂loss/∂conv1[2,1,2].dot")
    assert total(page) == dots[2]


def test_a_matrix_is_read_by_keys_and_opens_its_nodes(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    page.run("document.querySelector('.scheme figure:nth-child(2) .matrix-cells').focus()")
    page.wait("return document.querySelector('.scheme .matrix-cells').matrix.matrix")
    strongest = page.run(
        "return document.querySelector('.scheme figure:nth-child(3) .matrix-cells').matrix.at"
    )
    assert strongest is not None
    page.press("\ue014", "\ue014", "\ue015")  # right, right, down
    assert page.text(".sum p").startswith("W[1,2] = ")
    page.press("\ue007")
    assert page.text(".node-pane h2").startswith("conv1.weight[1,0,0,2]")


def test_a_picked_entry_stays_when_the_mouse_goes(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    look(page, "result", 2, 3, click=True)
    text = page.text(".sum p")
    look(page, "result", 0, 0)
    assert page.text(".sum p") != text
    page.point(page.map("conv1", ".here"), 3)
    assert page.text(".sum p") == text


# --- notation -------------------------------------------------------------------------------------

WRITTEN = {
    "columns": [
        "Z (3×16) = W (3×9) · X (9×16)",
        "dW (3×9) = dZ (3×16) · Xᵀ (16×9)",
        "dX (9×16) = Wᵀ (9×3) · dZ (3×16)",
    ],
    "rows": [
        "Z (16×3) = X (16×9) · Wᵀ (9×3)",
        "dW (3×9) = dZᵀ (3×16) · X (16×9)",
        "dX (16×9) = dZ (16×3) · W (3×9)",
    ],
    "inputs": [
        "Z (16×3) = X (16×9) · W (9×3)",
        "dW (9×3) = Xᵀ (9×16) · dZ (16×3)",
        "dX (16×9) = dZ (16×3) · Wᵀ (3×9)",
    ],
}
NUMPY = {
    "columns": [],
    "rows": ["z = x @ w.T", "dw = dz.T @ x", "dx = dz @ w"],
    "inputs": ["z = x @ w", "dw = x.T @ dz", "dx = dz @ w.T"],
}


@pytest.mark.parametrize("notation", list(WRITTEN))
def test_samples_may_be_rows_and_the_address_says_so(explorer, net, notation):
    from selenium.webdriver.support.select import Select

    page = explorer(net.loss).open("layer=conv1")
    Select(page.one("select.notation")).select_by_value(notation)
    assert page.texts(".product button code") == WRITTEN[notation]
    assert [t for t in page.texts(".product .numpy") if t] == NUMPY[notation]
    usual = notation == "columns"
    page.wait(f"return location.hash.includes('product={notation}') || {str(usual).lower()}")
    page.open(page.run("return location.hash.slice(1)"))
    assert page.texts(".product button code") == WRITTEN[notation]
    choose(page, "dW")
    look(page, "result", *((7, 1) if notation == "inputs" else (1, 7)))
    assert math.isclose(total(page), net.model.conv1.weight.values[16].grad, rel_tol=1e-9)


# --- other layers ---------------------------------------------------------------------------------


def dense():
    model = nn.Sequential(nn.Dense(3, 4, rng=random.Random(1)), nn.Tanh())
    x = Tensor([[0.1, -0.2, 0.5], [1.0, 0.3, -0.7]], label="x")
    return model[0].weight, x, (model(x) ** 2.0).sum()


def test_a_dense_layer_is_a_product_over_the_samples_of_a_batch(explorer):
    weight, x, loss = dense()
    loss.backward()
    page = explorer(loss).open("as=layers&layer=0")
    choose(page, "dW")
    look(page, "result", 2, 1)
    assert math.isclose(total(page), weight[2, 1].grad, rel_tol=1e-9)
    choose(page, "dX")
    look(page, "result", 1, 0)  # input 1 of sample 0
    assert math.isclose(total(page), x[0, 1].grad, rel_tol=1e-9)
    assert not page.all(".flip")


def test_a_product_of_two_computed_matrices_is_a_times_b_and_each_can_be_chosen(explorer):
    from selenium.webdriver.support.select import Select

    rng = random.Random(3)
    a = Tensor([[[rng.uniform(-1, 1) for _ in range(3)] for _ in range(2)] for _ in range(2)])
    b = Tensor([[[rng.uniform(-1, 1) for _ in range(4)] for _ in range(3)] for _ in range(2)])
    made = (a * 2.0).rename("a") @ (b * 3.0).rename("b")
    page = explorer((made * made).sum()).open("as=layers")
    page.all(".card.layer")[0].click()
    assert page.texts(".product button code")[0] == "Z (2×4) = A (2×3) · B (3×4)"
    for k in (0, 1):
        Select(page.one('[aria-label="which product"]')).select_by_value(str(k))
        look(page, "result", 1, 2)
        assert total(page) == made[k, 1, 2].data


def test_an_edit_moves_the_products(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    look(page, "result", 1, 6, click=True)
    before = total(page)
    page.run(
        "const {graph, live} = explorer;"
        "const {entries} = graph.tensors.find(t => t.name === 'conv1.weight');"
        "return live.set(entries[9], 5)"
    )
    weight, pixel = net.model.conv1.weight.values[9].data, net.image[0][1][2]
    assert math.isclose(total(page), before + (5 - weight) * pixel, rel_tol=1e-12)


# --- the turned kernel ----------------------------------------------------------------------------


def convolved(**options):
    """A convolution of an image of two channels, its loss, and its layer."""
    rng = random.Random(7)
    image = [[[rng.uniform(-1, 1) for _ in range(6)] for _ in range(7)] for _ in range(2)]
    x = Tensor(image, label="x")
    layer = nn.Conv2D(2, 3, (3, 2), rng=rng, **options)
    loss = (nn.Sequential(layer, nn.Tanh())(x) ** 2.0).sum()
    loss.backward()
    return x, layer, loss


OPTIONS = [
    {},
    {"stride": 2},
    {"padding": 1},
    {"stride": (2, 1), "padding": (1, 0)},
    {"dilation": 2, "padding": 2},
    {"padding": "same"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_pixels_gradient_is_the_turned_kernel_on_dz(explorer, options):
    x, layer, loss = convolved(**options)
    page = explorer(loss).open("layer=0")
    overlay = turned_kernel(page)
    for place in (0, 9, 30, 83):
        page.point(overlay, place, click=True)
        assert math.isclose(float(page.text(".flip .total")), x.values[place].grad, rel_tol=1e-9)
        assert f"= ∂root/∂{x.values[place].label}" in page.text(".weighed p").replace("∂y", "∂root")
        f = number(page.text('.flip .chip[aria-pressed="true"] .name').split()[-1])
        c = place // 42
        plates = page.run(
            "return [...document.querySelectorAll('.plates table')].map(t => "
            "[...t.querySelectorAll('td')].map(c => c.textContent))"
        )
        kernel = [layer.weight[int(f), c, u, v].data for u in range(3) for v in range(2)]
        assert all(close(number(t), w, 3) for t, w in zip(plates[0], kernel, strict=True))
        assert plates[1] == plates[0][::-1]
        for weight, upstream, product in zip(*plates[1:], strict=True):
            assert bool(upstream) == bool(product)
            if product and abs(number(product)) > 1e-3:
                assert math.isclose(
                    number(weight) * number(upstream), number(product), rel_tol=0.02
                )
        sums = [number(t) for t in page.texts(".flip .chip b")]
        assert math.isclose(sum(sums), x.values[place].grad, rel_tol=1e-3, abs_tol=1e-4)


def test_the_turned_kernel_lies_where_it_meets_the_outputs_of_the_pixel(explorer):
    loss = convolved(stride=2, padding=1)[-1]
    page = explorer(loss).open("layer=0")
    page.point(turned_kernel(page), 42 + 6 * 2 + 3, click=True)  # channel 1, (2, 3)
    frame, shape = page.run("""
      const cells = document.querySelector(".flip .matrix-cells");
      const {rows, cols, numbers} = cells.matrix.matrix;
      const style = cells.querySelector(".entry").style;
      const part = (key, n) => Math.round(parseFloat(style[key]) * n / 100);
      return [[part("top", rows), part("left", cols), part("height", rows), part("width", cols)],
              [rows, cols, [...numbers].filter((x) => !Number.isNaN(x)).length]];
    """)
    assert frame == [2, 3, 3, 2]
    assert shape[:2] == [7 + 2, 6 + 1]
    assert shape[2] == 4 * 4, "the gradients of all outputs of a channel"
    assert "stride 2, padding 1" in page.text(".flip")


def test_a_pixel_that_others_read_too_gets_only_a_part_through_the_layer(explorer):
    x = Tensor([[[0.1 * (i - j) for j in range(4)] for i in range(4)]], label="x")
    layer = nn.Conv2D(1, 1, 2, rng=random.Random(1))
    loss = (nn.Sequential(layer, nn.Tanh())(x) ** 2.0).sum() + (x * x).sum()
    page = explorer(loss).open("as=layers&layer=0")
    page.point(turned_kernel(page), 2, click=True)
    assert "others read it too" in page.text(".weighed p")


def test_there_is_no_flip_of_a_kernel_of_one_pixel(explorer):
    layer = nn.Sequential(nn.Conv2D(2, 3, 1, rng=random.Random(1)), nn.Tanh())
    loss = layer([[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [0.7, 0.8]]]).sum()
    page = explorer(loss).open("as=layers&layer=0")
    assert page.all(".scheme")
    assert not page.all(".flip")
