"""Drawings as golden files of DOT.

`python tests/autograd/drawing/test_draw_goldens.py` writes the files anew; read what changed.
"""

import math
from fractions import Fraction
from pathlib import Path

import pytest

import nn
from autograd import Tensor, Value, draw, graph

GOLDENS = Path(__file__).with_name("goldens")


def expression():
    a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c")
    e = a * b
    e.label = "e"
    y = (e - c) / (a + a)
    y.label = "y"
    y.backward()
    return draw(y)


def before_backward():
    a = Value(Fraction(1, 3), "a")
    return draw(a * a - 1)


def neuron():
    w, x = Tensor([0.5, -1.0, 2.0], label="w"), Tensor([1.0, 2.0, 0.0], label="x")
    y = (w @ x + Value(0.25, "b")).relu()
    y.backward()
    return draw(y, rankdir="TB")


def small_cnn():
    model = nn.Sequential(
        nn.Conv2D(1, 2, 3), nn.ReLU(), nn.MaxPool(2), nn.Flatten(), nn.Dense(8, 3)
    )
    for k, p in enumerate(model.parameters()):
        for j, v in enumerate(p.values):
            v.data = math.floor(7 * math.sin(3 * k + j)) / 8
    image = Tensor([[[(i * j % 5) / 4 for j in range(6)] for i in range(6)]])
    loss = nn.CrossEntropyLoss()(model(image), 1)
    loss.backward()
    return model, loss


def layers():
    return draw(small_cnn()[1])


def channels():
    return draw(small_cnn()[1], expand=["0", "2[1,0,1]"])


def pixel():
    return draw(next(v for v in graph.nodes(small_cnn()[1]) if v.label == "0[1,2,3]"))


def paths():
    model, loss = small_cnn()
    return draw(loss, slice=model[0].weight[0, 0, 1, 1], paths=3)


def parts():
    return draw(small_cnn()[0])


DRAWINGS = [expression, before_backward, neuron, layers, channels, pixel, paths, parts]


@pytest.mark.parametrize("drawn", DRAWINGS, ids=lambda f: f.__name__)
def test_a_drawing_is_its_golden_file(drawn):
    golden = (GOLDENS / f"{drawn.__name__}.dot").read_text(encoding="utf-8")
    assert drawn().source == golden


if __name__ == "__main__":
    for drawn in DRAWINGS:
        (GOLDENS / f"{drawn.__name__}.dot").write_text(drawn().source, encoding="utf-8")
