"""How numbers, shapes and names are written in every view."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from ...names import Name
from ...numbers.kinds import is_unknown

NO_GRADIENT = "—"  # of a gradient before `backward()`
SIGNS = {"*": "×", "-": "−", "·": "Σ×"}


def number(x: Any) -> str:
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
        return clean(str(x), 24)


def _minus(text: str) -> str:
    """A true minus sign in front of numbers; `1e-05` keeps its own."""
    return re.sub(r"(?<![e\d])-|(?<=\d)-(?=\d*\.?\d*j)", "−", text)


def size(x: Any) -> float:
    """|x| as a float: inf for nan and for what is too large, 0 for what has no size."""
    try:
        found = float(abs(x))
    except OverflowError:
        return math.inf
    except (TypeError, ValueError, ArithmeticError):
        return 0.0
    return math.inf if found != found else found


def sign(x: Any) -> int:
    """−1, 0 or 1; 0 for numbers that are not ordered."""
    try:
        return int(x > 0) - int(x < 0)
    except (TypeError, ValueError, ArithmeticError):
        return 0


def norm(numbers: Iterable[Any]) -> float:
    """√Σ|x|²."""
    return math.hypot(*map(size, numbers))


def count(n: int, noun: str = "") -> str:
    """`1 node`, `25,138 nodes`."""
    return f"{n:,}" + (f" {noun}" + "s" * (n != 1) if noun else "")


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


def symbol(op: Any) -> str:
    """The sign of an operation."""
    return SIGNS.get(op.symbol, str(op.symbol))


def call_title(call: str) -> str:
    """What the call of a layer is titled: its path, or what was called, or user code."""
    return clean(call or getattr(call, "kind", "") or "outside of modules")


def call_kind(call: str) -> str:
    """What was called, beside a title that does not say it."""
    return clean(getattr(call, "kind", "")) if call else ""


def span(name: Name, places: Iterable[int]) -> str:
    """What several entries of a tensor are called: `conv1.weight[3,0,0:5,0:5]`."""
    columns = zip(*[name.address(place) for place in places], strict=True)
    axes = []
    for indices, n in zip(columns, name.shape, strict=True):
        low, high = min(indices), max(indices)
        whole = high - low + 1 == n
        axes.append(str(low) if low == high else ":" if whole else f"{low}:{high + 1}")
    return f"{clean(name)}[{','.join(axes)}]"


def caption(entries: Sequence[Any]) -> str:
    """What entries are called together: `conv1.weight[3,0,:,:]`, or how many there are."""
    named = [v for v in entries if isinstance(v.name, Name)]
    names = {id(v.name): v.name for v in named}
    if len(names) != 1:
        return f"{len(entries):,} values"
    (name,) = names.values()
    rest = len(entries) - len(named)
    return span(name, [v.place for v in named]) + (f" and {rest:,} others" if rest else "")
