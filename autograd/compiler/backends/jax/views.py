"""Views of blocks without strides, of which XLA has none: reshaping, slices, and their adjoints.

A block is an array (N, size), or (size,) where nothing depends on the sample. A view's addresses
are digits of a number with mixed radices, where they can be: then it is a box of the block in
another shape.
"""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ...plan.views import Listed, View
from ...strided import Dims, Ints, Layout

REPEATS = 64  # of an entry in a view, up to which its adjoints are gathered rather than scattered


class Place(NamedTuple):
    """Where a dimension goes along: which digit, in steps of so many."""

    digit: int
    pace: int


class Grid(NamedTuple):
    """A block in the shape of its digits, and where the dimensions of a view's axes go along these;
    None of a dimension that goes nowhere. No two of one axis go along one digit.
    """

    sizes: Dims
    starts: Dims
    places: tuple[tuple[Place | None, ...], ...]

    def shared(self) -> set[int]:
        """The digits along which several dimensions go: windows slide there."""
        used = flat(self)
        return {digit for digit in used if used.count(digit) > 1}

    def covers(self, layout: Layout) -> bool:
        """Whether each entry of a view with this layout has a row of its own."""
        return not self.shared() and 0 not in layout.strides


def grid(view: View) -> Grid | None:
    """The digits of a view's addresses, or None where they are not such."""
    if isinstance(view.layout, Listed):
        return None
    return _grid(view.block.size, view.layout)


@lru_cache(4096)
def _grid(size: int, layout: Layout) -> Grid | None:
    moves = sorted(
        (step, axis, k, n)
        for axis, (dims, steps) in enumerate(zip(layout.dims, layout.steps, strict=True))
        for k, (n, step) in enumerate(zip(dims, steps, strict=True))
        if n > 1 and step
    )
    if moves and moves[0][0] < 0:
        return None
    for units in _units(moves, layout.offset, 1, 0):
        found = _fitting(size, layout, moves, units)
        if found is not None:
            return found
    return None


Move = tuple[int, int, int, int]  # a step, of which axis, of which dimension, that is how long


def _units(moves: Sequence[Move], offset: int, last: int, reach: int) -> Iterator[Dims]:
    """The units along which moves could go, each a multiple of the one before, which is `last` and
    whose digit the moves so far `reach` along.

    The step itself is tried first, then the unit before, then others.
    """
    if not moves:
        yield ()
        return
    (step, _, _, n), rest = moves[0], moves[1:]
    for unit in dict.fromkeys([step, last, *_divisors(step)]):
        if step % last or unit % last or unit < last:
            continue
        within, size = (n - 1) * (step // unit), unit // last
        if unit == last:
            within += reach
        elif offset // last % size + reach >= size:
            continue
        for units in _units(rest, offset, unit, within):
            yield (unit, *units)


@lru_cache(4096)
def _divisors(n: int) -> list[int]:
    """Of a number, the largest first."""
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return sorted({*small, *(n // d for d in small)}, reverse=True)


def _fitting(size: int, layout: Layout, moves: Sequence[Move], units: Dims) -> Grid | None:
    """The grid of moves along these units, if each stays within its digit."""
    radices = sorted({1, *units}, reverse=True)
    ends = [size, *radices[:-1]]
    if any(end % unit for end, unit in zip(ends, radices, strict=True)):
        return None
    sizes = tuple(end // unit for end, unit in zip(ends, radices, strict=True))
    starts = tuple(layout.offset // u % n for u, n in zip(radices, sizes, strict=True))
    reach, users = list(starts), set()
    places: list[list[Place | None]] = [[None] * len(dims) for dims in layout.dims]
    for (step, axis, k, n), unit in zip(moves, units, strict=True):
        digit = radices.index(unit)
        if (axis, digit) in users:
            return None
        users.add((axis, digit))
        places[axis][k] = Place(digit, step // unit)
        reach[digit] += (n - 1) * (step // unit)
    if any(last >= n for last, n in zip(reach, sizes, strict=True)):
        return None
    return Grid(sizes, starts, tuple(map(tuple, places)))


# --- reading ------------------------------------------------------------------------------------


def read(x: Any, view: View) -> Any:
    """A view (N?, *shape) of its block's array; a dimension that repeats has size 1."""
    lead = x.shape[:-1]
    if view.is_whole():
        return x.reshape((*lead, *view.layout.shape))
    found = grid(view)
    if found is None or found.shared():
        return x[..., _unrepeated(view)]
    return boxed(x, view.affine, found, flat(found)).reshape((*lead, *_shape(view.affine)))


def boxed(x: Any, layout: Layout, found: Grid, order: Sequence[int]) -> Any:
    """The part of a block that a view sees, as an array (N?, ...) with an axis for each of these
    digits; those that are shared are whole.
    """
    from jax import lax

    lead = x.ndim - 1
    spans, paces = span(layout, found)
    starts = (*[0] * lead, *found.starts)
    x = x.reshape((*x.shape[:-1], *found.sizes))
    ends = [a + n for a, n in zip(found.starts, spans, strict=True)]
    if spans != found.sizes or max(paces) > 1:
        x = lax.slice(x, starts, (*x.shape[:lead], *ends), (*[1] * lead, *paces))
    return arranged(x, lead, order)


def arranged(x: Any, lead: int, order: Sequence[int]) -> Any:
    """An array with an axis for each digit, after so many others, with axes for these alone, in
    this order; all others have one entry.
    """
    rest = [k for k in range(x.ndim - lead) if k not in order]
    x = x.transpose(*range(lead), *[lead + k for k in (*order, *rest)])
    return x.reshape(x.shape[: lead + len(order)])


def by_digit(x: Any, lead: int, order: Sequence[int], spans: Sequence[int]) -> Any:
    """What was `arranged`, with an axis for each digit again, of these sizes."""
    back = sorted(range(len(order)), key=order.__getitem__)
    x = x.transpose(*range(lead), *[lead + k for k in back])
    return x.reshape((*x.shape[:lead], *spans))


def span(layout: Layout, found: Grid) -> tuple[Dims, Dims]:
    """How much of each digit a view sees, and the step that it takes there, if only one does."""
    spans, paces = [1] * len(found.sizes), [1] * len(found.sizes)
    shared = found.shared()
    for dims, places in zip(layout.dims, found.places, strict=True):
        for n, place in zip(dims, places, strict=True):
            if place:
                spans[place.digit] += (n - 1) * place.pace
                paces[place.digit] = 1 if place.digit in shared else place.pace
    return tuple(spans), tuple(paces)


def flat(found: Grid) -> list[int]:
    """The digits of all dimensions, axis after axis."""
    return [place.digit for axis in found.places for place in axis if place]


def _shape(layout: Layout) -> Dims:
    """The shape of a view, with 1 where it repeats."""
    return tuple(n if step else 1 for n, step in zip(layout.shape, layout.strides, strict=True))


def _unrepeated(view: View) -> Ints:
    """The rows of a view, with 1 where it repeats."""
    if isinstance(view.layout, Listed):
        return view.layout.numbers
    offset, _, _ = view.layout
    return Layout(offset, (_shape(view.layout),), (view.layout.strides,)).addresses()


# --- handing back -------------------------------------------------------------------------------


def given(x: Any, view: View) -> Any:
    """What is given to a view (N?, *shape), as what its whole block gets (N?, size): entries of one
    row are summed, rows that are in no entry get 0.
    """
    x, view = _summed(x, view)
    lead = x.shape[: x.ndim - len(view.layout.shape)]
    if view.is_whole():
        return x.reshape((*lead, view.block.size))
    found = grid(view)
    if found is None or found.shared():
        return _collected(x.reshape((*lead, view.size)), view)
    layout = view.affine
    sizes = [n for n, step in zip(layout.shape, layout.strides, strict=True) if n > 1 and step]
    return padded(x.reshape((*lead, *sizes)), layout, found, flat(found))


def _summed(x: Any, view: View) -> tuple[Any, View]:
    """What is given to a view, and the view, without the dimensions along which it repeats."""
    layout = view.layout
    if isinstance(layout, Listed) or 0 not in layout.strides:
        return x, view
    lead, strides = x.ndim - len(layout.shape), layout.strides
    repeated = tuple(lead + k for k, step in enumerate(strides) if step == 0)
    kept = layout.part([k for k, step in enumerate(strides) if step])
    return x.sum(repeated), View(view.block, kept)


def padded(x: Any, layout: Layout, found: Grid, order: Sequence[int]) -> Any:
    """The adjoint of `boxed`: an array (N?, ...) with an axis for each of these digits, in
    its block (N?, size).
    """
    from jax import lax

    lead = x.ndim - len(order)
    spans, paces = span(layout, found)
    sizes = [-(-n // pace) for n, pace in zip(spans, paces, strict=True)]
    x = by_digit(x, lead, order, sizes)
    margins = [
        (start, size - start - n, pace - 1)
        for start, size, n, pace in zip(found.starts, found.sizes, spans, paces, strict=True)
    ]
    zero = np.zeros((), x.dtype)
    x = lax.pad(x, zero, [*[(0, 0, 0)] * lead, *margins])
    return x.reshape((*x.shape[:lead], math.prod(found.sizes)))


def _collected(x: Any, view: View) -> Any:
    """Entries (N?, entries) summed by row: gathered, as XLA scatters one by one on processors; or
    scattered, where a row has very many.
    """
    import jax.numpy as jnp

    rows, size, lead = view.rows().ravel(), view.block.size, x.shape[:-1]
    counts = np.bincount(rows, minlength=size)
    if counts.max() > REPEATS:
        return jnp.zeros((*lead, size), x.dtype).at[..., rows].add(x)
    by_row = np.argsort(rows, kind="stable")
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.full((counts.max(), size), len(rows))  # where a row's entries are, or one of 0
    table[within, rows[by_row]] = by_row
    x = jnp.concatenate([x, jnp.zeros((*lead, 1), x.dtype)], axis=-1)
    return sum(x[..., places] for places in table)
