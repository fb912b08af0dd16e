"""What a record is made of: arrays, and the four kinds of operations between them.

Every rearrangement (a slice, a transpose, padding, concatenation, assignment to a part, the
largest entry) is a `Gather`: each entry of its output is an entry of one of its inputs, or
nothing. Products and sums are `Contraction`s; `Scatter` adds at addresses; the others are rows of
the table of primitives, entry by entry, on operands of one shape.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy import array, asarray, zeros  # as they are: np's may be exchanged
from numpy.typing import NDArray

from ...primitives import PRIMITIVES, Primitive
from .source import Site

Array = NDArray[np.float64]
Addresses = NDArray[np.intp]
Part = Callable[[Array], Array]  # of ∂L/∂y


@dataclass(frozen=True)
class Operation:
    """y = f(x₀, x₁, ...) on arrays, and how ∂L/∂y becomes a part of each ∂L/∂x."""

    what: str  # what a reader calls it

    def forward(self, *x: Array) -> Array:
        """y."""
        raise NotImplementedError

    def adjoint(self, node: "Node", k: int, g: Array) -> Array:
        """The part of ∂L/∂x_k that comes through this operation, where ∂L/∂y = g."""
        return node.part(k, g)

    def part(self, node: "Node", k: int) -> Part:
        """The same as a function of g, with all that does not depend on g computed."""
        raise NotImplementedError


@dataclass(eq=False)
class Node:
    """An array of the record: what it was computed from, by what, and where in the source."""

    operation: Operation | None  # None for an input or a constant
    inputs: tuple["Node", ...]
    value: Array
    site: Site | None = None
    name: str = ""  # of an input
    varies: bool = False  # whether it depends on an input
    order: int = -1  # its place in the record
    uses: list[tuple["Node", int]] = field(default_factory=list)
    parts: dict[int, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.varies = bool(self.name) or any(x.varies for x in self.inputs)

    def part(self, k: int, g: Array) -> Array:
        """What ∂L/∂y = g adds to the adjoint of the k-th input."""
        if k not in self.parts:
            assert self.operation is not None  # it has an input
            self.parts[k] = self.operation.part(self, k)
        return self.parts[k](g)

    def sends(self, g: Array) -> Iterator[tuple["Node", Array]]:
        """(input, the part of its adjoint that comes through here), for those that vary."""
        for k, x in enumerate(self.inputs):
            if x.varies:
                yield x, self.part(k, g)

    @property
    def row(self) -> Primitive | None:
        """Its row of the table of primitives, if it is one."""
        return self.operation.row if isinstance(self.operation, Elementwise) else None


def constant(value: Any) -> Node:
    """A node that depends on nothing."""
    return Node(None, (), array(value, np.float64))


FURTHER = {  # rows that the engine does without
    "arctan": Primitive("arctan", "arctan", np.arctan, lambda _, x: (1 / (1 + x * x),)),
    "arcsin": Primitive("arcsin", "arcsin", np.arcsin, lambda _, x: (1 / np.sqrt(1 - x * x),)),
    "arccos": Primitive("arccos", "arccos", np.arccos, lambda _, x: (-1 / np.sqrt(1 - x * x),)),
}
ROWS = {**PRIMITIVES, **FURTHER}


@dataclass(frozen=True)
class Elementwise(Operation):
    """A row of the table of primitives, on each entry."""

    @property
    def row(self) -> Primitive:
        """The row of the table."""
        return ROWS[self.what]

    def forward(self, *x: Array) -> Array:
        """f(x₀, x₁, ...), entry by entry."""
        return asarray(self.row.forward(*x), np.float64)

    def partial(self, node: Node, k: int) -> Array:
        """∂y/∂x_k, entry by entry."""
        values = [x.value for x in node.inputs]
        with np.errstate(all="ignore"):
            partial = self.row.partials(node.value, *values)[k]
        return np.broadcast_to(asarray(partial, np.float64), node.value.shape)

    def part(self, node: Node, k: int) -> Part:
        """g · ∂y/∂x_k; 0 for what was not taken, whatever its slope."""
        if self.what == "add":
            return _same
        slope = self.partial(node, k)
        if np.isfinite(slope).all():
            return lambda g: g * slope
        return lambda g: np.multiply(g, slope, out=zeros(g.shape), where=g != 0)


def summed(spec: str, x: Sequence[Array]) -> Array:
    """np.einsum, through matrix products where these are faster."""
    optimize = len(x) > 2 or sum(each.size for each in x) > 4096
    return asarray(np.einsum(spec, *x, optimize=optimize))


@dataclass(frozen=True)
class Contraction(Operation):
    """y = Σ x₀·x₁·..., by one letter for each axis, as `einsum` has it."""

    letters: tuple[str, ...] = ()
    out: str = ""

    @property
    def spec(self) -> str:
        """The formula as `einsum` reads it: `ab,bc->ac`."""
        return f"{','.join(self.letters)}->{self.out}"

    def forward(self, *x: Array) -> Array:
        """Σ x₀·x₁·..."""
        return summed(self.spec, x)

    def part(self, node: Node, k: int) -> Part:
        """Σ g · the other factors."""
        return self.with_factors(k, [x.value for x in node.inputs])

    def with_factors(self, k: int, factors: list[Array]) -> Part:
        """The same with other numbers in the place of the factors."""
        if self.spec == "ab,bc->ac":
            other = factors[1 - k].T
            return (lambda g: g @ other) if k == 0 else (lambda g: other @ g)
        letters, shape = self.letters[k], factors[k].shape
        others = [(s, x) for j, (s, x) in enumerate(zip(self.letters, factors, strict=True))
                  if j != k]  # fmt: skip
        known = set(self.out).union(*(s for s, _ in others))
        there = "".join(letter for letter in letters if letter in known)
        spec = ",".join([self.out, *(s for s, _ in others)]) + "->" + there
        values = [x for _, x in others]
        spread = tuple(slice(None) if letter in known else None for letter in letters)
        return lambda g: np.broadcast_to(summed(spec, [g, *values])[spread], shape)


def sums_at(at: Addresses, values: Array, shape: tuple[int, ...]) -> Array:
    """An array of zeros, with values added at addresses."""
    return np.bincount(at, values, math.prod(shape)).astype(np.float64).reshape(shape)


@dataclass(frozen=True)
class Gather(Operation):
    """Each entry of y is one of an input, or nothing: `source` says of which, `at` where in it."""

    source: Addresses = field(default_factory=lambda: zeros(0, np.intp))  # -1 for nothing
    at: Addresses = field(default_factory=lambda: zeros(0, np.intp))

    def forward(self, *x: Array) -> Array:
        """The entries in their new places."""
        if len(x) == 1 and not self.source.any():
            return asarray(x[0].reshape(-1)[self.at])
        y = zeros(self.source.shape)
        for k, value in enumerate(x):
            here = self.source == k
            y[here] = value.ravel()[self.at[here]]
        return y

    def part(self, node: Node, k: int) -> Part:
        """The sum of g over the places to which each entry went."""
        here = (self.source == k).ravel()
        shape = node.inputs[k].value.shape
        at = self.at.ravel()[here]
        if here.all():
            return lambda g: sums_at(at, g.ravel(), shape)
        places = np.flatnonzero(here)
        return lambda g: sums_at(at, g.ravel()[places], shape)

    @property
    def repeats(self) -> bool:
        """Whether an entry goes to several places."""
        pairs = np.stack([self.source.ravel(), self.at.ravel()])[:, self.source.ravel() >= 0]
        return bool(np.unique(pairs, axis=1).shape[1] < pairs.shape[1])


@dataclass(frozen=True)
class Scatter(Operation):
    """y = zeros, with each entry of x added at an address."""

    at: Addresses = field(default_factory=lambda: zeros(0, np.intp))
    shape: tuple[int, ...] = ()

    def forward(self, *x: Array) -> Array:
        """The sums."""
        return sums_at(self.at.ravel(), x[0].ravel(), self.shape)

    def part(self, node: Node, k: int) -> Part:
        """g at the addresses."""
        shape = node.inputs[k].value.shape
        return lambda g: asarray(g.ravel()[self.at]).reshape(shape)


def _same(g: Array) -> Array:
    return g
