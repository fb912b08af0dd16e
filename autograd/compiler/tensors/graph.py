"""A program as a graph of operations on tensors, which a library or a file format can repeat.

Shapes and axes are those of one sample; what is `batched` has an axis of samples in front.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...text import numbered
from ..strided import Dims

Operand = str | float  # the name of a tensor, or a number


@dataclass
class Operation:
    """name = op(*inputs). `op` is a row of the table, number by number with broadcasting, or

    | op | inputs | attributes |
    |---|---|---|
    | linear | x (..., k), w (f, k), b (f)? -> (..., f) | |
    | matmul | a (..., f, k), b (..., k, p) | |
    | lookup | rows (..., k, f), their numbers (..., p) -> (..., p, f) | |
    | conv | x (C, ...), w (O, C/groups, ...), b (O)? | strides dilations pads groups |
    | max_pool, mean_pool, sum_pool | x (C, ...) | kernel strides dilations pads |
    | sum_over, max_over, min_over, mean_over | x | axes, that go |
    | batch_mean | x, over the samples | |
    | reshape, transpose | x | shape; axes |
    | slice, pad | x | starts stops; before after value |
    | take | x (n), its indices in the shape of the result | |
    | concat | several | axis |
    | expand | x without samples, which is the same for each; what has samples | |
    """

    name: str
    op: str
    inputs: list[Operand]
    shape: Dims
    batched: bool
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Tensors:
    """Inputs and parameters (name, shape), constants, operations in order, and the names of results
    in the form of what the function returns: one, or a tuple, a list or a dict of them.
    """

    inputs: list[tuple[str, Dims]] = field(default_factory=list)
    parameters: list[tuple[str, Dims]] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    results: Any = None


class Builder:
    """Grows a graph: what was computed before is not computed again, what changes nothing is left
    out, and in the end what nobody needs. Until then, operations are called by numbers.
    """

    def __init__(self) -> None:
        self.made = Tensors()
        self.shapes: dict[str, Dims] = {}
        self.batched: dict[str, bool] = {}
        self.by_name: dict[str, Operation] = {}
        self._scopes: dict[str, str] = {}
        self._found: dict[Any, str] = {}

    def leaf(self, name: str, shape: Dims, batched: bool) -> str:
        """A tensor that is given."""
        self.shapes[name], self.batched[name] = shape, batched
        return name

    def constant(self, numbers: NDArray[Any]) -> str:
        """A tensor of numbers that never change."""
        key = (numbers.shape, numbers.dtype.kind, numbers.tobytes())
        if key not in self._found:
            name = self.leaf(f" constant {len(self.made.constants)}", numbers.shape, batched=False)
            self._found[key] = name
            self.made.constants[name] = numbers
        return self._found[key]

    def add(
        self, op: str, inputs: Sequence[Operand], shape: Dims, scope: str, **attributes: Any
    ) -> str:
        """The name of what an operation makes."""
        key = (op, tuple(map(repr, inputs)), shape, repr(attributes))
        if key not in self._found:
            batched = any(isinstance(x, str) and self.batched[x] for x in inputs)
            name = self._found[key] = f" {len(self.by_name)}"
            made = Operation(name, op, [*inputs], shape, batched and op != "batch_mean", attributes)
            self.made.operations.append(made)
            self.by_name[name], self._scopes[name] = made, scope
            self.leaf(name, shape, made.batched)
        return self._found[key]

    def finished(self, results: Sequence[str]) -> dict[str, str]:
        """Leave out what no result needs, and give all else a name: {as it was called: name}."""
        needed = set(results)
        for operation in reversed(self.made.operations):
            if operation.name in needed:
                needed.update(x for x in operation.inputs if isinstance(x, str))
        made = self.made
        made.operations = [operation for operation in made.operations if operation.name in needed]
        made.constants = {x: numbers for x, numbers in made.constants.items() if x in needed}
        names: dict[Operand, str] = {name: name for name, _ in made.inputs + made.parameters}
        bases: dict[str, str] = dict.fromkeys(made.constants, "constant")
        bases |= {o.name: f"{self._scopes[o.name]}/{o.op}".lstrip("/") for o in made.operations}
        taken = set(names.values())
        for x, base in bases.items():
            names[x] = numbered(base, taken)
            taken.add(names[x])
        for operation in made.operations:
            operation.name = names[operation.name]
            operation.inputs = [names.get(x, x) for x in operation.inputs]
        made.constants = {names[x]: numbers for x, numbers in made.constants.items()}
        return {x: names[x] for x in results}

    def inside(self, operation: Operation) -> Operation | None:
        """What an operation reshapes, or itself."""
        if operation.op != "reshape":
            return operation
        return self.by_name.get(str(operation.inputs[0]))

    # --- what rearranges --------------------------------------------------------------------------

    def reshape(self, x: str, shape: Dims, scope: str) -> str:
        """A tensor in another shape, row by row."""
        before = self.by_name.get(x)
        if self.shapes[x] == shape:
            return x
        if x in self.made.constants:
            return self.constant(self.made.constants[x].reshape(shape))
        if before and before.op == "reshape":
            return self.reshape(str(before.inputs[0]), shape, scope)
        return self.add("reshape", [x], shape, scope)

    def transpose(self, x: str, axes: Sequence[int], scope: str) -> str:
        """A tensor with its axes in another order."""
        if list(axes) == sorted(axes):
            return x
        shape = tuple(self.shapes[x][k] for k in axes)
        return self.add("transpose", [x], shape, scope, axes=tuple(axes))

    def slice(self, x: str, starts: Dims, stops: Dims, scope: str) -> str:
        """Part of each axis."""
        if not any(starts) and stops == self.shapes[x]:
            return x
        shape = tuple(b - a for a, b in zip(starts, stops, strict=True))
        return self.add("slice", [x], shape, scope, starts=starts, stops=stops)

    def take(self, x: str, indices: NDArray[np.int64], scope: str) -> str:
        """Entries by their place, row by row."""
        if x in self.made.constants:
            return self.constant(self.made.constants[x].ravel()[indices])
        flat = self.reshape(x, (math.prod(self.shapes[x]),), scope)
        return self.add("take", [flat, self.constant(indices)], indices.shape, scope)

    def pad(self, x: str, before: Dims, after: Dims, value: float, scope: str) -> str:
        """A tensor in margins of a number."""
        if not any(before) and not any(after):
            return x
        margins = zip(self.shapes[x], before, after, strict=True)
        shape = tuple(sum(parts) for parts in margins)
        return self.add("pad", [x], shape, scope, before=before, after=after, value=value)

    def concat(self, xs: Sequence[str], axis: int, scope: str) -> str:
        """Tensors side by side; where one has samples, all have."""
        if len(xs) == 1:
            return xs[0]
        if any(self.batched[x] for x in xs):
            xs = [self.expand(x, scope) for x in xs]
        shape = list(self.shapes[xs[0]])
        shape[axis] = sum(self.shapes[x][axis] for x in xs)
        return self.add("concat", list(xs), tuple(shape), scope, axis=axis)

    def expand(self, x: str, scope: str) -> str:
        """The same for each sample."""
        if self.batched[x]:
            return x
        return self.add("expand", [x, self.made.inputs[0][0]], self.shapes[x], scope)
