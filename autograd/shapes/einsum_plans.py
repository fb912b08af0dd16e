"""How an Einstein sum is made of dots: labels and integers only.

An operand of `ocuv,...cijuv->...oij` is cut into groups: the addresses of the entries that one dot
reads. Output entries that agree on an operand's own labels share its group.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from .indexing import Shape, addresses, gather, strides

Sizes = tuple[tuple[str, int], ...]
Group = Callable[[Sequence[Any]], tuple[Any, ...]]  # reads the entries of one dot


@lru_cache
def parse(subscripts: str, *shapes: Shape) -> tuple[list[str], str, Sizes]:
    """Labels of each operand and of the output, with `...` as upper-case Greek, and their sizes.

    Without `->` the output has the labels that occur once, in alphabetical order, as in NumPy.
    ValueError names the subscripts and the shapes.
    """
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise _mismatch(subscripts, shapes, f"{len(terms)} terms for {len(shapes)} operands")
    deepest = 0
    spelt = []
    for term, shape in zip(terms, shapes, strict=True):
        missing = len(shape) - len(term.replace("...", ""))
        if missing < 0 or (missing and "..." not in term):
            raise _mismatch(subscripts, shapes, f"{term!r} does not fit shape {shape}")
        deepest = max(deepest, missing)
        spelt.append(term.replace("...", _ellipsis(missing)))
    if not arrow:
        once = sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1)
        out = "..." + "".join(once)
    out = out.replace("...", _ellipsis(deepest))
    sizes: dict[str, int] = {}
    for label, n in zip("".join(spelt), (n for shape in shapes for n in shape), strict=True):
        if not label.isalpha():
            raise _mismatch(subscripts, shapes, f"{label!r} is no letter")
        if n != sizes.setdefault(label, n) and not _stretches(label, n, sizes):
            raise _mismatch(subscripts, shapes, f"label {label!r} is {sizes[label]} and {n}")
    if len(set(out)) < len(out) or not set(out) <= set(sizes):
        raise _mismatch(subscripts, shapes, f"output {out!r} repeats a label or has an unknown one")
    return spelt, out, tuple(sizes.items())


def _ellipsis(n: int) -> str:
    """Labels for n axes, aligned from the right over all operands."""
    return "".join(chr(ord("Α") + k) for k in reversed(range(n)))


def _stretches(label: str, n: int, sizes: dict[str, int]) -> bool:
    """Axes of `...` broadcast: a 1 stretches."""
    if label < "Α" or 1 not in (n, sizes[label]):
        return False
    sizes[label] = max(n, sizes[label])
    return True


def _mismatch(subscripts: str, shapes: Sequence[Shape], why: str) -> ValueError:
    return ValueError(f"einsum({subscripts!r}) of shapes {', '.join(map(str, shapes))}: {why}")


def kept(own: str, other: str, out: str) -> str:
    """An operand's labels that the other operand or the output has too, each once."""
    return "".join(dict.fromkeys(c for c in own if c in other or c in out))


@lru_cache(64)
def groups(labels: str, shape: Shape, out: str, sizes: Sizes) -> tuple[list[Group], list[int]]:
    """The groups of an operand, and for each entry of the output the number of its group.

    A group gathers the entries over all positions on the labels that the output lacks, for one
    position on those that it has.
    """
    size = dict(sizes)
    step = dict.fromkeys(size, 0)
    for c, n, k in zip(labels, shape, strides(shape), strict=True):
        step[c] += k if n == size[c] else 0  # a repeated label walks a diagonal, a 1 stretches
    own = [c for c in out if c in labels]
    summed = sorted(set(labels) - set(out))
    starts = addresses(tuple(size[c] for c in own), tuple(step[c] for c in own))
    inner = addresses(tuple(size[c] for c in summed), tuple(step[c] for c in summed))
    number = dict(zip(own, strides(tuple(size[c] for c in own)), strict=True))
    order = addresses(tuple(size[c] for c in out), tuple(number.get(c, 0) for c in out))
    return [gather([start + k for k in inner]) for start in starts], order
