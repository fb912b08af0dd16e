"""`python -m autograd.check` says right, wrong or why it cannot say, in text and exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.check.__main__ import main

ROOT = Path(__file__).parents[3]
SOURCE = """
import numpy as np

class Scale:
    def __init__(self, channels, factor=1.0, stride=1):
        self.stride = stride
        self.w = factor * np.random.randn(channels)

    def forward(self, x):
        self.x = x
        return x[:, :, :: self.stride] * self.w[:, None, None]

    def backward(self, grad):
        full = np.zeros(self.x.shape)
        full[:, :, :: self.stride] = grad * self.w[:, None, None]
        dw = np.sum(grad * self.x[:, :, :: self.stride], axis=(0, 2, 3))
        return full, dw

class Unstrided(Scale):
    def backward(self, grad):
        full, dw = super().backward(grad)
        full[:, :, : grad.shape[2]] = grad * self.w[:, None, None]
        return full, dw

class Silent(Scale):
    def backward(self, grad):
        return None

class Needy(Scale):
    def __init__(self, a, b):
        raise RuntimeError("no")

class Embedding:
    def __init__(self):
        self.table = np.random.randn(4, 2)

    def forward(self, tokens, weights=None, power=1):
        self.tokens = np.asarray(tokens).astype(int)
        self.weights = np.ones(len(tokens)) if weights is None else weights
        return self.table[self.tokens] * self.weights[:, None, None] ** power

    def backward(self, grad):
        self.dtable = np.zeros_like(self.table)
        np.add.at(self.dtable, self.tokens, grad * self.weights[:, None, None])

class Warns(Scale):
    def forward(self, x):
        np.log(np.zeros(1))
        return super().forward(x)

ready = Scale(3)
stack = [Scale(3), Scale(3)]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "scales.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("scales", None)


INPUT = ["--input", "2x3x4x5"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["scales:Scale", "--arg", "3", "--kwargs", "factor=0.5"], 0),
        (["scales:Scale", "--kwargs", "channels=3, factor=0.5", "--layout", "NCHW"], 0),
        (["scales:ready"], 0),
        (["scales.py:stack"], 0),
        (["scales:Unstrided", "--arg", "3"], 1),
        (["scales:Unstrided", "--arg", "3", "--no-probe"], 0),
        (["scales:Silent", "--arg", "3"], 2),
    ],
)
def test_the_verdict_is_printed_and_is_the_exit_status(here, capsys, arguments, status):
    assert main([*arguments, *INPUT]) == status
    assert ["right", "wrong", "undecided"][status] in capsys.readouterr().out.splitlines()[0]


def test_the_option_that_goes_wrong_is_named(here, capsys):
    main(["scales:Unstrided", "--arg", "3", *INPUT])
    assert "wrong for stride=2" in capsys.readouterr().out


def test_json_holds_the_same(here, capsys):
    assert main(["scales:Unstrided", "--arg", "3", "--json", *INPUT]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "wrong"
    assert report["findings"][0]["name"] == "probes"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scales"], "MODULE:CLASS"),
        (["nowhere:Scale"], "cannot import nowhere:Scale: ModuleNotFoundError"),
        (["scales:Other"], "AttributeError"),
        (["scales:Scale"], "--arg, --kwargs"),
        (["scales:Needy", "--arg", "1", "--arg", "2"], "RuntimeError: no"),
        (["scales:Scale", "--kwargs", "3"], "write name=value"),
        (["scales:ready", "--arg", "3"], "is no class"),
        (["scales:Scale", "--arg", "4"], "on --input 2x3x4x5: ValueError"),
    ],
)
def test_what_cannot_be_checked_is_one_line_and_status_2(here, capsys, arguments, words):
    assert main([*arguments, *INPUT]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_a_shape_that_is_none_is_refused(here, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["scales:Scale", "--input", "2x-3"])
    assert stop.value.code == 2
    assert "2x3x6x5" in capsys.readouterr().err


def test_it_runs_as_a_module_from_the_directory_of_the_layer(here):
    done = subprocess.run(
        [sys.executable, "-m", "autograd.check", "scales:Scale", "--arg", "3", *INPUT],
        cwd=here,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Scale: right")


def test_integers_come_from_the_range_that_is_given_and_layouts_and_options_are_passed_on(
    here, capsys
):
    arguments = ["scales:Embedding", "--input", "5x3", "--integers"]
    assert main([*arguments, "0:3"]) == 0
    assert main([*arguments, "0:3", "--options", "weights=[1.0, 2.0, 3.0, 4.0, 5.0]"]) == 0
    assert main([*arguments, "0:3", "--options", "weights=[1.0, 2.0, 1, 1, 2], power=2"]) == 1
    assert main([*arguments, "4:4"]) == 2
    assert "IndexError" in capsys.readouterr().err
    assert main([*arguments, "0:3", "--options", "nothing"]) == 2
    assert "--options 'nothing': write name=value" in capsys.readouterr().err
    assert main([*arguments, "0:3", "--layout", "TC"]) == 0
    assert "x TC (5, 3), as given" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["3", "a:b", "3:1", "1:2:3"])
def test_a_range_that_is_none_is_refused(here, capsys, words):
    with pytest.raises(SystemExit) as stop:
        main(["scales:Scale", *INPUT, "--integers", words])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def test_what_the_users_code_warns_of_is_in_the_report_once(here, capsys):
    assert main(["scales:Warns", "--arg", "3", "--no-probe", *INPUT]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.count("RuntimeWarning: divide by zero encountered in log (scales.py:") == 1
