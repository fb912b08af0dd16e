"""Gradients whose numbers are right and stand in the wrong places, or have the wrong shape."""

from collections.abc import Iterator
from itertools import accumulate, chain, combinations, groupby, permutations

import numpy as np

from ..report.findings import Finding, listed
from ..truth.arrays import Array, largest
from .case import Case, fit
from .factors import factor_of

MOST_AXES = 5
TRANSPOSED = "transpose it, or swap the factors of the product: (A·B)ᵀ = Bᵀ·Aᵀ"
REVERSED = "an order is reversed once too often, or once too little"
ROTATED = (
    f"{REVERSED}; of a convolution, dW[u,v] = Σ dZ[i,j]·X[i+u,j+v] is a correlation, and only dX "
    "meets the kernel rotated by 180°"
)


def shape(case: Case) -> Iterator[Finding]:
    """A shape that is not the input's: reshaped, transposed, summed, or a single number."""
    claimed, needed = case.claimed, case.value.shape
    if claimed.shape == needed:
        return
    full = case.true_or_nan
    where = f"{claimed.shape} where {case.name} has {needed}"
    for order in _orders(claimed.ndim):
        moved = claimed.transpose(order)
        if order != tuple(range(moved.ndim)) and _same(moved, full, case):
            yield Finding(
                f"the gradient of {case.name} is the true one {_turned(order)}",
                _how(moved, full), where, TRANSPOSED, "transposed",
            )  # fmt: skip
    if claimed.size == full.size and _same(claimed.reshape(needed), full, case):
        yield Finding(
            f"the gradient of {case.name} is the true one in another shape", where,
            remedy=f"reshape it to {needed}", name="reshaped",
        )  # fmt: skip
    yield from _summed(case, full, where)


def _summed(case: Case, full: Array, where: str) -> Iterator[Finding]:
    """The true gradient summed or averaged over axes, or the claim summed to the true one."""
    for several in _subsets(full.ndim):
        for what, reduce in (("summed", np.sum), ("averaged", np.mean)):
            guess = np.asarray(reduce(full, axis=several))
            if _same(np.squeeze(case.claimed), np.squeeze(guess), case):
                yield Finding(
                    f"the gradient of {case.name} is the true one {what} over {_axes(several)}",
                    where=where, remedy="keep that axis: each entry has a gradient of its own",
                    name=what,
                )  # fmt: skip
    for several in _subsets(case.claimed.ndim):
        for what, reduce in (("sum", np.sum), ("mean", np.mean)):
            guess = np.asarray(reduce(case.claimed, axis=several))
            if _same(np.squeeze(guess), np.squeeze(full), case):
                yield Finding(
                    f"the gradient of {case.name} is not summed over {_axes(several)}",
                    f"its {what} is the true one", where,
                    f"d{case.name} = Σ over all that share {case.name}",
                    "not summed",
                )  # fmt: skip
    yield Finding(
        f"the gradient of {case.name} has the wrong shape", where,
        remedy="a gradient has the shape of what it is the gradient of",
        name=f"shape of {case.name}",
    )  # fmt: skip


def _same(guess: Array, full: Array, case: Case) -> bool:
    known = np.isfinite(full)
    if guess.shape != full.shape or not known.any():
        return False
    size = max(largest(full[known]), 1e-300)
    return bool(largest((guess - full)[known]) <= case.exactness * size)


def _how(guess: Array, full: Array) -> str:
    return f"max difference {float(np.nanmax(np.abs(guess - full))):.0e}"


def arrangement(case: Case) -> Iterator[Finding]:
    """The true gradient with axes permuted or flipped, maybe times a factor."""
    if case.claimed.ndim > MOST_AXES:
        return
    for order in _orders(case.claimed.ndim):
        if tuple(case.claimed.shape[a] for a in order) != case.claimed.shape:
            continue
        for flipped in _subsets(case.claimed.ndim):
            if order == tuple(range(len(order))) and not flipped:
                continue
            guess = np.flip(case.true_or_nan.transpose(order), flipped)
            found = _matched(case, guess)
            if found:
                yield _arranged(case, order, flipped, *found)


def _matched(case: Case, guess: Array) -> tuple[float, Array] | None:
    """(c, c·guess) where that is the claimed gradient, wherever the guess is known."""
    known = np.isfinite(guess)
    if known.sum() < 2:  # one number is always some multiple of another
        return None
    factor, off = fit(guess[known], case.claimed[known])
    if not factor or off > case.exactness * largest(case.claimed[known]):
        return None
    return factor, np.where(known, factor * guess, np.nan)


def _arranged(
    case: Case, order: tuple[int, ...], flipped: tuple[int, ...], c: float, guess: Array
) -> Finding:
    turned = _turned(order) if order != tuple(range(len(order))) else ""
    mirrored = f"flipped along {_axes(flipped)}" if flipped else ""
    times = "" if np.isclose(c, 1, rtol=1e-4) else f" and {factor_of(c, case)} times as large"
    kernel = flipped == tuple(range(case.claimed.ndim))[-2:] and not turned
    remedy = ROTATED if kernel else TRANSPOSED if turned else REVERSED
    return Finding(
        f"the gradient of {case.name} is the true one "
        + " and ".join(part for part in (turned, mirrored) if part) + times,
        f"max difference {float(np.nanmax(np.abs(guess - case.claimed))):.0e}",
        remedy=remedy,
        name="flipped" if mirrored and not turned else "transposed",
    )  # fmt: skip


def shifted(case: Case) -> Iterator[Finding]:
    """The true gradient shifted by one along an axis."""
    full = case.true_or_nan
    for axis in range(full.ndim):
        for by in (1, -1):
            if full.shape[axis] < 3:
                continue
            rolled = np.roll(full, by, axis)
            inside = np.ones(full.shape, bool)
            np.moveaxis(inside, axis, 0)[0 if by == 1 else -1] = False
            guess = np.where(inside, rolled, np.nan)
            found = _matched(case, guess)
            if found and np.isclose(found[0], 1, rtol=1e-4):
                yield Finding(
                    f"the gradient of {case.name} is the true one shifted by {by} on axis {axis}",
                    remedy="is an index off by one?", name="shifted",
                )  # fmt: skip


def flattened(case: Case) -> Iterator[Finding]:
    """The true numbers in another order of flattening."""
    full = case.true_or_nan
    if full.ndim < 2 or np.isnan(full).any():
        return
    for order in _orders(full.ndim):
        if order == tuple(range(full.ndim)):
            continue
        guess = full.transpose(order).reshape(full.shape)
        if case.equal(guess):
            yield Finding(
                f"the gradient of {case.name} has the true numbers in another order",
                f"flattened with the axes in the order {order}",
                remedy="reshape in the order in which forward does, or transpose first",
                name="flatten order",
            )


def _by_place(factors: list[str]) -> list[str]:
    """Each factor, with its slices where several that follow each other have the same."""
    runs = [(text, len(list(same))) for text, same in groupby(factors)]
    if len(runs) == len(factors):
        return factors
    starts = accumulate((n for _, n in runs), initial=0)
    return [f"{text} at {k}:{k + n}" for (text, n), k in zip(runs, starts, strict=False)]


def slices(case: Case) -> Iterator[Finding]:
    """One factor for each slice along an axis, or slices in another order."""
    full = case.true_or_nan
    for axis in range(full.ndim):
        n = full.shape[axis]
        if full.ndim < 2 or not 2 <= n <= 256:
            continue
        rows = list(
            zip(np.moveaxis(full, axis, 0), np.moveaxis(case.claimed, axis, 0), strict=True)
        )
        factors = [_slice_factor(true, claimed, case) for true, claimed in rows]
        if all(c is not None for c in factors) and _differ(factors):
            text = listed(_by_place([f"{c:.4g}" for c in factors if c is not None]))
            yield Finding(
                f"the gradient of {case.name} has another factor in each slice along axis {axis}",
                text,
                remedy="what differs along that axis, and is multiplied in or left out?",
                name="factor per slice",
            )
        order = _permutation(rows, case)
        if order and order != list(range(n)):
            yield Finding(
                f"the gradient of {case.name} has its slices along axis {axis} in another order",
                f"slice k is the true slice [{listed(order)}][k]",
                remedy="does an index or a reshape mix them up?", name="slices permuted",
            )  # fmt: skip


def _differ(factors: list[float | None]) -> bool:
    found = [c for c in factors if c]
    return len(found) > 1 and max(found) - min(found) > 1e-3 * max(map(abs, found))


def _slice_factor(true: Array, claimed: Array, case: Case) -> float | None:
    known = np.isfinite(true)
    if known.sum() < 2 or not np.any(true[known]):
        return None
    factor, off = fit(true[known], claimed[known])
    small = case.exactness * largest(true[known]) * max(1.0, abs(factor))
    return factor if off <= small else None


def _permutation(rows: list[tuple[Array, Array]], case: Case) -> list[int]:
    trues = [true for true, _ in rows]
    found: list[int] = []
    for _, claimed in rows:
        match = [k for k, true in enumerate(trues) if _same(claimed, true, case)]
        if len(match) != 1:
            return []
        found += match
    return found if len(set(found)) == len(found) else []


def _orders(ndim: int) -> list[tuple[int, ...]]:
    return list(permutations(range(ndim))) if ndim <= MOST_AXES else [tuple(range(ndim))]


def _subsets(ndim: int) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(combinations(range(ndim), k) for k in range(ndim + 1))


def _turned(order: tuple[int, ...]) -> str:
    return "transposed" if order == (1, 0) else f"with its axes permuted to {order}"


def _axes(several: tuple[int, ...]) -> str:
    return ("axis " if len(several) == 1 else "axes ") + ", ".join(map(str, several))
