"""Gradients that are a multiple of the true one, or zero: the commonest slips."""

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

import numpy as np

from ..report.findings import Finding, listed
from ..truth.arrays import largest
from .case import Case, fit
from .sizes import Size, sizes

ROUNDING = 1e-13  # beside the true gradient: what is left where terms cancel
SAID = 3  # names that fit equally well
MOST_PARTS = 32  # of a fraction that is said as one
MOST_ROOT = 4096  # the largest number whose root is looked for
DECAY = 0.99e-4  # the least λ that is told


class Factor(NamedTuple):
    """What a factor is called, where that number comes from, and what mends a stray one."""

    names: tuple[str, ...]
    note: str
    remedy: str
    certain: bool = True

    def __str__(self) -> str:
        return listed(self.names, " or ", SAID)


def zero(case: Case) -> Iterator[Finding]:
    """Zero everywhere, though the true gradient is not."""
    if largest(case.claimed[case.smooth]) <= ROUNDING * largest(case.true[case.smooth]) > 0:
        yield Finding(
            f"the gradient of {case.name} is zero everywhere",
            f"the true one reaches {largest(case.true[case.smooth]):.3g}",
            remedy="is it computed, or only allocated? is the upstream gradient handed on?",
            name="zero",
        )


def factor(case: Case) -> Iterator[Finding]:
    """claimed = c · true, where c is −1, 2 or one of the sizes at hand."""
    yield from _multiple(case, certain=True)


def fraction(case: Case) -> Iterator[Finding]:
    """claimed = c · true for any other number."""
    if case.smooth.sum() > 1:  # one number is always some multiple of another
        yield from _multiple(case, certain=False)


def _multiple(case: Case, certain: bool) -> Iterator[Finding]:
    c, _ = fit(case.true[case.smooth], case.claimed[case.smooth])
    if not c or not np.isfinite(c) or abs(c - 1) < 1e-3 or not case.equal(c * case.true):
        return
    what = factor_of(c, case)
    if what.certain == certain:
        yield Finding(
            f"the gradient of {case.name} is {what} times the true one",
            ", ".join(x for x in (what.note, case.difference(c * case.true)) if x),
            remedy=what.remedy,
            name=" | ".join(f"factor {name}" for name in what.names),
        )


def factor_of(c: float, case: Case) -> Factor:
    """What a factor is called, and what mends it: all that it may be, the likeliest first."""
    if np.isclose(c, -1, rtol=1e-4):
        return Factor(("−1",), "", "the sign is wrong: an update subtracts, the gradient does not")
    for several in sizes(case):
        usable = [size for size in several if size.number not in (0, 1)]
        multiplied = [s for s in usable if np.isclose(abs(c), s.number, rtol=1e-4)]
        divided = [s for s in usable if np.isclose(abs(c) * s.number, 1, rtol=1e-4)]
        if fitting := multiplied or divided:
            return _said(fitting, ("−" if c < 0 else "") + ("" if multiplied else "1/"), case)
    return _unnamed(c)


def _said(fitting: list[Size], before: str, case: Case) -> Factor:
    """The sizes that a factor may be, with what stands before them: a sign, 1/."""
    names = dict.fromkeys(before + _bracketed(size.name, before) for size in fitting)
    notes = dict.fromkeys(size.note for size in fitting if size.note)
    two = [size.name for size in fitting if size.name == "2"]
    others = listed(dict.fromkeys(size.name for size in fitting if size.name != "2"), " or ", SAID)
    multiplied = not before.endswith("/")
    remedies = [_remedy(name, multiplied, case) for name in (*two, others) if name]
    return Factor(tuple(names), "; ".join(notes), "; or ".join(remedies))


def _bracketed(name: str, before: str) -> str:
    return f"({name})" if before.endswith("/") and "·" in name else name


def _unnamed(c: float) -> Factor:
    """A root of a whole number, a fraction, or a decimal number."""
    remedy = "look for a factor that is applied twice or not at all"
    for n, over in ((c * c, ""), (1 / (c * c), "1/")):
        whole = round(min(n, MOST_ROOT))
        if whole > 1 and np.isclose(n, whole, rtol=1e-5) and isqrt(whole) ** 2 != whole:
            name = ("−" if c < 0 else "") + f"{over}√{whole}"
            return Factor((name,), f"{c:.6g}", remedy, False)
    fraction = Fraction(c).limit_denominator(MOST_PARTS)
    if abs(float(fraction) - c) > 1e-6 * abs(c) or fraction.denominator == 1:
        return Factor((f"{c:.6g}",), "", remedy, False)
    return Factor((str(fraction),), "", remedy, False)


def _remedy(size: str, multiplied: bool, case: Case) -> str:
    if size == "2":
        of_loss = "" if case.output.ndim else ", as that of a square or of a mean of two"
        return f"look for a factor 2 that one pass has and the other has not{of_loss}"
    if multiplied:
        return f"forward divides by {size} and backward does not, or backward multiplies by it"
    known = ": 1/N belongs to the loss" if size == "N" else ""
    return f"it is divided by {size}, which forward does not do, or does once already{known}"


def decay(case: Case) -> Iterator[Finding]:
    """claimed − true = λ·w: weight decay that only one pass knows of."""
    w = case.value
    if np.count_nonzero(np.array(w.shape) > 1) < 2:
        return  # a vector is some multiple of many others
    rate, _ = fit(w[case.smooth], (case.claimed - case.true)[case.smooth])
    guess = case.true + rate * w
    if abs(rate) > DECAY and case.equal(guess):
        verb = "contains" if rate > 0 else "lacks"
        yield Finding(
            f"the gradient of {case.name} {verb} {abs(rate):.6g}·{case.name}",
            case.difference(guess),
            remedy=f"weight decay: the derivative of λ/2·‖{case.name}‖² is λ·{case.name}, in the "
            "loss and in the gradient, or in neither",
            name="weight decay",
        )


def variants(case: Case) -> Iterator[Finding]:
    """The true gradient of another upstream: of ones, where it was ignored."""
    for what, guess in case.variants.items() if case.output.ndim else []:
        c, _ = fit(guess[case.smooth], case.claimed[case.smooth])
        if np.isclose(c, 1.0, rtol=1e-4) and case.equal(guess):
            ones = what.endswith("ones")
            said = "ignores the upstream gradient" if ones else "uses the upstream gradient twice"
            yield Finding(
                f"the gradient of {case.name} {said}",
                case.difference(guess),
                remedy="multiply by it once: ∂L/∂x = ∂L/∂y · ∂y/∂x",
                name=what,
            )
