"""Pieces of C text: numbers in columns, calls over several lines, and what a comment may say."""

import re
import textwrap
from collections.abc import Sequence

WIDTH = 96
MANY = 8  # numbers in a line


def rows(numbers: Sequence[str], shape: Sequence[int]) -> list[str]:
    """Lines of numbers in columns; where the last axis begins anew, so does a line."""
    axis, width = _row(shape), max(map(len, numbers)) + 1
    starts = [k + j for k in range(0, len(numbers), axis) for j in range(0, axis, MANY)]
    ends = [*starts[1:], len(numbers)]
    cells = [f"{x},".rjust(width) for x in numbers]
    return ["    " + " ".join(cells[a:b]) for a, b in zip(starts, ends, strict=True)]


def _row(shape: Sequence[int]) -> int:
    """How many numbers belong together: of the last axis, or of several that are short."""
    size = 1
    for n in reversed(shape):
        if size > 1 and size * n > MANY:
            break
        size *= n
    return size


def filled(indent: str, call: str) -> str:
    """A call or a head, with its arguments below each other where they need several lines."""
    head, rest = call.split("(", 1)
    below = " " * (len(indent) + len(head) + 1)
    lines, line = [], f"{indent}{head}("
    for k, argument in enumerate(rest.split(", ")):
        if k and len(line) + len(argument) + 2 > WIDTH:
            lines.append(line + ",")
            line = below + argument
        else:
            line += ", " * (k > 0) + argument
    return "\n".join([*lines, line])


def broken(line: str) -> str:
    """A statement in several lines, where it is long: cut before operators, not in an index."""
    indent = line[: len(line) - len(line.lstrip())]
    bound = re.sub(r"\[[^\]]*\]", lambda index: index[0].replace(" ", "\0"), line.lstrip())
    bound = re.sub(r" ([-+*/>=?:]+) (?=\S)", " \\1\0", bound)
    below = indent + "    "
    kept = textwrap.TextWrapper(
        WIDTH, indent, below, break_long_words=False, break_on_hyphens=False
    )
    return kept.fill(bound).replace("\0", " ")


def comment(text: str) -> str:
    """Lines of a comment without what would end it or begin anything else: no */, no ??/, no
    letters that turn the direction of writing.
    """
    lines = [re.sub(r"[^\w ×·+*/()\[\]{}=:;,.ᵀ─→√'\"|&%<>-]", " ", x) for x in text.split("\n")]
    kept = [re.sub(r"\*(?=/)|/(?=\*)", " ", line) for line in lines]
    return "\n".join(f"   {line}".rstrip() for line in kept).strip()
