"""What a record is made of: arrays, and the four kinds of operations between them.

Every rearrangement (a slice, a transpose, padding, concatenation, assignment to a part, the largest
entry) is a `Gather`: each entry of its output is an entry of one of its inputs, or nothing. Products
and sums are `Contraction`s; `Scatter` adds at addresses; the others are rows of the table of
primitives, entry by entry, on operands of one shape.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...primitives import PRIMITIVES, Primitive
from .source import Site

Array = NDArray[np.float64]
Addresses = NDArray[np.intp]


@dataclass(frozen=True)
class Operation:
    """y = f(x₀, x₁, ...) on arrays, and how ∂L/∂y becomes a part of each ∂L/∂x."""

    what: str  # what a reader calls it

    def forward(self, *x: Array) -> Array:
        """y."""
        raise NotImplementedError

    def adjoint(self, node: "Node", k: int, g: Array) -> Array:
        """The part of ∂L/∂x_k that comes through this operation, where ∂L/∂y = g."""
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

    def __post_init__(self) -> None:
        self.varies = bool(self.name) or any(x.varies for x in self.inputs)

    def sends(self, g: Array) -> Iterator[tuple["Node", Array]]:
        """(input, the part of its adjoint that comes through here), for those that vary."""
        for k, x in enumerate(self.inputs):
            if x.varies and self.operation is not None:
                yield x, self.operation.adjoint(self, k, g)

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

    def adjoint(self, node: Node, k: int, g: Array) -> Array:
        """g · ∂y/∂x_k."""
        return g * self.partial(node, k)


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

    def adjoint(self, node: Node, k: int, g: Array) -> Array:
        """Σ g · the other factors."""
        return self.with_factors(k, g, [x.value for x in node.inputs])

    def with_factors(self, k: int, g: Array, factors: list[Array]) -> Array:
        """The same with other numbers in the place of the factors."""
        letters, shape = self.letters[k], factors[k].shape
        others = [(s, x) for j, (s, x) in enumerate(zip(self.letters, factors, strict=True))
                  if j != k]  # fmt: skip
        known = set(self.out).union(*(s for s, _ in others))
        there = "".join(letter for letter in letters if letter in known)
        spec = ",".join([self.out, *(s for s, _ in others)]) + "->" + there
        found = np.einsum(spec, g, *(x for _, x in others))
        spread = tuple(slice(None) if letter in known else None for letter in letters)
        return np.broadcast_to(found[spread], shape)


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

    def adjoint(self, node: Node, k: int, g: Array) -> Array:
        """The sum of g over the places to which each entry went."""
        here = self.source == k
        shape = node.inputs[k].value.shape
        size = int(np.prod(shape))
        return np.bincount(self.at[here], g[here], size).reshape(shape)

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

    def adjoint(self, node: Node, k: int, g: Array) -> Array:
        """g at the addresses."""
        return np.asarray(g.ravel()[self.at])
