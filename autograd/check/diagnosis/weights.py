"""Gradients that lack a factor which is another input, or have it twice: masks, weights, scales."""

from collections.abc import Iterator

import numpy as np

from ..report.findings import Finding
from ..truth.arrays import Array, largest
from .case import EXACT, Case, fit
from .factors import factor_of

FEW = 3  # values of an input by which places are told apart


def weights(case: Case) -> Iterator[Finding]:
    """claimed·v = true or claimed = v·true for another input v, maybe with a factor too."""
    if case.claimed.shape != case.value.shape:
        return
    for name, v in _candidates(case):
        for said, guess, remedy in _guesses(case, name, v):
            known = case.smooth & np.isfinite(guess)
            c, _ = fit(guess[known], case.claimed[known])
            scaled = np.where(np.isnan(guess), case.claimed, c * guess)
            if c and case.equal(scaled):
                alone = np.isclose(c, 1, rtol=1e-4)
                times = "" if alone else f", and {factor_of(c, case)} times that"
                yield Finding(
                    f"the gradient of {case.name} {said}{times}", case.difference(scaled),
                    remedy=remedy, name="weights",
                )  # fmt: skip


def places(case: Case) -> Iterator[Finding]:
    """One factor where another input has one of its few values, and right elsewhere."""
    wrong = case.wrong & case.smooth
    c, off = fit(case.true[wrong], case.claimed[wrong])
    if abs(c - 1) < 1e-3 or off > EXACT * largest(case.claimed[wrong]):
        return
    for name, v in _candidates(case):
        values = np.unique(v)
        for value in values if len(values) <= FEW else []:
            there = np.broadcast_to(v == value, wrong.shape) & case.smooth & (case.true != 0)
            if np.array_equal(there, wrong):
                yield Finding(
                    f"the gradient of {case.name} is {factor_of(c, case)} times the true one where "
                    f"{name} is {value:g}, and right elsewhere",
                    f"{int(wrong.sum())} of {int(case.smooth.sum())} entries",
                    remedy="a weight of those places, which one of the passes lacks?",
                    name="weight of places",
                )  # fmt: skip


def _guesses(case: Case, name: str, v: Array) -> Iterator[tuple[str, Array, str]]:
    """What is said, the gradient, and what mends it; nan where any number fits, inf where none."""
    some = np.broadcast_to(v, case.true.shape) != 0
    with np.errstate(all="ignore"):
        lacks = np.where(some, case.true / v, np.where(case.true == 0, np.nan, np.inf))
    if len(np.unique(v)) == 2 and not some.all():  # a mask
        yield (
            f"is not multiplied by {name}: it is the true one where {name} is not 0", lacks,
            f"multiply by {name}: where it is 0 there is no gradient",
        )  # fmt: skip
    else:
        yield f"lacks the factor {name}", lacks, f"multiply by {name}, as forward does"
    yield (
        f"has the factor {name} once more than the true one", case.true * v,
        f"multiply by {name} once, as forward does",
    )  # fmt: skip


def _candidates(case: Case) -> Iterator[tuple[str, Array]]:
    """Other inputs that are spread over this one from its first axis or its last, not all alike."""
    for name, v in case.inputs.items():
        if name != case.name and v.ndim > 0 and len(np.unique(v)) > 1:
            for spread in (v, v.reshape(v.shape + (1,) * max(case.value.ndim - v.ndim, 0))):
                if _fits(spread.shape, case.value.shape):
                    yield name, spread
            yield from _of_classes(case, name, v)


def _of_classes(case: Case, name: str, v: Array) -> Iterator[tuple[str, Array]]:
    """A weight for each class, at the classes that another input has: one-hot or by number."""
    if v.ndim != 1 or case.value.ndim != 2 or len(v) != case.value.shape[1]:
        return
    for other, t in case.inputs.items():
        if t.shape == case.value.shape and other != case.name:
            yield f"{name} of {other}", (t * v).sum(1, keepdims=True)
        elif t.shape == case.value.shape[:1] and other != name and _counts(t, len(v)):
            yield f"{name}[{other}]", v[t.astype(int)][:, None]


def _counts(t: Array, classes: int) -> bool:
    return not np.any(t % 1) and 0 <= t.min() <= t.max() < classes


def _fits(small: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether an array of the one shape is broadcast to the other."""
    pairs = zip(small[::-1], shape[::-1], strict=False)
    return len(small) <= len(shape) and all(n in (1, m) for n, m in pairs)
