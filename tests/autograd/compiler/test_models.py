"""Models that nobody chose: eager mode and every backend agree, for any batch and any threads."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import ALL_BACKENDS, BOTH, TOLERANCE, assert_agree, eagerly, together

import autograd
import nn
from autograd import Tensor
from autograd.compiler.backends.native import executable

SIZES = (1, 7, 8, 9, 33)
ACTIVATIONS = [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.LeakyReLU, nn.Softmax]
activations = st.sampled_from(ACTIVATIONS).map(lambda kind: kind())


@st.composite
def image_layers(draw, shape, rng):
    """A layer for images (C, H, W)."""
    c, h, w = shape
    kernel = draw(st.tuples(st.integers(1, min(3, h)), st.integers(1, min(3, w))))
    out, stride = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    padding = draw(st.integers(0, min(kernel) // 2))
    return draw(
        st.sampled_from([
            nn.Conv2D(c, out, kernel, stride, padding, rng=rng),
            nn.Conv2D(c, c, kernel, padding="same", groups=c, rng=rng),
            nn.MaxPool(kernel, stride, padding),
            nn.AvgPool(kernel, stride, padding),
            nn.GroupNorm(1, c),
            nn.BatchNorm2D(c).eval(),
            nn.Residual(nn.Conv2D(c, c, 1, rng=rng)),
        ])
        | activations
    )  # fmt: skip


@st.composite
def models(draw):
    """Layers for images, a few dense ones, and the shape of an image."""
    rng = random.Random(draw(st.integers(0, 9)))
    shape = image = draw(st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)))
    layers = []
    for _ in range(draw(st.integers(0, 4))):
        layers.append(draw(image_layers(shape, rng)))
        shape = layers[-1](Tensor(np.zeros(shape))).shape
    layers.append(nn.Flatten())
    size = int(np.prod(shape))
    for out in draw(st.lists(st.integers(1, 9), min_size=1, max_size=3)):
        layers += [nn.Dense(size, out, rng=rng), draw(activations)]
        size = out
    return nn.Sequential(*layers[: -draw(st.integers(0, 1)) or None]), image


@settings(max_examples=15)
@given(models(), st.sampled_from(BOTH))
def test_any_model_agrees_with_eager_for_any_batch_and_any_threads(made, dtype):
    model, shape = made
    images = np.random.default_rng(1).standard_normal((9, *shape))

    def function(x):
        y = model(x)
        return (y * y).sum() + y.sum(), y

    parameters = [part for _, part in model.named_parts() if isinstance(part, nn.Parameter)]
    runs = [eagerly(function, [x[None]], parameters) for x in images]
    programs = [
        autograd.compile(
            function, images[0], parameters=parameters,
            dtype=dtype, backend=backend, threads=threads,
        )
        for backend, most in ALL_BACKENDS.items()
        for threads in range(1, most + 1)
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executable, "SHARE_SECONDS", 1e-12)  # shared, however little there is to do
        for n in SIZES:
            expected = together([runs[k % 9] for k in range(n)])
            batch = np.stack([images[k % 9] for k in range(n)])
            for program in programs:
                assert_agree(program, [batch], expected, TOLERANCE[dtype])
