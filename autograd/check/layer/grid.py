"""What a layer is probed with: inputs of other sizes, ties, other options, other weights."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .adapter import Layer
from .attributes import clone, leaves
from .variants import Maker, holds_batch, holds_shape

CORNER = 5  # pixels on a side, where the entries tie
SEQUENCES = re.compile(r"rnn|lstm|gru|recurr|atten|attn|transf|sequen|temporal|causal|posit", re.I)
PLACES = "first", "second"
TIES = "ties"


class Probe(NamedTuple):
    """One more check: what is other than at first, how to make the layer, and its input."""

    label: str
    make: Callable[[], Any]
    x: Any
    is_option: bool = False  # other in an option of the constructor, not in the input
    samples: int | None = None  # the axis whose number of samples is another


class Axes(NamedTuple):
    """Which axes of an input are samples, steps, height and width, as far as that is known."""

    samples: int | None = None
    steps: int | None = None
    image: tuple[int, int] | None = None
    guessed: bool = False  # steps or samples first, who knows

    @classmethod
    def of(cls, x: Any, layout: str | None, title: str) -> "Axes":
        """Told by the layout, else by the number of axes and by what the layer is called."""
        if layout:
            at = {letter: k for k, letter in enumerate(layout.upper())}
            image = (at["H"], at["W"]) if "H" in at else None
            column = layout.upper() == "DN"
            return cls(None if column else at.get("N"), at.get("T"), image)
        if x.ndim == 3 and SEQUENCES.search(title):
            return cls(0, 1, guessed=True)
        if x.ndim == 2:
            return cls(None if x.shape[1] == 1 else 0)
        last = x.ndim > 2 and x.shape[-1] <= 4 < max(x.shape[-3:])
        image = (x.ndim - 3, x.ndim - 2) if last else (x.ndim - 2, x.ndim - 1)
        return cls(0 if x.ndim == 4 else None, None, image if x.ndim > 2 else None)


def grid(
    layer: Any, x: Any, maker: Maker, layout: str | None, weights: Sequence[Probe] = ()
) -> Iterator[Probe]:
    """Inputs of other sizes and with ties, other weights, then other options of the constructor."""
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "fiu" or x.ndim == 0:
        return
    axes = Axes.of(x, layout, type(layer).__name__)
    for label, other, samples in other_inputs(x, axes):
        if samples is not None and holds_batch(layer, x.shape[samples]):
            continue
        changed = maker.for_shape(x.shape, other.shape) if maker.make else {}
        if changed:
            yield Probe(label, partial(maker, **changed), other, samples=samples)
        elif other.shape[1:] == x.shape[1:] or not holds_shape(layer, x.shape):
            yield Probe(label, partial(clone, layer), other, samples=samples)
    yield from weights
    if maker.make is None:
        return
    shape = larger(x, axes)
    for label, changed in maker.options():
        moved = maker.for_shape(x.shape, shape)
        if moved or not holds_shape(layer, x.shape):
            yield Probe(label, partial(maker, **changed, **moved), random_like(x, shape), True)
        else:
            yield Probe(label, partial(maker, **changed), x, True)


# --- inputs --------------------------------------------------------------------------------------


def other_inputs(x: Any, axes: Axes) -> Iterator[tuple[str, Any, int | None]]:
    """(label, input, axis of samples if that changed): batches, steps, sides of images, ties."""
    for label, axis, n in _other_sizes(x, axes):
        shape = tuple(n if k == axis else side for k, side in enumerate(x.shape))
        yield label, random_like(x, shape), axis if axis == axes.samples else None
    for axis, by in zip(axes.image or (), (1, 2), strict=False):
        shape = tuple(n + by * (k == axis) for k, n in enumerate(x.shape))
        high, wide = (shape[k] for k in axes.image or ())
        yield f"an image of {high}×{wide}", random_like(x, shape), None
    if x.dtype.kind == "f" and x.size > 3:
        yield TIES, with_ties(x, axes), None


def _other_sizes(x: Any, axes: Axes) -> Iterator[tuple[str, int, int]]:
    """(label, axis, its new size) for samples and steps."""
    if axes.guessed:  # one more of each: neither is known, and 1 would be stretched
        for axis in (0, 1):
            if x.shape[axis] > 1:
                yield f"{PLACES[axis]} axis of {x.shape[axis] + 1}", axis, x.shape[axis] + 1
        return
    if axes.samples is not None:
        what = "first axis" if x.ndim == 2 else "batch"
        for n in (1, 3):
            if n != x.shape[axes.samples]:
                yield f"{what} of {n}", axes.samples, n
    if axes.steps is not None:
        yield f"{x.shape[axes.steps] + 1} steps", axes.steps, x.shape[axes.steps] + 1


def larger(x: Any, axes: Axes) -> tuple[int, ...]:
    """A shape that has room for a larger kernel, is not square, and that a stride of 2 leaves."""
    if axes.image is None:
        return tuple(x.shape)
    high, wide = axes.image
    return tuple(n + (k == high) + 2 * (k == wide) for k, n in enumerate(x.shape))


def random_like(x: Any, shape: tuple[int, ...]) -> Any:
    """Numbers like those of x, in another shape."""
    rng = np.random.default_rng(0)
    low, high = float(np.min(x)), float(np.max(x))
    if x.dtype.kind != "f":
        return rng.integers(int(low), int(high) + 1, shape).astype(x.dtype)
    return rng.uniform(low, high if high > low else low + 1, shape).astype(x.dtype)


def with_ties(x: Any, axes: Axes) -> Any:
    """x with three values alone in one corner, the largest of all among them, and 0 if it may be.

    A corner, because each pair of entries that could tie costs the check another forward.
    """
    levels = np.quantile(x, [0.5, 0.9, 1.0])
    if x.min() < 0 < x.max():
        levels[0] = 0.0
    corner = [slice(1)] * x.ndim
    for axis in axes.image or range(max(0, x.ndim - 2), x.ndim):
        corner[axis] = slice(CORNER)
    made = x.copy()
    part = made[tuple(corner)]
    made[tuple(corner)] = levels[np.random.default_rng(1).integers(0, 3, part.shape)]
    return made


# --- weights -------------------------------------------------------------------------------------


def other_weights(layer: Layer, names: Sequence[str], x: Any) -> list[Probe]:
    """The layer with other weights where its own hide mistakes: all 1, all 0, all of one sign.

    A layer that takes no negative ones may take the second probe.
    """
    held = leaves(layer.base)
    plain = [name for name in names if says_little(held[layer.parameters[name]])]
    label = f"other weights ({', '.join(plain)})"
    every: list[Mapping[Any, Any]] = [
        {layer.parameters[n]: moved(held[layer.parameters[n]], both) for n in plain}
        for both in (True, False)
    ]
    return [Probe(label, partial(clone, layer.base, by), x) for by in every if by]


def says_little(weight: Any) -> bool:
    """Whether a weight is a number such as 1 everywhere, or has one sign."""
    w = np.asarray(weight)
    if w.size == 1:
        return float(w.flat[0]) in (-1.0, 0.0, 1.0)
    return bool(w.min() >= 0 or w.max() <= 0)


def moved(weight: Any, both_signs: bool) -> Any:
    """Distinct numbers of about the same size; 0 counts as 0.5."""
    w, rng = np.asarray(weight), np.random.default_rng(2)
    sizes = np.where(w == 0, 0.5, w) * rng.permutation(np.linspace(0.6, 1.4, w.size + 1))[
        : w.size
    ].reshape(w.shape)
    signs = rng.permutation(np.arange(w.size) % 2 * 2 - 1).reshape(w.shape)
    return (sizes * signs if both_signs and w.size > 1 else sizes).astype(w.dtype)
