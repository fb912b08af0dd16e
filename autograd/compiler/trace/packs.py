"""Packs: numbers at the same depth that are made in the same way, side by side.

A pack has one primitive, one scope, and as many operands, which depend on the same. In a layer of
relu(w·x + b) all dots are a pack, all sums are one and all relus. (Packs as in superword
parallelism: Larsen, Amarasinghe 2000.) Its outputs are a block of consecutive rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...primitives import SEQUENCES, Primitive
from ..strided import Ints
from .tape import PARAMETER, Tape


@dataclass
class Pack:
    """Numbers `ids` (n,), and for each operand what they read (n,): numbers, or bundles."""

    op: Primitive
    scope: str
    level: int
    dependence: int
    ids: Ints
    operands: list[Ints]


def packs(tape: Tape) -> list[Pack]:
    """The packs of a tape, operands before what reads them."""
    level = _levels(tape)
    groups: dict[Any, list[int]] = {}
    origin = [  # a parameter is not packed with what is computed from parameters
        (dependence, dependence == PARAMETER and op is not None)
        for dependence, op in zip(tape.dependence, tape.op, strict=True)
    ]
    for k in tape.schedule:
        op, args = tape.op[k], tape.args[k]
        if op in SEQUENCES:
            shape: tuple[Any, ...] = tuple(
                (len(tape.bundles[i]), tape.bundle_dependence[i]) if is_bundle else origin[i]
                for i, is_bundle in tape.operands(k)
            )
        else:
            shape = tuple(origin[i] for i in args)
        groups.setdefault((level[k], op, tape.scope[k], shape), []).append(k)
    found = [_pack(tape, key[0], ids) for key, ids in groups.items()]
    return sorted(found, key=lambda pack: pack.level)


def _levels(tape: Tape) -> list[int]:
    """1 + the largest level of the operands; 0 for leaves."""
    level = [0] * len(tape.op)
    of_bundle: dict[int, int] = {}
    for k in tape.schedule:
        args = tape.args[k]
        if tape.op[k] in SEQUENCES:
            operands = tape.operands(k)
            for b in [x for x, is_bundle in operands if is_bundle and x not in of_bundle]:
                of_bundle[b] = max([level[i] for i in tape.bundles[b]])
            level[k] = 1 + max(
                [of_bundle[x] if is_bundle else level[x] for x, is_bundle in operands]
            )
        else:
            level[k] = 1 + max([level[i] for i in args])
    return level


def _pack(tape: Tape, level: int, ids: list[int]) -> Pack:
    op = tape.op[ids[0]]
    assert op is not None
    columns = zip(*[tape.args[k] for k in ids], strict=True)
    operands = [np.array(column, np.int64) for column in columns]
    return Pack(op, tape.scope[ids[0]], level, tape.dependence[ids[0]], np.array(ids), operands)
