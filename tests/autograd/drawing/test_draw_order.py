"""Channels, neurons and weights stand in the order of their index, whatever lays them out."""

import random
import re

import pytest

import nn
from autograd import Tensor, draw
from autograd.drawing.render import engines


def places(drawing):
    """{box: (x, y)}, y upwards."""
    plain = drawing.pipe("plain", encoding="utf-8")
    found = re.findall(r"^node (\S+) (\S+) (\S+)", plain, re.M)
    return {name: (float(x), float(y)) for name, x, y in found}


def cnn(expand):
    model = nn.Sequential(nn.Conv2D(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Dense(64, 10))
    image = Tensor([[[i * j % 5 / 5 for i in range(6)] for j in range(6)]])
    return nn.CrossEntropyLoss()(model(image), 1), {"expand": expand}


def mlp():
    model = nn.Sequential(nn.Dense(2, 3), nn.Tanh(), nn.Dense(3, 2))
    return (model(Tensor([0.1, 0.2], label="x")) ** 2).sum(), {}


def entries():
    hidden = (Tensor([1.0, 0.0, 3.0, 4.0], label="t") * 2.0).rename("h")
    return hidden.tanh().sum(), {}


def read_the_other_way_round():
    x = Tensor([1.0, 2.0, 3.0], label="x")
    return (x[2] - x[0]) * (x[1] - x[2]), {}


ROWS = {
    "neurons": (lambda: cnn("3"), [10]),
    "channels": (lambda: cnn(["0", "1"]), [4, 4]),
    "layers of scalars": (mlp, [2, 2, 2, 3, 3, 3, 3]),
    "entries": (entries, [4, 4]),
    "operands": (read_the_other_way_round, [3]),
}


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize("name", ["dot", "graphviz-pure"])
@pytest.mark.parametrize("what", ROWS)
def test_boxes_of_one_tensor_stand_in_the_order_of_their_index(what, name, rankdir, monkeypatch):
    found = [e for e in engines.engines() if e.name == name]
    if not found:
        pytest.skip(f"{name} is not installed")
    monkeypatch.setattr(engines, "engines", lambda: found)
    random.seed(0)
    make, lengths = ROWS[what]
    root, options = make()
    drawing = draw(root, rankdir=rankdir, **options)
    at, rows = places(drawing), drawing.outline.rows
    assert sorted(map(len, rows)) == lengths
    for row in rows:
        titles = [drawing.outline.boxes[key].title for key in row]
        indices = [[int(i) for i in re.findall(r"\d+", t.partition("[")[2])] for t in titles]
        assert indices == sorted(indices)
        along = [at[key][0] if rankdir in ("TB", "BT") else -at[key][1] for key in row]
        assert along == sorted(along), titles
