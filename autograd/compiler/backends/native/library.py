"""Load machine code: the library of a C text, from this process, from the cache, or built anew."""

import ctypes
import hashlib
import json
import re
import tempfile
from importlib import resources
from pathlib import Path

from . import cache, toolchain
from .build import BuildError, NativeError, NoCompilerError, build

__all__ = ["BuildError", "NativeError", "NoCompilerError", "load"]

REPORT = (
    'Please report it, with the text (`source` of this error). backend="numpy" needs no compiler.'
)

# Never unloaded: another thread may be inside a function of a program that is dropped, and
# its code must not be taken away. A library takes as much memory as its file.
_libraries: dict[str, ctypes.CDLL] = {}


def own_text(file: str) -> str:
    """One of the C files beside this module."""
    return resources.files(__package__).joinpath(file).read_text(encoding="utf-8")


def load(source: str, name: str = "program") -> ctypes.CDLL:
    """The shared library of a C text; for the same text the same library.

    `name` is what the compiler's messages call the text. Raises NativeError: NoCompilerError, or
    BuildError, whose `source` is the text. What the library should not export is to be `static`.
    """
    compiler = toolchain.compiler()
    key = json.dumps([compiler.identity, compiler.flags, source])
    key = hashlib.sha256(key.encode()).hexdigest()
    if key in _libraries:
        return _libraries[key]
    file = f"{key}.so"
    try:
        library = _open(cache.find(file)) or _built(compiler, source, name, file)
    except BuildError as error:
        raise BuildError(f"{error}\n{REPORT}", source) from None
    return _libraries.setdefault(key, library)  # another thread may have been quicker


def _built(compiler: toolchain.Compiler, source: str, name: str, file: str) -> ctypes.CDLL:
    """Build a library, keep it, and load it: from the cache, or where that fails from elsewhere."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:40]
    data = build(compiler.command, compiler.flags, source, plain or "program")
    try:
        return _open(cache.store(file, data)) or _open_elsewhere(file, data)
    except OSError as error:
        what = f"{compiler.command[0]} wrote a library that cannot be loaded"
        raise BuildError(f"{what}: {error}") from error


def _open(path: Path | None) -> ctypes.CDLL | None:
    """Load a library file; None where there is none, or it is not for this machine."""
    try:
        return ctypes.CDLL(str(path)) if path else None
    except OSError:
        return None


def _open_elsewhere(file: str, data: bytes) -> ctypes.CDLL:
    """Load a library from a file that is removed at once (on Windows it stays while it is used)."""
    with tempfile.TemporaryDirectory(prefix="glassgrad-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, file)
        path.write_bytes(data)
        return ctypes.CDLL(str(path))
