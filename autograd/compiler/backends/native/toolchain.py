"""Which C compiler the machine has, which of our flags it takes, and which vectors it writes."""

import functools
import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from . import cache
from .build import BuildError, NoCompilerError, build
from .processor import features, is_arm

FORMAT = 1  # of what is kept: goes up where older files must not be used
INSTALL = 'pip install "glassgrad[native]", or install a C compiler (gcc or clang)'


@dataclass(frozen=True)
class Target:
    """The vectors that the compiler writes: the width of a register, and how many there are."""

    name: str
    vector_bytes: int
    registers: int


TARGETS = {
    target.name: target
    for target in (
        Target("avx512", 64, 32),
        Target("avx2", 32, 16),
        Target("neon", 16, 32),
        Target("plain", 16, 16),  # SSE2, which every x86-64 has, or what the compiler makes of it
    )
}
MARK = b"glassgrad's target is "
PROBE = f"""
#if defined(__AVX512F__)
#define TARGET "avx512"
#elif defined(__AVX2__)
#define TARGET "avx2"
#elif defined(__ARM_NEON)
#define TARGET "neon"
#else
#define TARGET "plain"
#endif
const char target[] = "{MARK.decode()}" TARGET ";";
"""


@dataclass(frozen=True)
class Compiler:
    """A command that compiles C, with the flags that it takes.

    `identity` changes with the command's executables and with the processor.
    """

    command: tuple[str, ...]
    flags: tuple[str, ...]
    target: Target
    identity: str


def compiler() -> Compiler:
    """The compiler in `CC`, or else the first of cc, gcc, clang and the package ziglang that works.

    The flags in `CFLAGS` come last, so that they overrule ours. NoCompilerError where there is
    none. What a compiler takes is found out once, and cached.
    """
    given, last = os.environ.get("CC", "").strip(), tuple(_words("CFLAGS"))
    if given:
        return _probed(_split(given), last)
    faults = []
    for command in _found():
        try:
            return _probed(command, last)
        except BuildError as error:  # such as macOS's cc, which only asks to be installed
            faults.append(textwrap.shorten(str(error), 200))
    raise NoCompilerError(f"{faults[0] if faults else 'no C compiler found'}: {INSTALL}")


def _split(given: str) -> tuple[str, ...]:
    """CC as builds read it: a program and its first arguments."""
    program, *arguments = _words("CC")
    path = shutil.which(program)
    if path is None:
        raise NoCompilerError(f"CC is {given!r}, but there is no program {program!r}: {INSTALL}")
    return (os.path.abspath(path), *arguments)  # it runs in another folder


def _words(name: str) -> list[str]:
    """An environment variable as builds read it: quotes hold words together."""
    given = os.environ.get(name, "").strip()
    try:
        return shlex.split(given)
    except ValueError as error:
        raise NoCompilerError(f"{name} is {given!r}: {error}") from error


def _found() -> Iterator[tuple[str, ...]]:
    for name in ("cc", "gcc", "clang"):
        if path := shutil.which(name):
            yield (os.path.abspath(path),)
    package = importlib.util.find_spec("ziglang")
    for folder in (package and package.submodule_search_locations) or ():
        if path := shutil.which("zig", path=folder):
            yield (path, "cc")


def _probed(command: tuple[str, ...], last: tuple[str, ...]) -> Compiler:
    identity = _identity(command, last)
    outcome = _known(command, last, identity)
    if isinstance(outcome, str):
        raise BuildError(outcome)
    return Compiler(command, *outcome, identity)


def _identity(command: tuple[str, ...], last: tuple[str, ...]) -> str:
    """The command, its last flags and the processor, with size and age of what is a program.

    A wrapper's compiler is one, too: `ccache gcc`.
    """
    parts: list[object] = [FORMAT, features(), _choices(), last, *command]
    for path in map(shutil.which, command):
        if path:
            status = os.stat(path)
            parts += [os.path.realpath(path), status.st_size, status.st_mtime_ns]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@functools.lru_cache
def _known(
    command: tuple[str, ...], last: tuple[str, ...], identity: str
) -> tuple[tuple[str, ...], Target] | str:
    """The flags that a compiler takes and its target, from the cache or tried; or why it fails."""
    name = f"{identity}.json"
    kept = cache.read(name)
    if kept is None:
        try:
            kept = json.dumps(_tried(command, last)).encode()
        except BuildError as error:
            return str(error)
        cache.store(name, kept)
    flags, target = json.loads(kept)
    return tuple(flags), TARGETS[target]


def _tried(command: tuple[str, ...], last: tuple[str, ...]) -> tuple[list[str], str]:
    """Try all flags together, or else each of them after those that were taken."""
    flags, choices = ["-shared", "-O3"], _choices()
    build(command, [*flags, *last], PROBE)  # what fails or hangs does so here, once
    together = [*flags, *(first for first, *_ in choices), *last]
    if built := _try(command, together):
        return together, _target(built)
    for choice in choices:
        longer = ([*flags, flag] for flag in choice)
        flags = next((tried for tried in longer if _try(command, [*tried, *last])), flags)
    flags += last
    return flags, _target(build(command, flags, PROBE))


def _choices() -> list[tuple[str, ...]]:
    """The flags that are wished for: of several in one place, the first that is taken.

    Only rounding that is finer than asked for (fused multiply-adds) is allowed to the compiler;
    nan, infinities, signed zeros and the order of sums are as written.
    """
    native = ("-march=native", "-mcpu=native")
    return [
        ("-w",), native[::-1] if is_arm() else native,  # on ARM, only the second also tunes
        ("-fno-math-errno",), ("-fno-trapping-math",), ("-ffp-contract=fast",), ("-fPIC",),
        ("-pthread",),
    ]  # fmt: skip


def _try(command: tuple[str, ...], flags: list[str]) -> bytes | None:
    try:
        return build(command, flags, PROBE)
    except BuildError:
        return None


def _target(built: bytes) -> str:
    """The name that the preprocessor chose, read from the library without running it."""
    name = built.partition(MARK)[2].partition(b";")[0].decode(errors="replace")
    return name if name in TARGETS else "plain"
