"""An array that several steps read, of which some hand back nothing, the wrong sign, or twice.

The claim is then a sum of the parts that come back along each use, with other numbers before them:
these are found as the solution of linear equations, and told if they are simple.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from ..trace.nodes import Array, Node
from ..trace.record import Changes
from .changes import Change, at, edge, times
from .steps import Steps, name_of

MOST = 8  # uses
SAID = {-1.0: "is taken with the wrong sign", 0.0: "is left out", 2.0: "is taken twice"}
Use = tuple[Node, int]


def weighed(steps: Steps, claims: Mapping[str, Array]) -> Iterator[Change]:
    """Changes in which each use of an array has a simple factor, fitted to the claims."""
    arrays = [*steps.record.inputs.values(), *(s.first for s in steps.every if len(s.nodes) == 1)]
    for node in arrays:
        uses = steps.uses(node)
        roles = steps.reach.get(node, frozenset()) & claims.keys()
        alone = len({user for user, _ in uses}) == len(uses)
        if 2 <= len(uses) <= MOST and alone and roles and _fit(steps, roles, claims):
            factors = _factors(steps, uses, sorted(roles), claims)
            if factors is not None:
                yield _change(steps, node, dict(zip(uses, factors, strict=True)))


def _fit(steps: Steps, roles: frozenset[str], claims: Mapping[str, Array]) -> bool:
    return all(claims[role].shape == steps.true[role].shape for role in roles)


def _factors(
    steps: Steps, uses: list[Use], roles: list[str], claims: Mapping[str, Array]
) -> list[float] | None:
    """The number before the part of each use, where all are simple and some is not 1."""
    true = _flat(steps.true, roles)
    without = [_flat(steps.record.changed(steps.adjoints, _scaled({use: 0.0})), roles)
               for use in uses]  # fmt: skip
    parts = np.stack([true - other for other in without], axis=1)
    off = _flat(claims, roles) - true
    if len(off) <= len(uses) or not np.isfinite(off).all() or not np.isfinite(parts).all():
        return None
    if np.linalg.matrix_rank(parts) < len(uses):
        return None
    found = 1 + np.linalg.lstsq(parts, off, rcond=None)[0]
    simple = [_nearest(float(factor)) for factor in found]
    near = np.allclose(found, simple, rtol=0, atol=1e-6) and any(c != 1 for c in simple)
    return simple if near else None


def _nearest(factor: float) -> float:
    return min((1.0, *SAID), key=lambda simple: abs(simple - factor))


def _flat(gradients: Mapping[str, Array], roles: list[str]) -> Array:
    return np.concatenate([gradients[role].ravel() for role in roles])


def _scaled(factors: Mapping[Use, float]) -> Changes:
    """Each use hands back so many times what it should."""
    return {user: edge(user, k, times(user, k, factor)) for (user, k), factor in factors.items()}


def _change(steps: Steps, node: Node, factors: Mapping[Use, float]) -> Change:
    told = []
    for factor, said in SAID.items():
        users = [at(steps.of[user][0]) for (user, _), f in factors.items() if f == factor]
        if users:
            hand = "hands" if len(users) == 1 else "hand"
            told.append(f"what {' and '.join(users)} {hand} back {said}")
    what = f"in the gradient of `{name_of(node)}`, {'; '.join(told)}"
    line = f"∂L/∂`{name_of(node)}` is the sum of what its {len(factors)} uses hand back"
    wrong = {use: factor for use, factor in factors.items() if factor != 1}
    return Change("uses", what, line, node, lambda: _scaled(wrong), 3)
