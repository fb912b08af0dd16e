"""Gradients that are a multiple of the true one, or zero: the commonest slips."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..report.findings import Case, Finding
from ..truth.arrays import Array


class Factor(NamedTuple):
    """A number, what it is called, how large it is, and what mends a stray one."""

    number: float
    name: str
    note: str
    remedy: str
    certain: bool = True


def zero(case: Case) -> Iterator[Finding]:
    """Zero everywhere, though the true gradient is not."""
    if not np.any(case.claimed[case.seen]) and np.any(case.true[case.seen]):
        yield Finding(
            f"the gradient of {case.name} is zero everywhere",
            f"the true one reaches {_largest(case.true[case.seen]):.3g}",
            remedy="is it computed, or only allocated? is the upstream gradient handed on?",
            name="zero",
        )


def factor(case: Case) -> Iterator[Finding]:
    """claimed = c · true, with c named where it is one of the sizes at hand."""
    found = ratio(case.claimed, case.true, case)
    if found is None or abs(found - 1) < 1e-3 or not case.equal(found * case.true):
        return
    what = named(found, case)
    if case.claimed.size == 1 and not what.certain:
        return  # one number is always some multiple of another
    yield Finding(
        f"the gradient of {case.name} is {what.name} times the true one",
        ", ".join(x for x in (what.note, case.difference(found * case.true)) if x),
        remedy=what.remedy,
        name=f"factor {what.name}",
    )


def ratio(claimed: Array, true: Array, case: Case) -> float | None:
    """c of claimed ≈ c · true by least squares, or None where either is zero."""
    t, c = true[case.seen], claimed[case.seen]
    size = float(np.sum(t * t))
    found = float(np.sum(t * c)) / size if size > 0 else 0.0
    return found if found and np.isfinite(found) else None


def named(c: float, case: Case) -> Factor:
    """What a factor is called, and what mends it."""
    for known in _known(case):
        if np.isclose(c, known.number, rtol=1e-4):
            return known
    fraction = Fraction(c).limit_denominator(512)
    if abs(float(fraction) - c) <= 1e-5 * abs(c) and fraction.denominator > 1:
        remedy = "look for a mean where a sum belongs, or the other way round"
        return Factor(c, str(fraction), "", remedy, False)
    remedy = "look for a factor that is applied twice or not at all"
    return Factor(c, f"{c:.6g}", "", remedy, False)


def _known(case: Case) -> list[Factor]:
    """The factors that slip in or out: signs, 2, sizes, rates; each, its inverse, its negative."""
    sign = "the sign is wrong: an update subtracts, the gradient itself does not"
    two = "d(e²)/de = 2e, but of e²/2 it is e: both passes must mean the same loss"
    known = [Factor(-1.0, "−1", "", sign), Factor(2.0, "2", "", two), Factor(0.5, "1/2", "", two)]
    for number, name, note in _sizes(case):
        if number in (0, 1):
            continue
        more = f"the backward sums where the forward takes a mean over {name}, or multiplies twice"
        less = f"it is divided by {name}, which the forward does not do, or does once already"
        known.append(Factor(number, name, note, more))
        known.append(Factor(1 / number, f"1/{name}", note, less))
    return known + [Factor(-f.number, f"−{f.name}", f.note, f.remedy) for f in known[1:]]


def _sizes(case: Case) -> Iterator[tuple[float, str, str]]:
    """Sizes that people divide by, the likeliest first: (number, name, how large it is)."""
    out = case.output.shape
    batches = [x.shape[0] for x in case.inputs.values() if x.ndim > 1]
    for n in dict.fromkeys([*out[:1], *batches]):
        yield n, "N", f"N = {n}"
    if case.learning_rate:
        yield case.learning_rate, "the learning rate", f"{case.learning_rate:g}"
    if len(out) > 2:
        yield out[-1] * out[-2], "H'·W'", f"H'·W' = {out[-2]}·{out[-1]}"
    for name, x in case.inputs.items():
        if x.ndim > 2:
            yield x.shape[-1] * x.shape[-2], "k²", f"k² = {x.shape[-2]}·{x.shape[-1]} of {name}"
    if out:
        yield out[-1], "the number of outputs", str(out[-1])
        yield case.output.size, "the number of all outputs", str(case.output.size)
    for x in case.inputs.values():
        yield x.size, "the number of entries", str(x.size)
    for k in (2, 3, 4, 5):
        yield k * k, "k²", f"k = {k}"


def decay(case: Case) -> Iterator[Finding]:
    """claimed − true = λ·w: weight decay that only one pass knows of."""
    w = case.value
    seen = case.seen
    size = float(np.sum(w[seen] ** 2))
    if size == 0 or np.count_nonzero(np.array(w.shape) > 1) < 2:
        return  # a vector is some multiple of many others
    rate = float(np.sum(w[seen] * (case.claimed - case.true)[seen])) / size
    guess = case.true + rate * w
    if abs(rate) > 1e-6 and case.equal(guess):
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
        c = ratio(case.claimed, guess, case)
        if c is not None and np.isclose(c, 1.0, rtol=1e-4) and case.equal(guess):
            ones = what.endswith("ones")
            said = "ignores the upstream gradient" if ones else "uses the upstream gradient twice"
            yield Finding(
                f"the gradient of {case.name} {said}",
                case.difference(guess),
                remedy="multiply by it once: ∂L/∂x = ∂L/∂y · ∂y/∂x",
                name=what,
            )


def _largest(x: Array) -> float:
    return float(np.max(np.abs(x), initial=0.0))
