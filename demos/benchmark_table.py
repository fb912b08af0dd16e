"""What the benchmarks share: one line of the table, and printing it as Markdown."""

import argparse
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

THREADS = 2  # of every library that is measured
FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # which some machines set

Arguments = list[str] | None


class Row(NamedTuple):
    """One line of the table."""

    what: str
    ours: str
    peer: str
    ratio: str
    bar: str


def versions() -> str:
    """What was measured."""
    packages = ["glassgrad", "numpy", "micrograd", "torch", "jax"]
    found = [f"{p} {importlib.metadata.version(p)}" for p in packages if _installed(p)]
    return ", ".join([f"Python {platform.python_version()}", *found])


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def machine() -> str:
    """The kernel that NumPy's BLAS has chosen, the C compiler, and the vectors that it writes."""
    return f"NumPy's BLAS: {_blas()}; C: {_compiler()}"


def _blas() -> str:
    if importlib.util.find_spec("threadpoolctl"):
        import threadpoolctl

        pools = threadpoolctl.ThreadpoolController().select(user_api="blas").info()
        return ", ".join(" ".join(map(str, _known(pool))) for pool in pools)
    build = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index]
    return f"{build['name']} {build['version']} (threadpoolctl would name its kernel)"


def _known(pool: dict[str, object]) -> list[object]:
    return [pool[key] for key in ("internal_api", "version", "architecture") if pool.get(key)]


def _compiler() -> str:
    # not exported: nobody else needs to know
    toolchain = importlib.import_module("autograd.compiler.backends.native.toolchain")
    try:
        found = toolchain.compiler()
    except toolchain.NoCompilerError:
        return "no compiler"
    done = subprocess.run([*found.command, "--version"], capture_output=True, text=True)
    return f"{done.stdout.splitlines()[0]}, {found.target.name}"


def start_again() -> None:
    """Run the script anew on two processors, with OpenBLAS's own choice of its kernel.

    OpenBLAS and XLA ask for both when they are loaded. Where the machine has no more processors and
    forces nothing, there is nothing to do.
    """
    kept = {name: value for name, value in os.environ.items() if name not in FORCED}
    again = len(kept) < len(os.environ)
    if hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, processors[:THREADS])
        again |= len(processors) > THREADS
    if again:
        os.execve(sys.executable, sys.orig_argv, kept)


def run(description: str, rows: Callable[[bool], Iterator[Row]], arguments: Arguments) -> None:
    """Print a table as Markdown, each row as soon as it is measured."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="measure less often")
    options = parser.parse_args(arguments)
    if arguments is None:
        start_again()
    print(f"{versions()}; {machine()}\n", flush=True)
    printed(rows(options.quick))


def printed(rows: Iterator[Row]) -> None:
    """Print the rows under their heads."""
    print("| what | ours | peer | ratio | bar |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
