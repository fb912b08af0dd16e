"""What explains a wrong gradient: hypotheses from the cheapest on; only exact matches count."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np

from ..report.findings import Finding
from ..truth.arrays import entry_name
from . import elementwise, factors, known, permutations, regions, weights
from .case import Case

Hypothesis = Callable[[Case], Iterator[Finding]]  # yields what fits, the best first

SCALED: list[Hypothesis] = [factors.zero, factors.variants, factors.factor]


def at_once(case: Case) -> tuple[Finding, ...]:
    """What the whole gradient is: that of a known mistake, a plain factor, an arrangement."""
    return _first(_likely(case), case)


def otherwise(case: Case) -> tuple[Finding, ...]:
    """What is said of a gradient that no step explains: slices, regions, two mistakes."""
    return _first(REST, case) if _likely(case) is LIKELY else ()


def _first(hypotheses: Iterable[Hypothesis], case: Case) -> tuple[Finding, ...]:
    found = (finding for hypothesis in hypotheses for finding in hypothesis(case))
    return tuple(islice(found, 1))


def _likely(case: Case) -> list[Hypothesis]:
    """What may explain such a difference, and is looked for first."""
    if case.claimed.shape != case.value.shape:
        return [known.one, permutations.shape]
    if not np.isfinite(case.claimed).all():
        return [_not_finite]
    if not (case.wrong & case.smooth).any():
        return [known.one, regions.ties]
    return [known.one] if case.is_nearly_right() else LIKELY


def _mistake_or_factor(case: Case) -> Iterator[Finding]:
    """A known mistake, or a factor with a name; both where the numbers do not tell them apart."""
    mistakes, factor = _first([known.one, elementwise.slips], case), _first(SCALED, case)
    if mistakes and factor:
        yield mistakes[0].otherwise(factor[0])
    else:
        yield from mistakes or factor


def _not_finite(case: Case) -> Iterator[Finding]:
    """Entries that are no numbers."""
    bad = ~np.isfinite(case.claimed)
    index = tuple(map(int, np.argwhere(bad)[0]))
    yield Finding(
        f"the gradient of {case.name} is not finite",
        f"{int(bad.sum())} entries are nan or inf",
        entry_name(case.name, index),
        "a division by zero, log(0), or exp of a large number: shift it, or use logits",
        "not finite",
    )


LIKELY: list[Hypothesis] = [
    _mistake_or_factor,
    elementwise.elementwise,
    weights.weights,
    weights.places,
    permutations.arrangement,
    permutations.shifted,
    permutations.flattened,
    regions.repeated,
    regions.sliced,
    factors.decay,
]
REST: list[Hypothesis] = [
    factors.fraction,
    permutations.slices,
    regions.partly,
    known.scaled,
    known.two,
    regions.somewhere,
    regions.ties,
]
