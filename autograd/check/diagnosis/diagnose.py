"""What explains a wrong gradient: hypotheses from the cheapest on; only exact matches are told."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ..report.findings import Case, Finding
from . import factors, known, permutations, regions

Hypothesis = Callable[[Case], Iterator[Finding]]

SCALED: list[Hypothesis] = [factors.zero, factors.variants, factors.factor]


def first(hypotheses: Iterable[Hypothesis], case: Case) -> list[Finding]:
    """The findings of the first hypothesis that has some."""
    each = (list(hypothesis(case)) for hypothesis in hypotheses)
    return next((found for found in each if found), [])


def named(case: Case) -> Iterator[Finding]:
    """A known mistake, or a factor with a name; both where the numbers do not tell them apart."""
    mistakes, factor = list(known.one(case)), first(SCALED, case)
    if mistakes and factor:
        yield mistakes[0].otherwise(factor[0])
    else:
        yield from mistakes or factor


WHOLE: list[Hypothesis] = [
    named,
    regions.elementwise,
    factors.fraction,
    permutations.arrangement,
    permutations.shifted,
    permutations.flattened,
    regions.sliced,
    permutations.slices,
    factors.decay,
    regions.partly,
    known.two,
    regions.somewhere,
    regions.ties,
]


def diagnose(case: Case) -> list[Finding]:
    """The findings on one wrong gradient; none where nothing matches exactly."""
    malformed = _malformed(case)
    if malformed:
        return malformed
    if not (case.verdict.wrong & case.seen).any():
        return list(known.one(case)) or list(regions.ties(case))
    return first(WHOLE, case)


def _malformed(case: Case) -> list[Finding]:
    """A gradient of another shape, or with entries that are no numbers."""
    if case.claimed.shape != case.value.shape:
        return list(known.one(case)) or list(permutations.shape(case))
    bad = ~np.isfinite(case.claimed)
    if bad.any():
        index = tuple(map(int, np.argwhere(bad)[0]))
        return [
            Finding(
                f"the gradient of {case.name} is not finite",
                f"{int(bad.sum())} entries are nan or inf",
                case.verdict.where(index),
                "a division by zero, log(0), or exp of a large number: shift it, or use logits",
                "not finite",
            )
        ]
    return []
