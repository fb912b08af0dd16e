"""Loop nests: which addresses an iteration reads and writes, and what it computes.

A nest runs over `dims`; in each iteration its head (a product or a sum over the dimensions `inner`)
gives one number, and its parts compute formulas of that and of what they load, and store them.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ....dialects.formulas import leaves
from ....primitives import Primitive
from ....value import Value, unknown
from ...plan.kernels import Words
from ...plan.views import Block
from ...strided import Dims, Ints


@dataclass(frozen=True)
class Access:
    """The row offset + Σ index·step of a block, in an iteration of a nest."""

    block: Block
    offset: int
    steps: Dims

    def split(self, d: int, inner: int) -> "Access":
        """The same where dimension d has become two, the inner one of this size."""
        step = self.steps[d]
        steps = (*self.steps[:d], step * inner, step, *self.steps[d + 1 :])
        return replace(self, steps=steps)

    def kept(self, axes: list[int]) -> "Access":
        """The same where only these dimensions are left."""
        return replace(self, steps=tuple(self.steps[d] for d in axes))


@dataclass(frozen=True)
class Result:
    """A number that this iteration has computed: store `store` of part `part`; -1 is the head."""

    part: int
    store: int = 0


HEAD = Result(-1)
Source = Access | Result


@dataclass
class Store:
    """access = formula, or += it."""

    access: Access
    formula: Value
    adds: bool
    live: bool = True  # whether anybody reads it from memory


@dataclass
class Part:
    """Formulas, where their leaves come from, and where their values go."""

    sources: dict[Value, Source]
    stores: list[Store]


@dataclass
class Product:
    """Σ left·right over the inner dimensions; the accesses go along dims and inner."""

    left: Access
    right: Access


@dataclass
class Fold:
    """sum, max or min of one access over the inner dimensions."""

    op: Primitive
    access: Access


@dataclass
class Nest:
    """Loops over `dims` and, for the head, over `inner`."""

    dims: Dims
    parts: list[Part]
    words: list[Words]
    scope: str
    inner: Dims = ()
    head: Product | Fold | None = None
    kind: str = ""
    flops: int = 0

    def head_accesses(self) -> list[Access]:
        """What the head loads."""
        if isinstance(self.head, Product):
            return [self.head.left, self.head.right]
        return [self.head.access] if self.head else []

    def loads(self) -> Iterator[Access]:
        """What iterations read from memory."""
        yield from self.head_accesses()
        for part in self.parts:
            yield from (s for s in part.sources.values() if isinstance(s, Access))

    def stores(self) -> Iterator[Store]:
        """What iterations write."""
        for part in self.parts:
            yield from part.stores

    def memory_reads(self) -> Iterator[Access]:
        """What is read from memory, what is added to among it."""
        yield from self.loads()
        yield from (s.access for s in self.stores() if s.adds and s.access.block.batched)

    def needed(self) -> list[Result]:
        """The results of an iteration that are stored, or that these are made of, in order."""
        found: set[Result] = set()
        for p in range(len(self.parts) - 1, -1, -1):
            part = self.parts[p]
            for k, store in enumerate(part.stores):
                if store.live or Result(p, k) in found:
                    sources = [part.sources[leaf] for leaf in leaves(store.formula)]
                    found.update(s for s in sources if isinstance(s, Result) and s != HEAD)
                    found.add(Result(p, k))
        return sorted(found, key=lambda place: (place.part, place.store))

    def transform(self, change: Callable[[Access], Access]) -> None:
        """Change every access."""
        if isinstance(self.head, Product):
            self.head = Product(change(self.head.left), change(self.head.right))
        elif self.head:
            self.head = Fold(self.head.op, change(self.head.access))
        for part in self.parts:
            part.sources = {
                v: change(s) if isinstance(s, Access) else s for v, s in part.sources.items()
            }
            for store in part.stores:
                store.access = change(store.access)

    def split(self, d: int, inner: int) -> None:
        """Cut dimension d in two."""
        self.dims = (*self.dims[:d], self.dims[d] // inner, inner, *self.dims[d + 1 :])
        self.transform(lambda access: access.split(d, inner))

    def coalesce(self) -> None:
        """As few dimensions as the accesses allow; none of size 1."""
        self._drop([d for d, n in enumerate((*self.dims, *self.inner)) if n > 1])
        d = 0
        while d + 1 < len(self.dims) + len(self.inner):
            if d + 1 != len(self.dims) and self._together(d):
                self._join(d)
            else:
                d += 1

    def _drop(self, kept: list[int]) -> None:
        sizes, outer = (*self.dims, *self.inner), len(self.dims)
        self.dims = tuple(sizes[d] for d in kept if d < outer)
        self.inner = tuple(sizes[d] for d in kept if d >= outer)
        own = [d for d in kept if d < outer]
        heads = {id(access) for access in self.head_accesses()}
        self.transform(lambda a: a.kept(kept if id(a) in heads else own))

    def _together(self, d: int) -> bool:
        n = (*self.dims, *self.inner)[d + 1]
        accesses = [*self.loads(), *(store.access for store in self.stores())]
        return all(a.steps[d] == n * a.steps[d + 1] for a in accesses if d + 1 < len(a.steps))

    def _join(self, d: int) -> None:
        sizes, outer = [*self.dims, *self.inner], len(self.dims)
        sizes[d : d + 2] = [sizes[d] * sizes[d + 1]]
        outer -= d + 1 < outer
        self.dims, self.inner = tuple(sizes[:outer]), tuple(sizes[outer:])
        self.transform(
            lambda a: (
                replace(a, steps=(*a.steps[:d], *a.steps[d + 1 :])) if d + 1 < len(a.steps) else a
            )
        )


@dataclass
class Listing:
    """target[i] = source[i], or += it, of rows that are listed; without a source 0."""

    target: Access
    source: Access | None
    to: Ints
    of: Ints
    adds: bool
    words: list[Words]
    scope: str

    def loads(self) -> Iterator[Access]:
        """The source."""
        if self.source:
            yield self.source

    def stores(self) -> Iterator[Store]:
        """The target."""
        yield Store(self.target, unknown(), self.adds)

    def memory_reads(self) -> Iterator[Access]:
        """The source, and the target if it is added to."""
        yield from self.loads()
        if self.adds and self.target.block.batched:
            yield self.target


@dataclass
class Lookup:
    """rows = table[index], or table[index] += rows where it `adds`: loops over groups and indices,
    `outer`, and over the sequences that they read. From entry to entry of these it is `step`.
    """

    outer: Dims
    inner: Dims
    rows: Access
    table: Access
    index: Access
    length: int
    step: int
    adds: bool
    words: list[Words]
    scope: str

    def loads(self) -> Iterator[Access]:
        """The indices, and the sequences or the rows."""
        yield self.index
        yield self.rows if self.adds else self.table

    def stores(self) -> Iterator[Store]:
        """The rows, or the sequences."""
        yield Store(self.table if self.adds else self.rows, unknown(), self.adds)

    def memory_reads(self) -> Iterator[Access]:
        """The same as the loads, and what is added to."""
        yield from self.loads()
        if self.adds and self.table.block.batched:
            yield self.table


AnyNest = Nest | Listing | Lookup


def whole(access: Access, dims: Dims) -> bool:
    """Whether iterations go through the block row by row."""
    step = 1
    for n, s in zip(dims[::-1], access.steps[::-1], strict=True):
        if n > 1 and s != step:
            return False
        step *= n
    return access.offset == 0 and step == access.block.size == math.prod(dims)
