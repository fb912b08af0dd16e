"""What the tests of `draw_digits.py` share: a network that has learned, and a screen to draw on."""

import contextlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "demos"))


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    """Where a network is kept that has learned from a part of MNIST, for about two seconds."""
    import draw_digits_model
    from handwriting import options

    path = tmp_path_factory.mktemp("models") / "ten.safetensors"
    draw_digits_model.made(options(path), lambda progress: True)
    return path


@pytest.fixture(scope="session")
def reader(path):
    """That network, compiled."""
    import draw_digits_model

    import nn

    return draw_digits_model.Reader(nn.load(path), 10)


@pytest.fixture
def screen():
    """A screen with a mouse; tests that need one are skipped where there is none."""
    from screens import Screen

    with contextlib.closing(Screen()) as screen:
        yield screen
