"""All wrong gradients of one check explained together: one defect, one sentence."""

import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..report.findings import Finding
from ..search.search import Claim
from ..search.steps import Steps
from ..truth.verdict import WRONG
from . import recorded
from .case import Case
from .diagnose import at_once, otherwise

PLAIN = ("factor", "zero", "left out", "sign", "twice")  # names of findings
Recorded = Callable[[], Steps | None]
Found = dict[str, tuple[Finding, ...]]


def explain(
    cases: Mapping[str, Case], record: Recorded, again: recorded.Again, seconds: float
) -> Found:
    """The findings on each gradient that differs from the true one.

    Where one change of a recorded step gives several, that is their mistake. Else each has the
    first that fits: a known mistake or a plain factor, a change of a step, a region or an
    arrangement.
    """
    differing = {n: case for n, case in cases.items() if case.verdict == WRONG or case.wrong.any()}
    wrong = {n: case for n, case in differing.items() if case.verdict == WRONG}
    changed = _changes(wrong, cases, record, again, seconds)
    several = Counter(changed.values())
    found: Found = {}
    for name, case in differing.items():
        mistake = (changed[name],) if name in changed else ()
        if mistake and several[changed[name]] > 1:
            found[name] = mistake
        else:
            whole = at_once(case)
            found[name] = _better(whole, mistake) or otherwise(case)
    return found


def _better(whole: tuple[Finding, ...], mistake: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What is said of the gradient as a whole, and of a step, where that says why.

    That it is a multiple, or nothing, is seen anyway.
    """
    if not whole or not mistake or mistake[0].name.startswith(PLAIN):
        return whole or mistake
    if not all(name.startswith(PLAIN) for name in whole[0].name.split(" | ")):
        return whole
    seen = f" ({whole[0].evidence})" if whole[0].evidence else ""
    what = f"{whole[0].what}{seen}: {mistake[0].what}"
    return (replace(mistake[0], what=what, name=whole[0].name),)


def _changes(
    wrong: Mapping[str, Case],
    cases: Mapping[str, Case],
    record: Recorded,
    again: recorded.Again,
    seconds: float,
) -> dict[str, Finding]:
    """What a change of a recorded step explains."""
    steps = record() if wrong and seconds > 0 else None
    if steps is None:
        return {}
    claims: dict[str, Claim] = recorded.claims_of(wrong, cases)
    try:
        return recorded.explained(steps, claims, wrong, seconds, again)
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        # The verdict stands whether or not it is explained.
        warnings.warn(f"the search for the mistake broke off: {error!r}", RuntimeWarning, 2)
        return {}
