"""What the tests of pictures share: models, numbers, and what is read off a figure."""

import io

import numpy as np
import pytest

import nn

mpl = pytest.importorskip("matplotlib", reason="matplotlib is not installed")

RNG = np.random.default_rng(0)
IMAGE = RNG.uniform(size=(1, 8, 8))
POINTS = RNG.normal(size=(30, 2))
SIDES = (POINTS[:, 0] > 0).astype(int)


def cnn():
    """A CNN with what behaves otherwise in training."""
    return nn.Sequential(
        nn.Conv2D(1, 3, 3),
        nn.BatchNorm2D(3),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.MaxPool(2),
        nn.Conv2D(3, 4, 2),
        nn.Flatten(),
        nn.Dense(16, 5),
    )


def line():
    """A model of points that is sure of the sign of x₁."""
    model = nn.Sequential(nn.Dense(2, 1))
    model[0].weight.assign([[50.0, 0.0]])
    return model


def texts(figure):
    """All that is written in a figure that has been drawn."""
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    return [t.get_text() for t in figure.findobj(mpl.text.Text) if t.get_text() and t.get_visible()]


def written(figure):
    return "\n".join(texts(figure))


def pixels(figure):
    """A figure as an array (height, width, 3)."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=40)
    file.seek(0)
    return mpl.image.imread(file)[..., :3]


def history(*rows):
    """A History of (loss, accuracy, validation loss, validation accuracy)."""
    made = nn.History()
    for k, row in enumerate(rows):
        made.epochs.append(nn.Epoch(k + 1, *row, 0.1, 1.0))
    return made
