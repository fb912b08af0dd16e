"""The processor, as far as code that was built for it depends on it."""

import ctypes
import sys
from pathlib import Path

import pytest

from autograd.compiler.backends.native import processor

CPUINFO = Path("/proc/cpuinfo")


@pytest.fixture(autouse=True)
def afresh():
    processor.features.cache_clear()
    yield
    processor.features.cache_clear()


@pytest.mark.skipif(not CPUINFO.exists(), reason="the system has no /proc/cpuinfo")
def test_all_instruction_sets_that_linux_knows_of_are_told_and_nothing_that_changes():
    told = processor.features()
    block = CPUINFO.read_text().split("\n\n")[0].splitlines()
    sets = [line for line in block if line.startswith(("flags", "Features"))]
    assert sets
    assert all(line.strip() in told for line in sets)
    assert "MHz" not in told
    assert told == processor.features.__wrapped__()


def test_macos_is_asked_by_its_names(monkeypatch):
    facts = {b"machdep.cpu.brand_string": b"Apple M9"}

    class System:
        def sysctlbyname(self, name, text, size, new, new_size):
            if name in facts:
                text.value = facts[name]
            return 0 if name in facts else -1

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: System())
    assert "Apple M9" in processor.features()


def test_windows_says_it_in_the_environment(monkeypatch):
    monkeypatch.setenv("PROCESSOR_IDENTIFIER", "Intel64 Family 6 Model 85")
    assert "Model 85" in processor.features()


def test_a_system_that_tells_nothing_is_still_told_from_others(monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError

    monkeypatch.setattr(processor, "open", refused, raising=False)
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert processor.features().splitlines()[1] == "riscv64"


@pytest.mark.parametrize(
    ("machine", "arm"),
    [("x86_64", False), ("AMD64", False), ("aarch64", True), ("arm64", True), ("ARM64", True)],
)
def test_arm_is_known_by_its_many_names(monkeypatch, machine, arm):
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert processor.is_arm() == arm
