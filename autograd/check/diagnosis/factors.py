"""Gradients that are a multiple of the true one, or zero: the commonest slips."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import permutations
from typing import NamedTuple

import numpy as np

from ..report.findings import Finding
from ..truth.arrays import largest
from .case import Case, fit

ROUNDING = 1e-13  # beside the true gradient: what is left where terms cancel
SAID = 3  # names that fit equally well


class Factor(NamedTuple):
    """What a factor is called, where that number comes from, and what mends a stray one."""

    names: tuple[str, ...]
    note: str
    remedy: str
    certain: bool = True

    def __str__(self) -> str:
        return " or ".join(self.names)


class Size(NamedTuple):
    """A number that people divide by, its name, and how large it is."""

    number: float
    name: str
    note: str


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
    if case.claimed.size > 1:  # one number is always some multiple of another
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
    meant, others = (
        [size for size in sizes if size.number not in (0, 1)]
        for sizes in (_meant(case), _others(case))
    )
    for sizes in (meant, others):
        multiplied = [s for s in sizes if np.isclose(abs(c), s.number, rtol=1e-4)]
        divided = [s for s in sizes if np.isclose(abs(c) * s.number, 1, rtol=1e-4)]
        if fitting := (multiplied or divided)[:SAID]:
            return _said(fitting, ("−" if c < 0 else "") + ("" if multiplied else "1/"))
    return _unnamed(c, meant + others)


def _said(fitting: list[Size], before: str) -> Factor:
    """The sizes that a factor may be, with what stands before them: a sign, 1/."""
    names = dict.fromkeys(before + size.name for size in fitting)
    notes = dict.fromkeys(size.note for size in fitting if size.note)
    remedies = dict.fromkeys(_remedy(size, not before.endswith("/")) for size in fitting)
    return Factor(tuple(names), "; ".join(notes), "; or ".join(remedies))


def _unnamed(c: float, sizes: list[Size]) -> Factor:
    """A fraction, of two of the sizes where it is; or a decimal number."""
    fraction = Fraction(c).limit_denominator(512)
    if abs(float(fraction) - c) > 1e-5 * abs(c) or fraction.denominator == 1:
        remedy = "look for a factor that is applied twice or not at all"
        return Factor((f"{c:.6g}",), "", remedy, False)
    remedy = "look for a mean where a sum belongs, or the other way round"
    for right, wrong in permutations(sizes, 2):
        if np.isclose(c * wrong.number, right.number, rtol=1e-4):
            remedy = f"it is divided by {wrong.name} where {right.name} belongs, or so it seems"
            notes = dict.fromkeys(s.note for s in (right, wrong) if s.note)
            return Factor((str(fraction),), "; ".join(notes), remedy, False)
    return Factor((str(fraction),), "", remedy, False)


def _remedy(size: Size, multiplied: bool) -> str:
    if size.name == "2":
        return "d(e²)/de = 2e, but of e²/2 it is e: both passes must mean the same loss"
    if multiplied:
        return (
            f"the backward sums where the forward takes a mean over {size.name}, or multiplies "
            "twice"
        )
    known = ": 1/N belongs to the loss" if size.name == "N" else ""
    return f"it is divided by {size.name}, which forward does not do, or does once already{known}"


def _meant(case: Case) -> Iterator[Size]:
    """Sizes that people divide by, the likeliest first."""
    out = case.output.shape
    yield Size(2, "2", "")
    for n in _samples(case):
        yield Size(n, "N", f"N = {n}")
    if case.learning_rate:
        yield Size(case.learning_rate, "the learning rate", f"{case.learning_rate:g}")
    if len(out) > 2:
        yield Size(out[-1] * out[-2], "H'·W'", f"H'·W' = {out[-2]}·{out[-1]}")
    for name, x in case.inputs.items():
        if x.ndim > 2:
            u, v = x.shape[-2:]
            yield Size(u * v, "k²", f"k² = {u}·{v} of {name}")


def _others(case: Case) -> Iterator[Size]:
    """Sizes that are divided by seldom, or not known to be there."""
    shared = case.output.size / max(case.value.size, 1)
    if shared > 1:
        yield Size(shared, f"the outputs to an entry of {case.name}", f"{shared:g}")
    elif shared:
        yield Size(1 / shared, f"the entries of {case.name} to an output", f"{1 / shared:g}")
    for k in (2, 3, 4, 5):
        yield Size(k * k, "k²", f"k = {k}")
    if case.output.ndim:
        yield Size(case.output.shape[-1], "the number of outputs", str(case.output.shape[-1]))
        yield Size(case.output.size, "the number of all outputs", str(case.output.size))
    for axis, n in enumerate(case.value.shape):
        yield Size(n, f"the length of axis {axis}", f"{case.name} has {n} along axis {axis}")
    for x in case.inputs.values():
        yield Size(x.size, "the number of entries", str(x.size))
    for n in _samples(case):
        yield Size(n * n, "N²", f"N = {n}")


def _samples(case: Case) -> Iterable[int]:
    """What the number of samples may be."""
    given = (x.shape[0] for x in case.inputs.values() if x.ndim > 1)
    return dict.fromkeys([*case.output.shape[:1], *given])


def decay(case: Case) -> Iterator[Finding]:
    """claimed − true = λ·w: weight decay that only one pass knows of."""
    w = case.value
    if np.count_nonzero(np.array(w.shape) > 1) < 2:
        return  # a vector is some multiple of many others
    rate, _ = fit(w[case.smooth], (case.claimed - case.true)[case.smooth])
    guess = case.true + rate * w
    if abs(rate) > 0.99e-4 and case.equal(guess):  # less is what an ε leaves, and no decay
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
