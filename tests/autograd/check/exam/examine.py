"""What the checker says of every wrong pass: python tests/autograd/check/exam/examine.py."""

import argparse
import contextlib
import re
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from passes import CASES, RIGHT
from wrong_passes import Case

LISTED = Path(__file__).with_name("not_yet_named.txt")
NAMED, PARTLY, UNEXPLAINED, OTHER = "named", "partly", "unexplained", "other text"
NEUTRAL = re.compile(  # says where a gradient is wrong, and accuses nothing
    r"the rest is right|elsewhere|wrong only|right (at|in|outside|but|except)|differs only|"
    r"first layer whose gradient is wrong",
    re.IGNORECASE,
)
WIDTH = 100


@dataclass(frozen=True)
class Answer:
    """The report on a case, read by the case's own pattern."""

    case: Case
    report: object
    seconds: float

    @property
    def findings(self):
        """The faults, and what is said of each gradient."""
        return [f for f in self.report.findings if f not in self.report.warnings]

    @property
    def outcome(self):
        """named, partly (beside another text), unexplained or other text."""
        told = [f for f in self.findings if self.case.is_told_by(f)]
        others = [f for f in self.findings if f not in told and not _is_harmless(f)]
        if others:
            return PARTLY if told else OTHER
        return NAMED if told else UNEXPLAINED

    @property
    def explained(self):
        """How many of the wrong gradients have an explanation."""
        return sum(bool(g.findings) for g in self.report.gradients.values() if g.verdict == "wrong")

    def __str__(self):
        roles = ", ".join(sorted(self.case.roles))
        lines = [
            "=" * WIDTH,
            f"{self.case.name} [{self.case.family}]  {self.outcome}",
            f"truth:   {self.case.truth} (wrong: {roles})",
            *(f"line:    {' '.join(o.split())}  →  {' '.join(n.split())}"
              for o, n in self.case.changes.items()),
            f"verdict: {self.report.verdict}, {self.seconds:.2f} s; "
            f"something is said of {self.explained} of {len(self.case.roles)}",
            *(f"  | {line}" for line in str(self.report).splitlines()),
        ]  # fmt: skip
        return "\n".join(lines)


def _is_harmless(finding):
    """Whether a finding says where, and neither why nor how to mend it."""
    return not finding.remedy and NEUTRAL.search(finding.what) is not None


def examined(case):
    """One case, answered."""
    start = time.perf_counter()
    report = case.report()
    return Answer(case, report, time.perf_counter() - start)


def listed():
    """The names of the cases that are known not to be named yet."""
    return set(LISTED.read_text(encoding="utf-8").split())


def table(answers):
    """A line for each family: how many were named, partly, unexplained, with other text."""
    columns = ["cases", NAMED, PARTLY, UNEXPLAINED, OTHER, "not wrong", "median s", "longest s"]
    lines = [f"{'family':16}" + "".join(f"{column:>12}" for column in columns)]
    for family in [*dict.fromkeys(a.case.family for a in answers), "all"]:
        of_it = [a for a in answers if family in (a.case.family, "all")]
        counts = Counter(a.outcome for a in of_it)
        seconds = sorted(a.seconds for a in of_it)
        numbers = [
            len(of_it), *(counts[column] for column in columns[1:5]),
            sum(a.report.verdict != "wrong" for a in of_it),
            f"{seconds[len(seconds) // 2]:.2f}", f"{seconds[-1]:.2f}",
        ]  # fmt: skip
        lines.append(f"{family:16}" + "".join(f"{number!s:>12}" for number in numbers))
    return "\n".join(lines)


def main(arguments=None):
    """Print what is said of the chosen cases, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", help="one family alone")
    parser.add_argument("--case", help="the cases whose name contains this")
    parser.add_argument("--outcome", help=f"print the reports of these alone, such as {OTHER!r}")
    parser.add_argument("--out", help="a file, instead of the screen")
    parser.add_argument("--right", action="store_true", help="the right passes instead")
    chosen = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        if chosen.out:
            file = stack.enter_context(open(chosen.out, "w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(file))
        print_right(chosen) if chosen.right else print_wrong(chosen)


def print_right(chosen):
    """The verdict on every right pass, with the report where it is not right."""
    for name, one in RIGHT.items():
        if (chosen.case or "") in name:
            report = one.original.report(one.original.code)
            print(f"{name}: {report.verdict}" if report.ok else f"{name}: {report}", flush=True)


def print_wrong(chosen):
    """The reports, the table, and what the list of names lacks or has too much."""
    answers = []
    for case in CASES.values():
        if chosen.family in (None, case.family) and (chosen.case or "") in case.name:
            try:
                answers.append(examined(case))
            except Exception:
                print(f"{case.name}: raised", traceback.format_exc(), sep="\n")
                continue
            if chosen.outcome in (None, answers[-1].outcome):
                print(answers[-1], flush=True)
    if not answers:
        sys.exit("no such case")
    print("=" * WIDTH, table(answers), sep="\n")
    named = {a.case.name for a in answers if a.outcome == NAMED}
    asked = {a.case.name for a in answers if not a.case.pair}
    print("\nlisted as not yet named, and named now:", *sorted(named & listed()), sep="\n  ")
    print("\nneither named nor listed:", *sorted(asked - named - listed()), sep="\n  ")


if __name__ == "__main__":
    main()
