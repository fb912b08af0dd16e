"""What the benchmarks share: one line of the table, and printing it as Markdown."""

import argparse
import importlib.metadata
import platform
from collections.abc import Callable, Iterator
from typing import NamedTuple

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
    packages = ["glassgrad", "numpy", "micrograd", "torch"]
    found = [f"{p} {importlib.metadata.version(p)}" for p in packages if _installed(p)]
    return ", ".join([f"Python {platform.python_version()}", *found])


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def run(description: str, rows: Callable[[bool], Iterator[Row]], arguments: Arguments) -> None:
    """Print a table as Markdown, each row as soon as it is measured."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="measure less often")
    options = parser.parse_args(arguments)
    print(f"{versions()}; compiled: median (minimum)\n")
    print("| what | ours | peer | ratio | bar |\n|---|---|---|---|---|")
    for row in rows(options.quick):
        print("| " + " | ".join(row) + " |", flush=True)
