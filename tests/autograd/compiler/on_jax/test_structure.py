"""What XLA is given for whole networks: few operations, convolutions as such, no addresses."""

import re
from collections import Counter

import numpy as np
import pytest

import autograd
import nn
from autograd.compiler.backends.jax import Jax

jax = pytest.importorskip("jax", reason='needs pip install "glassgrad[jax]"')


def lenet(size):
    """Two convolutions and pools, ten outputs."""
    layers = [nn.Conv2D(1, 4, 5), nn.ReLU(), nn.MaxPool(2), nn.Conv2D(4, 8, 5), nn.ReLU()]
    features = 8 * ((size - 4) // 2 // 2 - 2) ** 2
    return nn.Sequential(*layers, nn.MaxPool(2), nn.Flatten(), nn.Dense(features, 10))


def resnet(size):
    """ResNet-20 (He et al. 2015) with a quarter of its channels: 19 convolutions of 3×3."""

    def normalised(i, o, kernel, stride=1):
        conv = nn.Conv2D(i, o, kernel, stride, padding=kernel // 2, bias=False)
        return [conv, nn.BatchNorm2D(o)]

    def block(i, o, stride):
        body = [*normalised(i, o, 3, stride), nn.ReLU(), *normalised(o, o, 3)]
        short = None if i == o else nn.Sequential(*normalised(i, o, 1, stride))
        return [nn.Residual(nn.Sequential(*body), short), nn.ReLU()]

    sizes = [
        (4, 4, 1),
        *[(4, 4, 1)] * 2,
        (4, 8, 2),
        *[(8, 8, 1)] * 2,
        (8, 16, 2),
        *[(16, 16, 1)] * 2,
    ]
    blocks = [layer for sizes in sizes for layer in block(*sizes)]
    stem = [*normalised(1, 4, 3), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.GlobalAvgPool(), nn.Dense(16, 10))


def operations(net, size):
    """How often each operation is in both passes of a network and its loss, for images."""
    model, loss = net(size), nn.CrossEntropyLoss()
    program = autograd.compile(
        lambda x, t: loss(model(x), t), np.zeros((1, size, size)), np.eye(10)[0],
        parameters=model.parameters(), backend="numpy",
    )  # fmt: skip
    text = Jax(program.plan, program.weights, None, "float32").source
    return Counter(re.findall(r"= (\w+)", text))


@pytest.mark.parametrize(
    ("net", "size", "convolutions", "most"),
    [(lenet, 28, 2 + 2 + 1, 450), (resnet, 16, 19 + 19 + 18, 5000)],
)
def test_convolutions_are_such_in_both_passes(net, size, convolutions, most):
    """Each one, the gradient of its kernel, and of its input, unless that is the image."""
    found = operations(net, size)
    assert found["conv_general_dilated"] == convolutions
    assert not [name for name in found if "gather" in name or "scatter" in name]
    assert found.total() < most


def test_a_larger_image_takes_no_more_operations():
    assert operations(lenet, 28) == operations(lenet, 20)
