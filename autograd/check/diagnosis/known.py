"""Known operations: whose forward is the user's, and which of its known mistakes this is.

Where the user's forward gives the output of an operation of the catalogue, its backward pass is run
with each known mistake in turn, on the user's own inputs: equality names the mistake.
"""

from collections.abc import Iterator

import numpy as np

from ..catalogue import Mistake, Reading, mistaken, recognise
from ..report.findings import Finding
from ..truth.arrays import Array
from .case import Case

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
            if guess is not None and _explains(case, guess, right.get(case.name)):
                fitting.setdefault(tuple(m.name for m in mistakes), (reading, mistakes, guess))
        if fitting:
            yield _told(case, list(fitting.values())[:SAID])
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
    """Equal to the claim where the truth is known, and different from the truth.

    Where only entries at a kink are wrong, equal to the claim everywhere.
    """
    if case.claimed.shape != case.value.shape:
        return guess.shape == case.claimed.shape and bool(np.allclose(guess, case.claimed, 1e-5))
    if not (case.wrong & case.smooth).any():
        same = bool(np.allclose(guess, case.claimed, 1e-5))
        return same and right is not None and not np.allclose(guess, right, 1e-6)
    return case.equal(guess) and not np.allclose(
        guess[case.smooth], case.true[case.smooth], rtol=1e-6, atol=1e-12
    )


def _told(case: Case, fitting: list[Match]) -> Finding:
    reading, mistakes, _ = fitting[0]
    remarks = [" and ".join(m.remark for m in each) for _, each, _ in fitting]
    names = [" + ".join(m.name for m in each) for _, each, _ in fitting]
    return Finding(
        f"the gradient of {case.name}: " + "; or ".join(dict.fromkeys(remarks)),
        f"this is {reading.describe()}",
        remedy=" and ".join(dict.fromkeys(reading.operation.remedy(m) for m in mistakes)),
        name=" | ".join(dict.fromkeys(names)),
    )
