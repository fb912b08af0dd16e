"""Nests that belong together become one: what one iteration computes, the next kernel takes over.

A bias and a ReLU join the product before them, the reverse of a pool that of the ReLU. Numbers stay
in registers; what nobody reads from memory is not stored.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from ....value import Value
from ...plan.views import Block
from ...strided import Dims
from .nests import Access, AnyNest, Nest, Part, Result, Source, Store, whole


def fused(nests: Iterable[AnyNest], kept: set[Block]) -> list[AnyNest]:
    """Nests in order, each joined to an earlier one that computes what it reads, where it can be.

    `kept` are the blocks that others read afterwards, such as results.
    """
    made: list[AnyNest] = []
    for nest in nests:
        at = _last_writer(made, nest)
        if at is None or not _join(made, at, nest):
            made.append(nest)
    _forget(made, kept)
    for nest in made:
        if isinstance(nest, Nest):
            nest.coalesce()
    return made


def _last_writer(made: list[AnyNest], nest: AnyNest) -> int | None:
    """The last nest that writes something that this one reads."""
    reads = {access.block for access in nest.loads()}
    for k in range(len(made) - 1, -1, -1):
        if any(store.access.block in reads for store in made[k].stores()):
            return k
    return None


def _join(made: list[AnyNest], at: int, nest: AnyNest) -> bool:
    """Join a nest to the one at this place; False where that would change what is computed."""
    into = made[at]
    if not isinstance(into, Nest) or not isinstance(nest, Nest) or nest.head or not nest.parts:
        return False
    (part,) = nest.parts
    targets = {store.access.block for store in part.stores}
    later = made[at + 1 :]
    if any(access.block in targets for other in [into, *later] for access in other.loads()):
        return False
    writers = [into, *later]
    clash = {s.access.block for other in writers for s in other.stores() if not _sums(s)}
    sums = {s.access.block for other in writers for s in other.stores()}
    if any(s.access.block in (clash if _sums(s) else sums) for s in part.stores):
        return False
    bridge = _bridge(into, nest, part)
    if bridge is None:
        return False
    places = _places(into, bridge)
    for place in places:
        for d, n in _cuts(into, place, nest.dims):
            into.split(d, n)
    parts = [_over(nest, part, into, place) for place in places]
    if None in parts:
        return False
    into.parts += [p for p in parts if p]
    into.words += nest.words
    return True


def _sums(store: Store) -> bool:
    """Whether a store adds to numbers that have no samples, in an order that does not matter."""
    return store.adds and not store.access.block.batched


def _places(into: Nest, block: Block) -> list[Result]:
    """The stores of a nest to a block."""
    return [
        Result(p, s)
        for p, part in enumerate(into.parts)
        for s, store in enumerate(part.stores)
        if store.access.block is block
    ]


def _bridge(into: Nest, nest: Nest, part: Part) -> Block | None:
    """A block that `into` computes entirely and `nest` reads row by row, if nothing else that it
    reads is computed by `into`, unless row by row as well.
    """
    written = {store.access.block for store in into.stores()}
    reads = [s for s in part.sources.values() if isinstance(s, Access) and s.block in written]
    if not all(whole(access, nest.dims) for access in reads):
        return None
    for access in reads:
        if not _complete(into, access.block):
            return None
    return reads[0].block if reads else None


def _complete(into: Nest, block: Block) -> bool:
    """Whether a nest's stores go to every row of a block once, with its last value."""
    stores = [s for s in into.stores() if s.access.block is block]
    if any(s.adds for s in stores) and len(stores) > 1:
        return False
    rows = math.prod(into.dims)
    return (
        block.batched
        and len(stores) * rows == block.size
        and all(_injective(s.access, into.dims) for s in stores)
    )


def _injective(access: Access, dims: Dims) -> bool:
    reach = 0
    for step, n in sorted(zip(map(abs, access.steps), dims, strict=True)):
        if n > 1 and step <= reach:
            return False
        reach += step * (n - 1)
    return True


def _over(nest: Nest, part: Part, into: Nest, place: Result) -> Part | None:
    """A part in the iterations of another nest, for the rows that one of its stores goes to."""
    access = into.parts[place.part].stores[place.store].access
    digits = [_digits(x, nest.dims) for x in (access.offset, *access.steps)]
    if not _fits(digits, into.dims, nest.dims):
        return None

    def moved(a: Access) -> Access:
        offset, *steps = [
            sum(step * digit for step, digit in zip(a.steps, of, strict=True)) for of in digits
        ]
        return replace(a, offset=a.offset + offset, steps=tuple(steps))

    sources: dict[Value, Source] = {}
    for leaf, source in part.sources.items():
        assert isinstance(source, Access)
        at = _place_of(into, access, source.block)
        if at is None:
            if any(s.access.block is source.block for s in into.stores()):
                return None
            sources[leaf] = moved(source)
        else:
            sources[leaf] = at
    stores = [Store(moved(s.access), s.formula, s.adds) for s in part.stores]
    return Part(sources, stores)


def _place_of(into: Nest, access: Access, block: Block) -> Result | None:
    """The store of a nest that goes to the same row of a block as an access does."""
    for place in _places(into, block):
        other = into.parts[place.part].stores[place.store].access
        if (other.offset, other.steps) == (access.offset, access.steps):
            return place
    return None


def _cuts(into: Nest, place: Result, dims: Dims) -> list[tuple[int, int]]:
    """Where dimensions of a nest must be cut, so that no step carries in the dimensions `dims`."""
    access = into.parts[place.part].stores[place.store].access
    marks, size = [], 1
    for n in dims[::-1]:
        size *= n
        marks.append(size)
    cuts = []
    for d in range(len(into.dims) - 1, -1, -1):
        n, step = into.dims[d], access.steps[d]
        done = 1
        for mark in marks:
            inner = mark // step if step > 0 and mark % step == 0 else 0
            if done < inner < n and inner % done == 0 and n % inner == 0:
                cuts.append((d, inner))
                done = inner
    return _nested(cuts)


def _nested(cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Cuts (dimension, entries inside) in an order in which they can be made, last ones first.

    A dimension of 4608 that is cut at 24 and at 576 is cut at 576 first, and then, as the dimension
    after that, at 24.
    """
    made = []
    for d in sorted({d for d, _ in cuts}, reverse=True):
        for shift, inner in enumerate(sorted((n for k, n in cuts if k == d), reverse=True)):
            made.append((d + shift, inner))
    return made


def _digits(x: int, dims: Dims) -> list[int]:
    """A row number, or a step, in the dimensions of a block that is read row by row."""
    digits: list[int] = []
    for n in dims[:0:-1]:
        digits.insert(0, x % n)
        x //= n
    return [x, *digits] if dims else []


def _fits(digits: list[list[int]], sizes: Dims, dims: Dims) -> bool:
    """Whether there are no negative digits, and no sum of digits carries."""
    start, *steps = digits
    if any(min(digit, default=0) < 0 for digit in digits):
        return False
    for k, n in enumerate(dims):
        if start[k] + sum(step[k] * (m - 1) for step, m in zip(steps, sizes, strict=True)) >= n:
            return False
    return True


def _forget(made: list[AnyNest], kept: set[Block]) -> None:
    """Drop stores that nobody reads."""
    read = {access.block for nest in made for access in nest.memory_reads()} | kept
    for nest in made:
        if isinstance(nest, Nest):
            for part in nest.parts:
                for store in part.stores:
                    store.live = store.access.block in read
