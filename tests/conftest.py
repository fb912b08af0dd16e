"""Settings for all tests."""

import functools
import importlib.util
import os
import sys
import tempfile
import types
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import autograd
import nn
from autograd.compiler import program
from autograd.compiler.backends import choose
from autograd.compiler.backends.native import toolchain
from autograd.compiler.backends.native.build import NativeError

ROOT = Path(__file__).parents[1]
for package in (autograd, nn):
    assert hasattr(package, "__all__"), f"{package.__name__} is not Glassgrad's: {package.__file__}"
assert hasattr(autograd, "Value"), f"another package is called autograd: {autograd.__file__}"

settings.register_profile(
    "steady", deadline=None, max_examples=60, derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)  # fmt: skip
settings.load_profile("steady")


def pytest_configure(config):
    """Programs are built in little time, and kept for these tests alone, by all their workers."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="glassgrad-", ignore_cleanup_errors=True)
        os.environ.update(GLASSGRAD_CACHE_DIR=folder.name, CFLAGS="-O1")
        config.add_cleanup(folder.cleanup)


@pytest.fixture(autouse=True, scope="session")
def made_in_haste():
    """XLA is to make JAX's programs soon: their numbers are asked for, not their speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choose, "Jax", functools.partial(choose.Jax, haste=True))
        yield


@pytest.fixture(scope="module", params=["numpy", "native"])
def backend(request):
    """One backend after the other: it runs the programs of the tests that ask for none. JAX, which
    takes longest to make a program, serves those that ask for it: `everywhere`.
    """
    if request.param == "native":
        try:
            toolchain.compiler()
        except NativeError as error:
            pytest.skip(str(error))
    if request.param == "jax":
        pytest.importorskip("jax", reason='needs pip install "glassgrad[jax]"')

    def chosen(plan, weights, asked):
        here = asked._replace(name=request.param) if asked.name == "auto" else asked
        return choose.backend(plan, weights, here)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "chosen", chosen)
        yield request.param


@pytest.fixture
def their_nn(monkeypatch):
    """micrograd's published nn.py, unchanged, with its Value replaced by ours."""
    engine = types.ModuleType("micrograd.engine")
    engine.Value = autograd.Value
    monkeypatch.setitem(sys.modules, "micrograd.engine", engine)
    spec = importlib.util.find_spec("micrograd.nn")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def driver():
    """A real browser; tests that need one are skipped where there is none."""
    from browsing import browser

    driver = browser()
    yield driver
    driver.quit()


@pytest.fixture
def explorer(driver, tmp_path):
    """explorer(root, **options) writes a page and gives it, ready to be opened."""
    from browsing import Explorer

    def made(root, **options):
        path = tmp_path / "page.html"
        autograd.explore(root, path, **options)
        for log in ("browser", "performance"):
            driver.get_log(log)  # what was said before is not about this page
        return Explorer(driver, path)

    return made


@pytest.fixture
def sized(explorer):
    """sized(root, width, height, fragment) is an open page in a window of that size."""
    pages = []

    def made(root, width, height, fragment="", **options):
        pages.append(explorer(root, **options).size(width, height))
        return pages[-1].open(fragment)

    yield made
    for page in pages:
        page.unsized()


@pytest.fixture(scope="session")
def net():
    """A small CNN with the gradients of its loss."""
    from browsing import Trained

    return Trained()
