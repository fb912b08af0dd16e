"""The demos run as their users run them, and the README says what is true."""

import itertools
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.mark.parametrize("way", [[], ["--eager"]])
def test_two_digits_are_told_apart_and_all_is_printed(way):
    done = run("demos/train_digits.py", "--classes", "3", "8", "--epochs", "4", *way)
    assert done.returncode == 0, done.stderr
    for text in ("digits to learn from", "Conv2D(1, 24, 3)", "epoch  1  loss", "epoch  4"):
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


def test_the_gallery_is_drawn_and_shown_in_the_readme(tmp_path):
    done = run("demos/draw_graphs.py", "--to", str(tmp_path), "--format", "dot")
    assert done.returncode == 0, done.stderr
    drawn = {path.stem for path in tmp_path.iterdir()}
    assert drawn == {"expression", "neuron", "pixel", "lenet", "channels", "paths"}
    shown = re.findall(r"!\[.+?\]\((.github/gallery/(\w+)\.svg)\)", read("README.md"))
    assert {name for _, name in shown} == drawn - {"channels"}
    for path, name in shown:
        source = (tmp_path / f"{name}.dot").read_text(encoding="utf-8")
        titles = re.findall(r"<B>([\w.\[\],:]+)</B>", source)
        assert titles
        assert all(f">{title}</text>" in read(path) for title in titles)


def test_the_page_of_a_trained_cnn_is_written(tmp_path):
    path = tmp_path / "cnn.html"
    done = run("demos/explore_cnn.py", "--epochs", "1", "--digit", "3", "--out", str(path))
    assert done.returncode == 0, done.stderr
    assert "<title>A CNN reads a" in path.read_text(encoding="utf-8")


def test_the_cnn_of_the_readme_runs():
    (code,) = re.findall(r"```python\n(import nn\n.*?)```", read("README.md"), re.S)
    done = run("-c", code.replace("nn.data.digits().split()", "nn.data.digits().split(0.9)"))
    assert done.returncode == 0, done.stderr
    assert "one sample, with its leaves" in done.stdout


RUN_ELSEWHERE = {  # command: the test that runs it, or the script
    "pip install . && python demos/train_digits.py": ".ci/run",
    'pip install -e ".[dev]" && pytest': ".ci/run",
    "python demos/draw_digits.py": "tests/demos/test_draw_digits.py",
    "python demos/train_mnist.py": "tests/demos/test_picture_demos.py",
    "python demos/moons.py": "tests/demos/test_picture_demos.py",
    "python demos/vanishing.py": "tests/demos/test_picture_demos.py",
    "python demos/pure_python.py": "tests/demos/test_teaching_demos.py",
    "python demos/fashion.py": "tests/demos/test_teaching_demos.py",
}


CONVOLUTION = """:
    def __init__(self, channels, kernel_size):
        shape = channels, channels, kernel_size, kernel_size
        self.w = np.random.default_rng(0).normal(size=shape)

    def forward(self, x):
        self.x, k = x, self.w.shape[-1]
        self.windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), (2, 3))
        return np.einsum("ocuv,ncijuv->noij", self.w, self.windows)

    def backward(self, dy):
        self.dw = np.einsum("noij,ncijuv->ocuv", dy, self.windows)
        dx = np.zeros_like(self.x)
        for i, j in np.ndindex(dy.shape[2:]):
            k = self.w.shape[-1]
            dx[:, :, i : i + k, j : j + k] += np.einsum("no,ocuv->ncuv", dy[:, :, i, j], self.w)
        return dx
"""


def test_the_commands_of_the_readme_are_executed(tmp_path):
    blocks = re.findall(r"```sh\n(.*?)\n```", read("README.md"), re.S)
    commands = [line for block in blocks for line in block.splitlines()]
    (check,) = [command for command in commands if command not in RUN_ELSEWHERE]
    assert set(commands) == {check, *RUN_ELSEWHERE}
    for command, where in RUN_ELSEWHERE.items():
        essence = command.split("python ")[-1].removeprefix("demos/").split(" &&")[0]
        assert essence.removesuffix(".py") in read(where).replace("--quiet ", "")

    module, layer = re.search(r"(\w+):(\w+)", check).groups()
    source = f"import numpy as np\nimport nn\n\nclass {layer}{CONVOLUTION}"
    (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
    arguments = shlex.split(check)[1:]
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{layer}: right")


def test_the_pictures_of_the_readme_are_there():
    for path in re.findall(r"!\[.+?\]\((.+?)\)", read("README.md")):
        assert (ROOT / path).stat().st_size < 200_000


def test_set_up_is_what_the_project_says():
    commands = list(RUN_ELSEWHERE)
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert "dev" in project["optional-dependencies"]
    assert commands[1].split("&&")[0].strip() in read(".ci/run").replace("--quiet ", "")


def test_every_dependency_is_justified():
    reasons = read(".github/CONTRIBUTING.md")
    project = tomllib.loads(read("pyproject.toml"))["project"]
    extras = project["optional-dependencies"].values()
    for requirement in itertools.chain(project["dependencies"], *extras):
        assert re.split(r"[<>=;\[]", requirement)[0] in reasons
