"""Files are whole or not at all, whoever writes, reads, or runs out of room at the same time."""

import os
import random
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import autograd
import nn
from autograd import Value, files

posix = pytest.mark.skipif(os.name != "posix", reason="the system has no links, modes and pipes")
OLD = b"good"
WHOLE = {bytes([letter]) * 50_000 for letter in b"abc"}


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "file.svg"
    made.write_bytes(OLD)
    return made


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_text_is_written_in_utf8_and_what_it_cannot_hold_is_a_question_mark(path):
    files.write(path, "∂y\n\ud800")
    assert path.read_bytes() == "∂y\n?".encode()


# --- what is there already -----------------------------------------------------------------------


@posix
@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o755])
def test_permissions_of_a_file_that_is_replaced_stay(path, permissions):
    path.chmod(permissions)
    files.write(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", permissions)


@posix
def test_permissions_of_a_new_file_are_those_that_open_gives(tmp_path):
    before = os.umask(0o027)
    try:
        files.write(tmp_path / "new", b"new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o640


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root gives files away")
def test_the_owner_of_a_file_that_is_replaced_stays(path):
    os.chown(path, 12345, 54321)
    path.chmod(0o640)
    files.write(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (12345, 54321, 0o640)


@posix
def test_a_file_that_may_not_be_written_is_not_replaced(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda asked, right: right != os.W_OK)  # as for all but root
    with pytest.raises(PermissionError, match=r"file\.svg"):
        files.write(path, b"new")
    assert path.read_bytes() == OLD


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_names_is_written(path, tmp_path, there):
    named = path if there else tmp_path / "new"
    (tmp_path / "inside").mkdir()
    link = tmp_path / "inside" / "link.svg"
    link.symlink_to(f"../{named.name}")
    files.write(link, b"new")
    assert link.is_symlink()
    assert named.read_bytes() == b"new"
    assert names(link.parent) == ["link.svg"]


@posix
def test_a_link_to_itself_is_an_error_and_stays(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("link")
    with pytest.raises(OSError, match="link"):
        files.write(link, b"new")
    assert link.is_symlink()


@posix
def test_no_link_is_followed_by_the_temporary_file_even_if_its_name_were_known(path, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda _: "known")
    victim = path.with_name("victim")
    planted = path.with_name(".known.partial")
    planted.symlink_to(victim)
    with pytest.raises(FileExistsError, match=r"file\.svg"):
        files.write(path, b"new")
    assert planted.is_symlink()
    assert not victim.exists()
    assert path.read_bytes() == OLD


def test_no_two_temporary_files_have_one_name(path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "replace", lambda temporary, _: seen.append(str(temporary)))
    for _ in range(20):
        files.write(path, b"new")
    assert len({*seen}) == 20
    assert not any(str(os.getpid()) in name or "file.svg" in name for name in seen)


@posix
def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        files.write(pipe, b"through")
        assert reader.communicate(timeout=60)[0] == b"through"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="the system has no /dev/null")
def test_a_device_is_written_to_and_stays():
    files.write("/dev/null", b"nothing")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_device_without_room_is_named():
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        files.write("/dev/full", b"much")


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="the system has no /dev/stdout")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("to", ["file", "pipe"])
def test_standard_output_is_written_to_wherever_it_goes(tmp_path, name, to):
    script = f"from autograd import files; files.write({name!r}, b'page')"
    out = tmp_path / "out"
    with open(out, "wb") as file:
        kept = os.stat(out).st_ino
        told = subprocess.run(
            [sys.executable, "-c", script], stdout=file if to == "file" else subprocess.PIPE,
            check=True,
        )  # fmt: skip
    assert (told.stdout or out.read_bytes()) == b"page"
    assert os.stat(out).st_ino == kept  # not replaced: what follows goes to the same file
    assert names(tmp_path) == ["out"]


# --- several at the same time --------------------------------------------------------------------

WRITER = """
import sys
from autograd import files
print("ready", flush=True)
for letter in 60 * b"abc":
    files.write(sys.argv[1], bytes([letter]) * 50_000)
"""


def writer(path):
    """A process that writes one file after the other to a path, and has begun to."""
    command = [sys.executable, "-c", WRITER, path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_processes_that_write_to_one_path_all_end_and_readers_see_whole_files(path):
    writers = [writer(path) for _ in range(3)]
    while any(process.poll() is None for process in writers):
        assert path.read_bytes() in {OLD, *WHOLE}
    assert [process.returncode for process in writers] == [0, 0, 0]
    for process in writers:
        process.stdout.close()
    assert names(path.parent) == [path.name]


def test_threads_that_write_to_one_path_all_end_and_readers_see_whole_files(path):
    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(files.write, path, content) for content in [*WHOLE] * 40]
        while not all(write.done() for write in writes):
            assert path.read_bytes() in {OLD, *WHOLE}
    assert [write.exception() for write in writes] == [None] * 120
    assert names(path.parent) == [path.name]


# --- what goes wrong -----------------------------------------------------------------------------


def folder_is_missing(path):
    return path.parent / "missing" / path.name


def folder_itself(path):
    return path.parent


def file_as_folder(path):
    return path / "inside"


@pytest.mark.parametrize("where", [folder_is_missing, folder_itself, file_as_folder])
def test_a_path_that_cannot_be_is_an_error_that_names_it(path, where):
    with pytest.raises(OSError, match=where(path).name) as caught:
        files.write(where(path), b"new")
    assert caught.value.filename == str(where(path))
    assert names(path.parent) == [path.name]


@pytest.mark.parametrize("step", ["os.open", "os.fsync", "os.replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_whatever_step_fails_the_old_file_stays_and_no_other(path, monkeypatch, step, error):
    def fails(*args, **kwargs):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(step, fails)
        with pytest.raises((OSError, KeyboardInterrupt)) as caught:
            files.write(path, b"new")
    assert caught.type is KeyboardInterrupt or caught.value.filename == str(path)
    assert path.read_bytes() == OLD
    assert names(path.parent) == [path.name]


def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new(path):
    rng = random.Random(0)
    for k in range(6):
        path.write_bytes(OLD)
        with writer(path) as process:
            while k % 2 and path.read_bytes() == OLD and process.poll() is None:
                time.sleep(0.001)  # every other time, a file is awaited
            time.sleep(rng.uniform(0, 0.02))
            process.kill()
        assert path.read_bytes() in ({*WHOLE} if k % 2 else {OLD, *WHOLE})


def root():
    x = Value(2.0, label="x")
    return (x * x).tanh() + x


def figure():
    pytest.importorskip("matplotlib")
    from nn.plots.picture import Picture

    return Picture()


def report():
    return autograd.check_gradients(lambda x: x * x, {"x": 2.0}, {"x": 4.0})


WRITERS = {
    "draw.svg": lambda path: autograd.draw(root(), path),
    "draw.dot": lambda path: autograd.draw(root(), path),
    "saved.gv": lambda path: autograd.draw(root()).save(path),
    "rendered.svg": lambda path: autograd.draw(root()).render(outfile=path),
    "explore.html": lambda path: autograd.explore(root(), path),
    "report.html": lambda path: report().save(path),
    "model.safetensors": lambda path: nn.save(nn.Dense(20, 20), path),
    "model.c": lambda path: nn.export.to_c(nn.Dense(20, 20), path),
    "model.onnx": lambda path: nn.export.to_onnx(nn.Dense(20, 20), path),
    "figure.png": lambda path: figure().savefig(path),
    "figure.pdf": lambda path: figure().savefig(str(path)),
    "small.png": lambda path: figure().save_small(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_full_leaves_what_was_there_whatever_is_written(tmp_path, name):
    resource = pytest.importorskip("resource", reason="the system has no limit of file sizes")
    if name == "model.onnx":
        pytest.importorskip("onnx")
    path = tmp_path / name
    path.write_bytes(OLD)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            WRITERS[name](path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == str(path).replace("rendered.svg", "rendered.gv")
    assert path.read_bytes() == OLD
    assert names(tmp_path) == [name]
    WRITERS[name](path)
    assert len(path.read_bytes()) > 100
