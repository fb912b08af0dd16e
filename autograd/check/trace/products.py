"""Sums of products: matrix products, einsum, convolutions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .calls import FUNCTIONS, UFUNCS
from .nodes import Contraction, Node
from .traced import current, move, node_of
from .ufuncs import row

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contract(letters: Sequence[str], out: str, *operands: Any) -> Node:
    """Σ of products, by one letter for each axis.

    A letter twice in one operand is its diagonal, and an axis of length 1 is as long as others
    of its letter.
    """
    nodes, names = [node_of(x) for x in operands], list(letters)
    lengths: dict[str, int] = {}
    for name, node in zip(names, nodes, strict=True):
        for letter, n in zip(name, node.value.shape, strict=True):
            lengths[letter] = max(n, lengths.get(letter, 0))
    for k, (name, node) in enumerate(zip(names, nodes, strict=True)):
        pairs = zip(name, node.value.shape, strict=True)
        names[k] = "".join(dict.fromkeys(c for c, n in pairs if n == lengths[c]))
        if names[k] != name:
            spec = f"{name}->{names[k]}"
            nodes[k] = move(lambda x, spec=spec: np.einsum(spec, x), node, what="diagonal")
    return current().add(Contraction("product", tuple(names), out), *nodes)


def matmul(a: Any, b: Any) -> Node:
    """a @ b, with leading axes that are broadcast."""
    a, b = node_of(a), node_of(b)
    n, m = a.value.ndim, b.value.ndim
    many = max(n - 2, m - 2, 0)
    lead, (rows, inner, columns) = LETTERS[:many], tuple(LETTERS[many : many + 3])
    left = lead[many - max(n - 2, 0) :] + rows * (n > 1) + inner
    right = lead[many - max(m - 2, 0) :] + inner + columns * (m > 1)
    return contract([left, right], lead + rows * (n > 1) + columns * (m > 1), a, b)


def outer(a: Any, b: Any) -> Node:
    """aᵢ·bⱼ, for all axes of both."""
    a, b = node_of(a), node_of(b)
    n, m = a.value.ndim, b.value.ndim
    left, right = LETTERS[:n], LETTERS[n : n + m]
    return contract([left, right], left + right, a, b)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    """np.tensordot."""
    a, b = node_of(a), node_of(b)
    n, m = a.value.ndim, b.value.ndim
    if isinstance(axes, int | np.integer):
        axes = range(n - int(axes), n), range(int(axes))
    ours, theirs = ([k % d for k in np.atleast_1d(list(np.ravel(each)))]
                    for each, d in zip(axes, (n, m), strict=True))  # fmt: skip
    left, right = list(LETTERS[:n]), list(LETTERS[n : n + m])
    for i, j in zip(ours, theirs, strict=True):
        right[j] = left[i]
    out = [c for k, c in enumerate(left) if k not in ours]
    out += [c for k, c in enumerate(right) if k not in theirs]
    return contract(["".join(left), "".join(right)], "".join(out), a, b)


def dot(a: Any, b: Any) -> Node:
    """np.dot: the last axis of a and the last but one of b."""
    a, b = node_of(a), node_of(b)
    n, m = a.value.ndim, b.value.ndim
    if not n or not m:
        return row("mul", a, b)
    return matmul(a, b) if n <= 2 >= m else tensordot(a, b, ([n - 1], [max(m - 2, 0)]))


def inner(a: Any, b: Any) -> Node:
    """np.inner: the last axes."""
    a, b = node_of(a), node_of(b)
    n, m = a.value.ndim, b.value.ndim
    return tensordot(a, b, ([n - 1], [m - 1])) if n and m else row("mul", a, b)


def multi_dot(matrices: Sequence[Any]) -> Node:
    """np.linalg.multi_dot."""
    found = node_of(matrices[0])
    for matrix in matrices[1:]:
        found = dot(found, matrix)
    return found


def matrix_power(a: Any, n: int) -> Node:
    """np.linalg.matrix_power for n ≥ 1."""
    return multi_dot([a] * n)


def kron(a: Any, b: Any) -> Node:
    """np.kron."""
    a, b = node_of(a), node_of(b)
    n = max(a.value.ndim, b.value.ndim)
    a, b = (move(lambda x: x.reshape((1,) * (n - x.ndim) + x.shape), x) for x in (a, b))
    pairs = [k for i in range(n) for k in (i, n + i)]
    shape = np.multiply(a.value.shape, b.value.shape)
    return move(lambda x: x.transpose(pairs).reshape(shape), outer(a, b), what="reshape")


def cross(a: Any, b: Any, axis: int = -1, **_: Any) -> Node:
    """np.cross of vectors of length 3."""

    def turned(x: Any, by: int) -> Node:
        return move(lambda v: np.roll(v, by, axis), x, what="roll")

    return row("sub", row("mul", turned(a, -1), turned(b, -2)),
               row("mul", turned(a, -2), turned(b, -1)))  # fmt: skip


# --- einsum --------------------------------------------------------------------------------------


def einsum(*given: Any, **_: Any) -> Node:
    """np.einsum in all its forms."""
    spec, operands = _spelled(given)
    nodes = [node_of(x) for x in operands]
    left, arrow, out = spec.replace(" ", "").partition("->")
    parts = left.split(",")
    free = "".join(c for c in LETTERS if c not in spec)
    extra = [
        node.value.ndim - len(part.replace("...", ""))
        for part, node in zip(parts, nodes, strict=True)
    ]
    dots = free[: max(extra)] if "..." in spec else ""
    if not arrow:
        out = "..." * ("..." in left) + "".join(
            sorted(c for c in set(left) - set(",.") if left.count(c) == 1))  # fmt: skip
    parts = [
        part.replace("...", dots[len(dots) - n :]) for part, n in zip(parts, extra, strict=True)
    ]
    return contract(parts, out.replace("...", dots), *nodes)


def _spelled(given: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The formula and the operands, also of the form einsum(a, [0, 1], b, [1, 2], [0, 2])."""
    if isinstance(given[0], str):
        return given[0], given[1:]

    def letters(axes: Any) -> str:
        return "".join("..." if k is Ellipsis else LETTERS[k] for k in axes)

    pairs = len(given) // 2
    spec = ",".join(letters(axes) for axes in given[1 : 2 * pairs : 2])
    if len(given) % 2:
        spec += "->" + letters(given[-1])
    return spec, given[: 2 * pairs : 2]


# --- convolutions --------------------------------------------------------------------------------


def correlate(
    a: Any, v: Any, mode: str = "valid", flip: bool = False, early: bool = False
) -> Node:  # fmt: skip
    """Σ a[i+u]·v[u] over windows of all axes; `flip` makes it a convolution.

    The middle of an even length, for `same`, is the later of two, or the `early` one.
    """
    a, v = node_of(a), node_of(v)
    sizes = v.value.shape
    before = {"full": [m - 1 for m in sizes], "valid": [0 for m in sizes],
              "same": [(m - early) // 2 for m in sizes]}[mode]  # fmt: skip
    after = [m - 1 - b if mode == "same" else b for m, b in zip(sizes, before, strict=True)]
    margins = list(zip(before, after, strict=True))
    windows = move(lambda x: np.lib.stride_tricks.sliding_window_view(np.pad(x, margins), sizes),
                   a, what="windows")  # fmt: skip
    kernel = move(np.flip, v, what="flip") if flip else v
    n = len(sizes)
    return contract([LETTERS[: 2 * n], LETTERS[n : 2 * n]], LETTERS[:n], windows, kernel)


def convolve(a: Any, v: Any, mode: str = "full", **_: Any) -> Node:
    """np.convolve, and scipy.signal's, which are symmetric but for `same`."""
    return correlate(a, v, mode, flip=True)


UFUNCS.update({("matmul", "__call__"): matmul, ("multiply", "outer"): outer})
UFUNCS.update({(name, "__call__"): rule for name, rule in {
    "vecdot": lambda a, b: einsum("...i,...i->...", a, b),
    "matvec": lambda a, b: einsum("...ij,...j->...i", a, b),
    "vecmat": lambda a, b: einsum("...i,...ij->...j", a, b),
}.items()})  # fmt: skip
FUNCTIONS.update({
    np.dot: dot, np.tensordot: tensordot, np.inner: inner, np.einsum: einsum, np.kron: kron,
    np.outer: lambda a, b: outer(move(np.ravel, a, what="ravel"), move(np.ravel, b, what="ravel")),
    np.vdot: lambda a, b: dot(move(np.ravel, a, what="ravel"), move(np.ravel, b, what="ravel")),
    np.linalg.multi_dot: multi_dot, np.linalg.matrix_power: matrix_power, np.cross: cross,
    np.linalg.matmul: matmul, np.linalg.tensordot: lambda a, b, axes=2: tensordot(a, b, axes),
    np.linalg.outer: outer, np.convolve: convolve, np.correlate: correlate,
})  # fmt: skip
