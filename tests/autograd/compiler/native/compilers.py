"""A cache of the test's own, and compilers that do what a test wants of them."""

import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from autograd.compiler.backends.native import library, toolchain

REAL = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
HEAD = f"""#!{sys.executable} -IS
import os, sys, time
arguments = sys.argv[1:]
output = arguments[arguments.index("-o") + 1]
source = next(a for a in arguments if a.endswith(".c"))
def real(*more):
    os.execv({REAL!r}, ["cc", *(more or arguments)])
"""


def forget(monkeypatch):
    """Be as a new process, which has neither asked a compiler nor loaded a library."""
    toolchain._known.cache_clear()
    monkeypatch.setattr(library, "_libraries", {})


@pytest.fixture
def new_process(monkeypatch):
    return lambda: forget(monkeypatch)


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """Where files are kept during the test; the choice of a compiler and of flags is set aside."""
    monkeypatch.setenv("GLASSGRAD_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("CC", "CFLAGS"):
        monkeypatch.delenv(name, raising=False)
    forget(monkeypatch)
    yield tmp_path / "cache" / "native"
    toolchain._known.cache_clear()


@pytest.fixture(params=["gcc", "clang", "zig"])
def each(request, cache_folder, tmp_path, tmp_path_factory, monkeypatch):
    """One after the other, the compilers that are installed; zig alone, as it would be used."""
    if request.param == "zig":
        pytest.importorskip("ziglang", reason="the extra [native] is not installed")
        monkeypatch.setenv("PATH", str(tmp_path))
        shared = tmp_path_factory.getbasetemp().parent / "zig"  # to build its own takes seconds
        monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", str(shared))
    elif path := shutil.which(request.param):
        monkeypatch.setenv("CC", path)
    else:
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture
def real(cache_folder):
    """The machine's own C compiler."""
    if REAL is None:
        pytest.skip("there is no C compiler on this machine")
    return REAL


@pytest.fixture
def compiler_that(cache_folder, tmp_path, monkeypatch):
    """Let CC be a script, which has `arguments`, `output`, `source` and the compiler `real()`."""

    def made(body, path=None):
        path = Path(path or tmp_path / "my compiler")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + body)
        path.chmod(0o700)
        monkeypatch.setenv("CC", shlex.quote(str(path)))
        return path

    return made


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, to see whether something is left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setitem(os.environ, "TMPDIR", str(folder))
    return folder
