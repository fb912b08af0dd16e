"""What a kernel computes goes to its target: it fills rows or is added, and repeats are summed."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ....dialects.numpy import Call
from ...plan.kernels import Target
from ...plan.views import View
from ...strided import injective, slices
from .memory import Array, Memory, reshaped

Fill = Callable[[Array], list[Call]]  # the calls that compute something into an array


def hand(memory: Memory, target: Target, given: Array | Fill, batched: bool) -> list[Call]:
    """target = given, or += given, in the target's shape.

    `batched` says whether what is given has a last axis of samples. Samples where the target has
    none, and its repeated dimensions, are summed.
    """
    view, layout = target.view, target.view.affine
    repeated = [k for k, step in enumerate(layout.strides) if step == 0]
    samples = [len(layout.shape)] if batched and not view.block.batched else []
    if repeated or samples:
        shape = (*layout.shape, memory.batch) if batched else layout.shape
        kept = layout.part([k for k in range(len(layout.shape)) if k not in repeated])
        summed = _summed(memory, given, shape, (*repeated, *samples))
        rest = Target(View(view.block, kept), target.adds)
        return hand(memory, rest, summed, batched and view.block.batched)
    array = memory.view(view)
    calls, adds = _start(memory, target)
    if not adds:
        return calls + (given(array) if callable(given) else copied(given)(array))
    more, given = _computed(memory, given, array)
    return [
        *calls,
        *more,
        *[partial(np.add, array[at], given[at], out=array[at]) for at in _once(target.view)],
    ]


def copied(array: Array) -> Fill:
    """A copy, of the same shape; nothing where it is the same array."""

    def fill(out: Array) -> list[Call]:
        same = array.ctypes.data == out.ctypes.data and array.strides == out.strides
        return [] if same else [partial(np.copyto, out, array)]

    return fill


def _start(memory: Memory, target: Target) -> tuple[list[Call], bool]:
    """Whether something is added; blocks without samples start at 0, or with what comes first."""
    view = target.view
    if view.block.batched or view.block.number in memory.started:
        return [], target.adds
    memory.started.add(view.block.number)
    if target.adds and not (view.size == view.block.size and view.is_injective()):
        return [partial(memory.array(view.block).fill, 0)], True
    return [], False


def _once(view: View) -> list[Any]:
    """Indices of parts of a view in each of which no row occurs twice."""
    return [...] if injective(view.affine) else slices(view.affine)


def _computed(memory: Memory, given: Array | Fill, like: Array) -> tuple[list[Call], Array]:
    """What is given as an array, and the calls that compute it."""
    if not callable(given):
        return [], np.broadcast_to(given, like.shape)
    out = memory.scratch(like.shape, like.dtype)
    return given(out), out


def _summed(
    memory: Memory, given: Array | Fill, shape: tuple[int, ...], axes: tuple[int, ...]
) -> Fill:
    """The sum of what is given, of a shape, over axes."""

    def fill(out: Array) -> list[Call]:
        scratch = memory.scratch(shape, out.dtype) if callable(given) else given
        calls = given(scratch) if callable(given) else []
        return [*calls, total(np.broadcast_to(scratch, shape), axes, out)]

    return fill


def total(array: Array, axes: tuple[int, ...], out: Array) -> Call:
    """out = the sum over axes; of long neighbouring ones a product with ones, the fastest sum."""
    if axes == tuple(range(axes[0], axes[-1] + 1)):
        count = math.prod(array.shape[k] for k in axes)
        view = reshaped(array, (-1, count, *array.shape[axes[-1] + 1 :]))
        flat = reshaped(out, (-1,))
        if view is not None and flat is not None and view.ndim == 2 and count > 8:
            return partial(np.matmul, view, np.ones(count, array.dtype), out=flat)
    return partial(np.add.reduce, array, axis=axes, out=out)
