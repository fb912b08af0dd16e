"""The types that tools see are those that the objects have."""

import typing

import pytest
import surface
from mypy import api

import autograd
from autograd import Tensor, Value

STATEMENTS = [f for name, f in vars(surface).items() if getattr(f, "__module__", "") == "surface"]
SAMPLES = {"a": Value(0.5, label="a"), "b": Value(2.0), "t": Tensor([[1.0, -2.0], [3.0, 4.0]])}

WRONG = """
import autograd
from autograd import Tensor, Value

autograd.no_such_thing  # attr-defined
Value("2")  # arg-type
Value([1.0])  # arg-type
Tensor(2.0)  # arg-type
Value(2.0).no_such_thing  # attr-defined
Tensor([2.0]).no_such_thing()  # attr-defined
Value(2.0) + "2"  # arg-type
Tensor([1.0]).sum().reshape(1)  # attr-defined
"""


def mypy(*arguments):
    said, failed, _ = api.run(["--strict", "--no-error-summary", *arguments])
    assert not failed, failed
    return said


def test_the_public_surface_has_the_types_that_it_promises():
    assert mypy(surface.__file__) == ""


def test_misuse_is_an_error(tmp_path):
    script = tmp_path / "wrong.py"
    script.write_text(WRONG, encoding="utf-8")
    said = mypy("--show-error-codes", str(script)).splitlines()
    found = {int(e.split(":")[1]): e.rpartition("[")[2][:-1] for e in said if ": error:" in e}
    lines = enumerate(WRONG.splitlines(), 1)
    assert found == {k: line.split("  # ")[1] for k, line in lines if "#" in line}


def is_of(found, kind):
    """Whether an object is of a type as `assert_type` names it: as far as it can be seen."""
    origin = typing.get_origin(kind) or kind
    if kind is typing.Any or typing.Any in typing.get_args(kind):
        return isinstance(found, origin) if origin in (list, tuple) else True
    parts = typing.get_args(kind)
    if origin is list:
        return isinstance(found, list) and all(is_of(x, parts[0]) for x in found)
    if origin is tuple:
        return isinstance(found, tuple) and all(is_of(x, parts[0]) for x in found)
    return found is None if kind is None else isinstance(found, kind)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda f: f.__name__)
def test_the_objects_have_the_types_that_mypy_sees(statement, monkeypatch, tmp_path):
    seen = []

    def check(found, kind):
        seen.append(found)
        assert is_of(found, kind), f"{found!r:.100} is not of type {kind}"

    monkeypatch.setattr(surface, "assert_type", check)
    names = statement.__code__.co_varnames[: statement.__code__.co_argcount]
    statement(*[SAMPLES[name] for name in names])
    assert seen


def test_every_public_name_is_there_and_listed():
    assert set(autograd.__all__) <= set(dir(autograd))
    assert all(hasattr(autograd, name) for name in dir(autograd))
