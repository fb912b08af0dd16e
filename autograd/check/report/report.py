"""What a check found, to be read, asserted or passed on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ... import files
from ..truth.arrays import entry_name
from ..truth.verdict import RIGHT, UNDECIDED, WRONG, Comparison
from .findings import Finding, listed
from .pictures import page

if TYPE_CHECKING:
    from ... import Page

SHOWN = 3  # worst entries


@dataclass(frozen=True)
class GradientReport:
    """One input's gradient: the verdict, what it rests on, and what explains a difference."""

    name: str
    verdict: str
    how: str = ""
    claimed: Any = None  # an array, or what came in its place
    findings: tuple[Finding, ...] = ()
    comparison: Comparison | None = None  # None where no entry was measured

    @property
    def true(self) -> Any:
        """The measured gradient, nan where it was not measured; None where nothing was."""
        return None if self.comparison is None else self.comparison.true

    def lines(self, said: Mapping[Finding, str] | None = None) -> list[str]:
        """The verdict in words; a finding that was `said` of another gradient is referred to."""
        lines = [f"{self.name}: {self.verdict}" + (f", {self.how}" if self.how else "")]
        for finding in self.findings:
            first = (said or {}).get(finding, self.name)
            same = f"  - the same mistake as in the gradient of {first}"
            lines += bullet(finding) if first == self.name else [same]
        if self.verdict == WRONG and self.comparison is not None and not self.findings:
            lines.append("  - unexplained; the worst entries:")
            lines += [f"    {line}" for line in worst_entries(self.comparison)]
        return lines


def bullet(finding: Finding) -> list[str]:
    """The lines of a finding, indented."""
    first, *rest = str(finding).splitlines()
    return [f"  - {first}", *(f"    {line}" for line in rest)]


def worst_entries(comparison: Comparison) -> list[str]:
    """The entries that are furthest off, claimed and true."""
    name, claimed = comparison.name, comparison.claimed
    found = [
        f"{entry_name(name, index)}: claimed {claimed[index]:.6g}, true "
        f"{comparison.true[index]:.6g} ± {comparison.gradient.error[index]:.0e}"
        for index in comparison.worst(SHOWN)
    ]
    for kink in comparison.wrong_kinks():
        names = listed((entry_name(name, index) for index in kink.entries), most=SHOWN)
        found.append(
            f"{names}: claimed {kink.claimed:.6g} in all, may be {kink.low:.6g} to "
            f"{kink.high:.6g} (a kink)"
        )
    return found


class Explorable(Protocol):
    """A forward that may become a page; `entry` is what that opens at, if it is known to work."""

    entry: str

    def __call__(self, path: str | PathLike[str] | None) -> "Page":
        """The page; ValueError where the forward cannot be recorded."""


@dataclass(frozen=True)
class Report:
    """Whether hand-derived gradients are right, and what is wrong with those that are not.

    `verdict` is right, wrong or undecided; `gradients` has each input's by name, `faults` are the
    remarks that make the verdict wrong though they belong to no gradient, `warnings` those that
    leave it as it is, `unexercised` says what the inputs did not put to the test, and `notes` what
    was inferred or done.
    """

    gradients: Mapping[str, GradientReport] = field(default_factory=dict)
    faults: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    unexercised: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    title: str = ""
    explorable: Explorable | None = field(default=None, repr=False, compare=False)

    @property
    def verdict(self) -> str:
        """wrong where anything is, right where everything is, else undecided."""
        verdicts = [gradient.verdict for gradient in self.gradients.values()]
        if self.faults or WRONG in verdicts:
            return WRONG
        return RIGHT if verdicts and all(v == RIGHT for v in verdicts) else UNDECIDED

    @property
    def ok(self) -> bool:
        """Whether everything that was checked is right."""
        return self.verdict == RIGHT

    @property
    def findings(self) -> list[Finding]:
        """All remarks: the faults, those on each gradient, the warnings."""
        return [*self.faults, *self.first_said(), *self.warnings]

    def first_said(self) -> dict[Finding, str]:
        """Each finding on a gradient, with the name of the first that it is said of."""
        found: dict[Finding, str] = {}
        for gradient in self.gradients.values():
            for finding in gradient.findings:
                found.setdefault(finding, gradient.name)
        return found

    def assert_ok(self) -> None:
        """AssertionError with the report, unless everything is right: for tests."""
        if not self.ok:
            raise AssertionError(f"\n{self}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what JSON can hold, but for arrays, which are nested lists."""
        return {
            "verdict": self.verdict,
            "gradients": {
                name: {
                    "verdict": gradient.verdict,
                    "how": gradient.how,
                    "claimed": _plain(gradient.claimed),
                    "true": _plain(gradient.true),
                    "findings": [finding.to_dict() for finding in gradient.findings],
                }
                for name, gradient in self.gradients.items()
            },
            "findings": [finding.to_dict() for finding in self.findings],
            "unexercised": list(self.unexercised),
            "notes": list(self.notes),
        }

    def explore(self, path: str | PathLike[str] | None = None) -> "Page":
        """`autograd.explore` of the forward as it was recorded, opened at the worst wrong entry.

        Each statement of its source is a card. ValueError for a forward that cannot be recorded.
        """
        if self.explorable is None:
            raise ValueError(
                "report.explore(): the check ended before there was a graph to explore"
            )
        return self.explorable(path)

    def __str__(self) -> str:
        lines = [f"{self.title}: {self.verdict}" if self.title else self.verdict]
        lines += [f"- {line}" for finding in self.faults for line in str(finding).splitlines()]
        said = self.first_said()
        lines += [line for g in self.gradients.values() for line in g.lines(said)]
        if self.warnings:
            lines.append("beside the gradients:")
            lines += [line for finding in self.warnings for line in bullet(finding)]
        lines += self.remarks()
        return "\n".join(lines)

    def remarks(self) -> list[str]:
        """The notes, what was not exercised, and what can be explored, a line each."""
        lines = [f"note: {note}" for note in self.notes]
        if self.unexercised:
            lines.append("not exercised: " + "; ".join(self.unexercised))
        if self.explorable is not None and self.explorable.entry:
            lines.append(f"look: report.explore().open() shows how {self.explorable.entry} is used")
        return lines

    def _repr_html_(self) -> str:
        return page(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the report with pictures of the wrong gradients as an HTML file."""
        whole = f"<!doctype html><meta charset='utf-8'><title>gradients</title>{self._repr_html_()}"
        files.write(path, whole)

    def __bool__(self) -> bool:
        raise TypeError("a report is neither true nor false: ask report.ok or report.verdict")


def _plain(x: Any) -> Any:
    """Nested lists with None for what is not known."""
    if x is None:
        return None
    known = np.asarray(x, dtype=np.float64)
    plain = known.astype(object)
    plain[~np.isfinite(known)] = None
    return plain.tolist()


def merged(reports: Mapping[str, Report], title: str = "") -> Report:
    """Several reports as one; names of gradients, warnings and notes say where they came from."""
    everywhere = [set(report.unexercised) for report in reports.values()]
    first = next(iter(reports.values()), Report())
    wrong = [report.explorable for report in reports.values() if report.verdict == WRONG]
    return Report(
        {
            f"{k}: {name}": g
            for k, report in reports.items()
            for name, g in report.gradients.items()
        },
        tuple(fault for report in reports.values() for fault in report.faults),
        tuple(f.labelled(k) for k, report in reports.items() for f in report.warnings),
        tuple(line for line in first.unexercised if all(line in lines for lines in everywhere)),
        tuple(f"{k}: {note}" for k, report in reports.items() for note in report.notes),
        title,
        next(filter(None, reversed(wrong)), None),  # the reverse pass comes to the last first
    )
