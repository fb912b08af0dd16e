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
class Partials:
    """∂y/∂x for each x: True (the adjoint passes), False (it stops), a number, or a Value, which
    is a formula of y and the x. Of y = tanh(x), `of_x` is (1 - y·y,).
    """

    y: Value
    x: tuple[Value, ...]
    of_x: tuple[Any, ...]

    def reads(self, chosen: Sequence[bool]) -> set[Value]:
        """Which of y and x the chosen partials are computed from."""
        formulas = [p for p, c in zip(self.of_x, chosen, strict=True) if c and isinstance(p, Value)]
        found = {v for node in order(*formulas) for v in node.inputs} | set(formulas)
        return found & {self.y, *self.x}


@lru_cache(512)
def partials(
    op: Primitive, constants: tuple[float | None, ...], sequence: bool = False
) -> Partials:
    """The partials of a row for operands that are known constants or unknown (None).

    Of a row of a sequence, `constants` are the entries of its one operand.
    """
    with tracing([]):
        y = Value(UNKNOWN)
        x = tuple(Value(UNKNOWN if c is None else c) for c in constants)
        of_x = op.partials(y, x)[0] if sequence else op.partials(y, *x)
    return Partials(y, x, tuple(map(_simplified, of_x)))


def _simplified(p: Any) -> Any:
    """A formula of known numbers as a number, a factor of 1 as True."""
    if isinstance(p, Value) and not p.unknown:
        p = p.data
    if isinstance(p, Value | bool):
        return p
    return True if p == 1 else float(p)
