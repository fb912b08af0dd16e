"""What a step of a check returns: remarks, each with its evidence and a remedy."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import islice

LISTED = 8  # of many places, so many are named


def listed(places: Iterable[object], between: str = ", ", most: int = LISTED) -> str:
    """Places by their names, the first of them where there are many.

    >>> listed(range(12))
    '0, 1, 2, 3, 4, 5, 6, 7, …'
    """
    names = [str(place) for place in islice(places, most + 1)]
    return between.join(names[:most] + ["…"] * (len(names) > most))


@dataclass(frozen=True)
class Finding:
    """What is wrong, how that was seen, where, and the line of algebra that mends it."""

    what: str
    evidence: str = ""
    where: str = ""
    remedy: str = ""
    name: str = ""  # a short key, such as `transposed`

    def __str__(self) -> str:
        lines = [self.what + (f" ({self.evidence})" if self.evidence else "") + "."]
        lines += [f"where: {self.where}"] if self.where else []
        lines += [f"mend:  {self.remedy}"] if self.remedy else []
        return "\n".join(lines)

    def otherwise(self, other: "Finding") -> "Finding":
        """This one or another: both explain what was seen."""
        return Finding(
            f"{self.what}; or {other.what}",
            "; ".join(dict.fromkeys(x for x in (self.evidence, other.evidence) if x)),
            self.where,
            f"{self.remedy}; or {other.remedy}",
            f"{self.name} | {other.name}",
        )

    def and_also(self, what: str, remedy: str, name: str) -> "Finding":
        """This one and something more."""
        return replace(
            self,
            what=f"{self.what}, {what}",
            remedy=f"{self.remedy}; {remedy}",
            name=f"{self.name}, {name}",
        )

    def to_dict(self) -> dict[str, str]:
        """The parts by name."""
        return asdict(self)

    def labelled(self, label: str) -> "Finding":
        """The same, with the name of the check that it comes from in front."""
        return replace(self, what=f"{label}: {self.what}") if label else self


@dataclass(frozen=True)
class Remarks:
    """What a step has to say beside the gradients; a report is made from the sum of all steps.

    Faults make the verdict wrong: a backward that gives another result when it is called again.
    Warnings leave it as it is: a forward that overwrites its input. Explanations are faults too,
    and belong to the gradient of one input, if that is wrong. Notes tell what was inferred or done.
    """

    faults: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    explanations: tuple[tuple[str, Finding], ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Remarks") -> "Remarks":
        return Remarks(
            self.faults + other.faults,
            self.warnings + other.warnings,
            self.explanations + other.explanations,
            self.notes + other.notes,
        )
