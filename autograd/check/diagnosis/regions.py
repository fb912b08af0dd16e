"""Gradients that are right but for some places: borders, slices, ties, dead units."""

from collections.abc import Iterator
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from ..report.findings import Finding, listed
from ..truth.arrays import Array, Index, Mask, entry_name, largest
from .case import EXACT, Case, fit

ONE_SLICE = {  # right in one slice only: what may make it so, and whether the others are 0
    ("but for the first slice", True): "does a loop end early, or overwrite what it should add to?",
    ("but for the last slice", True): "does a loop overwrite what it should add to: = for +=?",
    ("but for the first slice", False): "what does a loop do in its first turn only?",
    ("but for the last slice", False): "is a state carried along that axis? then its gradient is "
    "not handed to the step before, or so it seems",
}
Places = NDArray[np.intp]  # indices along one axis


def partly(case: Case) -> Iterator[Finding]:
    """Entries that are zero, or another multiple of the true ones, in one region only."""
    wrong = case.wrong & case.smooth
    factor, off = fit(case.true[wrong], case.claimed[wrong])
    if not np.any(case.claimed[wrong]):
        yield from _region(case, "zero")
    elif factor and off <= EXACT * largest(case.claimed[wrong]):
        times = f", {factor:.4g} times the true one" if abs(factor - 1) > 1e-3 else ""
        yield from _region(case, "wrong", times)


def repeated(case: Case) -> Iterator[Finding]:
    """Rows that are wrong exactly where another input, of indices, names them several times."""
    wrong = case.wrong & case.smooth
    if wrong.ndim < 2:
        return
    rows: Mask = np.any(wrong, axis=tuple(range(1, wrong.ndim)))
    for name, indices in case.inputs.items():
        counts = _counts(indices, len(wrong)) if name != case.name else None
        if counts is not None and np.array_equal(rows, counts > 1) and (counts == 1).any():
            yield Finding(
                f"the gradient of {case.name} is wrong only in the rows that occur several times "
                f"in {name}: {listed(np.flatnonzero(rows))}",
                f"{int(rows.sum())} of {len(wrong)} rows",
                remedy="such a row gets the sum of its gradients: np.add.at(dW, i, g), not "
                "dW[i] = g or dW[i] += g",
                name="rows that occur several times",
            )


def _counts(indices: Array, rows: int) -> Places | None:
    """How often each of so many rows occurs among indices; None where they are none."""
    if not indices.size or np.any(indices % 1) or not 0 <= indices.min() <= indices.max() < rows:
        return None
    return np.bincount(np.ravel(indices).astype(np.intp), minlength=rows)


def somewhere(case: Case) -> Iterator[Finding]:
    """Entries that are wrong in one region only."""
    yield from _region(case, "wrong")


def _region(case: Case, what: str, times: str = "") -> Iterator[Finding]:
    """Where the wrong entries lie, if that is a region."""
    wrong = case.wrong & case.smooth
    smooth = case.smooth & (wrong | (case.true != 0))  # where both are 0, all agree
    if not wrong.any() or wrong.sum() == smooth.sum():
        return
    if wrong.sum() == 1 and not case.gradient.measured.all():
        return  # one entry of a sample is no pattern
    where, key = _pattern(wrong, smooth)
    if where:
        yield Finding(
            f"the gradient of {case.name} is {what} only {where}, and right elsewhere{times}",
            f"{int(wrong.sum())} of {int(smooth.sum())} entries",
            remedy=_remedy(key, what == "zero"),
            name=f"{what} {key}",
        )


def _pattern(wrong: Mask, smooth: Mask) -> tuple[str, str]:
    """A description of exactly the wrong entries, and its key."""
    for axis in range(wrong.ndim):
        others = tuple(a for a in range(wrong.ndim) if a != axis)
        rows = np.any(wrong, axis=others)
        full = np.all(wrong | ~smooth, axis=others)
        if rows.any() and np.array_equal(rows, full & rows) and not rows.all():
            places = np.flatnonzero(rows)
            return f"at {_positions(places, rows.size)} of axis {axis}", _side(places, rows.size)
    border = _border(wrong.shape)
    if border.any() and np.array_equal(wrong, border & smooth):
        return "on the border", "on the border"
    if border.any() and np.array_equal(wrong, ~border & smooth):
        return "inside, off the border", "inside"
    box = [np.unique(axis) for axis in np.nonzero(wrong)]
    filled = np.zeros(wrong.shape, bool)
    filled[np.ix_(*box)] = True
    if np.array_equal(wrong, filled & smooth):
        sides = [_side_of(places, n) for places, n in zip(box, wrong.shape, strict=True)]
        return f"at [{','.join(sides)}]", "in a block"
    return "", ""


def _side_of(places: Places, n: int) -> str:
    """The indices along one axis as Python writes them: `2`, `0:3`, `:`, or all of them."""
    if len(places) == n:
        return ":"
    if len(places) == 1:
        return str(places[0])
    if np.array_equal(places, np.arange(places[0], places[-1] + 1)):
        return f"{places[0]}:{places[-1] + 1}"
    return f"({listed(places.tolist(), ' ')})"


def _positions(places: Places, n: int) -> str:
    if len(places) == 1:
        k = int(places[0])
        return {0: "position 0 (the first)", n - 1: f"position {k} (the last)"}.get(
            k, f"position {k}"
        )
    if np.array_equal(places, np.arange(places[0], places[-1] + 1)):
        return f"positions {places[0]} to {places[-1]} of {n}"
    return f"positions {listed(places.tolist())} of {n}"


def _side(places: Places, n: int) -> str:
    if len(places) > 1 and np.array_equal(places, np.arange(1, n)):
        return "but for the first slice"
    if len(places) > 1 and np.array_equal(places, np.arange(n - 1)):
        return "but for the last slice"
    return "in slices"


def _border(shape: Index) -> Mask:
    """The outermost rows and columns of the last two axes, of more than two rows each."""
    border = np.zeros(shape, bool)
    if len(shape) >= 2 and min(shape[-2:]) > 2:
        border[..., [0, -1], :] = True
        border[..., :, [0, -1]] = True
    return border


def _remedy(key: str, zero: bool) -> str:
    if key.startswith("but for"):
        return ONE_SLICE[key, zero]
    if key == "on the border":
        return "is it the padding, or do the loops stop one short of the last row?"
    if key == "inside":
        return "are they under several windows, which overwrite each other: = for +=?"
    return "does a loop not reach them?" if zero else "what differs in these places?"


def ties(case: Case) -> Iterator[Finding]:
    """Kinks where the claimed sum is not between the slopes: ties that are counted twice."""
    for kink in case.wrong_kinks():
        n, names = len(kink.entries), (entry_name(case.name, i) for i in kink.entries)
        if n > 1 and np.isclose(kink.low, kink.high, rtol=1e-3) and kink.low:
            times = kink.claimed / kink.low
            said = f"{n} entries tie, counted {times:.3g} times"
        else:
            said = f"the slope is between {kink.low:.4g} and {kink.high:.4g}"
        place = "tie" if n > 1 else "kink"
        yield Finding(
            f"the gradient of {case.name} is wrong at a {place}: {said}",
            f"claimed {kink.claimed:.4g} in all",
            listed(names, most=4),
            "one entry takes the gradient (the first maximum), or they share it: the shares sum "
            "to 1" if n > 1 else "take the slope of one of its sides, or one between them",
            "tie counted more than once" if n > 1 else "slope at a kink",
        )  # fmt: skip


def sliced(case: Case) -> Iterator[Finding]:
    """The true gradient averaged or summed over axes and spread over them again."""
    full = case.true_or_nan
    long = [axis for axis, n in enumerate(full.shape) if n > 1]
    for axes in chain.from_iterable(combinations(long, k + 1) for k in range(len(long))):
        for what, reduce in (("mean", np.mean), ("sum", np.sum)):
            guess = np.broadcast_to(reduce(full, axis=axes, keepdims=True), full.shape)
            if case.equal(guess):
                where = ("axis " if len(axes) == 1 else "axes ") + ", ".join(map(str, axes))
                yield Finding(
                    f"the gradient of {case.name} is the {what} of the true one over {where}",
                    remedy="each entry along that axis has a gradient of its own",
                    name=f"{what} over an axis",
                )
