"""Numbers by which people multiply and divide: lengths of axes, their roots and products."""

from collections.abc import Iterator
from itertools import combinations
from math import prod, sqrt
from typing import NamedTuple

import numpy as np

from .case import Case

SEQUENCE = 3  # axes: N, T and d; more are those of images and kernels


class Size(NamedTuple):
    """A number that a gradient may be a multiple of, its name, and where the number comes from."""

    number: float
    name: str
    note: str = ""


def sizes(case: Case) -> list[list[Size]]:
    """Numbers with a name; those of a list need fewer words than those of the next."""
    lengths = list(_lengths(case))
    roots = [Size(sqrt(s.number), f"√{s.name}", s.note) for s in lengths if s.name == "d"]
    products = [
        Size(a.number * b.number, f"{a.name}·{b.name}", f"{a.note}; {b.note}")
        for a, b in combinations([s for s in lengths if len(s.name) == 1], 2)
    ]
    squares = [Size(s.number**2, "N²", s.note) for s in lengths if s.name == "N"]
    first = [Size(2, "2"), *_rate(case), *_areas(case), *lengths, *roots]
    return [first, [*_kept(case, lengths), *products, *_counts(case), *squares]]


def _rate(case: Case) -> Iterator[Size]:
    if case.learning_rate:
        yield Size(case.learning_rate, "the learning rate", f"{case.learning_rate:g}")


def _areas(case: Case) -> Iterator[Size]:
    """Those of images and kernels: their last two axes."""
    if len(out := case.output.shape) > SEQUENCE:
        yield Size(out[-1] * out[-2], "H'·W'", f"H'·W' = {out[-2]}·{out[-1]}")
        n = case.output.shape[0]
        yield Size(n * out[-1] * out[-2], "N·H'·W'", f"N·H'·W' = {n}·{out[-2]}·{out[-1]}")
    for name, x in case.inputs.items():
        if x.ndim > SEQUENCE:
            yield Size(prod(x.shape[-2:]), "k²", f"k² = {x.shape[-2]}·{x.shape[-1]} of {name}")


def _lengths(case: Case) -> Iterator[Size]:
    """N of the output's first axis, d of a last one, T of the middle one of three; then others."""
    arrays = {"the output": case.output, case.name: case.value, **case.inputs}
    found: dict[tuple[str, int], str] = {}
    for array, x in arrays.items():
        for axis, n in enumerate(x.shape):
            letter = _letter(axis, x.ndim, first=x is case.output or not case.output.ndim)
            found.setdefault((letter, n), f"{letter} = {n}, axis {axis} of {array}")
    for (letter, n), note in sorted(found.items(), key=lambda item: "NTd".find(item[0][0])):
        if letter:
            yield Size(n, letter, note)
    for axis, n in enumerate(case.value.shape):
        if not any(n == known for letter, known in found if letter):
            yield Size(n, f"the length of axis {axis}", f"{case.name} has {n} along axis {axis}")


def _letter(axis: int, ndim: int, first: bool) -> str:
    if axis == 0 and first and ndim:
        return "N"
    if ndim > SEQUENCE:
        return ""
    return "d" if axis == ndim - 1 else "T" if axis else ""


def _kept(case: Case, lengths: list[Size]) -> Iterator[Size]:
    """How many entries a mask keeps, in all or of each of N."""
    for name, m in case.inputs.items():
        if np.array_equal(np.unique(m), (0, 1)):
            yield Size(m.sum(), f"Σ{name}", f"Σ{name} = {m.sum():g}")
            for s in lengths:
                if s.name == "N":
                    note = f"Σ{name} = {m.sum():g}; {s.note}"
                    yield Size(m.sum() / s.number, f"Σ{name}/N", note)


def _counts(case: Case) -> Iterator[Size]:
    """How many entries there are, in all or for each entry of another array."""
    shared = case.output.size / max(case.value.size, 1)
    if shared > 1:
        yield Size(shared, f"the outputs to an entry of {case.name}", f"{shared:g}")
    elif shared:
        yield Size(1 / shared, f"the entries of {case.name} to an output", f"{1 / shared:g}")
    arrays = {"the output": case.output, **case.inputs}
    for name, x in arrays.items():
        yield Size(x.size, f"the number of entries of {name}", f"{x.size}")
