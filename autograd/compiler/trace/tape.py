"""The recorded graph in integers: what each number is made of, and on what it depends."""

import math
from dataclasses import dataclass, field
from typing import Any

from ...functions import BATCH_MEAN
from ...numbers.kinds import UNKNOWN
from ...primitives import PRIMITIVES, SEQUENCES, Primitive
from ...value import Value
from .record import Recording

DOT, GATHER = PRIMITIVES["dot"], PRIMITIVES["gather"]

CONSTANT, PARAMETER, BATCH, SAMPLE = range(4)
"""What a number depends on, the last one that applies: nothing, parameters, all samples together
(a mean over the batch, the same for each), its own sample.
"""


@dataclass
class Tape:
    """For each number: its primitive (None for a leaf), operands, scope, and what it depends on.

    An operand that is a sequence is the number of a bundle.
    `schedule` lists the operations, operands first. Of w·x + 1 with w = 0, x = 1:

        2: mul (0, 1)    3: constant 1.0    4: add (2, 3)    schedule [2, 4]
    """

    op: list[Primitive | None] = field(default_factory=list)
    args: list[tuple[int, ...]] = field(default_factory=list)
    scope: list[str] = field(default_factory=list)
    dependence: list[int] = field(default_factory=list)
    bundles: list[tuple[int, ...]] = field(default_factory=list)
    schedule: list[int] = field(default_factory=list)
    constants: dict[int, float] = field(default_factory=dict)
    outputs: list[list[int]] = field(default_factory=list)
    bundle_dependence: list[int] = field(default_factory=list)
    _constant: dict[Any, int] = field(default_factory=dict)
    _bundle: dict[tuple[int, ...], int] = field(default_factory=dict)

    def new(self, op: Primitive | None, args: tuple[int, ...], scope: str, dependence: int) -> int:
        """Number another node."""
        self.op.append(op)
        self.args.append(args)
        self.scope.append(scope)
        self.dependence.append(dependence)
        return len(self.op) - 1

    def constant(self, x: float) -> int:
        """The number of a constant; equal constants, equal number."""
        key = (x, math.copysign(1, x)) if x == x else None  # 0.0 is not -0.0
        found = self._constant.get(key)
        if found is None:
            found = self._constant[key] = self.new(None, (), "", CONSTANT)
            self.constants[found] = x
        return found

    def bundle(self, entries: tuple[int, ...]) -> int:
        """The number of a bundle with these entries; equal entries, equal number."""
        found = self._bundle.get(entries)
        if found is None:
            found = self._bundle[entries] = len(self.bundles)
            self.bundles.append(entries)
            dependence = self.dependence
            self.bundle_dependence.append(max([dependence[i] for i in entries]))
        return found

    def operands(self, k: int) -> tuple[tuple[int, bool], ...]:
        """What an operation reads: numbers, and of sequences (True) the bundles."""
        op, args = self.op[k], self.args[k]
        kinds = SEQUENCES.get(op) if op else None
        return tuple(zip(args, kinds or (False,) * len(args), strict=True))

    def depends(self, k: int, is_bundle: bool) -> int:
        """What a number or a bundle depends on."""
        return self.bundle_dependence[k] if is_bundle else self.dependence[k]


def tape(recording: Recording) -> Tape:
    """Number what the results of a recording depend on."""
    made = Tape()
    number: dict[Any, int] = {}  # of Values, and of bundles
    _number_leaves(recording, made, number)
    roots = [v for result in recording.results for v in result.values]
    inside = set(recording.trace)
    ordered = _behind(roots, recording.trace, inside)
    for root in roots:
        if root.op is None:
            _leaf(root, made, number, inside)
    for node in ordered:
        _operation(node, made, number, inside)
    made.outputs = [[number[v] for v in result.values] for result in recording.results]
    return made


def _number_leaves(recording: Recording, made: Tape, number: dict[Any, int]) -> None:
    groups = [(group.values, PARAMETER) for group in recording.parameters]
    groups += [(argument.values, SAMPLE) for argument in recording.arguments]
    groups += [(values, SAMPLE) for values, _, _ in recording.trace.draws]
    for values, dependence in groups:
        for v in values:
            number[v] = made.new(None, (), "", dependence)


def _behind(roots: list[Value], trace: list[Value], inside: set[Value]) -> list[Value]:
    """The operations that roots depend on, operands first: a trace is in order."""
    needed: set[Any] = set(roots)
    ordered = []
    for node in reversed(trace):
        if node.op is not None and node in needed:
            ordered.append(node)
            for x in node.inputs:
                if x not in needed:
                    needed.add(x)
                    if not isinstance(x, Value):
                        needed.update(x.inputs)
    for node in needed - inside:
        if isinstance(node, Value) and node.op is not None:
            raise ValueError(
                f"compile: the function uses {node!r}, which was computed outside of it; compute "
                "it inside, or pass its number with detach()"
            )
    return ordered[::-1]


def _leaf(v: Value, made: Tape, number: dict[Any, int], inside: set[Value]) -> int:
    """The number of an operand; a leaf that is met first becomes a constant."""
    found = number.get(v)
    if found is not None:
        return found
    if v not in inside:
        name = v.label or repr(v)
        raise ValueError(
            f"compile: the function uses {name}, a Value from outside that is neither an argument "
            "nor in parameters=; add it there (model.named_state() has buffers too), or use its "
            "number with detach()"
        )
    if v.data is UNKNOWN:
        where = f" in {v.scope}" if v.scope else ""
        raise ValueError(
            "compile: no_grad(), or the .data or item() of a Value, hides from the recording how a "
            f"number was made{where}; use autograd.stop_gradient to keep gradients out"
        )
    number[v] = made.constant(real(v.data, "a number in the function"))
    return number[v]


def real(x: Any, what: str) -> float:
    """A number as a float; the error of one that cannot be says `what` it is."""
    try:
        return float(x)
    except (TypeError, ValueError) as error:
        raise TypeError(f"compile: {what} is {x!r:.40}, programs compute with floats") from error
    except OverflowError as error:
        raise OverflowError(f"compile: {what} is too large for a float: {x!r:.40}") from error


def _known(made: Tape, op: Primitive, args: list[int]) -> list[Any]:
    """The operands of an operation on constants."""
    known, kinds = made.constants, SEQUENCES.get(op, (False,) * len(args))
    return [
        tuple([known[i] for i in made.bundles[k]]) if is_bundle else known[k]
        for k, is_bundle in zip(args, kinds, strict=True)
    ]


def _entries(
    bundle: Any, made: Tape, number: dict[Any, int], inside: set[Value]
) -> tuple[int, ...]:
    try:
        return tuple([number[x] for x in bundle.inputs])
    except KeyError:
        return tuple([_leaf(x, made, number, inside) for x in bundle.inputs])


def _operation(node: Value, made: Tape, number: dict[Any, int], inside: set[Value]) -> None:
    """Number a node, and the bundles that it is the first to read."""
    op = node.op
    assert op is not None
    args: list[int] = []
    if op in SEQUENCES:
        for x, is_bundle in zip(node.inputs, SEQUENCES[op], strict=True):
            if is_bundle and x not in number:
                number[x] = made.bundle(_entries(x, made, number, inside))
            args.append(number[x] if is_bundle else _leaf(x, made, number, inside))
        dependence = max(map(made.depends, args, SEQUENCES[op]))
    else:
        for x in node.inputs:
            found = number.get(x)
            args.append(_leaf(x, made, number, inside) if found is None else found)
        dependence = max([made.dependence[i] for i in args])
    if dependence == CONSTANT:
        number[node] = made.constant(float(op.forward(*_known(made, op, args))))
        return
    if op is BATCH_MEAN:
        if dependence != SAMPLE:  # the same for all samples as it is
            number[node] = args[0]
            return
        dependence = BATCH
    k = number[node] = made.new(op, tuple(args), node.scope, dependence)
    made.schedule.append(k)
