"""A compiler that fails, hangs, is killed or writes nothing: each is an error that says so."""

import os
import signal
import subprocess
import sys
import time

import compilers
import pytest

from autograd.compiler.backends.native import build as building
from autograd.compiler.backends.native.build import BuildError, NativeError, build

# fixtures
cache_folder = compilers.cache_folder
real = compilers.real
compiler_that = compilers.compiler_that
temporary = compilers.temporary

TEXT = "int seven(void) { return 7; }"


def fails(path, source=TEXT, *flags):
    with pytest.raises(BuildError) as caught:
        build([str(path)], flags, source)
    return str(caught.value)


def wait_for(condition):
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_alive(process):
    """Whether a process runs; one that has ended, and that nobody has asked for, does not."""
    try:
        os.kill(process, 0)
        with open(f"/proc/{process}/stat") as state:
            return state.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_a_real_compiler_builds_is_a_library(real, temporary):
    data = build([real], ["-shared", "-fPIC"], TEXT)
    assert b"seven" in data
    assert not any(temporary.iterdir())


def test_the_same_text_gives_the_same_bytes(real):
    assert build([real], ["-shared", "-fPIC"], TEXT) == build([real], ["-shared", "-fPIC"], TEXT)


def test_the_first_lines_of_what_the_compiler_says_are_told(real, temporary):
    told = fails(real, "\n\nint seven(void) { return seventy; }", "-shared", "-fPIC")
    assert "program.c:3" in told
    assert "seventy" in told
    assert "failed with status 1" in told
    assert not any(temporary.iterdir())


def test_a_flood_of_messages_is_cut(compiler_that):
    path = compiler_that("print('é: wrong\\n' * 100_000); os.write(2, b'\\xff' * 9); sys.exit(3)")
    told = fails(path)
    assert "failed with status 3" in told
    assert 10 < told.count("wrong") < 15


def test_a_compiler_that_says_nothing_is_quoted_so(compiler_that):
    assert fails(compiler_that("sys.exit(9)")).endswith("status 9:\n(it said nothing)")


def test_a_compiler_that_is_killed_is_an_error_with_the_signal(compiler_that):
    told = fails(compiler_that("os.kill(os.getpid(), 9)"))
    assert "was ended by signal 9" in told


def test_a_compiler_that_writes_nothing_is_an_error(compiler_that):
    assert fails(compiler_that("")).endswith("ended well, but wrote no library")


def test_a_compiler_that_cannot_be_run_is_an_error(tmp_path):
    path = tmp_path / "compiler"
    path.write_bytes(b"\x7fELF, but nothing else")
    assert str(path) in fails(path)  # not executable
    path.chmod(0o700)
    assert str(path) in fails(path)  # not a program


def let_the_wait_end(monkeypatch, error, condition):
    """Let the wait for the compiler end with an error, once a condition holds."""
    wait = subprocess.Popen.wait

    def ended(process, timeout=None):
        if timeout is None:
            return wait(process)
        assert timeout == building.TIMEOUT
        assert wait_for(condition)
        raise error

    monkeypatch.setattr(subprocess.Popen, "wait", ended)


HANGS = """
os.fork()
with open({log!r}, "a") as log:
    log.write(f"{{os.getpid()}} ")
time.sleep(600)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("error", [subprocess.TimeoutExpired("cc", 120), KeyboardInterrupt()])
def test_a_compiler_that_hangs_or_is_interrupted_is_ended_with_all_that_it_started(
    compiler_that, tmp_path, temporary, monkeypatch, error
):
    log = tmp_path / "log"
    log.touch()
    path = compiler_that(HANGS.format(log=str(log)))
    let_the_wait_end(monkeypatch, error, lambda: len(log.read_text().split()) == 2)
    with pytest.raises((BuildError, KeyboardInterrupt)) as caught:
        build([str(path)], [], TEXT)
    if caught.type is BuildError:
        assert str(caught.value) == f"{path} did not end within 120 seconds"
    processes = [int(word) for word in log.read_text().split()]
    assert wait_for(lambda: not any(map(is_alive, processes)))
    assert not any(temporary.iterdir())


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="the system stops no processes")
@pytest.mark.parametrize("who", ["0", "os.getpid()"], ids=["with all it started", "alone"])
def test_a_compiler_that_is_stopped_is_given_up(compiler_that, temporary, monkeypatch, who):
    monkeypatch.setattr(building, "TIMEOUT", 0.5)
    path = compiler_that(f"os.fork(); os.kill({who}, {int(signal.SIGSTOP)})")
    assert fails(path) == f"{path} did not end within 0.5 seconds"
    assert not any(temporary.iterdir())


BUILDER = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from autograd.compiler.backends.native.build import build
build([sys.argv[1]], [], {TEXT!r})
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_ctrl_c_ends_the_compiler_and_comes_through(compiler_that, tmp_path, temporary):
    log = tmp_path / "log"
    log.touch()
    path = compiler_that(HANGS.format(log=str(log)))
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER, path], stderr=subprocess.PIPE, text=True
    )
    assert wait_for(lambda: len(log.read_text().split()) == 2)
    builder.send_signal(signal.SIGINT)
    assert builder.communicate(timeout=60)[1].rstrip().endswith("KeyboardInterrupt")
    assert wait_for(lambda: not any(map(is_alive, map(int, log.read_text().split()))))
    assert not any(temporary.iterdir())


def test_no_shell_reads_the_command(compiler_that, tmp_path):
    told = tmp_path / "told"
    path = compiler_that(f"open({str(told)!r}, 'w').write('|'.join(arguments)); real()")
    fails(path, "#error no", "-DX=$(touch${IFS}shell);`touch shell`&&touch shell")
    assert "-DX=$(touch${IFS}shell);`touch shell`&&touch shell|-o|program.so|program.c" in (
        told.read_text()
    )
    assert not (tmp_path / "shell").exists()


def test_intermediate_files_lie_in_a_folder_that_is_removed(compiler_that, tmp_path, temporary):
    told = tmp_path / "told"
    fails(
        compiler_that(f"open({str(told)!r}, 'w').write(os.environ['TMPDIR'] + '|' + os.getcwd())")
    )
    intermediate, here = told.read_text().split("|")
    assert intermediate == here
    assert here.startswith(str(temporary))
    assert not os.path.exists(here)


def test_a_disk_without_room_for_the_text_is_an_error(real, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    assert "No space left on device" in fails(real)


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="the system has no limit of file sizes")
def test_a_disk_without_room_for_the_library_is_an_error(compiler_that):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); real()"
    told = fails(compiler_that(limit), TEXT, "-shared", "-fPIC")
    assert "failed with status" in told or "was ended by signal" in told


def test_errors_are_one_family():
    assert issubclass(BuildError, NativeError)
    assert BuildError("told", "int x;").source == "int x;"
