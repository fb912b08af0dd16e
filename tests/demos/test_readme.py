"""The README says what is true: its blocks and commands run as they stand, from top to bottom."""

import contextlib
import doctest
import importlib.util
import io
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


def run(*command, cwd=ROOT):
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


def blocks(language):
    return re.findall(rf"^( *)```{language}\n(.*?)\n\1```", read("README.md"), re.S | re.M)


def run_block(code, names, number):
    """Run a block in the names that those before it made; sessions must print what they show."""
    if ">>>" in code:
        test = doctest.DocTestParser().get_doctest(code + "\n", names, "README.md", "README.md", 0)
        failures = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        report = io.StringIO()
        failures.run(test, out=report.write, clear_globs=False)
        assert not failures.failures, report.getvalue()
        names.update(test.globs)
    else:
        exec(compile(code, f"README.md, block {number}", "exec"), names)


def test_every_block_runs_as_it_stands_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    for number, (indent, block) in enumerate(blocks("python"), 1):
        if "to_torch" in block and importlib.util.find_spec("torch") is None:
            continue  # the one block that needs PyTorch
        code = "\n".join(line.removeprefix(indent) for line in block.splitlines())
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            run_block(code, names, number)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"cnn.svg", "cnn.html", "model.safetensors", "run.safetensors", "model.onnx"} <= written


def test_a_block_that_is_not_true_would_be_seen():
    with pytest.raises(AssertionError, match="Expected"):
        run_block(">>> 1 + 1\n3", {}, 1)
    with pytest.raises(NameError):
        run_block("draw(loss)", {}, 1)


RUN_ELSEWHERE = {  # command: the test that runs it, or the script
    "pip install . && python demos/train_digits.py": ".ci/run",
    'pip install -e ".[dev]" && pytest': ".ci/run",
    "python demos/draw_digits.py": "tests/demos/test_draw_digits.py",
    "python demos/train_mnist.py": "tests/demos/test_picture_demos.py",
    "python demos/moons.py": "tests/demos/test_picture_demos.py",
    "python demos/vanishing.py": "tests/demos/test_picture_demos.py",
    "python demos/pure_python.py": "tests/demos/test_teaching_demos.py",
    "python demos/fashion.py": "tests/demos/test_teaching_demos.py",
    "python demos/scale.py": "tests/demos/test_scale.py",
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


@pytest.fixture
def users_folder(tmp_path):
    """A folder with what the README's commands speak of: a module, a saved model, an image."""
    import matplotlib.image
    import numpy as np

    import nn

    source = f"import numpy as np\nimport nn\n\nclass MyConv{CONVOLUTION}"
    (tmp_path / "mymodule.py").write_text(source, encoding="utf-8")
    model = nn.Sequential(conv1=nn.Conv2D(1, 2, 3), flatten=nn.Flatten(), head=nn.Dense(72, 10))
    digits = nn.data.digits()
    nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters())).fit(digits.take(range(64)))
    nn.save(model, tmp_path / "model.safetensors")
    pixels = np.array(digits.images[0][0], float)
    matplotlib.image.imsave(tmp_path / "digit.png", pixels, cmap="gray")
    return tmp_path


def test_the_commands_of_the_readme_are_executed(users_folder):
    commands = [line for _, block in blocks("sh") for line in block.splitlines()]
    assert set(RUN_ELSEWHERE) <= set(commands)
    for command, where in RUN_ELSEWHERE.items():
        essence = command.split("python ")[-1].removeprefix("demos/").split(" &&")[0]
        assert essence.removesuffix(".py") in read(where).replace("--quiet ", "")
    printed = {}
    for command in (command for command in commands if command not in RUN_ELSEWHERE):
        program, *arguments = shlex.split(command)
        assert program == "glassgrad"
        done = run(sys.executable, "-m", "autograd", *arguments, cwd=users_folder)
        assert done.returncode == 0, done.stdout + done.stderr
        printed[arguments[0]] = done.stdout
    assert printed["check"].startswith("MyConv: right")
    assert "conv1" in printed["summary"]
    assert list(users_folder.glob("*.html")), printed["explore"]


def test_the_gallery_is_drawn_and_shown_in_the_readme(tmp_path):
    done = run(sys.executable, "demos/draw_graphs.py", "--to", str(tmp_path), "--format", "dot")
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


def test_the_pictures_of_the_readme_are_there():
    for path in re.findall(r"!\[.+?\]\((.+?)\)", read("README.md")):
        most = 2_000_000 if path.endswith(".webp") else 200_000
        assert (ROOT / path).stat().st_size < most


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


def test_the_reports_on_three_backward_passes_are_those_that_the_demo_prints():
    done = run(sys.executable, "demos/check_by_hand.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in [text.strip() for _, text in blocks("text")]
