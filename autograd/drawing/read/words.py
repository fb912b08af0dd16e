"""How numbers, shapes and names are written in every view."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ...names import Shaped
from ...text import clean, shape_text

NO_GRADIENT = "—"  # of a gradient before `backward()`
ROLE_WORDS = {
    "input": "input",
    "parameter": "parameter",
    "constant": "constant",
    "grid": "several numbers",
    "operation": "operation",
    "layer": "layer",
    "folded": "not opened",
}
POSITIVE, NEGATIVE, NOTHING, LARGE = "positive", "negative", "dotted is 0", "wide is large"
AT_ARROWS = "at arrows: upstream · partial = contribution"
SIGNS = {"*": "×", "-": "−", "·": "Σ×"}


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


def uses_drawn(drawn: int, uses: Sequence[int]) -> str:
    """`1 of 576 uses is drawn`, of one scalar or of several that have different numbers of uses."""
    most = f"{'up to ' * (len(set(uses)) > 1)}{max(uses):,}"
    return f"{drawn:,} of {most} uses {'is' if drawn == 1 else 'are'} drawn"


def symbol(op: Any) -> str:
    """The sign of an operation."""
    return SIGNS.get(op.symbol, str(op.symbol))


def call_title(call: str) -> str:
    """What the call of a layer is titled: its path, or what was called, or user code."""
    return clean(call or getattr(call, "kind", "") or "outside of modules")


def call_kind(call: str) -> str:
    """What was called, beside a title that does not say it."""
    return clean(getattr(call, "kind", "")) if call else ""


def span(name: Shaped, places: Iterable[int]) -> str:
    """What several entries of a tensor are called: `conv1.weight[3,0,0:5,0:5]`, `[0,:] of 2×3`."""
    columns = zip(*[name.address(place) for place in places], strict=True)
    axes = []
    for indices, n in zip(columns, name.shape, strict=True):
        low, high = min(indices), max(indices)
        whole = high - low + 1 == n
        axes.append(str(low) if low == high else ":" if whole else f"{low}:{high + 1}")
    if name:
        return f"{clean(name)}[{','.join(axes)}]"
    part = "" if set(axes) == {":"} else f"[{','.join(axes)}] of "
    return part + shape_text(name.shape)


def caption(entries: Sequence[Any]) -> str:
    """What entries are called together: `conv1.weight[3,0,:,:]`, or how many there are."""
    named = [v for v in entries if isinstance(v.name, Shaped)]
    names = {id(v.name): v.name for v in named}
    if len(names) != 1:
        return f"{len(entries):,} values"
    (name,) = names.values()
    rest = len(entries) - len(named)
    return span(name, [v.place for v in named]) + (f" and {rest:,} others" if rest else "")
