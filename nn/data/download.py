"""Files of known content, from the first mirror that gives them, kept in a cache folder."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BufferedRandom
from pathlib import Path
from typing import Any

from ..optional import needs

CHUNK = 2**14  # what is lost at most where a connection breaks
LARGEST = 2**28  # bytes; a server that sends more sends something else


@dataclass(frozen=True)
class Source:
    """A set's files, their SHA-256 by name, and the addresses of the folders that have them."""

    name: str
    files: Mapping[str, str]
    mirrors: Sequence[str]


def fetch(source: Source, cache: str | Path | None = None, timeout: float = 20) -> list[Path]:
    """The files of a source on disk, in its order; downloaded where the cache lacks them.

    Mirrors are asked in order, and one that failed comes last from then on. What has arrived of a
    file is kept, and continued by the next mirror or the next time. `timeout` is how many seconds
    a server may say nothing.

    ConnectionError where no mirror gives a file: it tells what went wrong with each.
    """
    user = f"downloading {source.name} (root=FOLDER reads it from disk)"
    pooch = needs("pooch", user, "glassgrad[data]")
    folder = Path(cache or pooch.os_cache("glassgrad")).expanduser() / source.name
    mirrors = [source.mirrors] if isinstance(source.mirrors, str) else list(source.mirrors)
    paths = []
    for name, sha256 in source.files.items():
        downloader = _Resuming(folder / f"{name}.part", sha256, timeout)
        get = partial(
            pooch.retrieve, known_hash=sha256, fname=name, path=folder, downloader=downloader
        )
        paths.append(Path(_from_any(mirrors, name, get)))
    return paths


def _from_any(mirrors: list[str], name: str, get: Callable[[str], str]) -> str:
    """What `get` gives for the first mirror that has the file; mirrors that fail go to the end."""
    problems = []
    for _ in range(len(mirrors)):
        url = f"{mirrors[0].rstrip('/')}/{name}"
        try:
            return get(url)
        except ConnectionError as error:
            problems.append(f"\n  {url}: {error}")
            mirrors.append(mirrors.pop(0))
    advice = "root=FOLDER reads files that are on disk already"
    raise ConnectionError(f"no mirror gives {name}; {advice}{''.join(problems)}")


class _Resuming:
    """A downloader for pooch that keeps what has arrived, and asks for the rest the next time."""

    def __init__(self, part: Path, sha256: str, timeout: float) -> None:
        self.part, self.sha256, self.timeout = part, sha256, timeout

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        """Write the file at `url`; ConnectionError where it does not come whole and right."""
        alone = False
        try:
            with open(self.part, "a+b") as part, open(output_file, "a+b") as whole:
                alone = _locked(part)
                os.chmod(output_file, os.fstat(part.fileno()).st_mode & 0o777)  # not for one user
                if alone:
                    self._complete(url, part)
                    part.seek(0)
                    shutil.copyfileobj(part, whole)
                    part.truncate(0)
                else:  # another process adds to the part
                    self._complete(url, whole)
        finally:
            if alone:
                self._tidy()

    def _tidy(self) -> None:
        """Remove a part that holds nothing."""
        with suppress(OSError):
            if not self.part.stat().st_size:
                self.part.unlink()

    def _complete(self, url: str, file: BufferedRandom) -> None:
        """Add what the file lacks; nothing where it only was not put in its place any more."""
        held = file.seek(0, os.SEEK_END)
        if held and self._is_right(file):
            return
        self._receive(url, file, held)
        if held and not self._is_right(file):  # it began with something else
            self._receive(url, file, 0)
        if not self._is_right(file):
            file.truncate(0)
            raise ConnectionError("what it sends has another SHA-256")

    def _is_right(self, file: BufferedRandom) -> bool:
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256

    def _receive(self, url: str, file: BufferedRandom, held: int) -> None:
        """Ask for what follows the first `held` bytes; take it all where only that is given."""
        requests = needs("requests", "downloading", "glassgrad[data]")
        broken = needs("urllib3.exceptions", "downloading", "glassgrad[data]").HTTPError
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={held}-"} if held else {})
        try:
            with requests.get(url, headers=headers, stream=True, timeout=self.timeout) as response:
                status = response.status_code
                follows = response.headers.get("Content-Range", "").startswith(f"bytes {held}-")
                if status == 200 or (status == 206 and held and follows):
                    return self._write(response, file, held if status == 206 else 0)
        except (requests.RequestException, broken) as error:
            raise ConnectionError(repr(_cause(error))) from error
        if not held or status not in (206, 416):
            raise ConnectionError(f"it answers {status} {response.reason}")
        return self._receive(url, file, 0)  # what is here is longer than the file

    def _write(self, response: Any, file: BufferedRandom, start: int) -> None:
        """Write a response behind the first `start` bytes."""
        from tqdm import tqdm

        file.truncate(start)
        length = response.raw.length_remaining
        total = start + length if length is not None else None
        bar = tqdm(
            desc=self.part.stem,
            total=total,
            initial=start,
            unit="B",
            unit_scale=True,
            leave=False,
            disable=None,
        )
        with bar:
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() > LARGEST:
                    raise ConnectionError(f"it sends more than {LARGEST} bytes")
        if total and file.tell() < total:
            raise ConnectionError(f"it broke off after {file.tell()} of {total} bytes")


def _cause(error: BaseException) -> BaseException:
    """What the network said, out of the exceptions that libraries wrap it in."""
    wrapped = (error.__cause__, getattr(error, "reason", None), *error.args)
    inner = next((e for e in wrapped if isinstance(e, BaseException)), None)
    return _cause(inner) if inner else error


def _locked(file: BufferedRandom) -> bool:
    """Whether no other process has locked this file; a lock ends with its process."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file.fileno(), 2**40, os.SEEK_SET)  # a locked byte cannot be read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
