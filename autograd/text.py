"""How numbers and shapes are written for people, and long tensors in a few words."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from .numbers.kinds import AnyNumber, is_unknown

IN_FULL = 16  # a tensor of so many entries is written as it is


def number(x: AnyNumber) -> str:
    """A number of any kind in a few characters: `−0.1235`, `1/3`, `2.5e+07`, `1+2j`, `nan`."""
    if is_unknown(x):
        return "?"
    if isinstance(x, bool) or (isinstance(x, int) and abs(x) < 10**7):
        return minus(str(x))
    if isinstance(x, Fraction) and x.denominator < 10**4 and abs(x.numerator) < 10**6:
        return minus(str(x))
    if isinstance(x, float) and x == 0:
        return "0"  # of −0.0 too
    try:
        return minus(format(float(x) if isinstance(x, int | Fraction) else x, ".4g"))
    except OverflowError:
        return f"{minus('-') * (x < 0)}≈2^{int(abs(x)).bit_length() - 1}"
    except (TypeError, ValueError):
        text = str(x)
        return text if len(text) <= 24 else f"{text[:23]}…"


def minus(text: str) -> str:
    """A true minus sign in front of numbers; `1e-05` keeps its own."""
    return re.sub(r"(?<![e\d])-|(?<=\d)-(?=\d*\.?\d*j)", "−", text)


def shape_text(shape: Sequence[int]) -> str:
    """`8×24×24`."""
    return "×".join(map(str, shape)) if shape else "1"


def shortened(nested: Any, in_full: bool) -> str:
    """Nested lists of numbers: `[[0.157, −0.049, …], …]`, or all of them."""
    if not isinstance(nested, list):
        return number(nested)
    most = 2 if nested and not isinstance(nested[0], list) else 1
    shown = nested if in_full or len(nested) <= most + 1 else nested[:most]
    parts = [shortened(entry, in_full) for entry in shown]
    return f"[{', '.join(parts + ['…'] * (len(shown) < len(nested)))}]"
