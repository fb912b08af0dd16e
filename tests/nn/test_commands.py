"""`glassgrad`: what people write in a shell about models that they saved, and what they read."""

import random
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import Tensor, __version__, softmax
from autograd.__main__ import main
from nn.data import image_file

ROOT = Path(__file__).parents[2]
CLASSES = ["zero", "one", "two"]
SAMPLES = np.random.default_rng(0).uniform(size=(9, 1, 8, 8))
INK = (SAMPLES[0, 0] * 255).astype(np.uint8)


def trained(layers, samples=SAMPLES):
    random.seed(0)
    model = nn.Sequential(layers)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.1))
    trainer.fit((samples, [0, 1, 2] * 3), progress=False, compiled=False)
    return model


def cnn(**ends):
    layers = {"conv": nn.Conv2D(1, 2, 3), "act": nn.ReLU(), "flat": nn.Flatten()}
    return {**layers, "fc": nn.Dense(72, 3), **ends}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a model, which likes dark ink, and a picture of white ink on black."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    nn.save(trained(cnn()), tmp_path / "model.safetensors", {"classes": CLASSES, "invert": True})
    image.fromarray(INK).save(tmp_path / "digit.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scores(path, x):
    return nn.load(path).eval()(Tensor(x)).tolist()


# --- the command itself ---------------------------------------------------------------------------


def test_the_package_installs_a_command_that_is_python_m_autograd_too(here):
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert EntryPoint("glassgrad", scripts["scripts"]["glassgrad"], "").load() is main
    done = subprocess.run(
        [sys.executable, "-m", "autograd", "explore", "model.safetensors", "digit.png"],
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("digit.html: model.safetensors reads digit.png as ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--version"], f"glassgrad {__version__}"),
        (["--help"], "check the hand-derived gradients"),
        (["check", "--help"], "MODULE:CLASS"),
        (["explore", "--help"], "--target CLASS"),
        (["summary", "--help"], "--input 1x28x28"),
    ],
)
def test_it_says_its_version_and_each_command_its_options(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["explain"], ["explore"], ["summary", "m", "--input", "x"]]
)
def test_what_is_no_command_is_status_2(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_check_checks_a_layer(tmp_path, monkeypatch, capsys):
    source = (
        "class Double:\n"
        "    def forward(self, x): return 2 * x\n"
        "    def backward(self, dy): return FACTOR * dy\n"
    )
    monkeypatch.chdir(tmp_path)
    for name, factor, status in (("right_layer", 2, 0), ("wrong_layer", 3, 1)):
        (tmp_path / f"{name}.py").write_text(source.replace("FACTOR", str(factor)))
        assert main(["check", f"{name}:Double", "--input", "4x3"]) == status
    assert main(["check", "right_layer:Triple", "--input", "4x3"]) == 2
    said = capsys.readouterr()
    assert [line for line in said.out.splitlines() if line.startswith("Double: ")] == [
        "Double: right",
        "Double: wrong",
    ]
    assert said.err.startswith("glassgrad check: cannot import right_layer:Triple")


# --- summary --------------------------------------------------------------------------------------


def test_a_summary_is_of_the_shape_that_the_model_was_trained_on(here, capsys):
    assert main(["summary", "model.safetensors"]) == 0
    table = capsys.readouterr().out
    assert table == f"{nn.load('model.safetensors').summary(1, 8, 8)}\n"
    assert "conv  Conv2D(1, 2, 3)" in table


def test_without_a_training_the_first_layer_says_the_shape_or_it_is_asked_for(here, capsys):
    nn.save(nn.Sequential(nn.Dense(5, 2)), "dense")
    assert main(["summary", "dense"]) == 0
    assert "Dense(5, 2)" in capsys.readouterr().out
    nn.save(nn.Sequential(nn.Conv2D(1, 2, 3)), "conv")
    assert main(["summary", "conv"]) == 2
    assert "conv does not say what one sample is; give --input" in capsys.readouterr().err
    assert main(["summary", "conv", "--input", "1x5x6"]) == 0
    assert "2×3×4" in capsys.readouterr().out


def test_a_model_tells_a_summary_what_it_was_trained_on():
    model = trained(cnn())
    assert str(model.summary()) == str(model.summary((1, 8, 8))) == str(model.summary(1, 8, 8))
    with pytest.raises(
        ValueError, match=r"needs one sample's shape, as model.summary\(1, 28, 28\)"
    ):
        nn.Dense(2, 2).summary()


# --- explore --------------------------------------------------------------------------------------


def test_a_page_says_which_class_was_read_and_how_surely(here, capsys):
    assert main(["explore", "model.safetensors", "digit.png"]) == 0
    logits = scores("model.safetensors", 1 - INK[None] / 255)
    best, share = int(np.argmax(logits)), max(softmax(logits).tolist())
    told = f"model.safetensors reads digit.png as {CLASSES[best]} ({share:.1%})"
    assert capsys.readouterr().out == f"digit.html: {told}\n"
    assert f"<title>{told}</title>" in Path("digit.html").read_text(encoding="utf-8")


def test_a_page_is_shown_in_the_browser_where_that_is_asked_for(here, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr("webbrowser.open", lambda url: shown.append(url) or True)
    for more in ([], ["--open"]):
        assert main(["explore", "model.safetensors", "digit.png", "-o", "p.html", *more]) == 0
    assert shown == [(here / "p.html").as_uri()]


@pytest.mark.parametrize("target", ["two", "2"])
@pytest.mark.parametrize("end", [{}, {"shares": nn.Softmax()}], ids=["logits", "softmax"])
def test_the_loss_of_a_target_is_that_of_its_logit(here, capsys, target, end):
    nn.save(trained(cnn(**end)), "model", {"classes": CLASSES, "invert": True})
    arguments = ["explore", "model", "digit.png", "--target", target, "-o", "page.html"]
    assert main(arguments) == 0
    y = scores("model", 1 - INK[None] / 255)
    loss = -np.log(y[2] if end else softmax(y).tolist()[2])
    assert f"; loss {loss:.4g} for two\n" in capsys.readouterr().out
    assert Path("page.html").exists()


def test_numbers_in_a_npy_are_taken_as_they_are_and_classes_without_names_by_number(here, capsys):
    nn.save(trained(cnn()), "plain")
    np.save("digit.npy", SAMPLES[1, 0])
    assert main(["explore", "plain", "digit.npy"]) == 0
    best = int(np.argmax(scores("plain", SAMPLES[1])))
    assert f"reads digit.npy as {best} (" in capsys.readouterr().out


def test_bytes_of_an_image_are_scaled_in_a_npy_too_and_those_of_other_samples_are_not(here, capsys):
    nn.save(nn.Sequential(nn.Dense(64, 3)), "dense")
    nn.save(trained(cnn()), "plain")
    for model, numbers, x in (("dense", INK.ravel(), INK.ravel()), ("plain", INK, INK[None] / 255)):
        np.save("bytes.npy", numbers)
        assert main(["explore", model, "bytes.npy"]) == 0
        share = max(softmax(scores(model, x)).tolist())
        assert f"({share:.1%})" in capsys.readouterr().out


def test_a_model_of_one_number_says_it(here, capsys):
    model = nn.Sequential(nn.Flatten(), nn.Dense(64, 1))
    nn.save(model, "one")
    assert main(["explore", "one", "digit.png"]) == 0
    (score,) = scores("one", INK[None] / 255)
    assert f"one reads digit.png as {score:.4g}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none", "digit.png"], "none: there is no such file"),
        (["digit.png", "digit.png"], "digit.png: not a safetensors file"),
        (["model.safetensors", "none.png"], "No such file or directory: 'none.png'"),
        (["model.safetensors", "none.npy"], "No such file or directory: 'none.npy'"),
        (["model.safetensors", "cut.png"], "cut.png: not an image, or damaged"),
        (["model.safetensors", "text.npy"], "text.npy: not a .npy file, or damaged"),
        (["model.safetensors", "words.npy"], "words.npy: holds no array of numbers"),
        (
            ["model.safetensors", "large.npy"],
            "large.npy: its shape is 1×9×8, the model takes 1×8×8",
        ),
        (["model.safetensors", "flat.npy"], "flat.npy: its shape is 64, the model takes 1×8×8"),
        (["model.safetensors", "digit.png", "--target", "3"], "the classes are zero, one, two"),
        (["model.safetensors", "digit.png", "-o", "no/page.html"], "No such file or directory"),
        (["untrained", "large.npy"], "large.npy of shape 1×9×8: Dense(72, 3): input has 84"),
        (["untrained", "colours.npy"], "its shape is 3×8×8, the model takes 1×H×W"),
        (["one", "digit.png", "--target", "0"], "the model gives one number, and no classes"),
        (["images", "digit.png"], "needs a model that gives a score a class, got shape (2, 6, 6)"),
    ],
)
def test_what_cannot_be_explored_is_one_line_and_status_2(here, capsys, arguments, words):
    nn.save(nn.Sequential(cnn()), "untrained")
    nn.save(nn.Sequential(nn.Conv2D(1, 2, 3)), "images")
    nn.save(nn.Sequential(nn.Flatten(), nn.Dense(64, 1)), "one")
    Path("cut.png").write_bytes(Path("digit.png").read_bytes()[:60])
    Path("text.npy").write_text("no array")
    np.save("words.npy", np.array(["a"]))
    np.save("large.npy", np.zeros((9, 8)))
    np.save("flat.npy", np.zeros(64))
    np.save("colours.npy", np.zeros((3, 8, 8)))
    assert main(["explore", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("glassgrad explore: ")
    assert words in said.err
    assert said.err.count("\n") == 1


def test_without_pillow_the_extra_is_named(here, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    assert main(["explore", "model.safetensors", "digit.png"]) == 2
    needed = 'reading digit.png needs pillow: pip install "glassgrad[plots]"'
    assert capsys.readouterr().err == f"glassgrad explore: {needed}\n"


def test_the_page_opens_in_a_browser_with_the_layers_by_their_names(here, driver):
    from browsing import Explorer

    assert main(["explore", "model.safetensors", "digit.png", "--target", "one"]) == 0
    Explorer(driver, here / "digit.html").open()
    body = driver.find_element("css selector", "body").text
    assert driver.title in body
    assert "; loss " in driver.title
    for words in ("1×8×8", "conv\nConv2D", "weight 2×1×3×3", "CrossEntropyLoss"):
        assert words in body


# --- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "channels", "shape"),
    [
        ("L", None, (1, 8, 8)),
        ("RGB", None, (3, 8, 8)),
        ("RGB", 1, (1, 8, 8)),
        ("L", 3, (3, 8, 8)),
        ("P", 1, (1, 8, 8)),
        ("RGBA", 4, (4, 8, 8)),
    ],
)
def test_a_picture_has_the_channels_that_the_model_takes(here, mode, channels, shape):
    image = pytest.importorskip("PIL.Image")
    image.fromarray(INK).convert(mode).save("other.png")
    pixels = image_file.read(Path("other.png"), channels)
    assert (pixels.shape, pixels.dtype) == (shape, np.uint8)
    assert (pixels[0] == INK).all()


def test_what_is_transparent_is_white_paper_and_two_bytes_a_pixel_become_one(here):
    image = pytest.importorskip("PIL.Image")
    black = np.zeros((8, 8, 4), np.uint8)
    black[..., 3] = 255 - INK
    image.fromarray(black, "RGBA").save("ink.png")
    image.fromarray(INK.astype(np.uint16) * 257).save("deep.png")
    for name in ("ink.png", "deep.png"):
        assert (image_file.read(Path(name), 1)[0] == INK).all()


def test_pixels_are_scaled_inverted_and_standardised_in_this_order():
    pixels = np.array([[[0, 255]], [[51, 102]]], np.uint8)
    assert image_file.prepared(pixels).tolist() == [[[0, 1]], [[0.2, 0.4]]]
    assert image_file.prepared(pixels, scale=51, invert=True).tolist() == [[[1, -4]], [[0, -1]]]
    by_channel = image_file.prepared(pixels, mean=[0.5, 0.2], std=[0.5, 0.1])
    assert by_channel.ravel() == pytest.approx([-1, 1, 0, 2])
