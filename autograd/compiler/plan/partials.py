"""The partial derivatives of a row of the table, as formulas: the row runs once on unknown Values.

So a compiled program differentiates by the same line of the table as everything else, and its
reverse pass is written in the same primitives as its forward pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...graph import order
from ...numbers.kinds import UNKNOWN
from ...primitives import Primitive
from ...scopes import tracing
from ...value import Value


@dataclass(frozen=True)
class Formulas:
    """Partials as True (the adjoint passes), False (it stops), numbers, or Values of y and x."""

    y: Value
    x: tuple[Value, ...]
    partials: tuple[Any, ...]

    def reads(self, wanted: Sequence[bool]) -> set[Value]:
        """Which of y and x the wanted partials are computed from."""
        roots = [
            p for p, w in zip(self.partials, wanted, strict=True) if w and isinstance(p, Value)
        ]
        found = {v for root in order(*roots) for v in [root, *root.inputs]} | set(roots)
        return found & {self.y, *self.x}


@lru_cache(512)
def formulas(
    op: Primitive, constants: tuple[float | None, ...], sequence: bool = False
) -> Formulas:
    """The partials of a row for operands that are known constants or unknown (None).

    Of a row of a sequence, `constants` are the entries of its one operand.
    """
    with tracing([]):
        y = Value(UNKNOWN)
        x = tuple(Value(UNKNOWN if c is None else c) for c in constants)
        found = op.partials(y, x)[0] if sequence else op.partials(y, *x)
    return Formulas(y, x, tuple(map(_simplified, found)))


def _simplified(p: Any) -> Any:
    """A formula of known numbers as a number, a factor of 1 as True."""
    if isinstance(p, Value) and not p.unknown:
        p = p.data
    if isinstance(p, Value | bool):
        return p
    return True if p == 1 else float(p)
