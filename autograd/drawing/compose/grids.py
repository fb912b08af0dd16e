"""Shared operands as grids of numbers: a kernel, the window that it meets, a row of a matrix."""

import heapq
from collections.abc import Callable, Sequence
from typing import Any

from ...names import Shaped
from ...text import clean, number
from ..outline import Cell, Grid
from ..read.words import size

WIDE = 18  # cells in a row
Places = list[list[int | None]]


def arranged(*factors: Sequence[Any]) -> Places:
    """Rows of positions by the addresses of the first of `factors` that has rows and columns.

    The last two axes that vary are rows and columns; the axes before them are blocks side by side.
    """
    varying = (
        [axis for axis in zip(*_addresses(entries), strict=True) if len(set(axis)) > 1]
        for entries in factors
    )
    axes = next((axes for axes in varying if len(axes) > 1), None)
    if axes is None:
        return _wrapped(list(range(len(factors[0]))))
    *lead, rows, columns = [[sorted(set(axis)).index(i) for i in axis] for axis in axes]
    height, width = max(rows) + 1, max(columns) + 1
    blocks: dict[tuple[int, ...], Places] = {}
    for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
        key = tuple(axis[k] for axis in lead)
        block = blocks.setdefault(key, [[None] * width for _ in range(height)])
        block[i][j] = k
    return _side_by_side([blocks[key] for key in sorted(blocks)], width)


def _addresses(entries: Sequence[Any]) -> list[tuple[int, ...]]:
    """Where the entries are in the one tensor that they are of; none if it is not one."""
    name = entries[0].name
    if not isinstance(name, Shaped) or any(v.name is not name for v in entries):
        return []
    found = [name.address(v.place) for v in entries]
    return found if len(set(found)) == len(found) else []


def _wrapped(positions: list[int]) -> Places:
    """One row, or rows of ten."""
    long = 10 if len(positions) > WIDE // 2 else WIDE
    return [[*positions[k : k + long]] for k in range(0, len(positions), long)]


def _side_by_side(blocks: list[Places], width: int) -> Places:
    """Blocks in rows of blocks, a gap between two."""
    several = max(1, (WIDE + 1) // (width + 1))
    if len(blocks) > several:
        even = [n for n in range(several // 2 + 1, several + 1) if len(blocks) % n == 0]
        several = max(even, default=several)
    found: Places = []
    for k in range(0, len(blocks), several):
        row = blocks[k : k + several]
        found += [[None]] if found else []
        for lines in zip(*row, strict=True):
            found.append([c for n, line in enumerate(lines) for c in ([None] if n else []) + line])
    return found


def grid(what: str, entries: Sequence[Any], numbers: Sequence[Any], places: Places) -> Grid:
    """A grid of numbers, each called as its entry."""
    cells = [
        [None if k is None else Cell(numbers[k], clean(entries[k].label)) for k in row]
        for row in places
    ]
    return Grid(what, cells)


def strongest(
    numbers: Sequence[Any], name: Callable[[int], str], most: int = 6
) -> list[tuple[str, str]]:
    """Lines that name the largest numbers, by size."""
    best = heapq.nsmallest(most, range(len(numbers)), key=lambda k: (-size(numbers[k]), k))
    lines = [(name(k) or f"entry {k:,}", number(numbers[k])) for k in best]
    rest = len(numbers) - len(best)
    return [*lines, ("", f"and {rest:,} smaller")] if rest else lines
