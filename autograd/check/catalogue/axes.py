"""Layouts: a user's array in the standard order of axes and back, and what its axes could be."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, permutations

from .core import Array, Arrays, Axes

Shape = tuple[int, ...]


def standard(array: Array, axes: str, order: str) -> Array:
    """An array with the axes `axes` as one with the axes `order`; those it has not are of length 1.

    >>> import numpy as np
    >>> standard(np.ones((6, 5, 3)), "HWC", "NCHW").shape
    (1, 3, 6, 5)
    """
    letters = axes.replace("1", "")
    kept = array.reshape([n for n, a in zip(array.shape, axes, strict=True) if a != "1"])
    present = [a for a in order if a in letters]
    moved = kept.transpose([letters.index(a) for a in present])
    return moved.reshape([moved.shape[present.index(a)] if a in present else 1 for a in order])


def restored(array: Array, axes: str, order: str, shape: Shape) -> Array:
    """The opposite of `standard`: an array with the axes `order` in the user's layout and shape."""
    letters = axes.replace("1", "")
    present = [a for a in order if a in letters]
    kept = array.reshape([n for n, a in zip(array.shape, order, strict=True) if a in letters])
    return kept.transpose([present.index(a) for a in letters]).reshape(shape)


def sizes(arrays: Arrays, axes: Axes, orders: Axes) -> dict[str, int] | None:
    """The length of each letter in these layouts; None where two arrays disagree."""
    found: dict[str, int] = {}
    for role, letters in axes.items():
        lengths = dict(zip(letters, arrays[role].shape, strict=True))
        for letter in orders[role]:
            if found.setdefault(letter, lengths.get(letter, 1)) != lengths.get(letter, 1):
                return None
    return found


def fitting(
    layouts: Iterable[Axes], arrays: Arrays, orders: Axes
) -> Iterator[tuple[Axes, dict[str, int]]]:
    """The layouts that these arrays can have, each with the lengths of its letters."""
    for axes in layouts:
        if all(len(letters) == arrays[role].ndim for role, letters in axes.items()):
            found = sizes(arrays, axes, orders)
            if found is not None:
                yield axes, found


def spread(shape: Shape, letters: str, lengths: Mapping[str, int]) -> str | None:
    """The axes of an array that is broadcast, such as a bias: the letters in order, and ones.

    >>> spread((1, 8, 1, 1), "O", {"O": 8})
    '1O11'
    """
    left, axes = [a for a in letters if lengths[a] != 1], ""
    for n in shape:
        axes += left.pop(0) if left and n == lengths[left[0]] else "1" if n == 1 else "?"
    return None if left or "?" in axes else axes


def assignments(
    names: Iterable[str], roles: tuple[str, ...], optional: frozenset[str]
) -> Iterator[dict[str, str]]:
    """Every way in which names can take the roles: all of them, the optional ones or not.

    What the names say comes first.

    >>> next(assignments(["y_true", "y_pred"], ("p", "t"), frozenset()))
    {'p': 'y_pred', 't': 'y_true'}
    """
    given, found = tuple(names), []
    for chosen in combinations(roles, len(given)):
        if set(roles) - set(chosen) <= optional:
            found += [dict(zip(chosen, order, strict=True)) for order in permutations(given)]
    return iter(sorted(found, key=_unlikely))


HINTS = {  # how the names of what plays a role begin, or end
    "x": ("x", "in", "img", "image", "data", "a"),
    "w": ("w", "kernel", "filter", "theta", "k", "f"),
    "b": ("b", "offset"),
    "g": ("g", "scale"),
    "m": ("m", "drop"),
    "i": ("i", "id", "token", "word", "label"),
    "p": ("p", "logit", "score", "out", "yhat", "y_hat", "z", "a", "pred", "hat", "x"),
    "t": ("t", "label", "y", "target", "true"),
}


def _unlikely(roles: Mapping[str, str]) -> int:
    """How many inputs have names that do not hint at their roles."""
    return sum(
        not (name.lower().startswith(HINTS[role]) or name.lower().endswith(HINTS[role]))
        for role, name in roles.items()
    )
