"""Work on parts of a batch side by side, with each BLAS kept to one thread meanwhile."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any


def available() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _blas() -> list[Any]:
    """The BLAS libraries of this process."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas").lib_controllers


@contextmanager
def single_blas() -> Iterator[None]:
    """Keep each BLAS to one thread; afterwards they have as many as before."""
    changed = [(blas, n) for blas in _blas() if (n := blas.get_num_threads()) != 1]
    for blas, _ in changed:
        blas.set_num_threads(1)
    try:
        yield
    finally:
        for blas, n in changed:
            blas.set_num_threads(n)


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="glassgrad")


def together(tasks: Sequence[Callable[[], Any]]) -> None:
    """Run tasks at the same time, the first one here; the first error is raised at the end."""
    if len(tasks) == 1:
        tasks[0]()
        return
    waiting = [_pool(len(tasks) - 1).submit(task) for task in tasks[1:]]
    try:
        tasks[0]()
    finally:
        for future in waiting:
            future.exception()
    for future in waiting:
        future.result()
