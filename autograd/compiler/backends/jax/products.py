"""Matrix products: convolutions where an operand, or what is made, are windows; else `dot_general`.

A convolution slides along the digits that two axes of a view share. Of z[f, p] = Σ_k w[f, k]·x[k, p]
with windows x, digits that only k goes along are channels, digits that only p goes along are images
of their own. So a layer's kernel is convolved with images, and in reverse dZ is, which is as large
as its image, where samples are channels: all of them are summed.
"""

import math
from collections.abc import Sequence
from typing import Any

from ...plan.matmul import MatMul
from ...plan.views import View
from .state import State
from .views import Grid, Place, boxed, flat, grid, padded, span

DIMENSIONS = 3  # that a convolution may slide along, at most


def product(kernel: MatMul, state: State) -> None:
    """z[g, f, p] = Σ_k left[g, f, k]·right[g, k, p]."""
    left, right, target = kernel.left, kernel.right, kernel.target.view
    summed = left.block.batched and right.block.batched and not target.block.batched
    if not left.block.batched or summed:
        found = _windows(right)
        if found and (right.block.batched or not summed):
            state.hand(kernel.target, *_convolved(kernel, state, found, summed))
            return
    found = _windows(target)
    if found and not left.block.batched and right.block.batched:
        _handed_back(kernel, state, found)
        return
    state.hand(kernel.target, *_multiplied(kernel, state, summed))


def _windows(view: View) -> Grid | None:
    """The grid of windows that slide, of an axis of groups and two more."""
    found = grid(view)
    if found is None or not 0 < len(found.shared()) <= DIMENSIONS:
        return None
    groups = {p.digit for p in found.places[0] if p}
    return None if groups & found.shared() else found


# --- dots ---------------------------------------------------------------------------------------


def _multiplied(kernel: MatMul, state: State, summed: bool) -> tuple[Any, bool]:
    """All dots, and whether there are samples."""
    import jax.numpy as jnp

    g, f, k, p = kernel.sizes
    a, b = _matrices(kernel.left, (g, f, k), state), _matrices(kernel.right, (g, k, p), state)
    of_a, of_b = ("n" * (x.ndim - 3) for x in (a, b))
    batched = bool(of_a or of_b) and not summed
    z = jnp.einsum(
        f"{of_a}gfk,{of_b}gkp->{'n' * batched}gfp", *_rounded(state, a, b), **_exactly(state)
    )
    return z.reshape(*z.shape[:batched], *kernel.target.view.affine.shape), batched


def _matrices(view: View, shape: tuple[int, int, int], state: State) -> Any:
    """A view as matrices (N?, g, rows, columns)."""
    import jax.numpy as jnp

    x = state.view(view)
    lead = x.shape[: x.ndim - len(view.affine.shape)]
    return jnp.broadcast_to(x, (*lead, *view.affine.shape)).reshape(*lead, *shape)


def _rounded(state: State, *operands: Any) -> list[Any]:
    return [x.astype(state.operands) for x in operands]


def _exactly(state: State) -> dict[str, Any]:
    """How sums of products are computed: in the dtype of the program, never in one with less."""
    return {"precision": "highest", "preferred_element_type": state.dtype}


# --- convolutions -------------------------------------------------------------------------------


class Slides:
    """How windows (g, inner, outer) lie in an image: places of groups, of what only one axis goes
    along, and of both along the shared digits.
    """

    def __init__(self, view: View, found: Grid) -> None:
        self.found, shared = found, sorted(found.shared())
        self.axes = [[p for p in axis if p] for axis in found.places]
        self.groups = self.axes[0]
        self.inner, self.outer = (
            [p for p in axis if p.digit not in shared] for axis in self.axes[1:]
        )
        self.of_inner, self.of_outer = (
            [next(p for p in axis if p.digit == digit) for digit in shared]
            for axis in self.axes[1:]
        )
        layout = view.affine
        self.sizes = {
            (axis, place): n
            for axis, (dims, places) in enumerate(zip(layout.dims, found.places, strict=True))
            for n, place in zip(dims, places, strict=True)
            if place
        }

    def size(self, axis: int, places: Sequence[Place]) -> tuple[int, ...]:
        """How many entries an axis has along each place."""
        return tuple(self.sizes[axis, place] for place in places)

    def order(self, axis: int, places: Sequence[Place]) -> list[int]:
        """Where places are among all of an axis."""
        return [self.axes[axis].index(place) for place in places]


def _convolved(kernel: MatMul, state: State, found: Grid, summed: bool) -> tuple[Any, bool]:
    """z = left·windows, the samples summed or not."""
    import jax

    how, view, g = Slides(kernel.right, found), kernel.right, kernel.groups
    x = boxed(
        state.array(view.block),
        view.affine,
        found,
        [*how.groups, *how.outer, *how.inner, *how.of_inner],
    )
    batched = x.ndim - len(how.groups + how.outer + how.inner + how.of_inner)
    images, channels = (math.prod(how.size(a, p)) for a, p in ((2, how.outer), (1, how.inner)))
    sides = x.shape[x.ndim - len(how.of_inner) :]
    n = x.shape[0] if batched else 1
    x = x.reshape(n, g, images, channels, *sides)
    x = x.swapaxes(0, 1)  # g, n, images, channels, ...
    if summed:
        x = x.swapaxes(1, 2)  # g, images, n, channels, ...
        x = x.reshape(g, images, n * channels, *sides)
    else:
        x = x.reshape(g, n * images, channels, *sides)
    w = _filters(kernel, state, how, summed)
    z = jax.vmap(lambda x, w: _slid(state, how, x, w))(x, w)
    f, steps = kernel.rows, z.shape[3:]
    outer = how.size(2, how.outer)
    if summed:
        z = z.reshape(g, *outer, f, *steps)
    else:
        z = z.reshape(g, n, *outer, f, *steps)
    return _arranged(kernel, how, z, bool(batched) and not summed, summed)


def _filters(kernel: MatMul, state: State, how: Slides, summed: bool) -> Any:
    """left as filters (g, f, channels, ...) in the order of the digits that they slide along."""
    g, f, _, _ = kernel.sizes
    inner = how.size(1, how.axes[1])
    w = _matrices(kernel.left, kernel.sizes[:3], state)
    lead = w.ndim - 3
    w = w.reshape(*w.shape[:lead], g, f, *inner)
    order = [lead + 2 + k for k in how.order(1, [*how.inner, *how.of_inner])]
    w = w.transpose(lead, lead + 1, *range(lead), *order)
    sides = w.shape[w.ndim - len(how.of_inner) :]
    return w.reshape(g, f, -1, *sides)


def _slid(state: State, how: Slides, x: Any, w: Any) -> Any:
    """Filters (f, channels, ...) slid over images (n, channels, ...)."""
    from jax import lax

    x, w = _rounded(state, x, w)
    return lax.conv_general_dilated(
        x,
        w,
        window_strides=[p.pace for p in how.of_outer],
        padding="VALID",
        rhs_dilation=[p.pace for p in how.of_inner],
        **_exactly(state),
    )


def _arranged(kernel: MatMul, how: Slides, z: Any, batched: bool, summed: bool) -> tuple[Any, bool]:
    """(g, n, outer..., f, steps...) in the order of the target's axes: (n, g, f, p)."""
    lead = 1 if summed else 2
    outer = len(how.outer)
    order = how.order(2, [*how.outer, *how.of_outer])
    places = [*range(lead, lead + outer), *range(lead + outer + 1, z.ndim)]
    p = [places[order.index(k)] for k in range(len(order))]
    z = z.transpose(*range(1, lead), 0, lead + outer, *p)
    shape = kernel.target.view.affine.shape
    return z.reshape(*z.shape[: 1 if batched else 0], *shape), batched


def _handed_back(kernel: MatMul, state: State, found: Grid) -> None:
    """x̄ += Wᵀ·dZ for windows: dZ, its entries apart by the stride, under the turned kernel."""
    import jax
    from jax import lax

    view = kernel.target.view
    how, (g, _, f, p) = Slides(view, found), kernel.sizes
    z = _matrices(kernel.right, (g, f, p), state)
    n = z.shape[0]
    z = z.reshape(n, g, f, *how.size(2, how.axes[2]))
    order = [3 + k for k in how.order(2, [*how.outer, *how.of_outer])]
    outer = len(how.outer)
    z = z.transpose(1, 0, *order[:outer], 2, *order[outer:])
    sides = z.shape[z.ndim - len(how.of_outer) :]
    z = z.reshape(g, -1, f, *sides)
    w = _matrices(kernel.left, (g, kernel.rows, f), state)
    w = w.reshape(g, *how.size(1, how.axes[1]), f)
    order = [1 + k for k in how.order(1, [*how.inner, *how.of_inner])]
    inner = len(how.inner)
    w = w.transpose(0, *order[:inner], w.ndim - 1, *order[inner:])
    sides = w.shape[w.ndim - len(how.of_inner) :]
    w = lax.rev(w.reshape(g, -1, f, *sides), range(3, 3 + len(sides)))

    def slid(z: Any, w: Any) -> Any:
        z, w = _rounded(state, z, w)
        around = [(n - 1) * p.pace for n, p in zip(sides, how.of_inner, strict=True)]
        return lax.conv_general_dilated(
            z,
            w,
            window_strides=[1] * len(sides),
            padding=[(width, width) for width in around],
            lhs_dilation=[p.pace for p in how.of_outer],
            rhs_dilation=[p.pace for p in how.of_inner],
            **_exactly(state),
        )

    x = jax.vmap(slid)(z, w)  # g, n·outer, inner, ...
    x = x.reshape(
        *how.size(0, how.groups), n, *how.size(2, how.outer), *how.size(1, how.inner), *x.shape[3:]
    )
    groups = len(how.groups)
    x = x.transpose(groups, *range(groups), *range(groups + 1, x.ndim))
    order = [*how.groups, *how.outer, *how.inner, *how.of_inner]
    state.add(view, padded(x, view.affine, found, order))
