"""Register tiles: how many products of a nest are added up at a time.

Each step of the inner loops loads `a` numbers of the left operand and `b` of the right one, and
does a·b fused multiply-adds into as many registers. A processor does two of them in a cycle, and
two loads; a sum is ready for its next term after about four cycles, so eight should be under way.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable

from ...strided import Dims
from .nests import Nest, Product

LATENCY = 4  # cycles of a fused multiply-add
SMALL = 5  # dimensions up to this size may be unrolled as a whole


def tile(nest: Nest, registers: int) -> Dims:
    """The entries of each dimension that are computed together: of a product, those that take the
    fewest cycles by this rule.
    """
    assert isinstance(nest.head, Product)
    left, right = _own(nest, left=True), _own(nest, left=False)
    found = min(
        itertools.product(_choices(nest.dims, left), _choices(nest.dims, right)),
        key=lambda pair: _cycles(nest, pair[0], pair[1], registers),
    )
    sizes = [1] * len(nest.dims)
    for side in found:
        for d, n in side.items():
            sizes[d] = n
    return tuple(sizes)


def _own(nest: Nest, left: bool) -> list[int]:
    """The dimensions along which one operand changes and the other does not."""
    assert isinstance(nest.head, Product)
    a, b = nest.head.left.steps, nest.head.right.steps
    if not left:
        a, b = b, a
    return [d for d in range(len(nest.dims)) if a[d] and not b[d]]


def _choices(dims: Dims, own: list[int]) -> list[dict[int, int]]:
    """Ways to unroll one operand's dimensions: part of the last one, or all of a small last one and
    part of the one before.
    """
    if not own:
        return [{}]
    last = own[-1]
    found = [{last: n} for n in range(1, min(dims[last], 14) + 1)]
    if len(own) > 1 and dims[last] <= SMALL:
        before = own[-2]
        found += [{last: dims[last], before: n} for n in range(2, min(dims[before], 7) + 1)]
    return found


def shared_target(nest: Nest) -> Callable[[tuple[int, ...]], Hashable]:
    """Which cells of a tile have one sum: those that are added to one row, where windows overlap;
    of all other nests each cell has its own.
    """
    if not _overlaps(nest):
        return lambda cell: cell
    (store,) = nest.stores()
    steps = store.access.steps
    return lambda cell: sum(step * n for step, n in zip(steps, cell, strict=True))


def _cycles(nest: Nest, left: dict[int, int], right: dict[int, int], registers: int) -> float:
    """Cycles for all tiles, those at the ends, which are smaller, among them."""
    place = shared_target(nest) if _overlaps(nest) else None
    inner = max(1, math.prod(nest.inner))
    total = 0.0
    for parts in itertools.product(_parts(nest.dims, left), _parts(nest.dims, right)):
        (one, many), (other, times) = parts
        a, b = math.prod(one.values()), math.prod(other.values())
        sums, terms = a * b, 1
        if place:
            counts = Counter(map(place, _cells(nest.dims, {**one, **other})))
            sums, terms = len(counts), max(counts.values())
        if sums + min(a, b) >= registers:
            return math.inf
        step = max(a * b / 2, (a + b) / 2, LATENCY * terms) + 0.5
        total += many * times * (inner * step + 1.5 * sums + 4)
    return total


def _overlaps(nest: Nest) -> bool:
    """Whether cells of a tile may have one sum."""
    stores = list(nest.stores())
    return len(stores) == 1 and stores[0].adds and stores[0].access.block.batched


def _cells(dims: Dims, tile: dict[int, int]) -> Iterable[tuple[int, ...]]:
    return itertools.product(*(range(tile.get(d, 1)) for d in range(len(dims))))


def _parts(dims: Dims, side: dict[int, int]) -> list[tuple[dict[int, int], int]]:
    """Tiles along one operand's dimensions, and how many there are of each."""
    parts: list[tuple[dict[int, int], int]] = [({}, 1)]
    for d, n in side.items():
        whole, rest = divmod(dims[d], n)
        cut = [(n, whole), *([(rest, 1)] if rest else [])]
        parts = [({**tile, d: size}, many * count) for tile, many in parts for size, count in cut]
    return parts
