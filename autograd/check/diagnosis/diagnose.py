"""What explains a wrong gradient: hypotheses from the cheapest on; only exact matches are told."""

from collections.abc import Callable, Iterator

import numpy as np

from ..report.findings import Case, Finding
from . import factors, known, permutations, regions

Hypothesis = Callable[[Case], Iterator[Finding]]

WHOLE: list[Hypothesis] = [
    known.one,
    factors.zero,
    factors.variants,
    factors.factor,
    regions.elementwise,
    permutations.arrangement,
    permutations.shifted,
    permutations.flattened,
    permutations.slices,
    factors.decay,
    regions.sliced,
    regions.ties,
    regions.partly,
    known.two,
]


def diagnose(case: Case) -> list[Finding]:
    """The findings on one wrong gradient; none where nothing matches exactly."""
    malformed = _malformed(case)
    if malformed:
        return malformed
    if not (case.verdict.wrong & case.seen).any():
        return list(known.one(case)) or list(regions.ties(case))
    for hypothesis in WHOLE:
        found = list(hypothesis(case))
        if found:
            return found
    return []


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
