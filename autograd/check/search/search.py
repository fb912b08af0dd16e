"""Try every change of every step, the likeliest first, against all claims at once."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby

import numpy as np

from ..trace.nodes import Array
from ..truth.arrays import Mask
from .blocks import blocks, inner_nodes
from .branches import branches, gates, paths
from .changes import Change, Kind
from .linear import linear
from .loops import forwards
from .norms import norms
from .operands import operands, together, untransposed
from .places import rearranged
from .slopes import exchanged, slopes
from .steps import Steps, is_within_an_expression
from .sums import positions, spread_again, sums, swapped
from .upstreams import upstreams
from .uses import weighed
from .whole import inputs, whole

SECONDS = 20.0  # of one thread, after which a search ends: four times the longest of the tests
SEEDS = 6  # changes that give some of the gradients, to each of which a second one is sought
KINDS: list[Kind] = [
    branches, paths, gates, blocks, norms, slopes, sums, spread_again, positions, rearranged,
    linear, swapped, operands, together, untransposed, upstreams, whole, inputs, exchanged,
    forwards,
]  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """The gradient of one input as it was claimed, whether it is wrong, and where that is known."""

    value: Array
    wrong: bool
    known: Mask  # where the truth is known
    closeness: float  # relative
    size: float = 0.0  # of the largest true entry

    def equals(self, guess: Array | None) -> bool:
        """Whether a guess is the claim, wherever the truth is known."""
        if guess is None or guess.shape != self.value.shape or not self.known.any():
            return False
        off = np.abs(guess - self.value)[self.known]
        size = np.max(np.abs(self.value[self.known]), initial=1e-6 * self.size)
        return bool(np.all(off <= self.closeness * size + 1e-300))


@dataclass(frozen=True)
class Match:
    """A change, and the inputs whose wrong gradients it gives; with a factor, if it has one."""

    change: Change
    explains: frozenset[str]
    factor: float | None = None
    touches: frozenset[str] = frozenset()  # all claims that it changes

    @property
    def is_whole(self) -> bool:
        """Whether it gives every gradient that it changes."""
        return self.explains == self.touches


Claims = Mapping[str, Claim]


def search(steps: Steps, claims: Claims, seconds: float) -> list[list[Match]]:
    """The changes that give the claims: lists of changes that are made together.

    One that gives all wrong gradients, or two that do together; else what gives some of them and
    spoils none. Of those that explain as much, the likeliest come first.
    """
    deadline = time.thread_time() + seconds
    wrong = frozenset(name for name, claim in claims.items() if claim.wrong)
    every = changes_of(steps)
    near, far = _by_reach(steps, every, claims, wrong)
    partial: list[Match] = []
    within: list[Match] = []  # a known function: told only where nothing else is found
    fitted = weighed(steps, {n: c.value for n, c in claims.items() if c.wrong})
    for changes in (chain(near, fitted), far):
        for _, alike in groupby(changes, key=lambda change: change.rank):
            found: list[Match] = []
            for change in alike:
                if time.thread_time() > deadline:
                    return _alone(_plain(found) or within or partial)
                match = tried(steps, change, claims)
                if match is not None:
                    (found if match.explains == wrong else partial).append(match)
            if outside := [match for match in found if not _is_within(steps, match)]:
                return _alone(_plain(outside))
            within += found
        if pair := _pair(steps, claims, wrong, partial, near, deadline):
            return [pair]
    return _alone(_plain(within) or partial)


def _alone(matches: list[Match]) -> list[list[Match]]:
    return [[match] for match in matches if match.is_whole]


def _plain(matches: list[Match]) -> list[Match]:
    """Those that say more than a factor, if there are some."""
    return [match for match in matches if match.factor is None] or matches


def _is_within(steps: Steps, match: Match) -> bool:
    """Whether only the middle of a known function, or of one expression, is changed."""
    inside, reads = inner_nodes(steps), match.change.reads
    if reads in inside or is_within_an_expression(reads):
        return True
    return match.change.made().keys() <= inside


@lru_cache(maxsize=2)
def changes_of(steps: Steps) -> list[Change]:
    """All changes of the steps of a record, the likeliest first."""
    return sorted((change for kind in KINDS for change in kind(steps)), key=lambda c: c.rank)


def _by_reach(
    steps: Steps, every: list[Change], claims: Claims, wrong: frozenset[str]
) -> tuple[list[Change], list[Change]]:
    """The changes that reach wrong gradients alone, and those that reach others too."""
    reached = [steps.reach[change.reads] & claims.keys() for change in every]
    near = [c for c, names in zip(every, reached, strict=True) if names and names <= wrong]
    far = [c for c, names in zip(every, reached, strict=True)
           if names & wrong and not names <= wrong]  # fmt: skip
    return near, far


def tried(steps: Steps, change: Change, claims: Claims) -> Match | None:
    """What a change explains, if it explains anything and spoils nothing that is right."""
    reached = steps.reach[change.reads] & claims.keys()
    guess = _guess(steps, change)
    given = frozenset(name for name in reached if claims[name].equals(guess.get(name)))
    touched = frozenset(n for n in reached if claims[n].wrong)
    if given - touched == reached - touched and given & touched:
        return Match(change, given & touched, touches=touched)
    if change.name != "left out" or touched != reached or not guess:
        return None
    factor = _factor(steps, guess, claims, touched)
    return None if factor is None else Match(change, touched, factor, touched)


def _guess(steps: Steps, *changes: Change) -> dict[str, Array]:
    """The gradients that some changes give together; none where the shapes do not allow them."""
    made = {node: sends for change in changes for node, sends in change.made().items()}
    try:
        with np.errstate(all="ignore"):
            found = steps.record.changed(steps.adjoints, made) if made else dict(steps.true)
    except (ValueError, IndexError):
        return {}
    return found | {name: g for change in changes for name, g in change.instead.items()}


def _factor(
    steps: Steps, without: Mapping[str, Array], claims: Claims, touched: frozenset[str]
) -> float | None:
    """c, where the claims are the true gradients with one part times c; None if they are not."""
    part = {name: steps.true[name] - without[name] for name in touched}
    off = {name: claims[name].value - without[name] for name in touched}
    if any(off[name].shape != part[name].shape for name in touched):
        return None
    size = sum(float(np.sum(p * p)) for p in part.values())
    c = sum(float(np.sum(part[n] * off[n])) for n in touched) / size if size else 0.0
    fits = all(claims[n].equals(without[n] + c * part[n]) for n in touched)
    return c if fits and abs(abs(c) - 1) > 1e-3 else None  # a sign is a change of its own


def _pair(
    steps: Steps, claims: Claims, wrong: frozenset[str], partial: list[Match],
    every: list[Change], deadline: float,
) -> list[Match]:  # fmt: skip
    """Two changes that give all wrong gradients together."""
    for match in sorted(partial, key=lambda m: -len(m.explains))[:SEEDS]:
        left = wrong - match.explains
        first = match.change.made().keys()
        for change in every:
            if time.thread_time() > deadline:
                return []
            touched = steps.reach[change.reads] & claims.keys()
            if not touched or not touched <= left or match.factor is not None:
                continue
            if first & change.made().keys():
                continue
            guess = _guess(steps, match.change, change)
            if all(claims[name].equals(guess.get(name)) for name in wrong):
                return [match, Match(change, left, touches=touched)]
    return []


def holds(steps: Steps, matches: list[Match], claims: Claims) -> bool:
    """Whether the same changes give the claims at another point too; True if they are not there."""
    wanted = {(match.change.name, match.change.what) for match in matches}
    there = [c for c in changes_of(steps) if (c.name, c.what) in wanted]
    if len(there) != len(wanted):
        return True
    if matches[0].factor is not None:
        again = tried(steps, there[0], claims)
        return (
            again is not None
            and again.factor is not None
            and bool(np.isclose(again.factor, matches[0].factor, rtol=1e-4))
        )
    guess = _guess(steps, *there)
    explained = frozenset().union(*(match.explains for match in matches))
    return all(claims[n].equals(guess.get(n)) for n in explained if n in claims)
