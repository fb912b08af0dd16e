"""What a record is made of: arrays, and the four kinds of operations between them.

Every rearrangement (a slice, a transpose, padding, concatenation, assignment to a part, the largest
entry) is a `Gather`: each entry of its output is an entry of one of its inputs, or nothing. Products
and sums are `Contraction`s; `Scatter` adds at addresses; the others are rows of the table of
primitives, entry by entry, on operands of one shape.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
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
    return Node(None, (), np.asarray(value, np.float64))


@dataclass(frozen=True)
class Elementwise(Operation):
    """A row of the table of primitives, on each entry."""

    @property
    def row(self) -> Primitive:
        """The row of the table."""
        return PRIMITIVES[self.what]

    def forward(self, *x: Array) -> Array:
        """f(x₀, x₁, ...), entry by entry."""
        return np.asarray(self.row.forward(*x), np.float64)

    def partial(self, node: Node, k: int) -> Array:
        """∂y/∂x_k, entry by entry."""
        values = [x.value for x in node.inputs]
        partial = self.row.partials(node.value, *values)[k]
        return np.broadcast_to(np.asarray(partial, np.float64), node.value.shape)

    def part(self, node: Node, k: int) -> Part:
        """g · ∂y/∂x_k."""
        if self.what == "add":
            return _same
        slope = self.partial(node, k)
        return lambda g: g * slope


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
        return np.asarray(np.einsum(self.spec, *x, optimize=len(x) > 2))

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
        return lambda g: np.broadcast_to(np.einsum(spec, g, *values)[spread], shape)


@dataclass(frozen=True)
class Gather(Operation):
    """Each entry of y is one of an input, or nothing: `source` says of which, `at` where in it."""

    source: Addresses = field(default_factory=lambda: np.zeros(0, np.intp))  # -1 for nothing
    at: Addresses = field(default_factory=lambda: np.zeros(0, np.intp))

    def forward(self, *x: Array) -> Array:
        """The entries in their new places."""
        y = np.zeros(self.source.shape)
        for k, value in enumerate(x):
            here = self.source == k
            y[here] = value.ravel()[self.at[here]]
        return y

    def part(self, node: Node, k: int) -> Part:
        """The sum of g over the places to which each entry went."""
        here = (self.source == k).ravel()
        shape = node.inputs[k].value.shape
        size = int(np.prod(shape))
        if here.all():
            at = self.at.ravel()
            return lambda g: np.bincount(at, g.ravel(), size).reshape(shape)
        places, at = np.flatnonzero(here), self.at.ravel()[here]
        return lambda g: np.bincount(at, g.ravel()[places], size).reshape(shape)

    @property
    def repeats(self) -> bool:
        """Whether an entry goes to several places."""
        pairs = np.stack([self.source.ravel(), self.at.ravel()])[:, self.source.ravel() >= 0]
        return bool(np.unique(pairs, axis=1).shape[1] < pairs.shape[1])


@dataclass(frozen=True)
class Scatter(Operation):
    """y = zeros, with each entry of x added at an address."""

    at: Addresses = field(default_factory=lambda: np.zeros(0, np.intp))
    shape: tuple[int, ...] = ()

    def forward(self, *x: Array) -> Array:
        """The sums."""
        size = int(np.prod(self.shape))
        return np.bincount(self.at.ravel(), x[0].ravel(), size).reshape(self.shape)

    def part(self, node: Node, k: int) -> Part:
        """g at the addresses."""
        return lambda g: np.asarray(g.ravel()[self.at])


def _same(g: Array) -> Array:
    return g
