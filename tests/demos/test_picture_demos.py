"""The demos that end in pictures: they teach what they say, write what they name, and repeat."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

ROOT = Path(__file__).parents[2]
SHRUNK = {
    "train_mnist": ["--train", "300", "--test", "40", "--epochs", "1", "--image", "3"],
    "moons": ["--epochs", "25", "--samples", "200"],
    "vanishing": ["--steps", "12", "--layers", "8", "--width", "12"],
}


@pytest.fixture
def demo(monkeypatch):
    """A demo as a module, with what stands beside it within reach."""
    monkeypatch.syspath_prepend(str(ROOT / "demos"))
    return __import__


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )


def size(path):
    """(width, height) of a PNG."""
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


# --- all ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHRUNK)
def test_help_explains_every_option(demo, name, capsys):
    with pytest.raises(SystemExit, match="0"):
        demo(name).parse(["--help"])
    text = capsys.readouterr().out
    options = re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)
    assert {"--seed", "--out"} <= {*options}
    for option in options:
        assert re.search(rf"^  {option}\b[^\n]*\s+\w+ \w+", text, re.MULTILINE), option


@pytest.mark.parametrize("name", SHRUNK)
def test_without_matplotlib_one_line_names_the_extra_before_any_work(demo, name, monkeypatch):
    main = demo(name).main
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit, match=r'^nn.plots needs matplotlib: pip install "glassgrad\['):
        main([])


# --- MNIST ----------------------------------------------------------------------------------------


def test_mnist_is_learned_saved_and_pictured(tmp_path):
    model = tmp_path / "mnist.safetensors"
    where = ["--out", str(tmp_path / "pictures"), "--save", str(model)]
    done = run("demos/train_mnist.py", *SHRUNK["train_mnist"], *where)
    assert done.returncode == 0, done.stderr
    pictures = sorted((tmp_path / "pictures").iterdir())
    names = ["confusion", "feature-maps", "kernels", "learning-curves", "mistakes", "saliency"]
    assert [path.name for path in pictures] == [f"mnist-{name}.png" for name in names]
    assert all(min(size(path)) > 150 for path in pictures)
    for text in ("271 images to learn from, 29 to watch, 40 to test", "Dense(384, 64)", "epoch  1"):
        assert text in done.stdout
    accuracy = float(re.search(r"test accuracy ([\d.]+)%", done.stdout)[1]) / 100

    loaded = nn.load(model)
    _, test = nn.data.mnist(ROOT / "demos/data/mnist-10k")
    trainer = nn.Trainer(loaded, nn.CrossEntropyLoss(), nn.SGD(loaded.parameters(), lr=0.1))
    assert trainer.evaluate(test.take(range(40))).accuracy == pytest.approx(accuracy, abs=1e-4)


def test_the_same_seed_gives_the_same_numbers_and_no_pictures_need_no_matplotlib(
    demo, monkeypatch, capsys
):
    main = demo("train_mnist").main
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    shrunk = [*SHRUNK["train_mnist"], "--no-pictures"]
    first, again = main(shrunk), main(shrunk)
    assert first == again
    assert main([*shrunk, "--seed", "1"]) != first


def test_images_are_moved_by_up_to_two_pixels_and_nothing_else(demo):
    images = np.zeros((400, 1, 7, 9), np.float32)
    images[:, 0, 3, 4] = 1
    moved = demo("train_mnist").shifted(
        nn.data.Dataset(images, list(range(400))), np.random.default_rng(0)
    )
    assert moved.labels == list(range(400))
    assert moved.images.shape == images.shape
    assert (moved.images.sum((1, 2, 3)) == 1).all()
    places = {tuple(place) for place in np.argwhere(moved.images)[:, 2:].tolist()}
    assert places == {(y, x) for y in range(1, 6) for x in range(2, 7)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--root", "nowhere"], "the folder nowhere must hold train-images"),
        (["--train", "10"], "--train takes so many"),
        (["--test", "5", "--image", "5"], "--image must be 0 to 4, got 5"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(demo, arguments, message):
    with pytest.raises(SystemExit, match=message):
        demo("train_mnist").main(arguments)


# --- moons ----------------------------------------------------------------------------------------


def test_moons_are_parted_and_the_picture_repeats(demo, tmp_path, capsys):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    moons = demo("moons")
    for path in paths:
        result = moons.main([*SHRUNK["moons"], "--out", str(path)])
    assert result.accuracy > 0.9
    assert f"test accuracy {result.accuracy:.2%}" in capsys.readouterr().out
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert size(paths[0])[0] > 1000


def test_spirals_have_three_arms(demo, tmp_path, capsys):
    path = tmp_path / "spirals.png"
    demo("moons").main(["--data", "spirals", "--epochs", "1", "--out", str(path)])
    assert "450 points to learn from, 150 held out" in capsys.readouterr().out
    assert size(path)[0] < 700


def test_four_stages_are_kept_the_first_and_the_last_among_them(demo):
    assert demo("moons").Stages(100).epochs == {1, 5, 22, 100}
    assert demo("moons").Stages(1).epochs == {1}


def test_noise_that_is_none_is_refused_in_a_line(demo):
    with pytest.raises(SystemExit, match="needs 0 <= noise < inf"):
        demo("moons").main(["--noise", "-1"])


# --- vanishing gradients --------------------------------------------------------------------------


def test_gradients_vanish_and_explode_where_they_should(demo, tmp_path, capsys):
    path = tmp_path / "vanishing.png"
    runs = demo("vanishing").main([*SHRUNK["vanishing"], "--out", str(path)])
    small, suited, large, relu_small, relu, relu_large = (run.norms[0] for run in runs)
    assert all(len(run.norms[0]) == 8 for run in runs)
    assert small[0] < 1e-6 * small[-1]
    assert suited[0] < 1e-2 * suited[-1]
    assert suited[0] / suited[-1] < large[0] / large[-1]
    assert max(relu) < 100 * min(relu)
    assert max(relu_small) < 1e-3 * min(relu)
    assert min(relu_large) > 1e2 * max(relu)
    assert size(path) == (1100, 580)
    rows = capsys.readouterr().out.splitlines()[1:7]
    assert [row.split()[0] for row in rows] == ["sigmoid"] * 3 + ["ReLU"] * 3
    assert f"{relu[0]:.1e}" in rows[4]


def test_norms_are_those_of_the_eager_gradients(demo, tmp_path):
    vanishing = demo("vanishing")
    options = vanishing.parse(["--layers", "2", "--width", "3", "--steps", "1"])
    run = vanishing.trained("sigmoid", "", 1.0, options)
    train, _ = nn.data.digits().split()
    model = vanishing.network(nn.Sigmoid, nn.init.glorot, options)
    first = train.take(range(256))
    nn.CrossEntropyLoss()(model(first.images), first.labels).backward()
    norms = [np.linalg.norm(p.grad) for p in model.parameters() if p.ndim == 2]
    assert run.norms[0] == pytest.approx(norms, rel=1e-4)


def test_one_layer_is_not_deep(demo, capsys):
    with pytest.raises(SystemExit, match="2"):
        demo("vanishing").main(["--layers", "1"])
    assert "--layers takes 2 or more" in capsys.readouterr().err
