"""The forward pass on arrays: a list of NumPy calls into buffers that are there already."""

from functools import partial
from typing import Any

import numpy as np

from ..plan.kernels import Elementwise, Gather, Kernel, Product, Reduce, View
from .matrices import Matrices
from .memory import Memory, boxed
from .products import total
from .ufuncs import Call, calls, name_of


def forward(memory: Memory, kernel: Kernel) -> list[Call]:
    """The calls that fill the kernel's block."""
    if isinstance(kernel, Gather):
        return gather(memory, kernel)
    if isinstance(kernel, Elementwise):
        return elementwise(memory, kernel)
    if isinstance(kernel, Reduce):
        return reduction(memory, kernel)
    assert isinstance(kernel, Product)
    return Matrices(memory, kernel).forward()


def gather(memory: Memory, kernel: Gather) -> list[Call]:
    """Copies; margins and other constants are written once, now."""
    out = memory.array(kernel.out)
    initial = kernel.initial.astype(out.dtype)
    out[...] = initial[:, None] if kernel.out.batched else initial
    made: list[Call] = []
    for piece in kernel.pieces:
        source = memory.array(piece.source)
        if piece.boxes:
            target, of = piece.boxes
            to = boxed(out, kernel.out, target)
            made.append(partial(np.copyto, to, boxed(source, piece.source, of)))
        else:
            made.append(_picked(out, piece.target_rows, source, piece.source_rows, kernel, piece))
    return made


def _picked(out, target, source, rows, kernel, piece) -> Call:
    spread = kernel.out.batched and not piece.source.batched
    if len(target) == len(out) and not spread:
        return partial(np.take, source, rows, axis=0, out=out, mode="clip")

    def pick() -> None:
        found = source[rows]
        out[target] = found[:, None] if spread else found

    return pick


def operand(memory: Memory, view: View, out_batched: bool) -> Any:
    """A view as an operand of an elementwise kernel: a number where it is one constant."""
    if view.constant():
        return memory.array(view.block)[view.box.offset]
    return memory.view(view, out_batched)


def elementwise(memory: Memory, kernel: Elementwise) -> list[Call]:
    """One row of the table on whole blocks."""
    out = memory.array(kernel.out)
    out = out.reshape((*kernel.shape, *out.shape[1:]))
    operands = [operand(memory, v, kernel.out.batched) for v in kernel.operands]
    if name_of(kernel.op) == "stop" and kernel.out.number in memory.shared:
        return []
    return calls(kernel.op, out, *operands)


def reduction(memory: Memory, kernel: Reduce) -> list[Call]:
    """sum, max or min over the second axis of a view."""
    x = memory.view(kernel.operand, kernel.out.batched)
    rows, over = kernel.operand.box.dims
    out = memory.array(kernel.out)
    out = out.reshape((*rows, *out.shape[1:]))
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
