"""What people do to a step of a backward pass, each by its name.

A change takes the value of a step and what the pass was given, and returns what stands in its
place. Most look at the value alone:

>>> import numpy as np
>>> x, given = np.arange(6.0).reshape(2, 3), None
>>> part(LAST)(x, given)
array([[3., 4., 5.]])
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .core import Array, Change, Given

FIRST, LAST = slice(0, 1), slice(-1, None)


def part(at: slice, *axes: int) -> Change:
    """One slice along each of some axes, or along the first: what a loop that overwrites keeps.

    >>> part(FIRST, 1)(np.arange(6.0).reshape(2, 3), None)
    array([[0.],
           [3.]])
    """
    return lambda x, _: x[tuple(at if k in (axes or (0,)) else slice(None) for k in range(x.ndim))]


def only(at: slice, *axes: int) -> Change:
    """0 but for one slice along each of some axes, or the first: the others are forgotten.

    >>> only(FIRST)(np.arange(1.0, 5.0).reshape(2, 2), None)
    array([[1., 2.],
           [0., 0.]])
    """

    def change(x: Array, given: Given) -> Array:
        kept = np.zeros_like(x)
        part(at, *axes)(kept, given)[...] = part(at, *axes)(x, given)
        return kept

    return change


def alike(at: slice, axis: int = 0) -> Change:
    """One slice along an axis, in the place of all of them.

    >>> alike(FIRST)(np.arange(6.0).reshape(2, 3), None)
    array([[0., 1., 2.],
           [0., 1., 2.]])
    """
    return lambda x, given: np.broadcast_to(part(at, axis)(x, given), x.shape)


def zero(x: Array, _: Given) -> Array:
    """0 for every entry: the term is left out.

    >>> zero(np.array([1.0, 2.0]), None)
    array([0., 0.])
    """
    return 0 * x


def one(x: Array, _: Given) -> Array:
    """1 for every entry: the factor is left out.

    >>> one(np.array([3.0, 2.0]), None)
    array([1., 1.])
    """
    return np.ones_like(x)


def squared(x: Array, _: Given) -> Array:
    """Each entry times itself: the factor is multiplied in twice.

    >>> squared(np.array([3.0, 2.0]), None)
    array([9., 4.])
    """
    return x * x


def inverted(x: Array, _: Given) -> Array:
    """One over each entry: multiplied where it should be divided.

    >>> inverted(np.array([4.0, 2.0]), None)
    array([0.25, 0.5 ])
    """
    return 1 / x


def times(factor: float) -> Change:
    """A multiple: −1 for a wrong sign.

    >>> times(-1)(np.array([3.0, 2.0]), None)
    array([-3., -2.])
    """
    return lambda x, _: factor * x


def flip(*axes: int) -> Change:
    """Reversed along some axes, as a kernel that is rotated by 180° along both of its own.

    >>> flip(0, 1)(np.arange(4.0).reshape(2, 2), None)
    array([[3., 2.],
           [1., 0.]])
    """
    return lambda x, _: np.flip(x, axes)


def swap(a: int, b: int) -> Change:
    """Two axes of the same length swapped; where the lengths differ nobody can write that.

    >>> swap(0, 1)(np.arange(4.0).reshape(2, 2), None)
    array([[0., 2.],
           [1., 3.]])
    """
    return lambda x, _: x.swapaxes(a, b) if x.shape[a] == x.shape[b] else x


def turn(a: int, b: int) -> Change:
    """Rotated by 90° in the plane of two axes of the same length.

    >>> turn(0, 1)(np.arange(4.0).reshape(2, 2), None)
    array([[1., 3.],
           [0., 2.]])
    """
    return lambda x, _: np.rot90(x, 1, (a, b)) if x.shape[a] == x.shape[b] else x


def reshaped(x: Array, _: Given) -> Array:
    """The numbers of the transpose in the shape that is needed.

    >>> reshaped(np.arange(6.0).reshape(2, 3), None)
    array([[0., 3., 1.],
           [4., 2., 5.]])
    """
    return x.T.reshape(x.shape)


def total(*axes: int) -> Change:
    """The sum over some axes, or over all, which stay with a length of 1.

    >>> total(0)(np.arange(6.0).reshape(2, 3), None)
    array([[3., 5., 7.]])
    """
    return lambda x, _: x.sum(axes or None, keepdims=True)


def the(role: str) -> Change:
    """An operand in the place of another value.

    >>> from .core import Given
    >>> the("x")(7.0, Given(None, {"x": 2.0}, {}, None))
    2.0
    """
    return lambda _, given: given[role]


def the_upstream(_: Any, given: Given) -> Array:
    """The upstream gradient in the place of another value.

    >>> from .core import Given
    >>> the_upstream(7.0, Given(3.0, {}, {}, None))
    3.0
    """
    return given.g


def the_output(_: Any, given: Given) -> Array:
    """The output in the place of another value.

    >>> from .core import Given
    >>> the_output(7.0, Given(None, {"x": 2.0}, {}, lambda arrays, options: arrays["x"] ** 2))
    array(4.)
    """
    return given.y


def instead(formula: Callable[[Given], Any]) -> Change:
    """Something else altogether, written in what the pass was given.

    >>> from .core import Given
    >>> instead(lambda given: 1 - given["x"])(7.0, Given(None, {"x": 2.0}, {}, None))
    -1.0
    """
    return lambda _, given: formula(given)


def option(**changed: Any) -> Change:
    """The options with some of them changed, such as a stride that is ignored.

    >>> option(stride=(1, 1))({"stride": (2, 2), "dilation": 1}, None)
    {'stride': (1, 1), 'dilation': 1}
    """
    return lambda options, _: {**options, **changed}
