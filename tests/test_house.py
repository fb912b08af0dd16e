"""The house: imports go to lower floors only (the contracts of Python are in pyproject.toml)."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.drawing.explorer import page

ROOT = Path(__file__).parents[1]
DEMOS = sorted((ROOT / "demos").rglob("*.py"))


LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def lint(folder):
    """import-linter's verdict on the packages of a folder, and what it says."""
    here = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", LINT]
    done = subprocess.run(command, cwd=folder, env=here, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def copy_of_the_house(folder):
    for package in ("autograd", "nn"):
        shutil.copytree(ROOT / package, folder / package)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_imports_go_to_lower_floors():
    code, said = lint(ROOT)
    assert code == 0, said


@pytest.mark.parametrize(
    ("place", "line", "told"),
    [
        ("autograd/scopes.py", "from .value import Value", "autograd.scopes -> autograd.value"),
        ("autograd/check/model.py", "from .. import drawing", ".check.model -> autograd.drawing"),
        ("nn/losses.py", "from . import layers", "nn.losses -> nn.layers"),
        ("nn/init.py", "from autograd.tensor import Tensor", "nn.init -> autograd.tensor"),
        ("autograd/compiler/plan/kernels.py", "from . import lower", "autograd.compiler.plan"),
        ("autograd/compiler/program.py", "from .backends import numpy", "program -> autograd.comp"),
        ("autograd/dialects/numpy.py", "from ..compiler import plan", ".dialects.numpy -> autogr"),
    ],
)  # fmt: skip
def test_an_import_upwards_or_sideways_is_named(tmp_path, place, line, told):
    path = copy_of_the_house(tmp_path) / place
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    code, said = lint(tmp_path)
    assert code != 0
    assert told in said


def imported(path):
    """The modules that a script imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", DEMOS, ids=lambda p: p.name)
def test_demos_use_what_the_packages_export(path):
    assert not [m for m in imported(path) if m.startswith(("autograd.", "nn."))]


# --- the explorer's page -------------------------------------------------------------------------

BELOW = {  # the rooms of JavaScript, each with those whose modules it may import
    "engine": "engine",
    "parts": "engine parts",
    "cards": "engine parts cards",
    "panes": "engine parts panes",
    "page": "engine parts cards panes page",
}


@pytest.mark.parametrize("room", BELOW)
def test_a_module_of_the_page_imports_from_lower_rooms(room):
    modules = sorted((Path(page.__file__).parent / room).glob("*.js"))
    found = {m.name: re.findall(r'from "(\w+)/', m.read_text(encoding="utf-8")) for m in modules}
    assert found
    allowed = set(BELOW[room].split())
    assert {name: used for name, used in found.items() if not set(used) <= allowed} == {}


def test_all_rooms_of_the_page_are_known():
    assert tuple(BELOW) == page.FOLDERS
