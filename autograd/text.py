"""How numbers, shapes and labels are written for people, and long tensors in a few words."""

import re
import unicodedata
from collections.abc import Container, Sequence
from fractions import Fraction
from typing import Any

from .numbers.kinds import AnyNumber, is_unknown

IN_FULL = 16  # a tensor of so many entries is written as it is


def number(x: AnyNumber) -> str:
    """A number of any kind in a few characters: `−0.1235`, `1/3`, `2.5e+07`, `1+2j`, `nan`."""
    if is_unknown(x):
        return "?"
    if isinstance(x, bool) or (isinstance(x, int) and abs(x) < 10**7):
        return _minus(str(x))
    if isinstance(x, Fraction) and x.denominator < 10**4 and abs(x.numerator) < 10**6:
        return _minus(str(x))
    if isinstance(x, float) and x == 0:
        return "0"  # of −0.0 too
    try:
        return _minus(format(float(x) if isinstance(x, int | Fraction) else x, ".4g"))
    except OverflowError:
        return f"{_minus('-') * (x < 0)}≈2^{int(abs(x)).bit_length() - 1}"
    except (TypeError, ValueError):
        return clean(x, 24)


def _minus(text: str) -> str:
    """A true minus sign in front of numbers; `1e-05` keeps its own."""
    return re.sub(r"(?<![e\d])-|(?<=\d)-(?=\d*\.?\d*j)", "−", text)


def numbered(base: str, taken: Container[str]) -> str:
    """A name, or where it is taken `name_2`, `name_3`, ..."""
    name, k = base, 1
    while name in taken:
        k += 1
        name = f"{base}_{k}"
    return name


def shape_text(shape: Sequence[int]) -> str:
    """`8×24×24`."""
    return "×".join(map(str, shape)) if shape else "1"


def clean(text: Any, most: int = 40) -> str:
    """Any label on one line of visible characters, shortened in its middle.

    Control characters become their pictures (␀, ␊), and what turns the direction of writing, or
    is half of a character, becomes �.
    """
    text = "" if text is None else str(text)
    if len(text) > most:
        text = f"{text[: most - most // 3]}…{text[len(text) - most // 3 + 1 :]}"
    return "".join(c if c.isascii() and c.isprintable() else _visible(c) for c in text)


def _visible(c: str) -> str:
    if ord(c) < 32:
        return chr(0x2400 + ord(c))
    turns = (
        "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" or c in "\u200e\u200f\u2028\u2029"
    )
    return "�" if turns or unicodedata.category(c) in ("Cc", "Cs", "Cn") or c > "\U0010fffd" else c


def shortened(nested: Any, in_full: bool) -> str:
    """Nested lists of numbers: `[[0.157, −0.049, …], …]`, or all of them."""
    if not isinstance(nested, list):
        return number(nested)
    most = 2 if nested and not isinstance(nested[0], list) else 1
    shown = nested if in_full or len(nested) <= most + 1 else nested[:most]
    parts = [shortened(entry, in_full) for entry in shown]
    return f"[{', '.join(parts + ['…'] * (len(shown) < len(nested)))}]"
