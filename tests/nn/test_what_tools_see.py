"""What tools see of nn: its names, its version, its types; and that seeing costs nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

HEAVY = "numpy", "sklearn", "matplotlib", "onnx", "torch"


def test_all_that_is_listed_is_there_and_nothing_else():
    assert dir(nn) == sorted(nn.__all__)
    assert all(hasattr(nn, name) for name in nn.__all__)
    assert {"Classifier", "Sequential", "load", "data", "export", "init", "plots"} < set(dir(nn))
    assert not {"Any", "module", "saving", "find_spec", "TYPE_CHECKING"} & set(dir(nn))
    assert nn.__version__ == autograd.__version__


def test_a_star_imports_the_classifier_too():
    names = {}
    exec("from nn import *", names)
    assert names["Classifier"] is nn.Classifier
    assert names["Dense"] is nn.Dense


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    return done.stdout + done.stderr


def test_importing_and_looking_at_names_loads_no_library():
    loaded = f"[name for name in {HEAVY} if name in sys.modules]"
    assert run(f"import sys, nn; dir(nn); nn.Dense; print({loaded})") == "[]\n"


def test_without_scikit_learn_a_star_and_help_work_and_leave_the_classifier_out():
    code = "import sys; sys.modules['sklearn'] = None; from nn import *; import nn, pydoc\n"
    said = run(f"{code}print('Classifier' in dir(nn), Dense(1, 2)); pydoc.render_doc(nn)")
    assert said == "False Dense(1, 2)\n"


SOURCE = """
from typing import Any, assert_type
import autograd
import nn

assert_type(nn.Classifier(), nn.Classifier)
assert_type(nn.__version__, str)
assert_type(nn.Dense(2, 3)([1.0, 2.0]), autograd.Tensor)
assert_type(nn.Dense(2, 3).num_parameters(), int)
assert_type(nn.load("m", into=nn.Dense(2, 3)), nn.Dense)
assert_type(nn.History()[0], nn.Epoch)
assert_type(nn.History()["loss"], list[Any])
assert_type([*nn.Dense(2, 3).named_parameters()], list[tuple[str, nn.Parameter]])
assert_type(nn.Sequential(fc=nn.Dense(2, 3)).eval(), nn.Sequential)
nn.Linear
nn.no_such_thing
nn.Dense("2", 3)
"""


def test_type_checkers_know_what_there_is_and_what_there_is_not(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api", reason="mypy is not installed")
    path = tmp_path / "surface.py"
    path.write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(Path(__file__).parents[2])
    said, _, _ = api.run(["--strict", str(path)])
    assert [line.partition(" error: ")[2] for line in said.splitlines() if " error: " in line] == [
        'Module has no attribute "Linear"  [attr-defined]',
        'Module has no attribute "no_such_thing"  [attr-defined]',
        'Argument 1 to "Dense" has incompatible type "str"; expected "int"  [arg-type]',
    ]
