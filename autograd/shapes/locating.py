"""Where `t[index]` lies, by NumPy's rules: addresses, and those that a program will know."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, SupportsIndex, TypeGuard

from .indexing import Array, Shape, broadcast, flattened, shape_of, stretched, strides

Position = SupportsIndex | slice | EllipsisType | Sequence[Any] | Array | None
Index = SupportsIndex | slice | list[Any] | None
Entry = tuple[Index, int, int]


@dataclass(frozen=True)
class Decided:
    """An address that numbers decide which are not known yet: `offset`, and for each of them, of
    `along`, (index, entries, step).
    """

    offset: int
    along: tuple[tuple[Any, int, int], ...]

    def __add__(self, other: "Address") -> "Decided":
        if isinstance(other, Decided):
            return Decided(self.offset + other.offset, self.along + other.along)
        return Decided(self.offset + other, self.along)

    __radd__ = __add__


Address = int | Decided


def located(shape: Shape, key: Position | tuple[Position, ...]) -> tuple[Shape, list[Address]]:
    """Shape and addresses of `t[key]`: ints, slices, `...`, None, arrays of ints, and masks.

    Arrays (nested lists of ints) broadcast together; their axes stand where the first of them is,
    or in front when other indices part them. A mask, of bools, is an array of ints for each of its
    axes: where it is true. IndexError names the axis and its size.
    """
    entries = _expanded(shape, key)
    arrays = [i for i, (index, _, _) in enumerate(entries) if isinstance(index, list)]
    if arrays:  # beside arrays, an int is an array of one entry
        arrays = [i for i, (k, _, _) in enumerate(entries) if not (k is None or _is_slice(k))]
    parts: list[tuple[Shape, Sequence[Address]]] = []
    block, place = _block([entries[i] for i in arrays]), 0
    offset: Address = 0
    for i, (index, axis, step) in enumerate(entries):
        if i in arrays:
            if arrays == list(range(i, i + len(arrays))):  # the first of them, and none parts them
                place = len(parts)
        elif index is None:
            parts.append(((1,), [0]))
        elif isinstance(index, slice):
            line = [k * step for k in range(*index.indices(shape[axis]))]
            parts.append(((len(line),), line))
        else:
            offset += _address(index, shape, axis, step)
    if arrays:
        parts.insert(place, _addressed(block, shape, [entries[i] for i in arrays]))
    found: list[Address] = [offset]
    for _, steps in parts:
        found = [a + k for a in found for k in steps]
    return tuple(n for sizes, _ in parts for n in sizes), found


def _is_slice(index: Index) -> TypeGuard[slice]:
    return isinstance(index, slice)


def _expanded(shape: Shape, key: Position | tuple[Position, ...]) -> list[Entry]:
    """[(index, axis, stride)] with `...` spelt out as whole slices, and masks as arrays of ints."""
    keys = [_index(k) for k in (key if isinstance(key, tuple) else (key,))]
    used = sum(_axes(k) for k in keys)
    if used > len(shape):
        raise IndexError(f"{used} indices for a tensor of shape {shape}")
    dots = [i for i, k in enumerate(keys) if k is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can hold one '...' only")
    at = dots[0] if dots else len(keys)
    keys[at : at + 1] = [slice(None)] * (len(shape) - used)
    own, entries, axis = (*strides(shape), 0), [], 0
    for k in keys:
        n = _axes(k)
        several = _chosen(k, shape[axis : axis + n], axis) if _is_mask(k) else [k]
        for index in several:
            entries.append((index, axis, own[axis]))
            axis += n > 0
    return entries


def _index(k: Any) -> Any:
    """One index as an int (or what is one), a slice, None, `...`, or a nested list."""
    if k is None or k is Ellipsis or isinstance(k, slice):
        return k
    k = k.tolist() if hasattr(k, "tolist") else k
    if isinstance(k, list | tuple | range):
        return list(k)
    if isinstance(k, bool) or not hasattr(k, "__index__"):
        raise IndexError(f"index {k!r}: use ints, slices, '...', None or arrays of ints")
    return k


def _axes(index: Any) -> int:
    """How many axes an index is for."""
    if index is None or index is Ellipsis:
        return 0
    return len(shape_of(index)) if _is_mask(index) else 1


def _is_mask(index: Any) -> bool:
    """Whether an index is nested lists of bools."""
    while isinstance(index, list | tuple) and len(index):
        index = index[0]
    return isinstance(index, bool)


def _chosen(mask: list[Any], sizes: Shape, axis: int) -> list[list[int]]:
    """For each axis of a mask, where it is true; IndexError where it is not of these sizes."""
    flat = flattened(mask)
    if shape_of(mask) != sizes:
        raise IndexError(
            f"a mask of shape {shape_of(mask)} for axes of sizes {sizes}, from {axis} on"
        )
    if any(not isinstance(x, bool) for x in flat):
        raise IndexError(f"a mask holds bools alone, got {mask!r:.60}")
    places = [place for place, true in enumerate(flat) if true]
    return [[p // step % n for p in places] for n, step in zip(sizes, strides(sizes), strict=True)]


def _address(index: Any, shape: Shape, axis: int, step: int) -> Address:
    """The address of an index on an axis; of one that is not known yet, what it decides."""
    n = shape[axis]
    if getattr(index, "unknown", False):
        return Decided(0, ((index, n, step),))
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise IndexError(f"index {index!r} on axis {axis} is not an int")
    try:
        place = operator.index(index)
    except TypeError as error:  # a Value of 2.5
        raise IndexError(f"index {index!r} on axis {axis} is not an int") from error
    if not -n <= place < n:
        raise IndexError(f"index {place} is out of range for axis {axis} of size {n}")
    return place % n * step


def _block(entries: list[Entry]) -> Shape:
    """The broadcast shape of the index arrays."""
    return broadcast(*[shape_of(index) for index, _, _ in entries]) if entries else ()


def _addressed(block: Shape, shape: Shape, entries: list[Entry]) -> tuple[Shape, list[Address]]:
    """The summed addresses of index arrays, over their broadcast shape."""
    found: list[Address] = [0] * math.prod(block)
    for index, axis, step in entries:
        flat = [_address(k, shape, axis, step) for k in flattened(index)]
        found = [a + flat[k] for a, k in zip(found, stretched(shape_of(index), block), strict=True)]
    return block, found
