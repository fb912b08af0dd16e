"""Strokes of a pen as the 28×28 image that MNIST would have made of them.

A stroke is a list of points (x, y), x to the right and y down, in any unit. MNIST's digits were
"size normalized to fit in a 20x20 pixel box" and "centered in a 28x28 image by computing the center
of mass of the pixels" (LeCun, Cortes, Burges, the data set's page). Here the pen is as wide as
MNIST's pens once the strokes have their size, so how thick they looked on paper does not matter.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any  # np.ndarray
Stroke = Sequence[tuple[float, float]]

SIDE, BOX = 28, 20  # pixels
MIDDLE = 14.5  # MNIST's mean centre of mass: the middle of pixel 14, counted from 0
PEN = 2.8  # pixels
STEP = 0.4  # pixels between the stamps that make a line


def digit(strokes: Sequence[Stroke], least: float = 0.0) -> Array:
    """Draw strokes as MNIST's digits are: an image (28, 28) from 0, paper, to 1, ink.

    Strokes that are smaller than `least`, as a click is, are not blown up to the size of a digit.
    """
    image = np.zeros((SIDE, SIDE), np.float32)
    curves = [smooth(stroke) for stroke in strokes if len(stroke)]
    if not curves:
        return image
    low, high = corners(curves)
    scale = (BOX - PEN) / max(*(high - low), least, 1e-9)
    stamps = np.concatenate([spaced((curve - low) * scale, STEP) for curve in curves])
    reach = (high - low) * scale  # the pen's centre moves from 0 to there
    stamps += (SIDE - reach) / 2
    stamp(image, stamps, PEN)
    away = np.clip(MIDDLE - centre_of_mass(image), *_room(reach))
    return stamp(np.zeros_like(image), stamps + away, PEN)


def _room(reach: Array) -> tuple[Array, Array]:
    """How far ink may move from the image's middle without leaving it."""
    room = (SIDE - PEN - reach) / 2
    return -room, room


def smooth(stroke: Stroke) -> Array:
    """A stroke without corners, as points (n, 2): arcs from middle to middle of its segments.

    Each arc starts in the direction in which the one before ends; the two ends stay straight.
    """
    points = np.asarray(stroke, float).reshape(-1, 2)
    if len(points) < 3:
        return points
    middles = (points[:-1] + points[1:]) / 2
    return np.concatenate([points[:1], arcs(middles[:-1], points[1:-1], middles[1:]), points[-1:]])


def arcs(starts: Array, corners: Array, ends: Array, parts: int = 8) -> Array:
    """Parabolas of so many parts one after the other, that leave and arrive towards the corners.

    p(t) = (1-t)²·start + 2t(1-t)·corner + t²·end
    """
    a, b, c = (np.asarray(points, float) for points in (starts, corners, ends))
    t = np.linspace(0, 1, parts + 1)[:, None, None]
    curves = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    return curves.transpose(1, 0, 2).reshape(-1, 2)


def spaced(curve: Array, step: float) -> Array:
    """Points on a curve that lie at most `step` apart, from its first to its last one."""
    lengths = np.hypot(*np.diff(curve, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    parts = math.ceil(along[-1] / step - 1e-6)  # rounding makes no part of its own
    places = np.linspace(0.0, along[-1], max(parts, 0) + 1)
    return np.stack([np.interp(places, along, axis) for axis in curve.T], axis=1)


def corners(curves: Sequence[Array]) -> tuple[Array, Array]:
    """The upper left and lower right corners of the box around curves."""
    points = np.concatenate(curves)
    return points.min(axis=0), points.max(axis=0)


def centre_of_mass(image: Array) -> Array:
    """(x, y) of an image; a pixel's own centre lies half a pixel from its corner."""
    rows, columns = (np.arange(n) + 0.5 for n in image.shape)
    return np.array([image.sum(0) @ columns, image.sum(1) @ rows]) / image.sum()


def stamp(image: Array, points: Array, pen: float) -> Array:
    """Darken the image where a round pen of so many pixels is put down, and return it.

    The ink in a pixel at distance d of a point is pen/2 + 1/2 - d, at least 0 and at most 1: the
    edge is one pixel of grey.
    """
    reach = np.arange(-math.ceil(pen / 2 + 0.5), math.ceil(pen / 2 + 0.5) + 1)
    corner = np.floor(points).astype(int)
    rows, columns = corner[:, 1, None] + reach, corner[:, 0, None] + reach
    down, right = rows + 0.5 - points[:, 1, None], columns + 0.5 - points[:, 0, None]
    ink = pen / 2 + 0.5 - np.hypot(down[:, :, None], right[:, None, :])
    height, width = image.shape
    seen = ink > 0
    seen &= ((rows >= 0) & (rows < height))[:, :, None]
    seen &= ((columns >= 0) & (columns < width))[:, None, :]
    places = (rows[:, :, None] * width + columns[:, None, :])[seen]
    np.maximum.at(image.reshape(-1), places, np.minimum(ink[seen], 1).astype(image.dtype))
    return image
