"""What a diagnosis is asked, and what it answers: a remark with its evidence and a remedy."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..truth.arrays import Array
from ..truth.verdict import Verdict

EXACT = 1e-5  # relative: closer than this is equality


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
            "; ".join(x for x in (self.evidence, other.evidence) if x),
            self.where,
            f"{self.remedy}; or {other.remedy}",
            f"{self.name} | {other.name}",
        )

    def to_dict(self) -> dict[str, str]:
        """The parts by name."""
        return asdict(self)


@dataclass
class Case:
    """One wrong gradient, and what may explain it."""

    name: str
    claimed: Array
    verdict: Verdict
    inputs: Mapping[str, Array]
    output: Array
    upstream: Array
    learning_rate: float | None = None
    variants: dict[str, Array] = field(default_factory=dict)
    everything: Mapping[str, Array] = field(default_factory=dict)  # all inputs that are arrays
    cache: dict[str, Any] = field(default_factory=dict)  # what all cases of one check share

    @property
    def true(self) -> Array:
        return self.verdict.true

    @property
    def seen(self) -> Any:
        """Where the true gradient is known."""
        return self.verdict.smooth

    @property
    def value(self) -> Array:
        """The input itself."""
        return self.inputs[self.name]

    def equal(self, guess: Array, where: Any = None) -> bool:
        """Whether a guess explains the claimed gradient: equal wherever the truth is known."""
        return self.distance(guess, where) <= 1.0

    def distance(self, guess: Array, where: Any = None) -> float:
        """The largest difference to the claimed gradient, in units of what counts as equal."""
        seen = self.seen if where is None else self.seen & where
        if guess.shape != self.claimed.shape or not seen.any():
            return float("inf")
        off = np.abs(guess - self.claimed)[seen]
        size = float(np.max(np.abs(self.claimed[seen])))
        slack = max(EXACT, self.verdict.tolerance) * max(size, 1e-300)
        error = np.broadcast_to(self.verdict.gradient.error, guess.shape)[seen]
        worst = off / (slack + 10 * error)
        return float("inf") if np.isnan(worst).any() else float(np.max(worst))

    def difference(self, guess: Array) -> str:
        """How closely a guess agrees, in words."""
        off = float(np.max(np.abs(guess - self.claimed)[self.seen]))
        return f"max difference {off:.0e}"
