"""The classic models of `demos/models` learn, small and in little time, and show what they make."""

import importlib
import re
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from autograd.compiler import program
from autograd.compiler.backends.choose import backend as choose

MODELS = sorted(Path(__file__).parents[2].glob("demos/models/*.py"))
SMALL = {
    "char_gru": ["--steps", "30", "--hidden", "16"],
    "dcgan": ["--epochs", "4", "--width", "4"],
    "maml": ["--steps", "1000", "--hidden", "20"],
    "micro_gpt": ["--steps", "30", "--width", "8"],
    "resnet": ["--epochs", "2", "--width", "4"],
    "vae": ["--epochs", "3", "--hidden", "32"],
    "vit": ["--epochs", "3", "--width", "12"],
    "wgan_gp": ["--steps", "150", "--hidden", "24"],
}


@pytest.fixture
def run(monkeypatch, capsys):
    """Calls a model of the demos, small, on NumPy, which needs no time to be built."""

    def on_numpy(plan, weights, asked):
        return choose(plan, weights, asked._replace(name="numpy"))

    monkeypatch.setattr(program, "chosen", on_numpy)

    def called(name):
        with threadpool_limits(1):
            found = importlib.import_module(f"models.{name}").main(SMALL[name])
        return found, capsys.readouterr().out

    return called


@pytest.mark.parametrize(("name", "words"), [("char_gru", 16), ("micro_gpt", 20)])
def test_a_model_of_letters_learns_and_invents_words(run, name, words):
    losses, text = run(name)
    assert losses[-1] < losses[0] - 0.3
    *_, last = text.splitlines()
    assert len(last.split(", ")) == words
    assert re.fullmatch("[a-z]*", last.replace(", ", ""))


@pytest.mark.parametrize("name", ["dcgan", "vae", "wgan_gp"])
def test_made_digits_have_ink_in_the_middle_and_little_at_the_sides(run, name):
    _, text = run(name)
    rows = text.splitlines()[-8:]
    columns = [[row[k::10] for row in rows] for k in range(8)]  # of each of eight digits
    ink = [sum(" .:-=+*#%@".index(x) for x in "".join(column)) for column in columns]
    assert min(ink[3:5]) > 2 * max(ink[0], ink[7])


def test_the_vae_pays_less_for_a_digit_with_each_epoch(run):
    losses, _ = run("vae")
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize(("name", "least"), [("vit", 0.5), ("resnet", 0.3)])
def test_a_model_that_tells_images_apart_says_how_well(run, name, least):
    accuracy, text = run(name)
    assert accuracy > least
    assert text.endswith(f"test accuracy {accuracy:.1%}\n")


def test_one_step_of_descent_fits_a_wave_better_than_none(run):
    (before, after), text = run("maml")
    losses = [float(x) for x in re.findall(r"^step .* ([\d.]+)$", text, re.MULTILINE)]
    assert len(losses) == 10
    assert losses[-1] < 0.7 * losses[0]
    assert after < 0.8 * before
    assert f"loss {before:.2f} before, {after:.2f} after" in text


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_is_one_short_file_and_help_says_what_its_options_are(path, capsys):
    source = path.read_text(encoding="utf-8")
    assert path.stem in SMALL
    assert len(source.splitlines()) <= 80
    with pytest.raises(SystemExit) as left:
        importlib.import_module(f"models.{path.stem}").main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert source.splitlines()[0].strip('"')[:40] in text.replace("\n", " ")
    options = re.findall(r'add(?:_argument)?\("(--\w+)"', source)
    assert len(options) >= 3
    for option in options:
        assert re.search(rf"^  {option}\b[^(]*\(default", text, re.MULTILINE)
