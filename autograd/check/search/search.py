"""Try every change of every step, the likeliest first, against all claims at once."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..trace.nodes import Array
from .blocks import blocks
from .branches import branches, paths
from .changes import Change, Kind
from .operands import operands, upstreams
from .slopes import slopes
from .steps import Steps
from .sums import rearranged, sums, swapped

KINDS: list[Kind] = [
    branches, paths, blocks, slopes, sums, rearranged, swapped, operands, upstreams,
]  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """The gradient of one input as it was claimed, whether it is wrong, and where that is known."""

    value: Array
    wrong: bool
    known: Array  # a mask: where the truth is known
    closeness: float  # relative

    def equals(self, guess: Array) -> bool:
        """Whether a guess is the claim, wherever the truth is known."""
        if guess.shape != self.value.shape or not self.known.any():
            return False
        off = np.abs(guess - self.value)[self.known]
        size = np.max(np.abs(self.value[self.known]), initial=0.0)
        return bool(np.all(off <= self.closeness * size + 1e-300))


@dataclass(frozen=True)
class Match:
    """A change, and the inputs whose wrong gradients it gives."""

    change: Change
    explains: frozenset[str]


def search(steps: Steps, claims: Mapping[str, Claim], seconds: float) -> list[Match]:
    """The changes that give the claims: all wrong ones if any does, else some of them.

    Of those that explain as much, the likeliest come first.
    """
    deadline = time.perf_counter() + seconds
    wrong = frozenset(name for name, claim in claims.items() if claim.wrong)
    partial: list[Match] = []
    for _, alike in groupby(_every(steps), key=lambda change: change.rank):
        found = []
        for change in alike:
            if time.perf_counter() > deadline:
                return found or partial
            match = tried(steps, change, claims, wrong)
            if match is not None:
                (found if match.explains == wrong else partial).append(match)
        if found:
            return found
    return partial


def _every(steps: Steps) -> Iterator[Change]:
    """All changes, the likeliest first."""
    yield from sorted((c for kind in KINDS for c in kind(steps)), key=lambda c: c.rank)


def tried(
    steps: Steps, change: Change, claims: Mapping[str, Claim], wrong: frozenset[str]
) -> Match | None:
    """What a change explains, if it explains anything and spoils nothing that is right."""
    touched = steps.reach[change.reads] & claims.keys()
    if not touched or not touched <= wrong:
        return None
    with np.errstate(all="ignore"):
        guess = steps.record.changed(steps.adjoints, change.made)
    explained = frozenset(name for name in touched if claims[name].equals(guess[name]))
    return Match(change, explained) if explained else None


def holds(steps: Steps, match: Match, claims: Mapping[str, Claim]) -> bool:
    """Whether the same change gives the claims at another point too; True if it is not there."""
    for change in _every(steps):
        if (change.name, change.what) == (match.change.name, match.change.what):
            with np.errstate(all="ignore"):
                guess = steps.record.changed(steps.adjoints, change.made)
            return all(claims[n].equals(guess[n]) for n in match.explains if n in claims)
    return True
