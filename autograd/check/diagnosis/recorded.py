"""The mistake in the words of the user's own forward: which step of its reverse pass was changed."""

from collections.abc import Callable, Mapping

from ..report.findings import Finding
from ..search.search import Claim, Match, holds, search
from ..search.steps import Steps
from .case import Case

Again = Callable[[], tuple[Steps, Mapping[str, Claim]] | None]  # at another point
FEW = 8  # entries of all claims that a change explains, below which chance may agree


def claims_of(wrong: Mapping[str, Case], cases: Mapping[str, Case]) -> dict[str, Claim]:
    """The claims as the search compares them."""
    return {
        name: Claim(case.claimed, name in wrong, case.smooth, case.exactness)
        for name, case in cases.items()
        if case.claimed.shape == case.value.shape
    }


def explained(
    steps: Steps, claims: Mapping[str, Claim], seconds: float, again: Again
) -> dict[str, Finding]:
    """A finding for each wrong gradient that one change of a step explains."""
    matches = search(steps, claims, seconds)
    if _is_doubtful(matches, claims) and (other := again()) is not None:
        matches = [match for match in matches if holds(other[0], match, other[1])]
    found: dict[str, Finding] = {}
    for match in sorted(matches, key=lambda m: (-len(m.explains), m.change.rank)):
        if match.explains.isdisjoint(found):
            found |= _told(match, _rivals(match, matches))
    return found


def _is_doubtful(matches: list[Match], claims: Mapping[str, Claim]) -> bool:
    """Whether several changes fit, or one that explains few numbers."""
    entries = [sum(claims[n].value.size for n in m.explains) for m in matches]
    return len(matches) > 1 or any(n < FEW for n in entries)


def _rivals(match: Match, matches: list[Match]) -> list[Match]:
    """Others of another kind that explain the same as well."""
    return [
        other
        for other in matches
        if other.change.name != match.change.name
        and other.change.rank == match.change.rank
        and other.explains == match.explains
    ][:1]


def _told(match: Match, rivals: list[Match]) -> dict[str, Finding]:
    """The finding, at each gradient that it explains."""
    finding = _finding(match)
    for rival in rivals:
        finding = finding.otherwise(_finding(rival))
    return dict.fromkeys(match.explains, finding)


def _finding(match: Match) -> Finding:
    change = match.change
    evidence = f"this gives the gradient of {', '.join(sorted(match.explains))} to all digits"
    return Finding(change.what, evidence, remedy=change.remedy, name=change.name)
