"""Nests without products as C: row by row, and sums and extremes over rows."""

from functools import partial

from ....value import Value
from ...strided import Ints
from .iterations import Iteration
from .nests import Access, Fold, Listing, Nest, Store
from .printer import Printer, address


def print_listing(p: Printer, listing: Listing, parts: int) -> None:
    """Rows one by one, by tables of row numbers."""
    source, value = listing.source, "splat(0)"
    _table(p, "to", listing.to)
    if source:
        _table(p, "of", listing.of)
        value = p.load(source, _part(source, "of[i]", parts))
    with p.loops((len(listing.to), parts), ("i", "j")):
        store = Store(listing.target, Value(0.0), listing.adds)
        p.store(store, _part(listing.target, "to[i]", parts), value)


def _table(p: Printer, name: str, rows: Ints) -> None:
    numbers = ", ".join(map(str, rows.tolist()))
    p.line(f"static const int {name}[{len(rows)}] = {{{numbers}}};")


def _part(access: Access, row: str, parts: int) -> str:
    """One of the vectors of a row."""
    return f"{row} * {parts} + j" if parts > 1 and access.block.batched else row


def print_rows(p: Printer, nest: Nest) -> None:
    """A loop for each dimension; what goes to one row again and again is added up before."""
    _Rows(p, nest).loop(0)


class _Rows:
    """The loops of a nest, one in the other, and the sums that are stored behind each."""

    def __init__(self, p: Printer, nest: Nest) -> None:
        self.p, self.nest = p, nest
        self.variables = [f"i{d}" for d in range(len(nest.dims))]
        self.totals: dict[int, str] = {}

    def loop(self, d: int) -> None:
        """The loop over dimension d, with all that is in it."""
        p, nest = self.p, self.nest
        stores = [s for s in nest.stores() if s.live and s.adds and _fixed_from(s.access) == d]
        if d == len(nest.dims):
            self._iteration()
            return
        for store in stores:
            self.totals[id(store)] = p.fresh()
            p.line(f"vector {self.totals[id(store)]} = splat(0);")
        with p.loops(nest.dims[d : d + 1], self.variables[d : d + 1]):
            self.loop(d + 1)
        for store in stores:
            p.store(store, address(store.access, self.variables), self.totals[id(store)])

    def _iteration(self) -> None:
        fold = isinstance(self.nest.head, Fold)
        head = print_fold(self.p, self.nest, self.variables) if fold else ""
        at = partial(address, variables=self.variables)
        Iteration(self.p, self.nest, at, head, self.totals).print()


def _fixed_from(access: Access) -> int:
    """The dimension from which on all steps are 0."""
    return max((d + 1 for d, step in enumerate(access.steps) if step), default=0)


def print_fold(p: Printer, nest: Nest, variables: list[str]) -> str:
    """A sum or an extreme over the inner dimensions, in several registers."""
    assert isinstance(nest.head, Fold)
    access, op, (*outer, n) = nest.head.access, nest.head.op.name, nest.inner or (1,)
    width = next(w for w in (8, 4, 2, 1) if n % w == 0 and (n > w or w == 1))
    names = [p.fresh() for _ in range(width)]
    inner = [f"k{d}" for d in range(len(nest.inner))]
    first = address(access, [*variables, *["0"] * len(inner)])
    for name in names:
        p.line(f"vector {name} = {'splat(0)' if op == 'sum' else p.load(access, first)};")
    with p.loops(outer, inner[:-1]), p.loops((n,), inner[-1:] or ["k"], width):
        for u, name in enumerate(names):
            at = address(access, [*variables, *inner], {len(access.steps) - 1: u})
            p.line(f"{name} = {_combined(op, name, p.load(access, at))};")
    while len(names) > 1:
        half = len(names) // 2
        for a, b in zip(names[:half], names[half:], strict=True):
            p.line(f"{a} = {_combined(op, a, b)};")
        names = names[:half]
    return names[0]


def _combined(op: str, a: str, b: str) -> str:
    return f"{a} + {b}" if op == "sum" else f"{op}imum_({a}, {b})"
