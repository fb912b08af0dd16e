"""Kernels as loop nests."""

import numpy as np

from ....dialects.expressions import InexpressibleError
from ....value import Value, unknown
from ...plan import lookups
from ...plan.kernels import Copy, Kernel, Words, Zero
from ...plan.maps import Map, Reduce
from ...plan.matmul import MatMul
from ...plan.views import Listed, View
from ...strided import Dims, Layout, factor
from .nests import HEAD, Access, AnyNest, Fold, Listing, Lookup, Nest, Part, Product, Source, Store

UNROLLED = 16  # entries of a maximum that are written out


def nest(kernel: Kernel, unrolled: int = UNROLLED) -> AnyNest:
    """A kernel as a loop nest; a maximum of so many entries or fewer is written out."""
    words = [kernel.describe()]
    if isinstance(kernel, Map):
        return _map(kernel, words)
    if isinstance(kernel, Copy):
        return _copy(kernel, words)
    if isinstance(kernel, Zero):
        return _zero(kernel, words)
    if isinstance(kernel, Reduce):
        return _reduce(kernel, words, unrolled)
    if isinstance(kernel, MatMul):
        return _product(kernel, words)
    if isinstance(kernel, lookups.Lookup):
        return _lookup(kernel, words)
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


def _reduce(kernel: Reduce, words: list[Words], unrolled: int) -> Nest:
    offset, (rows, over), (steps, inner) = kernel.operand.affine
    target = _access(kernel.target.view)
    if kernel.op.name != "sum" and kernel.entries <= unrolled:
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


def _lookup(kernel: lookups.Lookup, words: list[Words]) -> Lookup:
    rows, table, index = kernel.rows, kernel.table, kernel.index
    g, gs = _axis((rows, 0), (table, 0), (index, 0))
    p, ps = _axis((rows, 1), (index, 1))
    f, fs = _axis((rows, 2), (table, 1))
    zero_p, zero_f = (0,) * len(p), (0,) * len(f)
    return Lookup(
        (*g, *p),
        f,
        Access(rows.block, rows.affine.offset, (*gs[0], *ps[0], *fs[0])),
        Access(table.block, table.affine.offset, (*gs[1], *zero_p, *fs[1])),
        Access(index.block, index.affine.offset, (*gs[2], *ps[1], *zero_f)),
        kernel.length,
        kernel.step,
        isinstance(kernel, lookups.Scatter),
        words,
        kernel.scope,
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
