"""What a check found, to be read, asserted or passed on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..truth.verdict import RIGHT, UNDECIDED, WRONG, Verdict
from .findings import Finding
from .pictures import page

SHOWN = 3  # worst entries


@dataclass
class Checked:
    """One input's gradient: what was claimed, what is true, and what explains the difference."""

    name: str
    claimed: Any
    true: Any = None
    verdict: str = UNDECIDED
    how: str = ""
    details: Verdict | None = None
    findings: list[Finding] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The verdict in words."""
        head = f"{self.name}: {self.verdict}" + (f", {self.how}" if self.how else "")
        lines = [head]
        for finding in self.findings:
            first, *rest = str(finding).splitlines()
            lines += [f"  - {first}", *[f"    {line}" for line in rest]]
        if self.verdict == WRONG and self.details is not None and not self.findings:
            lines.append("  - unexplained; the worst entries:")
            lines += [f"    {line}" for line in worst(self.details)]
        return lines


def worst(details: Verdict) -> list[str]:
    """The entries that are furthest off, claimed and true."""
    found = []
    for index in details.worst(SHOWN):
        claimed = f"claimed {details.claimed[index]:.6g}"
        found.append(f"{details.where(index)}: {claimed}, true {_true(details, index)}")
    for kink in details.kinks:
        if not kink.holds(max(details.tolerance, 1e-4)):
            names = ", ".join(details.where(index) for index in kink.entries[:SHOWN])
            found.append(
                f"{names}: claimed {kink.claimed:.6g} in all, may be {kink.low:.6g} to "
                f"{kink.high:.6g} (a kink)"
            )
    return found


def _true(details: Verdict, index: tuple[int, ...]) -> str:
    return f"{details.true[index]:.6g} ± {details.gradient.error[index]:.0e}"


@dataclass
class Report:
    """Whether hand-derived gradients are right, and what is wrong with those that are not.

    `verdict` is right, wrong or undecided; `gradients` has each input's by name, `findings` are the
    remarks on all of them, `unexercised` says what the inputs did not put to the test, and `notes`
    what was inferred or done.
    """

    gradients: dict[str, Checked] = field(default_factory=dict)
    general: list[Finding] = field(default_factory=list)
    unexercised: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    title: str = ""

    @property
    def verdict(self) -> str:
        """wrong where anything is, right where everything is, else undecided."""
        verdicts = [checked.verdict for checked in self.gradients.values()]
        if self.general or WRONG in verdicts:
            return WRONG
        return RIGHT if verdicts and all(v == RIGHT for v in verdicts) else UNDECIDED

    @property
    def ok(self) -> bool:
        """Whether everything that was checked is right."""
        return self.verdict == RIGHT

    @property
    def findings(self) -> list[Finding]:
        """All remarks, the general ones first."""
        return [*self.general, *(f for g in self.gradients.values() for f in g.findings)]

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
                    "verdict": checked.verdict,
                    "how": checked.how,
                    "claimed": _plain(checked.claimed),
                    "true": _plain(checked.true),
                    "findings": [finding.to_dict() for finding in checked.findings],
                }
                for name, checked in self.gradients.items()
            },
            "findings": [finding.to_dict() for finding in self.findings],
            "unexercised": list(self.unexercised),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [f"{self.title}: {self.verdict}" if self.title else self.verdict]
        lines += [f"- {line}" for finding in self.general for line in str(finding).splitlines()]
        lines += [line for checked in self.gradients.values() for line in checked.lines()]
        lines += [f"note: {note}" for note in self.notes]
        if self.unexercised:
            lines.append("not exercised: " + "; ".join(self.unexercised))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return page(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the report with pictures of the wrong gradients as an HTML file."""
        whole = f"<!doctype html><meta charset='utf-8'><title>gradients</title>{self._repr_html_()}"
        Path(path).write_text(whole, encoding="utf-8", errors="replace")

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
    """Several reports as one; names of gradients and notes say which they came from."""
    whole = Report(title=title)
    for label, report in reports.items():
        prefix = f"{label}: " if label else ""
        for name, checked in report.gradients.items():
            whole.gradients[f"{prefix}{name}"] = checked
        whole.general += report.general
        whole.notes += [prefix + note for note in report.notes]
    everywhere = [set(report.unexercised) for report in reports.values()]
    if everywhere:
        common = set.intersection(*everywhere)
        first = next(iter(reports.values()))
        whole.unexercised = [line for line in first.unexercised if line in common]
    return whole
