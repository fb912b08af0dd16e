"""Drawings fit where they are met: they run downwards when they would be wider than a page."""

import random
import re
import xml.etree.ElementTree as ET

import pytest

import nn
from autograd import Tensor, Value, compile, draw
from autograd.drawing.render import engines
from autograd.drawing.render.metrics import text_width

PAGE, COLUMN = 1_000, 830  # pixels: a page, and what a README shows of it
READABLE = 11.0  # pixels of a letter's size, less a little for rounding


def dense_chain(layers):
    random.seed(0)
    parts = [part for _ in range(layers) for part in (nn.Dense(4, 4), nn.Tanh())]
    return nn.Sequential(*parts)(Tensor([0.1, 0.2, -0.3, 0.4])).sum()


def convolutions():
    random.seed(0)
    model = nn.Sequential(
        nn.Conv2D(1, 6, 5), nn.ReLU(), nn.MaxPool(2), nn.Conv2D(6, 12, 5), nn.ReLU(),
        nn.MaxPool(2), nn.Flatten(), nn.Dense(48, 10),
    )  # fmt: skip
    image = Tensor([[[(i * j) % 7 / 7 for i in range(20)] for j in range(20)]])
    loss = nn.CrossEntropyLoss()(model(image), 3)
    loss.backward()
    return loss


def residual():
    random.seed(0)
    body = nn.Sequential(nn.Dense(4, 4), nn.Tanh(), nn.Dense(4, 4))
    model = nn.Sequential(*[nn.Residual(body) for _ in range(3)], nn.Dense(4, 2))
    return nn.MSELoss()(model(Tensor([0.1, 0.2, -0.3, 0.4])), Tensor([0.0, 1.0]))


def scalar_chain():
    node = Value(0.5, "a")
    for _ in range(20):
        node = node.tanh()
    node.backward()
    return node


def neuron():
    w, x = Tensor([0.8, -1.2, 0.4], label="w"), Tensor([1.0, 0.5, -1.5], label="x")
    y = (w @ x + Value(-0.6, "b")).tanh()
    y.backward()
    return y


def direction(drawing):
    return re.search(r"rankdir=(\w\w)", drawing.source)[1]


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (lambda: dense_chain(1), "LR"), (lambda: dense_chain(20), "TB"), (convolutions, "TB"),
        (residual, "TB"), (scalar_chain, "TB"), (neuron, "LR"), (lambda: Value(1.0, "a"), "LR"),
    ],
)  # fmt: skip
def test_short_drawings_go_to_the_right_and_long_ones_down(root, expected):
    assert direction(draw(root())) == expected


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_a_direction_that_is_asked_for_stays(rankdir):
    for root in (scalar_chain(), neuron()):
        assert direction(draw(root, rankdir=rankdir)) == rankdir


def test_what_would_be_wider_still_downwards_goes_to_the_right():
    wide = sum([(Value(float(k), f"number {k}") * 2.0).tanh().exp().tanh() for k in range(20)])
    assert direction(draw(wide)) == "LR"


def test_a_model_of_many_parts_goes_down():
    model = nn.Sequential(*[nn.Dense(4, 4) for _ in range(20)])
    assert direction(draw(model)) == "TB"
    assert direction(draw(nn.Sequential(nn.Dense(4, 4), nn.Tanh()))) == "LR"


@pytest.mark.parametrize("name", ["dot", "graphviz-pure"])
@pytest.mark.parametrize(
    "root", [lambda: dense_chain(49), convolutions, residual, scalar_chain, neuron]
)
def test_every_letter_can_be_read_in_the_column_of_a_readme(root, name, monkeypatch):
    found = [e for e in engines.engines() if e.name == name]
    if not found:
        pytest.skip(f"{name} is not installed")
    monkeypatch.setattr(engines, "engines", lambda: found)
    svg = ET.fromstring(draw(root()).pipe("svg"))
    width = float(svg.get("width").removesuffix("pt")) * 4 / 3
    assert width <= PAGE * 1.05, "dot measures the machine's font, which may be wider than Arial"
    sizes = [float(e.get("font-size")) * 4 / 3 for e in svg.iter() if e.tag.endswith("}text")]
    assert min(sizes) * min(1.0, COLUMN / width) >= READABLE - 0.5


def test_text_is_as_wide_as_in_arial():
    assert text_width("loss", 1000) == 222 + 556 + 500 + 500
    assert text_width("loss", 10, bold=True) == pytest.approx(2.78 + 6.11 + 5.56 + 5.56)
    assert text_width("−0.5", 10) == pytest.approx(5.84 + 5.56 + 2.78 + 5.56)


# --- feature maps --------------------------------------------------------------------------------


def titled(root, title, **options):
    (box,) = [b for b in draw(root, **options).outline.boxes.values() if b.title == title]
    return box


def numbers(grid):
    return [[cell.number for cell in row] for row in grid.rows]


def test_a_layer_shows_the_feature_maps_that_it_made():
    conv = nn.Conv2D(1, 3, 3)
    maps = conv(Tensor([[[0.1 * i * j for i in range(8)] for j in range(8)]]))
    grids = titled(maps.sum(), "Conv2D").grids
    assert [numbers(grid) for grid in grids] == maps.data
    assert [grid.caption for grid in grids] == ["3 maps", "data", "data"]
    assert titled(maps.sum(), "Conv2D", values=False).grids == []


def test_large_maps_are_means_and_of_many_the_first_are_shown():
    conv = nn.Conv2D(1, 20, 1)
    maps = conv(Tensor([[[float(i + j) for i in range(24)] for j in range(24)]]))
    grids = titled(maps.sum(), "Conv2D").grids
    assert len(grids) == 8
    assert grids[0].caption == "8 of 20 maps, means of 2×2"
    data = maps[0].data
    first = (data[0][0] + data[0][1] + data[1][0] + data[1][1]) / 4
    assert numbers(grids[0])[0][0] == pytest.approx(first)
    assert (len(grids[0].rows), len(grids[0].rows[0])) == (12, 12)


def test_a_vector_is_one_row_and_a_matrix_one_map():
    dense = nn.Dense(2, 5)
    row, matrix = dense(Tensor([1.0, 2.0])), dense(Tensor([[1.0, 2.0], [0.5, -1.0]]))
    assert [numbers(g) for g in titled(row.sum(), "Dense", depth=0).grids] == [[row.data]]
    found = titled((matrix * 2.0).exp().tanh().sum(), "Dense", depth=0).grids
    assert [numbers(grid) for grid in found] == [matrix.data]


def test_many_layers_share_the_room_for_maps():
    root = dense_chain(49)
    boxes = draw(root).outline.boxes.values()
    cells = sum(len(row) for b in boxes for g in b.grids for row in g.rows)
    assert 0 < cells <= 10_000
    random.seed(0)
    deep = nn.Sequential(*[nn.Conv2D(1, 1, 3, padding=1) for _ in range(60)])
    boxes = draw(deep(Tensor([[[0.5] * 9] * 9])).sum()).outline.boxes.values()
    assert sum(len(row) for b in boxes for g in b.grids for row in g.rows) <= 10_000


def test_numbers_that_are_not_known_make_no_maps():
    seen, layer = [], nn.Conv2D(1, 2, 3)

    def forward(x):
        y = layer(x)
        seen.append(draw(y.sum(), depth=0))
        return y.sum()

    compile(forward, [[[0.5] * 6] * 6], parameters=layer.parameters())
    assert seen
    assert all("maps" not in drawing.source for drawing in seen)
    layers = [b for d in seen for b in d.outline.boxes.values() if b.role == "layer"]
    assert layers
    assert not [grid for box in layers for grid in box.grids]


# --- the legend ----------------------------------------------------------------------------------


def said(root, **options):
    found = re.search(r"\n\tlabel=<(.*)>\n", draw(root, **options).source)
    lines = found[1].split('<BR ALIGN="LEFT"/>') if found else []
    return [re.sub(r"<[^>]*>", "", line).replace("\u00a0", " ").split() for line in lines if line]


def test_the_legend_names_what_occurs():
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    y = a * b
    y.backward()
    assert said(y) == [
        ["■", "input", "■", "root"],
        ["■", "positive", "■", "negative", "wide", "is", "large"],
        ["at", "arrows:", "upstream", "·", "partial", "=", "contribution"],
    ]
    assert said(y, legend=False) == []
    assert said(a.relu(), gradients=False) == [["■", "input", "■", "root"]]


def test_zero_and_modules_are_in_the_legend_where_they_occur():
    a = Value(-2.0, "a")
    y = a.relu()
    y.backward()
    assert "dotted is 0" in " ".join(said(y)[1])
    assert "module" in said(convolutions())[2]


def test_one_kind_of_box_needs_no_legend():
    assert said(nn.Sequential(nn.Dense(2, 2), nn.Tanh())) == [["Sequential:", "6", "parameters"]]
