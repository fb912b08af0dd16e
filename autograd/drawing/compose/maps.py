"""Tensors as heat maps without numbers: the picture of an input, the feature maps of a layer."""

import math
from collections.abc import Sequence
from typing import Any

from ..outline import Cell, Grid
from ..read.graph import Graph, NamedTensor

CELLS = 10_000  # of the maps of a whole drawing
SIZES = [(8, 12), (4, 12), (4, 8), (1, 8)]  # how many maps, of how many cells on a side
ROW, VECTOR = 32, 128  # entries of a vector in a row, and in a map


def feature_maps(graph: Graph, tensor: NamedTensor, cells: int) -> list[Grid]:
    """As many channels as `cells` cells have room for; a matrix is one map, and so is a vector.

    None where numbers are unknown, not real, or not behind the root.
    """
    planes = math.prod(tensor.name.shape[:-2])
    for several, most in SIZES:
        maps = [_map(graph, tensor, plane, most) for plane in range(min(several, planes))]
        found = [grid for grid in maps if grid]
        if len(found) == len(maps) and sum(len(g.rows) * len(g.rows[0]) for g in found) <= cells:
            if planes > 1:
                shown = str(planes) if len(found) == planes else f"{len(found)} of {planes:,}"
                found[0].caption = found[0].caption.replace("data", f"{shown} maps")
            return found
    return []


def picture(graph: Graph, tensor: NamedTensor, plane: int, most: int, side: int = 5) -> Grid | None:
    """One plane in at most `most` × `most` cells, which are means of blocks; None of a vector."""
    shape = tensor.name.shape
    if len(shape) < 2 or 1 in shape[-2:]:
        return None
    height, width = shape[-2:]
    numbers = _numbers(graph, tensor.entries[plane * height * width : (plane + 1) * height * width])
    step = math.ceil(max(height, width) / most)
    rows: list[list[Cell | None]] = []
    for i in range(0, height if numbers else 0, step):
        lines = [numbers[r * width : (r + 1) * width] for r in range(i, min(i + step, height))]
        blocks = [[x for line in lines for x in line[j : j + step]] for j in range(0, width, step)]
        rows.append([Cell(sum(block) / len(block), "") for block in blocks])
    caption = f"data, means of {step}×{step}" if step > 1 else "data"
    return Grid(caption, rows, written=False, side=side) if rows else None


def _map(graph: Graph, tensor: NamedTensor, plane: int, most: int) -> Grid | None:
    """One of the maps of a layer: the fewer cells, the larger."""
    shape = tensor.name.shape
    if len(shape) > 1 and 1 not in shape[-2:]:
        return picture(graph, tensor, plane, most, max(4, min(8, 48 // max(shape[-2:]))))
    if not 1 < len(tensor.entries) <= VECTOR:
        return None
    cells: list[Cell | None] = [Cell(x, "") for x in _numbers(graph, tensor.entries)]
    rows = [cells[k : k + ROW] for k in range(0, len(cells), ROW)]
    return Grid("data", rows, written=False, side=8) if rows else None


def _numbers(graph: Graph, entries: Sequence[int]) -> list[Any]:
    """The numbers of nodes; none if one is not there, is unknown, or is not real."""
    found = [graph.nodes[k].data for k in entries if k >= 0]
    whole = len(found) == len(entries) and all(isinstance(x, int | float) for x in found)
    return found if whole else []
