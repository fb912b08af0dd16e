"""The demos run as their users run them."""

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import nn

ROOT = Path(__file__).parents[2]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("way", "epochs"), [([], 4), (["--eager"], 2)])
def test_two_digits_are_told_apart_and_all_is_printed(way, epochs):
    done = run("demos/train_digits.py", "--classes", "3", "8", "--epochs", str(epochs), *way)
    assert done.returncode == 0, done.stderr
    for text in ("digits to learn from", "Conv2D(1, 24, 3)", "epoch  1  loss", f"epoch  {epochs}"):
        assert text in done.stdout
    rows = re.findall(r"^ +[38]( +[\d·]+ +[\d·]+)$", done.stdout, re.MULTILINE)
    counts = [[int(n.replace("·", "0")) for n in row.split()] for row in rows]
    accuracy = float(re.search(r"test accuracy ([\d.]+)%", done.stdout)[1])
    right, all_of_them = counts[0][0] + counts[1][1], sum(map(sum, counts))
    assert accuracy == pytest.approx(100 * right / all_of_them, abs=0.01)
    assert accuracy > 90


def test_help_explains_every_option():
    text = run("demos/train_digits.py", "--help").stdout
    for option in ("--classes", "--epochs", "--batch-size", "--channels", "--lr", "--eager"):
        assert re.search(rf"{option} .*\s+\w+", text)


@pytest.mark.parametrize("classes", [["3"], ["3", "3"], ["3", "12"], ["x"]])
def test_wrong_classes_are_refused(classes):
    done = run("demos/train_digits.py", "--classes", *classes)
    assert done.returncode == 2
    assert "--classes" in done.stderr


def test_the_benchmark_prints_its_table():
    done = run("demos/benchmark.py", "--quick")
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) >= 13
    assert all(len(row) == 5 for row in rows)
    assert any("25,103" in row[1] for row in rows)
    assert any("RecursionError" in row[2] for row in rows)
    assert any("10,400 compiled" in row[0] for row in rows)
    assert any("WGAN-GP" in row[0] for row in rows)


def test_the_page_of_a_trained_cnn_is_written(tmp_path):
    path = tmp_path / "cnn.html"
    done = run("demos/explore_cnn.py", "--epochs", "1", "--digit", "3", "--out", str(path))
    assert done.returncode == 0, done.stderr
    assert "<title>A CNN reads a" in path.read_text(encoding="utf-8")


def test_the_page_is_of_a_digit_that_is_misread_unless_one_is_chosen(tmp_path):
    path = tmp_path / "cnn.html"
    done = run("demos/explore_cnn.py", "--epochs", "2", "--out", str(path))
    assert done.returncode == 0, done.stderr
    title = re.search("<title>A CNN reads a ([0-9]) as a ([0-9])<", path.read_text("utf-8"))
    assert title[1] != title[2]
    assert str(path) in done.stdout


def test_the_surest_mistake_is_the_one_with_most_speaking_for_another_class():
    import explore_cnn

    scores = [[3.0, 0.0, 1.0], [0.5, 0.0, 2.0], [9.0, 4.0, 0.0], [0.0, 8.0, 7.0]]
    trainer = types.SimpleNamespace(predict=lambda images: [scores[k] for k in images])
    for labels, surest in [([0, 0, 0, 1], 1), ([0, 0, 1, 1], 2), ([0, 2, 0, 1], 3)]:
        data = nn.data.Dataset([0, 1, 2, 3], labels)  # of the last, none is misread
        assert explore_cnn.surest_mistake(trainer, data) == surest
