"""The explorer in a real browser: nothing is cut, and looks mean what they mean in drawings."""

import itertools
import math
import re

import pytest
from browsing import expression, number

import nn
from autograd import Tensor, Value, draw
from autograd.colours import ROLES

CUT = """
const clips = (e) => ["hidden", "clip"].includes(getComputedStyle(e).overflowX);
const cut = [];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let text = texts.nextNode(); text; text = texts.nextNode()) {
  const parent = text.parentElement;
  const hidden = "script, style, datalist, select, dialog, .sheet, h1"; // a title ends in …
  if (!text.data.trim() || parent.closest(hidden)) continue;
  const range = document.createRange();
  range.selectNodeContents(text);
  const {left, right} = range.getBoundingClientRect();
  for (let e = parent; e !== document.body; e = e.parentElement) {
    const box = e.getBoundingClientRect();
    if (clips(e) && (left < box.left - 1 || right > box.right + 1)) cut.push(text.data);
  }
}
for (const card of document.querySelectorAll(".card, .card *, .chip, td, th, .label"))
  if (card.scrollWidth > card.clientWidth + 1 && card.clientWidth) cut.push(card.textContent);
return cut;
"""


def small():
    """Numbers that need all characters that a number can have."""
    a, b = Value(1.2345e-300, label="a_rather_long_name"), Value(-9.556e-5, label="b")
    c = Value(-1.2345678e300, label="c")
    y = (a * b + c * 1e-10).tanh() * b / 3.3e7 + c
    return y * Value(10**20, label="large") + Tensor([b, c, a]).sum()


def roots(net, their_nn):
    mlp = their_nn.MLP(2, [4, 4, 1])
    return {"cnn": net.loss, "small": small(), "micrograd": mlp([Value(1.0), Value(-2.0)])}


@pytest.mark.parametrize("window", [(1440, 900), (390, 844), (2560, 1440)])
@pytest.mark.parametrize("root", ["cnn", "small", "micrograd"])
def test_no_text_is_cut(sized, net, their_nn, root, window):
    page = sized(roots(net, their_nn)[root], *window)
    for fragment in ("as=nodes", "as=layers", "node=conv1[1,2,2]", "layer=conv1&show=gradient"):
        page.open(fragment)
        assert page.run(CUT) == [], fragment
        assert page.run("return document.documentElement.scrollWidth") <= window[0]


def boxes(page, selector):
    found = "[...document.querySelectorAll(arguments[0])]"
    return page.run(f"return {found}.map(e => e.getBoundingClientRect().toJSON())", selector)


def apart(a, b):
    return (a["right"] <= b["left"] + 0.5 or b["right"] <= a["left"] + 0.5
            or a["bottom"] <= b["top"] + 0.5 or b["bottom"] <= a["top"] + 0.5)  # fmt: skip


class Deep(nn.Module):
    """Two channels, so that kernels have two blocks."""

    def __init__(self):
        self.conv = nn.Conv2D(2, 2, 5)

    def forward(self, x):
        return self.conv(x)


@pytest.mark.parametrize("window", [(1440, 900), (390, 844), (2560, 1440)])
def test_operands_line_up_cell_by_cell(sized, window):
    x = [[[0.001 * (i - j) for j in range(6)] for i in range(6)] for _ in range(2)]
    page = sized(Deep()(x).sum(), *window, "node=conv[1,0,1]")
    grids = page.run(
        "return [...document.querySelectorAll('.made .grid')].map(g => g.dataset.grid)"
    )
    assert grids == ["conv.weight, 50", "x, 50", "products"]
    places = [boxes(page, f'.made [data-grid="{name}"] td') for name in grids]
    assert [len(p) for p in places] == [50, 50, 50]
    shapes = [[shifted(cell, cells[0]) for cell in cells] for cells in places]
    assert shapes[0] == shapes[1] == shapes[2]
    for sign, cell in itertools.product(boxes(page, ".made .sign"), itertools.chain(*places)):
        assert apart(sign, cell), "a sign lies over a number"


def shifted(cell, first):
    return [round(x, 1) for x in (cell["x"] - first["x"], cell["y"] - first["y"], cell["width"])]


def test_an_entry_under_the_mouse_marks_its_partner_and_their_product(explorer, net):
    page = explorer(net.loss).open("node=conv1[1,1,2]")
    cell = page.all('.made [data-grid="x, 9"] td')[4]
    page.over(cell)
    marked = page.run(
        "return [...document.querySelectorAll('.partner')].map(e => [e.dataset.k, e.textContent])"
    )
    dot, _ = net.made["conv1"].values[16 + 4 + 2].inputs
    w, x = (operand.inputs[4] for operand in dot.inputs)
    assert [k for k, _ in marked] == ["4"] * 3
    for (_, text), true in zip(marked, [w.data, x.data, w.data * x.data], strict=True):
        assert math.isclose(number(text), true, rel_tol=0.06)
    said = page.text(".made .together")
    assert said.startswith(f"{w.label} · {x.label} = ")
    assert math.isclose(number(said.split(" = ")[-1]), w.data * x.data, rel_tol=1e-3)
    page.over(page.one("h1"))
    assert not page.all(".partner")
    cell.click()
    assert page.text(".node-pane h2").startswith(x.label)


def test_partners_are_rung_where_there_are_too_many_for_numbers(explorer):
    w, x = (
        Tensor([[0.01] * 200], label="w"),
        Tensor([0.5 - 0.01 * k for k in range(200)], label="x"),
    )
    page = explorer((w @ x).sum()).open("as=layers")
    page.press("/", "x[3]", "\ue007")
    page.run("explorer.state.select({node: explorer.graph.readersOf(explorer.state.node)[0]})")
    overlay = page.one('.made [data-grid="x, 200"] canvas.overlay')
    page.point(overlay, 3)
    rung = "return [...arguments[0].maps.rings].map(([why, {places}]) => [why, [...places]])"
    assert page.run(rung, page.one('.made [data-grid="w, 200"] canvas.overlay')) == [
        ["partner", [3]]
    ]
    assert page.text(".made .together").startswith("w[0,3] · x[3] = 0.01 · 0.47 = 0.0047")


# --- what looks mean ------------------------------------------------------------------------------


def rgb(colour):
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def zero():
    a, b = Value(2.0, label="a"), Value(0.0, label="b")
    return (a * b - a * 3.0) * 0.5 + b


@pytest.mark.parametrize("make", [lambda: expression()[-1], zero], ids=["expression", "zero"])
def test_arrows_have_the_colours_and_widths_of_drawings(explorer, make):
    y = make()
    y.backward()
    drawn = re.findall(
        r'color="(#\w+)" fontcolor="#\w+" penwidth=(\S+?)(?: style=(dotted))? ', draw(y).source
    )
    page = explorer(y).open()
    look = """
    return [...document.querySelectorAll('.arrow')].map(p => {
      const {stroke, strokeWidth, strokeDasharray} = getComputedStyle(p);
      return [stroke, strokeWidth, strokeDasharray];
    });
    """
    shown = [(s, round(float(w[:-2]), 1), d != "none") for s, w, d in page.run(look)]
    assert len(shown) > 4
    assert sorted(shown) == sorted((rgb(c), round(float(w), 1), bool(d)) for c, w, d in drawn)
    page.press("\ue011")  # Home: nothing was sent yet
    assert {tuple(p[1:]) for p in page.run(look)} == {("1px", "none")}


def test_cards_have_the_colours_of_their_roles_in_drawings(explorer, net):
    page = explorer(net.model.head([0.1 * k for k in range(12)]).sum()).open("as=nodes")
    for role in ("parameter", "input", "operation"):
        fill = f"return getComputedStyle(document.querySelector('.card.{role}')).backgroundColor"
        assert page.run(fill) == rgb(ROLES[role].fill)
    assert (
        page.text(".legend-line").strip().startswith("input parameter operation positive negative")
    )


LABELS = """
const found = [];
const {diagram} = explorer;
const text = document.createRange();
document.querySelectorAll('.contribution').forEach((label, k) => {
  if (getComputedStyle(label).backgroundColor !== 'rgba(0, 0, 0, 0)') found.push('background');
  text.selectNodeContents(label);
  const box = text.getBoundingClientRect();
  const path = diagram.paths[k];
  const at = path.getScreenCTM();
  for (let d = 0; d <= path.getTotalLength(); d += 2) {
    const {x, y} = path.getPointAtLength(d).matrixTransform(at);
    const inside = x > box.left + 1 && x < box.right - 1 && y > box.top + 2 && y < box.bottom - 2;
    if (inside) { found.push(label.textContent); break; }
  }
});
return found;
"""


@pytest.mark.parametrize(
    "make", [lambda: expression()[-1], zero, small], ids=["y", "zero", "small"]
)
def test_labels_stand_beside_their_arrows(explorer, make):
    page = explorer(make()).open("as=nodes")
    assert page.all(".contribution")
    assert page.run(LABELS) == []


def colours_in(page, overlay, place):
    """How many colours there are within an entry."""
    script = """
    const {maps} = arguments[0];
    const [x, y] = maps.centre(arguments[1]);
    const side = maps.plan.cell - 4;
    const picture = maps.picture.getContext("2d");
    const {data} = picture.getImageData(x - side / 2, y - side / 2, side, side);
    return new Set(new Uint32Array(data.buffer)).size;
    """
    return page.run(script, overlay, place)


def test_what_has_not_arrived_is_hatched_and_what_is_zero_is_not(explorer, net):
    page = explorer(net.loss).open("node=conv1[0,0,0]&show=gradient&step=0")
    maps = [page.map(name) for name in ("conv1", "conv1.weight", "x")]
    assert [colours_in(page, m, 0) for m in maps] == [2, 2, 2]
    assert "not arrived" in page.one(".legend").text
    page.press("\ue010")  # End
    assert [colours_in(page, m, 0) for m in maps] == [1, 1, 1]
    page.run("explorer.state.set({time: explorer.reverse.start[explorer.graph.stages[1].end]})")
    assert colours_in(page, maps[0], 0) == 1, "relu1 has sent its own to conv1"
    assert colours_in(page, maps[1], 0) == 2


def test_the_legend_says_what_is_shown(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    assert page.one(".legend").text.startswith("−")
    assert "not arrived" not in page.one(".legend").text
    page.press("v")
    assert page.one(".legend").text.startswith("−")
    page.press("v")
    assert page.one(".legend").text.startswith("0")
    patches = [p.value_of_css_property("background-color") for p in page.all(".legend .patch")][:5]
    blues = [int(re.findall(r"\d+", c)[2]) for c in patches]
    assert blues == sorted(blues, reverse=True), "from paper to the strongest"
