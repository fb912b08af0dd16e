"""What lays drawings out: Graphviz's `dot`, or the package `graphviz-pure` where there is none.

Each runs as a process of its own, that is ended when it takes too long.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

SECONDS = 20.0


class LayoutError(RuntimeError):
    """A drawing could not be laid out: no engine is there, it took too long, or it failed."""


class Engine(NamedTuple):
    """A command that reads DOT, and the formats that it writes; none listed means any."""

    name: str
    command: str
    formats: tuple[str, ...] = ()

    def writes(self, format: str) -> bool:
        """Whether the engine can write a format."""
        return not self.formats or format in self.formats


def engines() -> list[Engine]:
    """The engines of this machine, the preferred one first."""
    found = []
    if command := shutil.which("dot"):
        found.append(Engine("dot", command))
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if command := shutil.which("graphviz-pure", path=beside):
        found.append(Engine("graphviz-pure", command, ("svg", "png", "dot", "json", "plain")))
    return found


def layout(source: str, format: str = "svg", way: str = "dot", seconds: float = SECONDS) -> bytes:
    """DOT as a picture; LayoutError that says why there is none."""
    found = engines()
    if not found:
        raise LayoutError(
            "no layout engine: `pip install graphviz-pure`, or install Graphviz "
            "(graphviz.org); a .dot file needs none"
        )
    able = [engine for engine in found if engine.writes(format)]
    if not able:
        raise LayoutError(
            f"graphviz-pure writes no {format}: use .svg or .png, or install Graphviz"
        )
    return _run(able[0], source, format, way, seconds)


def _run(engine: Engine, source: str, format: str, way: str, seconds: float) -> bytes:
    command = [engine.command, f"-K{way}", f"-T{format}"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=os.name == "posix",
    ) as process:
        try:
            picture, complaints = process.communicate(source.encode("utf-8"), timeout=seconds)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise LayoutError(f"{engine.name} did not finish within {seconds:g} s") from None
            raise
    if process.returncode or not picture:
        said = complaints.decode("utf-8", "replace").strip()[:400] or "no reason given"
        raise LayoutError(f"{engine.name} failed ({process.returncode}): {said}")
    return picture


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End an engine and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, 9)
        else:
            process.kill()
    process.kill()
