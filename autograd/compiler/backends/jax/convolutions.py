"""Products with windows as convolutions, forward and in reverse.

Windows slide along the digits of an image's rows that two axes of a view share. In
z[f, p] = Σ_k w[f, k]·x[k, p] with windows x, digits that only k goes along are channels, and those
that only p goes along tell images apart. So the kernel of a layer slides over its images. In
reverse, dW is the same with dZ as the kernel: there samples are channels, and thereby summed. And
for dX, which is added to windows, the turned kernel slides over dZ.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...plan.kernels import Target
from ...plan.matmul import MatMul
from ...plan.views import Block, View
from .margins import Inside, inside
from .state import State
from .views import Grid, boxed, grid, padded

DIMENSIONS = 3  # that a convolution may slide along, at most
SAMPLES, GROUP, FILTER = "samples", "group", "filter"

Along = tuple[int, int]  # (axis of a view, digit)
Name = str | Along  # of an axis of an array


class Named:
    """An array with names for its axes."""

    def __init__(self, array: Any, names: Sequence[Name]) -> None:
        self.array, self.names = array, names

    def merged(self, *groups: Sequence[Name]) -> Any:
        """The array with one axis for all names of each group, in this order."""
        order = [self.names.index(name) for group in groups for name in group]
        sizes = dict(zip(self.names, self.array.shape, strict=True))
        x = self.array.transpose(order)
        return x.reshape([math.prod(sizes[name] for name in group) for group in groups])

    def laid(self, *merged: Sequence[Name], each: Sequence[Name]) -> "Laid":
        """The array with one axis for each group, and each name, that lie there as they come."""
        groups = [*merged, *[[name] for name in each]]
        come = [self.names.index(group[0]) if group else -1 for group in groups]
        order = sorted(range(len(groups)), key=come.__getitem__)
        array = self.merged(*[groups[k] for k in order])
        return Laid(array, [order.index(k) for k in range(len(groups))])


class Laid(NamedTuple):
    """An operand of a convolution: an array, and which of its axes are groups, images and channels
    (of filters: filters and channels), and then the sides.
    """

    array: Any
    axes: list[int]

    @property
    def apart(self) -> tuple[int, ...]:
        """The axes in one group."""
        groups, *others = self.axes
        return tuple(axis - (axis > groups) for axis in others)


class Slides:
    """Windows (g, k, p) of an image: the names of what only one axis goes along, and of both along
    the shared digits, where positions and entries are so far apart.
    """

    def __init__(self, view: View, found: Grid) -> None:
        self.view, self.grid = view, found
        self.shared = sorted(found.shared())
        self.sizes: dict[Along, int] = {}
        self.paces: dict[Along, int] = {}
        names: list[list[Along]] = []
        for axis, places in enumerate(found.places):
            names.append([(axis, place.digit) for place in places if place])
            for n, place in zip(view.affine.dims[axis], places, strict=True):
                if place:
                    self.sizes[axis, place.digit] = n
                    self.paces[axis, place.digit] = place.pace
        self.groups, self.entries, self.positions = names
        self.channels, self.images = (
            [name for name in axis if name[1] not in self.shared] for axis in names[1:]
        )

    def along(self, axis: int) -> list[Along]:
        """The names of an axis along each shared digit."""
        return [(axis, digit) for digit in self.shared]

    def pace(self, axis: int) -> list[int]:
        """How far apart the entries of an axis are along each shared digit."""
        return [self.paces[axis, digit] for digit in self.shared]

    def size(self, names: Sequence[Along]) -> list[int]:
        """How many entries there are along each."""
        return [self.sizes[name] for name in names]

    @property
    def names(self) -> list[Along]:
        """Those of groups, images and channels, in this order."""
        return [*self.groups, *self.images, *self.channels]

    @property
    def digits(self) -> list[int]:
        """Those of the names, then the sides."""
        return [*(digit for _, digit in self.names), *self.shared]

    def image(self, state: State) -> tuple[Any, list[tuple[int, int]]]:
        """What windows see, with an axis for each of the digits, and the margins of 0 around it
        along the shared ones.
        """
        if found := self.inside(state, self.view.block):
            within, x = found
            return within.read(x, self.digits), self.margins(within)
        block = state.array(self.view.block)
        return boxed(block, self.view.affine, self.grid, self.digits), [(0, 0)] * len(self.shared)

    def inside(self, state: State, block: Block) -> tuple[Inside, Any] | None:
        """What a block has inside of margins, if it is such an image and windows see it."""
        view, x = state.inside(block) or (None, None)
        within = view and inside(view, self.view, self.grid)
        return (within, x) if within else None

    def margins(self, within: Inside) -> list[tuple[int, int]]:
        """How wide the margins are along the shared digits."""
        return [within.margins[digit] for digit in self.shared]


def slides(view: View) -> Slides | None:
    """The windows of a view (g, k, p), if they slide."""
    found = grid(view)
    if found is None or view.repeats() > 1 or not 0 < len(found.shared()) <= DIMENSIONS:
        return None
    made = Slides(view, found)
    return None if any(digit in made.shared for _, digit in made.groups) else made


def convolved(kernel: MatMul, state: State, windows: Slides) -> Any:
    """z = left·windows, (n?, g, f, p); samples of the left operand are summed."""
    g, f, _, _ = kernel.sizes
    samples: list[Name] = [SAMPLES] * windows.view.block.batched
    summed: list[Name] = [SAMPLES] * kernel.left.block.batched
    apart: list[Name] = [] if summed else samples
    images, channels = [*apart, *windows.images], [*summed, *windows.channels]
    sides = windows.along(2)
    image, margins = windows.image(state)
    x = Named(image, [*samples, *windows.names, *sides])
    left = state.matrices(kernel.left, kernel.sizes[:3])
    left = left.reshape(*left.shape[:-1], *windows.size(windows.entries))
    w = Named(left, [*summed, GROUP, FILTER, *windows.entries])
    z = _slid(
        state,
        x.laid(windows.groups, images, channels, each=sides),
        w.laid([GROUP], [FILTER], channels, each=windows.along(1)),
        filters_first=bool(summed),
        window_strides=windows.pace(2),
        padding=margins,
        rhs_dilation=windows.pace(1),
    )
    n = [state.samples] * len(apart)
    sizes = [[*n, *windows.size(windows.images)], [f]]
    names: list[list[Name]] = [images, [FILTER]]
    if summed:
        sizes.reverse()
        names.reverse()
    z = Named(
        z.reshape(g, *sizes[0], *sizes[1], *z.shape[3:]), [GROUP, *names[0], *names[1], *sides]
    )
    return z.merged(*[[SAMPLES]] * len(apart), [GROUP], [FILTER], windows.positions)


def hand_back(kernel: MatMul, state: State, windows: Slides) -> None:
    """windows += left·right: the right operand, with its entries as far apart as windows are, under
    the turned left one. Nobody asks what margins of 0 get.
    """
    view, primal = windows.view, windows.view.block.primal
    found = windows.inside(state, primal) if primal else None
    margins = windows.margins(found[0]) if found else [(0, 0)] * len(windows.shared)
    x = _turned(kernel, state, windows, margins)
    groups, sizes = len(windows.groups), windows.size(windows.names)
    x = x.reshape(*sizes[:groups], state.samples, *sizes[groups:], *x.shape[3:])
    x = x.transpose(groups, *(k for k in range(x.ndim) if k != groups))
    if found:
        within = found[0]
        to = Target(within.view.on(view.block), adds=True)
        state.hand(to, within.given(x, windows.digits), batched=True)
    else:
        state.add(view, padded(x, view.affine, windows.grid, windows.digits))


def _turned(
    kernel: MatMul, state: State, windows: Slides, margins: Sequence[tuple[int, int]]
) -> Any:
    """(g, n, channels, ...): the turned left operand slid over the right one, all around it but for
    the margins.
    """
    from jax import lax

    g, _, f, p = kernel.sizes
    right = state.matrices(kernel.right, (g, f, p))
    right = right.reshape(*right.shape[:-1], *windows.size(windows.positions))
    z = Named(right, [SAMPLES, GROUP, FILTER, *windows.positions])
    left = state.matrices(kernel.left, kernel.sizes[:3])
    left = left.reshape(g, *windows.size(windows.entries), f)
    w = Named(left, [GROUP, *windows.entries, FILTER])
    upright = w.laid([GROUP], windows.channels, [FILTER], each=windows.along(1))
    entries, paces = windows.size(windows.along(1)), windows.pace(1)
    widths = [(n - 1) * pace for n, pace in zip(entries, paces, strict=True)]
    return _slid(
        state,
        z.laid([GROUP], [SAMPLES, *windows.images], [FILTER], each=windows.along(2)),
        upright._replace(array=lax.rev(upright.array, upright.axes[3:])),
        window_strides=[1] * len(paces),
        padding=[(n - a, n - b) for n, (a, b) in zip(widths, margins, strict=True)],
        lhs_dilation=windows.pace(2),
        rhs_dilation=paces,
    )


def _slid(state: State, x: Laid, w: Laid, filters_first: bool = False, **how: Any) -> Any:
    """Filters slid over images: (g, n, f, ...), or (g, f, n, ...)."""
    import jax
    from jax import lax

    axes = list(range(len(x.apart)))
    out = [1, 0, *axes[2:]] if filters_first else axes
    numbers = lax.ConvDimensionNumbers(x.apart, w.apart, tuple(out))

    def each(x: Any, w: Any) -> Any:
        return lax.conv_general_dilated(x, w, dimension_numbers=numbers, **how, **state.exactly)

    groups = x.axes[0], w.axes[0]
    images, filters = state.rounded(x.array, w.array)
    if images.shape[groups[0]] == 1:
        return each(images.squeeze(groups[0]), filters.squeeze(groups[1]))[None]
    return jax.vmap(each, in_axes=groups)(images, filters)
