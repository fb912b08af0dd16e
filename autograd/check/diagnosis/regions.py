"""Gradients that are right but for some places: borders, slices, ties, dead units."""

from collections.abc import Iterator
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from ..report.findings import Finding
from ..truth.arrays import Index, Mask, entry_name, largest
from .case import EXACT, Case, fit

Places = NDArray[np.intp]  # indices along one axis


def partly(case: Case) -> Iterator[Finding]:
    """Entries that are zero, or another multiple of the true ones, in one region only."""
    wrong = case.wrong & case.smooth
    factor, off = fit(case.true[wrong], case.claimed[wrong])
    if not np.any(case.claimed[wrong]):
        yield from _region(case, "zero")
    elif factor and off <= EXACT * largest(case.claimed[wrong]):
        yield from _region(case, "wrong", f", {factor:.4g} times the true one")


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
    return "(" + " ".join(map(str, places[:8].tolist())) + ")"


def _positions(places: Places, n: int) -> str:
    if len(places) == 1:
        k = int(places[0])
        return {0: "position 0 (the first)", n - 1: f"position {k} (the last)"}.get(
            k, f"position {k}"
        )
    if np.array_equal(places, np.arange(places[0], places[-1] + 1)):
        return f"positions {places[0]} to {places[-1]} of {n}"
    return f"positions {', '.join(map(str, places[:8].tolist()))} of {n}"


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
        return "a loop or an assignment keeps one slice only: accumulate with +="
    if key == "on the border":
        return "the padding: crop dX by the padding, or let the windows reach the last row"
    if key == "inside":
        return "entries under several windows get a sum: dX[window] += ..., not ="
    return "the loop does not reach them" if zero else "something is indexed along that axis"


def ties(case: Case) -> Iterator[Finding]:
    """Kinks where the claimed sum is not between the slopes: ties that are counted twice."""
    for kink in case.wrong_kinks():
        n, names = len(kink.entries), [entry_name(case.name, i) for i in kink.entries[:4]]
        if n > 1 and np.isclose(kink.low, kink.high, rtol=1e-3) and kink.low:
            times = kink.claimed / kink.low
            said = f"{n} entries tie, counted {times:.3g} times"
        else:
            said = f"at a kink the slope is between {kink.low:.4g} and {kink.high:.4g}"
        yield Finding(
            f"the gradient of {case.name} is wrong at a tie: {said}",
            f"claimed {kink.claimed:.4g} in all",
            ", ".join(names),
            "one entry takes the gradient (the first maximum), or they share it: the shares sum "
            "to 1",
            "tie counted more than once",
        )


def elementwise(case: Case) -> Iterator[Finding]:
    """For y = f(x) entry by entry: f where f′ belongs, f′ of the output, U without f′."""
    x, y, u = case.value, case.output, case.upstream
    if x.shape != y.shape or case.claimed.shape != x.shape or x.ndim == 0:
        return
    guesses = [
        (case.true - u, "the true one without the upstream gradient itself",
         "y = f(x) + x has dX = f′(x)·dY + dY: add what goes along the skip", "skip missing"),
        (u * y, "f(x) where f′(x) belongs", "∂L/∂x = ∂L/∂y · f′(x)", "f for f′"),
        (u, "the upstream gradient, without f′(x)", "multiply by f′(x)", "f′ missing"),
        (u * x, "upstream · x", "∂L/∂x = ∂L/∂y · f′(x)", "x for f′"),
        (np.where(x > 0, u, 0.0), "that of relu", "use f′ of the f of your forward", "relu′"),
        (np.where(u > 0, case.true, 0.0), "cut where the upstream gradient is negative",
         "the mask is x > 0, not dy > 0", "mask of the upstream"),
        (case.true * (y * (1 - y)), "multiplied by y·(1 − y) once more", "f′ is applied twice", ""),
        (u * y * (1 - y), "f′ of sigmoid at the output", "", "sigmoid′"),
        (u * (1 - y * y), "that of tanh", "", "tanh′"),
        (u * (1 - x * x), "1 − x² of the input, where tanh′ is 1 − y² of the output",
         "tanh′(x) = 1 − tanh(x)²", "f′ of the wrong tensor"),
        (u * x * (1 - x), "x·(1 − x) of the input, where σ′ is y·(1 − y) of the output",
         "σ′(x) = σ(x)·(1 − σ(x))", "f′ of the wrong tensor"),
        (case.true * np.where(u == 0, 1.0, 1.0 / np.where(u == 0, 1.0, u)),
         "f′(x), without the upstream gradient", "multiply by ∂L/∂y", "upstream ignored"),
    ]  # fmt: skip
    for guess, what, remedy, name in guesses:
        if np.isfinite(guess[case.smooth]).all() and case.equal(guess):
            yield Finding(
                f"the gradient of {case.name} is {what}", case.difference(guess), remedy=remedy,
                name=name or "f′ twice",
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
