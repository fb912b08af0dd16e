"""The cache folder: files that only the user can write, each checked before it is believed.

Beside a file lies its record, a hash of its name and bytes. What does not fit its record (broken,
foreign, half-written, renamed) is as good as absent, and so is a folder that cannot be used.
"""

import contextlib
import hashlib
import os
import stat
from pathlib import Path

import platformdirs

from .... import files

BYTES, FILES = 256 << 20, 1000  # above which the files that were used longest ago go
RECORD = ".sha256"


def folder() -> Path | None:
    """The folder, made where it is missing; None where there can be none that is the user's alone.

    It is `native` in GLASSGRAD_CACHE_DIR, or else in the user's cache folder.
    """
    given = os.environ.get("GLASSGRAD_CACHE_DIR")
    base = given or platformdirs.user_cache_dir("glassgrad", appauthor=False)
    path = Path(base).absolute() / "native"
    try:
        for place in (*reversed(path.parents[:2]), path):  # never a home that does not exist
            place.mkdir(0o700, exist_ok=True)
        return path if _private(path, stat.S_IFDIR) else None
    except OSError:
        return None


def find(name: str) -> Path | None:
    """The path of what was stored under a name; None where there is nothing sound."""
    place = folder()
    return place / name if place and read(name) is not None else None


def read(name: str) -> bytes | None:
    """What was stored under a name; None where there is nothing sound."""
    place = folder()
    if place is None:
        return None
    path, record = place / name, place / (name + RECORD)
    try:
        if not (_private(path, stat.S_IFREG) and _private(record, stat.S_IFREG)):
            return None
        data = path.read_bytes()
        if record.read_bytes() != _hash(name, data):
            return None
    except OSError:
        return None
    with contextlib.suppress(OSError):  # a folder that can only be read serves as well
        os.utime(path)
        os.utime(record)
    return data


def store(name: str, data: bytes) -> Path | None:
    """Keep a file's bytes under a name; its path, or None where there is no place for it."""
    place = folder()
    if place is None:
        return None
    try:
        files.replace(place / name, data)
        files.replace(place / (name + RECORD), _hash(name, data))
        _prune(place)
    except OSError:
        return None
    return place / name


def _private(path: Path, kind: int) -> bool:
    """Whether a file is of a kind (so no link), and nobody else owns it or may write it."""
    status = path.lstat()
    if stat.S_IFMT(status.st_mode) != kind:
        return False
    if not hasattr(os, "geteuid"):  # Windows: the user's folders are closed to others
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _hash(name: str, data: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + data).hexdigest().encode()


def _prune(place: Path) -> None:
    """Remove the files that were used longest ago, where there are too many."""
    found, size = [], 0
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                found.append((entry.stat(follow_symlinks=False), entry.path))
    found.sort(key=lambda file: file[0].st_mtime, reverse=True)
    for k, (status, path) in enumerate(found):
        size += status.st_size
        if k >= FILES or size > BYTES:
            with contextlib.suppress(OSError):  # another process was quicker
                os.unlink(path)
