"""Lookups as C: for each lane the entry that its own index names."""

from ...plan.views import Block
from .nests import Access, Lookup
from .printer import Printer, address


def print_lookup(p: Printer, nest: Lookup, parts: int, narrow: set[Block]) -> None:
    """For each index and each lane, the place of its entry, and what is copied or added there."""
    lanes = "LANES" if p.per_sample else "1"
    outer = [f"i{d}" for d in range(len(nest.outer))]
    inner = [f"k{d}" for d in range(len(nest.inner))]
    found = p.load(nest.index, _row(nest.index, outer, parts))
    rows = _lane(p, nest.rows, _row(nest.rows, [*outer, *inner], parts), p.per_sample)
    table = _entry(p, nest, [*outer, *inner], parts, narrow)
    with p.loops((*nest.outer, parts), (*outer, "j")):
        p.line(f"const mask named = place_({found}, {nest.length}), at = named & (named >= 0);")
        each = f"for (int s = 0; s < {lanes}; s++)"
        if nest.adds:
            with p.loops(nest.inner, inner):
                p.line(f"{each} if (named[s] >= 0) {table} += {rows};")
            return
        with p.loops(nest.inner, inner):
            p.line(f"{each} {rows} = {table};")
        with p.loops(nest.inner, inner):
            p.line(f"{each} if (named[s] < 0) {rows} = NAN;")


def _row(access: Access, variables: list[str], parts: int) -> str:
    """The vector of a row, or its number."""
    row = address(access, variables)
    return f"({row}) * {parts} + j" if access.block.batched else row


def _lane(p: Printer, access: Access, row: str, batched: bool, summed: bool = False) -> str:
    """The number of lane s in a row."""
    name = p.pointer(access.block, summed)
    return f"((number *)({name} + {row}))[s]" if batched else f"{name}[{row}]"


def _entry(p: Printer, nest: Lookup, variables: list[str], parts: int, narrow: set[Block]) -> str:
    """The number of the entry that lane s names."""
    table, step = nest.table, f"at[s] * {nest.step}"
    row = f"{address(table, variables)} + {step}"
    if table.block.batched:
        return _lane(p, table, f"({row}) * {parts} + j", True)
    summed = nest.adds and p.per_sample
    if table.block in narrow and summed:
        return f"((number *){p.pointer(table.block, True)})[{row}]"
    return _lane(p, table, row, summed, summed)
