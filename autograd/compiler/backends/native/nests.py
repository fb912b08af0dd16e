"""Kernels as loop nests: which addresses an iteration reads and writes, and what it computes.

A nest runs over `dims`; in each iteration its head (a product or a sum over the dimensions `inner`)
gives one number, and its parts compute formulas of that and of what they load, and store them.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ....dialects.c import InexpressibleError
from ....dialects.formulas import unknown
from ....primitives import Primitive
from ....value import Value
from ...plan.kernels import Copy, Kernel, Map, MatMul, Reduce, Words, Zero
from ...plan.views import Block, Listed, View
from ...strided import Dims, Ints, Layout, factor

UNROLLED = 16  # entries of a maximum that are written out


@dataclass(frozen=True)
class Access:
    """The row offset + Σ index·step of a block, in an iteration of a nest."""

    block: Block
    offset: int
    steps: Dims

    def split(self, d: int, inner: int) -> "Access":
        """The same where dimension d has become two, the inner one of this size."""
        step = self.steps[d]
        steps = (*self.steps[:d], step * inner, step, *self.steps[d + 1 :])
        return replace(self, steps=steps)

    def kept(self, axes: list[int]) -> "Access":
        """The same where only these dimensions are left."""
        return replace(self, steps=tuple(self.steps[d] for d in axes))


@dataclass(frozen=True)
class Result:
    """A number that this iteration has computed: store `store` of part `part`; -1 is the head."""

    part: int
    store: int = 0


HEAD = Result(-1)
Source = Access | Result


@dataclass
class Store:
    """access = formula, or += it."""

    access: Access
    formula: Value
    adds: bool
    live: bool = True  # whether anybody reads it from memory


@dataclass
class Part:
    """Formulas, where their leaves come from, and where their values go."""

    sources: dict[Value, Source]
    stores: list[Store]


@dataclass
class Product:
    """Σ left·right over the inner dimensions; the accesses go along dims and inner."""

    left: Access
    right: Access


@dataclass
class Fold:
    """sum, max or min of one access over the inner dimensions."""

    op: Primitive
    access: Access


@dataclass
class Nest:
    """Loops over `dims` and, for the head, over `inner`."""

    dims: Dims
    parts: list[Part]
    words: list[Words]
    scope: str
    inner: Dims = ()
    head: Product | Fold | None = None
    kind: str = ""
    flops: int = 0

    def head_accesses(self) -> list[Access]:
        """What the head loads."""
        if isinstance(self.head, Product):
            return [self.head.left, self.head.right]
        return [self.head.access] if self.head else []

    def loads(self) -> Iterator[Access]:
        """What iterations read from memory."""
        yield from self.head_accesses()
        for part in self.parts:
            yield from (s for s in part.sources.values() if isinstance(s, Access))

    def stores(self) -> Iterator[Store]:
        """What iterations write."""
        for part in self.parts:
            yield from part.stores

    def memory_reads(self) -> Iterator[Access]:
        """What is read from memory, what is added to among it."""
        yield from self.loads()
        yield from (s.access for s in self.stores() if s.adds and s.access.block.batched)

    def transform(self, change: Callable[[Access], Access]) -> None:
        """Change every access."""
        if isinstance(self.head, Product):
            self.head = Product(change(self.head.left), change(self.head.right))
        elif self.head:
            self.head = Fold(self.head.op, change(self.head.access))
        for part in self.parts:
            part.sources = {
                v: change(s) if isinstance(s, Access) else s for v, s in part.sources.items()
            }
            for store in part.stores:
                store.access = change(store.access)

    def split(self, d: int, inner: int) -> None:
        """Cut dimension d in two."""
        self.dims = (*self.dims[:d], self.dims[d] // inner, inner, *self.dims[d + 1 :])
        self.transform(lambda access: access.split(d, inner))

    def coalesce(self) -> None:
        """As few dimensions as the accesses allow; none of size 1."""
        self._drop([d for d, n in enumerate((*self.dims, *self.inner)) if n > 1])
        d = 0
        while d + 1 < len(self.dims) + len(self.inner):
            if d + 1 != len(self.dims) and self._together(d):
                self._join(d)
            else:
                d += 1

    def _drop(self, kept: list[int]) -> None:
        sizes, outer = (*self.dims, *self.inner), len(self.dims)
        self.dims = tuple(sizes[d] for d in kept if d < outer)
        self.inner = tuple(sizes[d] for d in kept if d >= outer)
        own = [d for d in kept if d < outer]
        heads = {id(access) for access in self.head_accesses()}
        self.transform(lambda a: a.kept(kept if id(a) in heads else own))

    def _together(self, d: int) -> bool:
        n = (*self.dims, *self.inner)[d + 1]
        accesses = [*self.loads(), *(store.access for store in self.stores())]
        return all(a.steps[d] == n * a.steps[d + 1] for a in accesses if d + 1 < len(a.steps))

    def _join(self, d: int) -> None:
        sizes, outer = [*self.dims, *self.inner], len(self.dims)
        sizes[d : d + 2] = [sizes[d] * sizes[d + 1]]
        outer -= d + 1 < outer
        self.dims, self.inner = tuple(sizes[:outer]), tuple(sizes[outer:])
        self.transform(
            lambda a: (
                replace(a, steps=(*a.steps[:d], *a.steps[d + 1 :])) if d + 1 < len(a.steps) else a
            )
        )


@dataclass
class Listing:
    """target[i] = source[i], or += it, of rows that are listed; without a source 0."""

    target: Access
    source: Access | None
    to: Ints
    of: Ints
    adds: bool
    words: list[Words]
    scope: str

    def loads(self) -> Iterator[Access]:
        """The source."""
        if self.source:
            yield self.source

    def stores(self) -> Iterator[Store]:
        """The target."""
        yield Store(self.target, unknown(), self.adds)

    def memory_reads(self) -> Iterator[Access]:
        """The source, and the target if it is added to."""
        yield from self.loads()
        if self.adds and self.target.block.batched:
            yield self.target


AnyNest = Nest | Listing


def nest(kernel: Kernel) -> AnyNest:
    """A kernel as a loop nest."""
    words = [kernel.describe()]
    if isinstance(kernel, Map):
        return _map(kernel, words)
    if isinstance(kernel, Copy):
        return _copy(kernel, words)
    if isinstance(kernel, Zero):
        return _zero(kernel, words)
    if isinstance(kernel, Reduce):
        return _reduce(kernel, words)
    if isinstance(kernel, MatMul):
        return _product(kernel, words)
    raise InexpressibleError(f"C has no loops for {kernel!r:.60}")


def _access(view: View) -> Access:
    """A view with a single axis."""
    offset, _, steps = view.affine
    return Access(view.block, offset, sum(steps, ()))


def _map(kernel: Map, words: list[Words]) -> Nest:
    sources: dict[Value, Source] = {
        v: _access(view) for v, view in zip(kernel.leaves, kernel.inputs, strict=True) if v.unknown
    }
    reads = set(map(id, kernel.reads()))
    used = {v for v, view in zip(kernel.leaves, kernel.inputs, strict=True) if id(view) in reads}
    part = Part(
        {v: s for v, s in sources.items() if v in used},
        [Store(_access(t.target.view), t.formula, t.target.adds) for t in kernel.terms],
    )
    return Nest(kernel.shape, [part], words, kernel.scope)


def _copy(kernel: Copy, words: list[Words]) -> AnyNest:
    target, source = kernel.target.view, kernel.source
    if isinstance(target.layout, Listed) or isinstance(source.layout, Listed):
        to, of = Access(target.block, 0, (1,)), Access(source.block, 0, (1,))
        rows = target.rows().ravel(), source.rows().ravel()
        return Listing(to, of, *rows, kernel.target.adds, words, kernel.scope)
    leaf, dims = unknown(), _common(target.affine, source.affine)
    if dims is None:
        to, of = Access(target.block, 0, (1,)), Access(source.block, 0, (1,))
        rows = target.rows().ravel(), source.rows().ravel()
        return Listing(to, of, *rows, kernel.target.adds, words, kernel.scope)
    shape, (to_steps, of_steps) = dims
    store = Store(Access(target.block, target.affine.offset, to_steps), leaf, kernel.target.adds)
    part = Part({leaf: Access(source.block, source.affine.offset, of_steps)}, [store])
    return Nest(shape, [part], words, kernel.scope)


def _common(*layouts: Layout) -> tuple[Dims, list[Dims]] | None:
    """Dimensions that all layouts share, and the steps of each along them."""
    if len({layout.shape for layout in layouts}) == 1:
        return layouts[0].shape, [layout.strides for layout in layouts]
    found = factor(np.stack([layout.addresses().ravel() for layout in layouts]))
    if found is None:
        return None
    dims, steps = found
    return dims, [tuple(map(int, s)) for s in steps]


def _zero(kernel: Zero, words: list[Words]) -> AnyNest:
    view = kernel.target
    layout = view.layout
    if isinstance(layout, Listed):
        found = factor(layout.numbers[None])
        if found is None:
            to, rows = Access(view.block, 0, (1,)), layout.numbers
            return Listing(to, None, rows, rows, False, words, kernel.scope)
        dims, steps = found
        access = Access(view.block, int(layout.numbers[0]), tuple(map(int, steps[0])))
    else:
        dims, access = layout.shape, _access(view)
    return Nest(dims, [Part({}, [Store(access, Value(0.0), False)])], words, kernel.scope)


def _reduce(kernel: Reduce, words: list[Words]) -> Nest:
    offset, (rows, over), (steps, inner) = kernel.operand.affine
    target = _access(kernel.target.view)
    if kernel.op.name != "sum" and kernel.entries <= UNROLLED:
        return _unrolled(kernel, target, rows, words)
    leaf = unknown()
    part = Part({leaf: HEAD}, [Store(target, leaf, kernel.target.adds)])
    head = Fold(kernel.op, Access(kernel.operand.block, offset, (*steps, *inner)))
    return Nest(rows, [part], words, kernel.scope, over, head)


def _unrolled(kernel: Reduce, target: Access, rows: Dims, words: list[Words]) -> Nest:
    """A maximum of few entries, pair by pair."""
    leaves = [unknown() for _ in range(kernel.entries)]
    formula = leaves[0]
    for leaf in leaves[1:]:
        pick = Value.maximum if kernel.op.name == "max" else Value.minimum
        formula = pick(formula, leaf)
    sources: dict[Value, Source] = {
        leaf: _access(view) for leaf, view in zip(leaves, kernel.operand.planes(), strict=True)
    }
    part = Part(sources, [Store(target, formula, kernel.target.adds)])
    return Nest(rows, [part], words, kernel.scope)


def _product(kernel: MatMul, words: list[Words]) -> Nest:
    """z[g, f, p] += Σ_k left[g, f, k]·right[g, k, p] with each axis in the dimensions of all."""
    to, left, right = kernel.target.view, kernel.left, kernel.right
    g, gs = _axis((to, 0), (left, 0), (right, 0))
    f, fs = _axis((to, 1), (left, 1))
    p, ps = _axis((to, 2), (right, 2))
    k, ks = _axis((left, 2), (right, 1))
    zero_f, zero_p = (0,) * len(f), (0,) * len(p)
    leaf = unknown()
    target = Access(to.block, to.affine.offset, (*gs[0], *fs[0], *ps[0]))
    head = Product(
        Access(left.block, left.affine.offset, (*gs[1], *fs[1], *zero_p, *ks[0])),
        Access(right.block, right.affine.offset, (*gs[2], *zero_f, *ps[1], *ks[1])),
    )
    part = Part({leaf: HEAD}, [Store(target, leaf, kernel.target.adds)])
    return Nest(
        (*g, *f, *p), [part], words, kernel.scope, k, head, kernel.role, 2 * kernel.multiply_adds
    )


def _axis(*sides: tuple[View, int]) -> tuple[Dims, list[Dims]]:
    """The dimensions that an axis has in all of several views, and their steps in each."""
    parts = [(view.affine.dims[axis], view.affine.steps[axis]) for view, axis in sides]
    if len({dims for dims, _ in parts}) == 1:
        return parts[0][0], [steps for _, steps in parts]
    lines = [Layout(0, (dims,), (steps,)).addresses().ravel() for dims, steps in parts]
    found = factor(np.stack(lines))
    if found is None:
        raise InexpressibleError("a product whose operands share no dimensions")
    dims, steps = found
    return dims, [tuple(map(int, s)) for s in steps]


def whole(access: Access, dims: Dims) -> bool:
    """Whether iterations go through the block row by row."""
    step = 1
    for n, s in zip(dims[::-1], access.steps[::-1], strict=True):
        if n > 1 and s != step:
            return False
        step *= n
    return access.offset == 0 and step == access.block.size == math.prod(dims)


def dense(n: AnyNest, lanes: int) -> bool:
    """Whether a nest is the gradient of a matrix of weights that each sample uses once.

    Summing such a product in a vector of samples for each weight would move eight times the
    weights through memory for every tile; it is laid along the inputs instead: Z̄·Xᵀ, X turned.
    """
    if (
        not isinstance(n, Nest)
        or not isinstance(n.head, Product)
        or n.inner
        or len(n.dims) != 2
        or len(n.parts) != 1
    ):
        return False
    (store,) = n.parts[0].stores if len(n.parts[0].stores) == 1 else (None,)
    left, right = n.head.left, n.head.right
    if store is None or store.access.block.batched or not left.block.batched:
        return False
    return (
        right.block.batched
        and store.access.steps[1] == 1
        and left.steps[1] == right.steps[0] == 0
        and n.dims[1] % lanes == 0
        and n.dims[1] >= 4 * lanes
        and store.access.steps[0] % lanes == store.access.offset % lanes == 0
    )


def widened(n: Nest, parts: int) -> Nest:
    """A nest over several vectors of samples that lie side by side: another dimension."""
    accesses = [*n.loads(), *(store.access for store in n.stores())]
    if parts == 1 or not any(access.block.batched for access in accesses):
        return n
    summed = n.head is not None and not any(s.access.block.batched for s in n.stores())
    dims, inner = (n.dims, (*n.inner, parts)) if summed else ((*n.dims, parts), n.inner)
    heads = {id(access) for access in n.head_accesses()}
    at = len(n.dims) + len(n.inner) if summed else len(n.dims)

    def wide(a: Access) -> Access:
        times = parts if a.block.batched else 1
        steps = [step * times for step in a.steps]
        if not summed or id(a) in heads:
            steps.insert(at, int(a.block.batched))
        return replace(a, offset=a.offset * times, steps=tuple(steps))

    parts_ = [Part(dict(p.sources), [replace(s) for s in p.stores]) for p in n.parts]
    made = replace(n, dims=dims, inner=inner, parts=parts_)
    made.transform(wide)
    return made
