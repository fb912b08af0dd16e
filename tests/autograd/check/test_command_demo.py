"""`demos/check_gradients.py`: every mistake that it can switch on is found where it was made."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.check.layers import check_layer

ROOT = Path(__file__).parents[3]
DEMO = runpy.run_path(str(ROOT / "demos/check_gradients.py"))
PLACES = {
    "flipped-kernel": ("Conv", "x", "rotated by 180°"),
    "summed-bias": ("Conv", "biases", "the sum of the true one"),
    "lost-sum": ("Conv", "kernels", "the last one remains"),
    "tied-maxima": ("MaxPool", "x (ties)", "wrong for ties"),
    "overwritten": ("MaxPool", "x", ""),
    "relu-of-output": ("ReLU", "x", "upstream"),
    "transposed": ("Dense", "weights", "another order"),
    "update-first": ("Dense", "x", "already updated"),
    "mean-twice": ("Dense", "bias", "1/N"),
    "ascent": ("Dense", "weights", "−1 times"),
    "no-one-hot": ("SoftmaxCrossEntropy", "x", ""),
    "wrong-axis": ("SoftmaxCrossEntropy", "x", "4/5 times"),
}


def inputs(layers, x):
    """Each layer with what reaches it."""
    for layer in layers:
        yield layer, x
        x = layer.forward(x)


def test_every_mistake_is_looked_for_here():
    assert list(PLACES) == list(DEMO["MISTAKES"])


@pytest.mark.parametrize("mistake", PLACES)
def test_a_mistake_is_found_in_its_layer_and_named(mistake):
    place, name, words = PLACES[mistake]
    layer, x = next(p for p in inputs(*DEMO["network"](mistake)) if type(p[0]).__name__ == place)
    report = check_layer(layer, x, probe=mistake == "tied-maxima")
    assert report.verdict == "wrong"
    assert report.gradients[name].verdict == "wrong"
    assert words in str(report)


def run(*arguments):
    return subprocess.run(
        [sys.executable, "demos/check_gradients.py", *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_without_a_mistake_every_layer_is_right():
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": right\n") > 10
    assert "every gradient is right" in done.stdout


def test_with_one_the_status_is_1_and_the_layer_is_named():
    done = run("--break", "ascent")
    assert done.returncode == 1
    assert "Dense: wrong" in done.stdout
    assert "1 of 5 layers wrong" in done.stdout


def test_the_mistakes_are_listed_and_others_refused():
    done = run("--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(PLACES)
    assert run("--break", "everything").returncode == 2
