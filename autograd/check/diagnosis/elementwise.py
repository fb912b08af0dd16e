"""Wrong derivatives of y = f(x), entry by entry: dX = dY·f′(x) with something else for f′(x).

What was multiplied in is looked for among the formulas of a table of functions: f itself, f′ in
another place or with another parameter, slips in f′, and the derivatives of other functions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from ..catalogue.functions import FUNCTIONS, Function, recognised
from ..report.findings import Finding
from ..truth.arrays import Array
from .case import Case

SAID = 3  # guesses that fit equally well


class Guess(NamedTuple):
    """A gradient, what that is in words, its short key, and what mends it."""

    gradient: Array
    what: str
    name: str
    remedy: str = "∂L/∂x = ∂L/∂y · f′(x)"


@dataclass(frozen=True)
class Row:
    """A function of the table as the user's forward has it, at the user's inputs."""

    case: Case
    function: Function
    a: float

    def at(self, x: Array) -> Array:
        """f′(x)."""
        return self.function.slope(x, self.function.f(x, self.a), self.a)

    def words(self, line: str) -> str:
        """A line with the parameter's value, or without a parameter that is 1."""
        letter = self.function.parameter
        if not letter or letter not in line:
            return line
        if self.a != 1:
            return f"{line}, {letter} = {self.a:.4g}"
        for with_it, without in ((f"{letter}·", ""), (f"/{letter}", ""), (f"{letter}x", "x")):
            line = line.replace(with_it, without)
        return line.replace(letter, "1")


def elementwise(case: Case) -> Iterator[Finding]:
    """What stands where f′(x) belongs: what needs the fewest words, or several of those."""
    if not _is_elementwise(case):
        return
    f = _function(case)
    several = (_general(case, f), _own(f) if f else (), _algebra(case), _others(case, f))
    for guesses in several:
        if found := list(_fitting(case, guesses)):
            yield _told(case, found, f)
            return


def slips(case: Case) -> Iterator[Finding]:
    """A slip in the formula of f′, of those that the table knows of this f."""
    f = _function(case) if _is_elementwise(case) else None
    if f is not None and (found := list(_fitting(case, _slips(f)))):
        yield _told(case, found, f)


def _is_elementwise(case: Case) -> bool:
    x = case.value
    return bool(x.ndim) and x.shape == case.output.shape == case.claimed.shape


def _function(case: Case) -> Row | None:
    """What the forward is, if it is in the table."""
    key = f"function of {case.name}"
    if key not in case.cache:
        tolerance = 1e-9 if case.tolerance < 1e-5 else 1e-5
        case.cache[key] = next(recognised(case.value, case.output, tolerance), None)
    found: tuple[Function, float] | None = case.cache[key]
    return Row(case, *found) if found else None


def _fitting(case: Case, guesses: Iterable[Guess]) -> Iterator[Guess]:
    """The first of those that equal the claim."""
    with np.errstate(all="ignore"):
        fitting = (guess for guess in guesses if _fits(case, guess.gradient))
        yield from islice(fitting, SAID)


def _fits(case: Case, gradient: Array) -> bool:
    return bool(np.isfinite(gradient[case.smooth]).all()) and case.equal(gradient)


def _general(case: Case, f: Row | None) -> Iterator[Guess]:
    """Something simple in the place of f′(x), or of all of dX."""
    x, y, u, true = case.value, case.output, case.upstream, case.true
    yield Guess(u * y, "f(x) where f′(x) belongs", "f for f′")
    yield Guess(u, "the upstream gradient, without f′(x)", "f′ missing", "multiply by f′(x)")
    yield Guess(u * x, "upstream · x", "x for f′")
    yield Guess(true / u, "f′(x), without the upstream gradient", "upstream ignored",
                "multiply by ∂L/∂y")  # fmt: skip
    yield Guess(np.where(u > 0, true, 0.0), "cut where the upstream gradient is negative",
                "mask of the upstream", "a mask is that of x, not of dy")  # fmt: skip
    if f is None:  # a function of the table has no skip
        skip = "y = f(x) + x has dX = f′(x)·dY + dY: add what goes along the skip"
        what = "the true one without the upstream gradient itself"
        yield Guess(true - u, what, "skip missing", skip)


def _slips(f: Row) -> Iterator[Guess]:
    x, y, u = f.case.value, f.case.output, f.case.upstream
    for line, slip in f.function.slips:
        yield Guess(u * slip(x, y, f.a), f"dY · ({f.words(line)})", "slip in f′")


def _own(f: Row) -> Iterator[Guess]:
    """Slips in f′, and f′ in another place or with another parameter."""
    x, y, u = f.case.value, f.case.output, f.case.upstream
    function, a = f.function, f.a
    yield from _slips(f)
    if "y" in function.line:
        line = f.words(function.line).replace("y", "x")
        yield Guess(u * function.slope(x, x, a), f"dY · ({line})", "f′ of the wrong tensor")
    yield Guess(u * f.at(y), "dY · f′(y), at the output", "f′ of the wrong tensor")
    yield Guess(u * f.at(u), "dY · f′(dY), at the upstream gradient", "f′ of the wrong tensor")
    yield Guess(function.f(u, a), "f(dY)", "f of the upstream")
    yield Guess(f.at(u), "f′(dY)", "f′ of the upstream")
    yield Guess(u * f.at(-x), "dY · f′(−x)", "f′ at −x")
    yield Guess(-u * f.at(-x), "−dY · f′(−x)", "f′ at −x")
    if letter := function.parameter:
        for b, value in (
            (1.0, "1"),
            (1 / a, f"1/{a:.4g}"),
            (a * a, f"{a:.4g}²"),
            (-a, f"{-a:.4g}"),
        ):
            what = f"dY · f′(x) with {letter} = {value}, not {a:.4g}"
            yield Guess(u * function.slope(x, function.f(x, b), b), what, f"other {letter}")


def _algebra(case: Case) -> Iterator[Guess]:
    """A formula of the right f′(x)."""
    x, y, u, true = case.value, case.output, case.upstream, case.true
    for sign, minus in ((1, ""), (-1, "−")):
        yield Guess(sign * true * true / u, f"{minus}dY · f′(x)²", "f′ twice")
        yield Guess(sign * u * u / true, f"{minus}dY / f′(x)", "divided by f′")
        yield Guess(sign * np.sqrt(true / u) * u, f"{minus}dY · √f′(x)", "root of f′")
        yield Guess(sign * (u - true), f"{minus}dY · (1 − f′(x))", "1 − f′")
        yield Guess(sign * true * y, f"{minus}dY · f′(x)·f(x)", "f·f′")
        yield Guess(sign * true * x, f"{minus}dY · f′(x)·x", "x·f′")


def _others(case: Case, f: Row | None) -> Iterator[Guess]:
    """The derivatives of other functions: of those that are one at these numbers the commonest."""
    for other in FUNCTIONS:
        if f is None or other is not f.function:
            row = Row(case, other, f.a if f and f.function.parameter else other.usual)
            fitting = (guess for guess in _other(case, row) if _fits(case, guess.gradient))
            if found := next(fitting, None):
                yield found
                return


def _other(case: Case, row: Row) -> Iterator[Guess]:
    """The derivative of a function at x and at y, and its formula of y with this y, or with x."""
    x, y, u, other = case.value, case.output, case.upstream, row.function
    name, wrong = f"{other.name}′", f"{other.name}′ of the wrong tensor"
    line = row.words(other.line)
    yield Guess(u * row.at(x), f"dY · f′(x) of {other.name}, where f′ is {line}", name)
    if "y" in other.line:
        yield Guess(u * other.slope(x, y, row.a), f"dY · ({line}), as of {other.name}", name)
        on_x = line.replace("y", "x")
        yield Guess(u * other.slope(x, x, row.a), f"dY · ({on_x}), as of {other.name}", wrong)
    yield Guess(u * row.at(y), f"dY · f′(y) of {other.name}, where f′ is {line}", wrong)


def _told(case: Case, guesses: list[Guess], f: Row | None) -> Finding:
    """One finding of all that fits, with the right derivative where f is known."""
    this = f"this is {f.function.name}" if f else ""
    remedies = dict.fromkeys(guess.remedy for guess in guesses)
    right = f"; f′(x) is {f.words(f.function.line)}" if f else ", if y is f(x) entry by entry"
    return Finding(
        f"the gradient of {case.name} is " + "; or ".join(dict.fromkeys(g.what for g in guesses)),
        ", ".join(x for x in (this, case.difference(guesses[0].gradient)) if x),
        remedy="; ".join(remedies) + right,
        name=" | ".join(dict.fromkeys(guess.name for guess in guesses)),
    )
