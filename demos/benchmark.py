"""Measure Glassgrad against the peers that are installed, side by side in one run.

    pip install micrograd==0.1.0 torch==2.13.0
    python demos/benchmark.py

The rows are those of eager passes (`benchmark_eager.py`), of drawings (`benchmark_drawings.py`), of
compiled programs (`benchmark_compiled.py`) and of `demos/models` (`benchmark_models.py`). `--quick`
measures less often. On a GPU measures `benchmark_gpu.py`.
"""

from collections.abc import Iterator

import benchmark_compiled
import benchmark_drawings
import benchmark_eager
import benchmark_models
from benchmark_table import Arguments, Row, run


def rows(quick: bool) -> Iterator[Row]:
    """All rows for which the peers are installed."""
    for part in (benchmark_eager, benchmark_drawings, benchmark_compiled, benchmark_models):
        yield from part.rows(quick)


def main(arguments: Arguments = None) -> None:
    """Print the table."""
    run(__doc__ or "", rows, arguments)


if __name__ == "__main__":
    main()
