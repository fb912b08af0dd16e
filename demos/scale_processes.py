"""Several processes that train together, and what is said where one of them dies."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

DEMO = Path(__file__).with_name("scale.py")
LOST = 75  # the exit status of a process that has lost another: EX_TEMPFAIL, try again
SILENCE = 30  # seconds after which JAX takes a process for dead, and aborts the others

Process = subprocess.Popen[str]
T = TypeVar("T")


def member(place: tuple[str, int, int], checkpoint: str | None, function: Callable[[], T]) -> T:
    """Call a function in one of several processes: (where the first one is, how many, which one).

    Where that fails, this one ends at once: it would wait for the others, and they for it. Where
    another one dies, JAX raises an error here, or aborts this process after a while.
    """
    import jax

    try:
        jax.distributed.initialize(*place, heartbeat_timeout_seconds=SILENCE)
        return function()
    except jax.errors.JaxRuntimeError as error:
        reason = str(error).splitlines()[0]
        said, status = f"another process is lost ({reason}). {again(checkpoint)}", LOST
    except (ImportError, OSError, ValueError) as error:
        said, status = str(error), 1
    except Exception:
        said, status = traceback.format_exc(), 1
    print(f"scale.py: {said}", file=sys.stderr, flush=True)
    os._exit(status)


def again(checkpoint: str | None) -> str:
    """How to go on."""
    if checkpoint is None:
        return "Run the command again; with --checkpoint FILE, it would go on from there."
    return f"Run the command again: it goes on from {checkpoint}, on any number of devices."


def run(count: int, arguments: list[str], checkpoint: str | None) -> str | None:
    """Run the demo in so many processes: None, or in a line which of them died, and how to go on.

    Where one dies, the others wait for it in vain, so they are ended.
    """
    with tempfile.TemporaryDirectory() as folder:
        errors = [Path(folder, str(k)) for k in range(count)]
        processes = started(arguments, errors)
        shown = Shown(processes[0].stdout)
        try:
            died = first_dead(processes)
        finally:
            for process in processes:
                process.kill()
                process.wait()
        shown.join()
        if died is None:
            return None
        said = errors[died].read_text(encoding="utf-8").strip()
        return obituary(died, processes, shown.epoch, checkpoint, said)


def started(arguments: list[str], errors: list[Path]) -> list[Process]:
    """The processes, each with a file for what it says of errors; the first one is listened to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    processes = []
    for k, path in enumerate(errors):
        own = ["--processes", "1", "--coordinator", address, "--process", str(k)]
        command = [sys.executable, str(DEMO), *arguments, *own, "--of", str(len(errors))]
        heard = subprocess.DEVNULL if k else subprocess.PIPE
        with path.open("w", encoding="utf-8") as file:
            processes.append(subprocess.Popen(command, stdout=heard, stderr=file, encoding="utf-8"))
    return processes


def first_dead(processes: list[Process]) -> int | None:
    """Wait until all are done, None; or until one has died, and say which one, not who lost it."""
    while None in (found := [process.poll() for process in processes]) and not any(found):
        time.sleep(0.05)
    dead = [k for k, status in enumerate(found) if status]
    return min(dead, key=lambda k: found[k] == LOST, default=None)


def obituary(
    died: int, processes: list[Process], epoch: int, checkpoint: str | None, said: str
) -> str:
    """Which process died of what, after which epoch, and how to go on."""
    status = processes[died].returncode
    if status > 0:
        return said  # its own error says more
    cause = signal.Signals(-status).name
    when = f"after epoch {epoch}" if epoch else "before the end of an epoch"
    return (
        f"scale.py: process {died} of {len(processes)} died ({cause}) {when}, and the others were "
        f"ended. {again(checkpoint)}"
    )


class Shown(threading.Thread):
    """Prints what a process says, and knows the last epoch that it told of."""

    def __init__(self, output: IO[str] | None) -> None:
        super().__init__(daemon=True)
        self.output: Any = output
        self.epoch = 0
        self.start()

    def run(self) -> None:
        with self.output:
            for line in self.output:
                if "[Gloo]" in line or "peer ranks" in line:  # who has met whom, at once
                    continue
                print(line, end="", flush=True)
                told = re.match(r"epoch +(\d+)", line)
                self.epoch = int(told[1]) if told else self.epoch
