"""The forward pass on arrays: a list of NumPy calls into arrays that are there already."""

from functools import partial, singledispatch
from typing import Any

import numpy as np

from ..plan.kernels import Elementwise, Gather, Kernel, MatMul, Piece, Reduce
from ..plan.views import View
from .arithmetic import total
from .matmul import MatMulArrays
from .memory import Array, Memory, strided_view
from .ufuncs import Call, calls, name_of


@singledispatch
def forward(kernel: Kernel, memory: Memory) -> list[Call]:
    """The calls that fill the kernel's block."""
    raise TypeError(f"NumPy has no forward pass for {kernel!r:.60}")


@forward.register
def _gather(kernel: Gather, memory: Memory) -> list[Call]:
    """Copies; a halo and other constants are written once, now."""
    out = memory.array(kernel.out)
    initial = kernel.initial.astype(out.dtype)
    out[...] = initial[:, None] if kernel.out.batched else initial
    return [_copied(piece, kernel, memory) for piece in kernel.pieces]


def _copied(piece: Piece, kernel: Gather, memory: Memory) -> Call:
    out, source = memory.array(kernel.out), memory.array(piece.source)
    if piece.layouts:
        target, of = piece.layouts
        to = strided_view(out, kernel.out, target)
        return partial(np.copyto, to, strided_view(source, piece.source, of))
    spread = kernel.out.batched and not piece.source.batched
    if len(piece.target_rows) == len(out) and not spread:
        return partial(np.take, source, piece.source_rows, axis=0, out=out, mode="clip")

    def pick() -> None:
        found = source[piece.source_rows]
        out[piece.target_rows] = found[:, None] if spread else found

    return pick


def operand(memory: Memory, view: View, out_batched: bool) -> Any:
    """A view as an operand of an elementwise kernel: a number where it is one constant."""
    if view.is_constant():
        return memory.array(view.block)[view.layout.offset]
    return memory.view(view, out_batched)


def in_shape(array: Array, shape: tuple[int, ...]) -> Array:
    """A block's array in the shape of what fills it, samples last."""
    return array.reshape((*shape, *array.shape[1:]))


@forward.register
def _elementwise(kernel: Elementwise, memory: Memory) -> list[Call]:
    """One row of the table on whole blocks."""
    out = in_shape(memory.array(kernel.out), kernel.shape)
    operands = [operand(memory, v, kernel.out.batched) for v in kernel.operands]
    if name_of(kernel.op) == "stop" and kernel.out.number in memory.aliases:
        return []
    return calls(kernel.op, out, *operands)


@forward.register
def _reduce(kernel: Reduce, memory: Memory) -> list[Call]:
    """sum, max or min over the second axis of a view."""
    x = memory.view(kernel.operand, kernel.out.batched)
    rows, over = kernel.operand.layout.dims
    out = in_shape(memory.array(kernel.out), rows)
    if not over:  # a sum of one
        return [partial(np.copyto, out, x)]
    axes = tuple(range(len(rows), len(rows) + len(over)))
    if kernel.op.name == "sum":
        return [total(x, axes, out)]
    combine = np.maximum if kernel.op.name == "max" else np.minimum
    parts = [memory.view(part, kernel.out.batched) for part in kernel.operand.planes()]
    if len(parts) > 16 or not rows:
        return [partial(combine.reduce, x, axis=axes, out=out)]
    first: list[Call] = [partial(combine, parts[0], parts[1], out=out)]
    return first + [partial(combine, out, part, out=out) for part in parts[2:]]


@forward.register
def _matmul(kernel: MatMul, memory: Memory) -> list[Call]:
    return MatMulArrays(memory, kernel).forward()
