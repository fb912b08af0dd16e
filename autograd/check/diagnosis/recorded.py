"""The mistake in the words of the user's own forward: which step of its reverse pass changed."""

import re
from collections.abc import Callable, Mapping

from ..report.findings import Finding
from ..search.search import Claim, Match, holds, search
from ..search.steps import Steps
from ..truth.arrays import largest
from .case import Case
from .factors import factor_of

SIMPLE = re.compile(r"−?(1/)?√\d+|−?\d{1,2}/\d{1,2}")
Again = Callable[[], tuple[Steps, Mapping[str, Claim]] | None]  # at another point
FEW = 8  # entries of all claims that a change explains, below which chance may agree


def claims_of(wrong: Mapping[str, Case], cases: Mapping[str, Case]) -> dict[str, Claim]:
    """The claims as the search compares them."""
    return {
        name: Claim(
            case.claimed,
            name in wrong,
            case.smooth,
            _closeness(case, name in wrong),
            largest(case.true[case.smooth]),
        )
        for name, case in cases.items()
        if case.claimed.shape == case.value.shape
    }


def _closeness(case: Case, wrong: bool) -> float:
    """How near a guess must come: to a wrong claim exactly, to a right one as near as it is."""
    return case.exactness if wrong else max(case.exactness, 2 * case.departure())


def explained(
    steps: Steps, claims: Mapping[str, Claim], cases: Mapping[str, Case], seconds: float,
    again: Again,
) -> dict[str, Finding]:  # fmt: skip
    """A finding for each wrong gradient that changes of steps explain."""
    found: dict[str, Finding] = {}
    together = [matches for matches in search(steps, claims, seconds)
                if all(_has_a_name(match, cases) for match in matches)]  # fmt: skip
    if _is_doubtful(together, claims) and (other := again()) is not None:
        together = [matches for matches in together if holds(other[0], matches, other[1])]
    for matches in sorted(together, key=lambda every: -len(every[0].explains)):
        for match in matches:
            if match.explains.isdisjoint(found):
                rivals = _rivals(match, together) if len(matches) == 1 else []
                finding = _told(match, rivals, cases)
                found |= dict.fromkeys(match.explains, finding)
    return found


def _has_a_name(match: Match, cases: Mapping[str, Case]) -> bool:
    """Whether its factor, if it has one, is a number that people mean: a size, a root, 2/3."""
    if match.factor is None:
        return True
    factor = factor_of(match.factor, cases[min(match.explains)])
    return factor.certain or all(SIMPLE.fullmatch(name) for name in factor.names)


def _is_doubtful(together: list[list[Match]], claims: Mapping[str, Claim]) -> bool:
    """Whether several changes fit, or one that explains few numbers."""
    entries = [sum(claims[n].value.size for m in every for n in m.explains) for every in together]
    factors = any(match.factor is not None for every in together for match in every)
    return len(together) > 1 or factors or any(n < FEW for n in entries)


def _rivals(match: Match, together: list[list[Match]]) -> list[Match]:
    """Others of another kind that explain the same as well."""
    return [
        other
        for (other, *more) in together
        if not more
        and other.change.name != match.change.name
        and other.change.rank == match.change.rank
        and other.explains == match.explains
    ][:1]


def _told(match: Match, rivals: list[Match], cases: Mapping[str, Case]) -> Finding:
    """The finding, or two that explain as much."""
    finding = _finding(match, cases)
    for rival in rivals:
        finding = finding.otherwise(_finding(rival, cases))
    return finding


def _finding(match: Match, cases: Mapping[str, Case]) -> Finding:
    change, what, name = match.change, match.change.what, match.change.name
    if match.factor is not None:
        factor = factor_of(match.factor, cases[min(match.explains)])
        what = what.replace("is left out", f"is {factor} times what it should be")
        name = f"factor {factor}"
    roles = ", ".join(name for name in cases if name in match.explains)
    if name == "twice":
        factor = factor_of(2.0, cases[min(match.explains)])
        what = what.replace("is taken twice", f"is {factor} times what it should be")
    evidence = f"this gives the gradient of {roles} to all digits"
    return Finding(what, evidence, remedy=change.remedy, name=name)
