"""Files that are there whole or not at all."""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

FilePath = str | os.PathLike[str]
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # follows no link


def write(path: FilePath, content: bytes | str) -> None:
    """Write a file such that whoever reads it, even after a crash, sees the old one or the new.

    Text is written in UTF-8. A file that is replaced hands on its permissions. A symbolic link
    stays: what it names is replaced. Devices, pipes and `/dev/stdout` are written to.

    OSError as `open` raises it, with the path; the old file stays then.
    """
    data = content if isinstance(content, bytes) else content.encode(errors="replace")
    try:
        before = _status(path)
        if before and (not stat.S_ISREG(before.st_mode) or _is_open_file(path)):
            Path(path).write_bytes(data)
        else:
            replace(Path(os.path.realpath(path)), data, 0o600 if before else 0o666, before)
    except OSError as error:  # which may name no file, or the one beside
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from None


def replace(
    path: Path, data: bytes, mode: int = 0o600, before: os.stat_result | None = None
) -> None:
    """Put a new file in the place of what has this name; a link is replaced, not followed.

    A temporary file beside it, of a name that nobody knows before, is forced to disk and renamed.
    It is made with this `mode`, and handed the owner and permissions of the file `before`.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.partial")
    descriptor = os.open(temporary, NEW, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if before:
            _hand_on(before, temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _force(path.parent)


def _status(path: FilePath) -> os.stat_result | None:
    """What is known of a file that may be written, None where there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return status


def _is_open_file(path: FilePath) -> bool:
    """Whether a path is a name for what this process has opened: /dev/stdout, /proc/self/fd/1."""
    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    return folder in ("/dev", "/dev/fd") or folder.startswith("/proc/")


def _hand_on(before: os.stat_result, temporary: Path) -> None:
    """Give a file the owner (where that is allowed) and the permissions of another."""
    with contextlib.suppress(AttributeError, OSError):  # Windows has no chown
        os.chown(temporary, before.st_uid, before.st_gid)
    os.chmod(temporary, stat.S_IMODE(before.st_mode))


def _force(folder: Path) -> None:
    """Force the new name to disk too, where folders can be opened (not on Windows)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
