"""Entries that numbers choose which a program will know: one `gather` node for each."""

from collections.abc import Sequence

from . import graph
from .numbers.kinds import UNKNOWN, UnknownNumberError
from .primitives import PRIMITIVES
from .shapes import indexing
from .shapes.locating import Address, Decided
from .value import CONDITIONS, Value, node

_GATHER = PRIMITIVES["gather"]
Bundles = dict[tuple[object, ...], graph.Node]


def looked_up(values: Sequence[Value], addresses: Sequence[Address]) -> Sequence[Value]:
    """The Values at these addresses. Where the address is not known, a node; entries that are
    chosen from the same sequence share its bundle.
    """
    known = [a for a in addresses if isinstance(a, int)]
    if len(known) == len(addresses):
        found: Sequence[Value] = indexing.gather(known)(values)
        return found
    return _chosen(values, addresses, {})


def _chosen(values: Sequence[Value], addresses: Sequence[Address], bundles: Bundles) -> list[Value]:
    return [values[a] if isinstance(a, int) else _entry(values, a, bundles) for a in addresses]


def _entry(values: Sequence[Value], at: Decided, bundles: Bundles) -> Value:
    """One entry: of the sequence along the first axis, which further numbers choose."""
    (index, n, step), *rest = at.along
    if index.op in CONDITIONS:
        raise UnknownNumberError(
            "t[t > 0] of a compiled function has a shape that is known only when its program runs: "
            "choose by autograd.where(t > 0, t, 0.0), and keep the shape"
        )
    key = (at.offset, n, step, *rest)
    if key not in bundles:
        starts = [at.offset + k * step for k in range(n)]
        line = [Decided(start, tuple(rest)) if rest else start for start in starts]
        bundles[key] = graph.bundle(_chosen(values, line, bundles))
    return node(_GATHER, UNKNOWN, (bundles[key], index))
