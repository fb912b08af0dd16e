"""The cache folder: what is broken, foreign or half-written is never believed."""

import os
import subprocess
import sys
from pathlib import Path

import compilers
import pytest

from autograd.compiler.backends.native import cache

# fixtures
cache_folder = compilers.cache_folder

posix = pytest.mark.skipif(os.name != "posix", reason="the system has no owners and modes of files")


def mode(path):
    return path.stat().st_mode & 0o777


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_stored_is_found(cache_folder):
    assert cache.find("a.so") is None
    path = cache.store("a.so", b"\x7fELF")
    assert path == cache_folder / "a.so" == cache.find("a.so")
    assert cache.read("a.so") == b"\x7fELF"
    assert names(cache_folder) == ["a.so", "a.so.sha256"]
    cache.store("a.so", b"newer")
    assert cache.read("a.so") == b"newer"


@posix
def test_only_the_user_can_read_what_is_kept(cache_folder):
    before = os.umask(0)
    try:
        path = cache.store("a.so", b"bytes")
    finally:
        os.umask(before)
    assert mode(cache_folder) == mode(cache_folder.parent) == 0o700
    assert mode(path) == mode(cache_folder / "a.so.sha256") == 0o600


@pytest.mark.parametrize("name", ["a.so", "a.so.sha256"])
def test_a_file_with_one_wrong_byte_is_not_believed(cache_folder, name):
    cache.store("a.so", bytes(range(40)))
    path = cache_folder / name
    sound = path.read_bytes()
    for k in range(len(sound)):
        path.write_bytes(sound[:k] + bytes([sound[k] ^ 1]) + sound[k + 1 :])
        assert cache.find("a.so") is cache.read("a.so") is None
    path.write_bytes(sound)
    assert cache.find("a.so")


@pytest.mark.parametrize("name", ["a.so", "a.so.sha256"])
def test_a_file_that_was_cut_or_grew_is_not_believed(cache_folder, name):
    cache.store("a.so", bytes(range(40)))
    path = cache_folder / name
    sound = path.read_bytes()
    for wrong in [sound[:k] for k in range(len(sound))] + [sound + b"\n", sound + sound]:
        path.write_bytes(wrong)
        assert cache.find("a.so") is None


@pytest.mark.parametrize("name", ["a.so", "a.so.sha256"])
def test_a_file_that_is_missing_is_not_believed(cache_folder, name):
    cache.store("a.so", b"bytes")
    (cache_folder / name).unlink()
    assert cache.find("a.so") is None


def test_an_entry_under_the_name_of_another_is_not_believed(cache_folder):
    cache.store("a.so", b"bytes")
    for suffix in ("", ".sha256"):
        os.rename(cache_folder / f"a.so{suffix}", cache_folder / f"b.so{suffix}")
    assert cache.find("b.so") is None


@posix
@pytest.mark.parametrize("name", ["a.so", "a.so.sha256"])
def test_a_link_is_not_followed_to_be_read_or_written(cache_folder, tmp_path, name):
    cache.store("a.so", b"bytes")
    elsewhere = tmp_path / "elsewhere"
    os.rename(cache_folder / name, elsewhere)
    (cache_folder / name).symlink_to(elsewhere)
    theirs = elsewhere.read_bytes()
    assert cache.find("a.so") is None
    cache.store("a.so", b"newer")
    assert elsewhere.read_bytes() == theirs
    assert cache.read("a.so") == b"newer"


@posix
def test_a_folder_that_is_a_link_is_not_used(cache_folder, tmp_path):
    cache_folder.parent.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(0o700)
    cache_folder.symlink_to(elsewhere)
    assert cache.folder() is cache.store("a.so", b"bytes") is cache.find("a.so") is None
    assert not names(elsewhere)


@posix
@pytest.mark.parametrize("name", ["a.so", "a.so.sha256", ""])
@pytest.mark.parametrize("wrong", [0o620, 0o602, 0o777])
def test_what_others_may_write_is_not_believed(cache_folder, name, wrong):
    path = cache.store("a.so", b"bytes").parent / name
    path.chmod(wrong | (0o100 if path.is_dir() else 0))
    assert cache.find("a.so") is None


@posix
def test_what_belongs_to_another_user_is_not_believed(cache_folder, monkeypatch):
    cache.store("a.so", b"bytes")
    monkeypatch.setattr(os, "geteuid", lambda: cache_folder.stat().st_uid + 1)
    assert cache.folder() is cache.find("a.so") is cache.store("b.so", b"bytes") is None


@pytest.mark.skipif(
    getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give files to others"
)
@pytest.mark.parametrize("name", ["a.so", "a.so.sha256"])
def test_a_file_of_another_user_in_the_users_folder_is_not_believed(cache_folder, name):
    cache.store("a.so", b"bytes")
    os.chown(cache_folder / name, 12345, -1)
    assert cache.find("a.so") is None


def test_a_system_without_owners_is_believed(cache_folder, monkeypatch):
    monkeypatch.delattr(os, "geteuid", raising=False)
    cache.store("a.so", b"bytes")
    assert cache.read("a.so") == b"bytes"


@posix
def test_other_things_in_the_place_of_files_are_no_files(cache_folder):
    cache.store("a.so", b"bytes")
    (cache_folder / "a.so").unlink()
    os.mkfifo(cache_folder / "a.so")  # to read it would wait for ever
    assert cache.find("a.so") is None
    (cache_folder / "a.so").unlink()
    (cache_folder / "a.so").mkdir()
    assert cache.find("a.so") is cache.store("a.so", b"bytes") is None
    assert names(cache_folder) == ["a.so", "a.so.sha256"]


@pytest.mark.parametrize("depth", [1, 2])
def test_a_file_in_the_place_of_the_folder_means_no_cache(cache_folder, depth):
    path = [cache_folder, *cache_folder.parents][depth - 1]
    path.parent.mkdir(exist_ok=True)
    path.write_text("not a folder")
    assert cache.folder() is cache.find("a.so") is cache.store("a.so", b"bytes") is None


def test_without_a_choice_it_is_the_users_cache_folder(cache_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE_DIR", "")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *args, **options: str(tmp_path / "u"))
    assert cache.folder() == tmp_path / "u" / "native"


@posix
def test_a_home_that_does_not_exist_is_not_made(cache_folder, tmp_path, monkeypatch):
    monkeypatch.delenv("GLASSGRAD_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    assert cache.folder() is cache.store("a.so", b"bytes") is None
    assert not (tmp_path / "nobody").exists()
    (tmp_path / "nobody").mkdir()
    assert cache.folder().is_relative_to(tmp_path / "nobody")


def test_a_relative_folder_is_here(cache_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLASSGRAD_CACHE_DIR", "here")
    assert cache.store("a.so", b"bytes") == tmp_path / "here" / "native" / "a.so"


def test_a_folder_with_an_odd_name_serves(cache_folder, tmp_path, monkeypatch):
    odd = tmp_path / "with 'quotes\" and\nlines; $(touch x)"
    monkeypatch.setenv("GLASSGRAD_CACHE_DIR", str(odd))
    assert cache.store("a.so", b"bytes").is_relative_to(odd)
    assert cache.read("a.so") == b"bytes"


@pytest.mark.parametrize("step", ["os.open", "os.replace"])
def test_a_folder_that_can_only_be_read_serves_what_it_has(cache_folder, monkeypatch, step):
    cache.store("a.so", b"bytes")

    def refused(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(step, refused)
    monkeypatch.setattr(os, "utime", refused)
    assert cache.store("a.so", b"newer") is cache.store("b.so", b"bytes") is None
    assert cache.read("a.so") == b"bytes"
    assert names(cache_folder) == ["a.so", "a.so.sha256"]


def test_a_full_disk_leaves_what_was_there_and_no_rests(cache_folder):
    cache.store("a.so", b"bytes")
    script = (
        "import resource, signal; from autograd.compiler.backends.native import cache;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "before = resource.getrlimit(resource.RLIMIT_FSIZE);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]));"
        "print(cache.store('a.so', bytes(10_000)));"
        "resource.setrlimit(resource.RLIMIT_FSIZE, before)"
    )
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "None\n", done.stderr
    assert cache.read("a.so") == b"bytes"
    assert names(cache_folder) == ["a.so", "a.so.sha256"]


def test_an_interrupt_leaves_no_rests(cache_folder, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache.store("a.so", b"bytes")
    assert names(cache_folder) == []


WRITER = """
import sys
from autograd.compiler.backends.native import cache
for k in range(100):
    assert cache.store("a.so", bytes([k]) * 20_000)
    found = cache.read("a.so")
    assert found is None or found == found[:1] * 20_000
"""


def test_processes_that_write_and_read_at_the_same_time_never_see_half_a_file(cache_folder):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER]) for _ in range(3)]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    cache.store("a.so", b"bytes")
    assert cache.read("a.so") == b"bytes"
    assert names(cache_folder) == ["a.so", "a.so.sha256"]


def aged(folder, *files):
    """Let each of the files be used one hour before those that follow."""
    for age, name in enumerate(reversed(files), 1):
        for path in folder.glob(f"{name}*"):
            os.utime(path, (path.stat().st_mtime - 3600 * age,) * 2)


def test_of_too_many_files_those_that_were_used_longest_ago_go(cache_folder, monkeypatch):
    monkeypatch.setattr(cache, "FILES", 6)
    for name in ("a.so", "b.so", "c.so"):
        cache.store(name, b"bytes")
    aged(cache_folder, "a.so", "b.so", "c.so")
    cache.find("a.so")  # used: now the youngest
    cache.store("d.so", b"bytes")
    assert [cache.read(name) is not None for name in ("a.so", "b.so", "c.so", "d.so")] == [
        True, False, True, True,
    ]  # fmt: skip
    assert len(names(cache_folder)) == 6


def test_of_too_many_bytes_those_that_were_used_longest_ago_go(cache_folder, monkeypatch):
    monkeypatch.setattr(cache, "BYTES", 2500)
    cache.store("a.so", bytes(1000))
    cache.store("b.so", bytes(1000))
    aged(cache_folder, "a.so", "b.so")
    cache.store("c.so", bytes(1000))
    assert [cache.read(name) is not None for name in ("a.so", "b.so", "c.so")] == [
        False, True, True,
    ]  # fmt: skip


def test_what_a_killed_writer_left_goes_with_its_age(cache_folder, monkeypatch):
    cache.store("a.so", b"bytes")
    (cache_folder / "tmp1234").write_bytes(bytes(100))
    (cache_folder / "a folder").mkdir()
    monkeypatch.setattr(cache, "FILES", 4)
    aged(cache_folder, "tmp1234", "a.so")
    cache.store("b.so", b"bytes")
    assert {"a.so", "b.so", "a folder"} < set(names(cache_folder))
    assert "tmp1234" not in names(cache_folder)


def test_a_folder_that_cannot_be_listed_is_not_pruned(cache_folder, monkeypatch):
    def refused(path):
        raise PermissionError

    monkeypatch.setattr(os, "scandir", refused)
    monkeypatch.setattr(cache, "FILES", 0)
    assert cache.store("a.so", b"bytes") == Path(cache_folder, "a.so") == cache.find("a.so")
