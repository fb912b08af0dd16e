"""Run a C compiler: a text becomes the bytes of a shared library, or an error that says why not."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from . import cache

TIMEOUT = 120.0  # seconds, after which a compiler is taken to hang
LINES = 12  # of what a compiler says: the first error is the one that counts


class NativeError(RuntimeError):
    """There is no native code: the program runs on NumPy, or not at all."""


class NoCompilerError(NativeError):
    """No C compiler was found."""


class BuildError(NativeError):
    """A C compiler was found, and made no library of the text; `source` is the text."""

    def __init__(self, message: str, source: str = "") -> None:
        super().__init__(message)
        self.source = source


def build(
    command: Sequence[str], flags: Sequence[str], source: str, name: str = "program"
) -> bytes:
    """The shared library that a compiler makes of a C text, built in a folder of its own.

    No shell is involved. BuildError where the compiler fails, hangs, is killed, or writes nothing.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="glassgrad-", ignore_cleanup_errors=True) as folder:
            text, library = Path(folder, f"{name}.c"), Path(folder, f"{name}.so")
            text.write_text(source, encoding="utf-8", newline="\n")
            # relative names keep the folder's name out of the library; -lm must come after its user
            _run([*command, *flags, "-o", library.name, text.name, "-lm"], folder)
            return _written(library, command[0])
    except OSError as error:
        raise BuildError(f"{command[0]}: cannot build here: {error}") from error


def _run(arguments: list[str], folder: str) -> None:
    """Run the compiler and wait for its end; whatever happens, none of its processes are left."""
    with open(Path(folder, "messages"), "w+b") as messages:  # a pipe could be held open for ever
        process = subprocess.Popen(
            arguments, cwd=folder, env=_environment(folder), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=messages, stderr=messages,
        )  # fmt: skip
        try:
            status = process.wait(TIMEOUT)
        except BaseException as error:
            _kill(process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise BuildError(f"{arguments[0]} did not end within {TIMEOUT:g} seconds") from None
        if status:
            how = f"failed with status {status}" if status > 0 else f"was ended by signal {-status}"
            raise BuildError(f"{arguments[0]} {how}:\n{_first_lines(messages)}")


def _environment(folder: str) -> dict[str, str]:
    """Intermediate files lie where they are removed; zig keeps its libraries in our cache."""
    kept = cache.folder()
    zig = {"ZIG_GLOBAL_CACHE_DIR": str(kept.parent / "zig" if kept else Path(folder, "zig"))}
    return {**zig, **os.environ, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), folder)}


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a compiler with all that it has started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    process.wait()


def _first_lines(messages: BinaryIO) -> str:
    messages.seek(0)
    lines = messages.read(8192).decode(errors="replace").splitlines()
    return "\n".join(lines[:LINES]) or "(it said nothing)"


def _written(library: Path, compiler: str) -> bytes:
    try:
        return library.read_bytes()
    except FileNotFoundError:
        raise BuildError(f"{compiler} ended well, but wrote no library") from None
