"""The package as tools see it, and its doors to drawings."""

import contextlib
import io
import subprocess
import sys

import pytest

import autograd
from autograd import Tensor, Value

LATE = ["compile", "draw", "explore", "check_gradients", "check_layer", "check_stack"]
LATE += ["check_loss", "Program", "Drawing", "Page", "Report", "LayoutError"]


def fresh(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_dir_lists_what_is_public_loaded_or_not():
    listed = fresh("import autograd; print(*dir(autograd))").split()
    assert listed == sorted([*autograd.__all__, "__version__"])
    assert {*LATE, "Value", "graph"} <= set(listed)
    assert not {"Any", "tensor", "value", "views", "functions", "anomaly", "numpy"} & set(listed)
    assert all(hasattr(autograd, name) for name in listed)


def test_a_star_import_brings_all_of_it_and_a_plain_one_loads_none():
    assert fresh("from autograd import *; print(draw.__name__, compile.__name__)") == "draw compile"
    loaded = "print([m for m in sys.modules if m.startswith('autograd.') and m.count('.') == 1])"
    rooms = fresh(f"import sys, autograd; dir(autograd); {loaded}")
    assert "autograd.tensor" in rooms
    assert not [room for room in ("drawing", "compiler", "check") if f"autograd.{room}'" in rooms]


def test_help_describes_functions_that_are_loaded_late():
    with contextlib.redirect_stdout(io.StringIO()) as told:
        help(autograd)
    assert "draw(root" in told.getvalue()
    assert "check_gradients(" in told.getvalue()


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'autograd' has no attribute 'no_such_thing'"):
        autograd.no_such_thing  # noqa: B018


def test_the_version_is_that_of_what_is_installed(monkeypatch):
    import importlib.metadata as metadata

    monkeypatch.setattr(metadata, "version", lambda name: {"glassgrad": "9.9"}[name])
    assert autograd.__version__ == "9.9"

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert autograd.__version__ == "0+unknown"


@pytest.mark.parametrize("root", [Value(2.0) * 3.0, Tensor([1.0, 2.0]) * 3.0], ids=["v", "t"])
def test_values_and_tensors_draw_and_explore_themselves(root, tmp_path):
    root.draw(tmp_path / "graph.dot", depth=1, rankdir="TB")
    assert (tmp_path / "graph.dot").read_text() == autograd.draw(root, depth=1, rankdir="TB").source
    page = root.explore(tmp_path / "graph.html", title="A title")
    assert type(page) is autograd.Page
    assert "A title" in (tmp_path / "graph.html").read_text(encoding="utf-8")
    with pytest.raises(TypeError, match="no_such_option"):
        root.draw(no_such_option=1)
