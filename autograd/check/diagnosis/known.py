"""Known operations: whose forward is the user's, and which of its known mistakes this is.

Where the user's forward gives the output of an operation of the catalogue, its backward pass is run
with each known mistake in turn, on the user's own inputs: equality names the mistake.
"""

from collections.abc import Iterator

import numpy as np

from ..catalogue import Mistake, Reading, mistaken, recognise
from ..report.findings import Finding, listed
from ..truth.arrays import Array
from .case import Case, fit
from .factors import factor_of

Match = tuple[Reading, tuple[Mistake, ...], Array]
FEW = 3  # entries: fewer agree by chance too often for a pair of mistakes
SAID = 3  # mistakes that fit equally well


def one(case: Case) -> Iterator[Finding]:
    """The one mistake of the recognised operation that gives exactly the claimed gradient."""
    yield from _matching(case, pairs=False)


def two(case: Case) -> Iterator[Finding]:
    """Two mistakes at once, which nothing simpler explains."""
    if case.claimed.size >= FEW:
        yield from _matching(case, pairs=True)


def scaled(case: Case) -> Iterator[Finding]:
    """A mistake of the recognised operation, times a factor with a name."""
    if case.claimed.size < FEW or case.claimed.shape != case.value.shape:
        return
    for reading in _readings(case):
        for (mistake,), gradients in mistaken(reading, case.upstream, pairs=False):
            guess = gradients.get(case.name)
            if guess is None or not reading.touches(mistake, case.name):
                continue
            c, _ = fit(guess[case.smooth], case.claimed[case.smooth])
            if c and case.equal(c * guess) and (factor := factor_of(c, case)).certain:
                told = _told(case, [(reading, (mistake,), guess)])
                what = f"and that is {factor} times as large"
                yield told.and_also(what, factor.remedy, f"factor {factor}")


def exact(case: Case) -> Iterator[Array]:
    """The gradient by the right backward pass of each operation that forward may be."""
    for reading in _readings(case):
        found = reading.backward(case.upstream).get(case.name)
        if found is not None and found.shape == case.value.shape:
            yield found


def _matching(case: Case, pairs: bool) -> Iterator[Finding]:
    fitting: dict[tuple[str, ...], Match] = {}
    for reading in _readings(case):
        right = reading.backward(case.upstream)
        for mistakes, gradients in mistaken(reading, case.upstream, pairs=pairs):
            guess = gradients.get(case.name)
            if guess is None or not all(reading.touches(m, case.name) for m in mistakes):
                continue
            if _explains(case, guess, right.get(case.name)):
                fitting.setdefault(tuple(m.name for m in mistakes), (reading, mistakes, guess))
        if fitting:
            yield _told(case, list(fitting.values()))
            return


def _readings(case: Case) -> list[Reading]:
    if "readings" not in case.cache:
        tolerance = 1e-9 if case.tolerance < 1e-5 else 1e-5
        try:
            case.cache["readings"] = recognise(case.inputs, case.output, tolerance)
        except (ValueError, TypeError, IndexError, FloatingPointError):
            case.cache["readings"] = []
    found: list[Reading] = case.cache["readings"]
    return found


def _explains(case: Case, guess: Array, right: Array | None) -> bool:
    """Equal to the claim where the truth is known.

    Where only entries at a kink are wrong, equal to the claim everywhere.
    """
    if case.claimed.shape != case.value.shape:
        return guess.shape == case.claimed.shape and bool(np.allclose(guess, case.claimed, 1e-5))
    if not (case.wrong & case.smooth).any():
        same = bool(np.allclose(guess, case.claimed, 1e-5))
        return same and right is not None and not np.allclose(guess, right, 1e-6)
    return case.equal(guess)


def _told(case: Case, fitting: list[Match]) -> Finding:
    reading, mistakes, _ = fitting[0]
    remarks = dict.fromkeys(" and ".join(m.remark for m in each) for _, each, _ in fitting)
    names = [" + ".join(m.name for m in each) for _, each, _ in fitting[:SAID]]
    return Finding(
        f"the gradient of {case.name}: " + listed(remarks, "; or ", SAID),
        f"this is {reading.describe()}",
        remedy=" and ".join(dict.fromkeys(reading.operation.remedy(m) for m in mistakes)),
        name=" | ".join(dict.fromkeys(names)),
    )
