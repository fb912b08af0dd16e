"""What depends on what: the blocks that the reverse pass visits, and the numbers that it reads."""

from typing import Any

from . import partials
from .kernels import Block, Elementwise, Gather, Kernel, Plan, Product, Reduce


def wanted(plan: Plan) -> set[int]:
    """The blocks between a parameter and the loss, by number: those that need an adjoint."""
    found = {block.number for block in plan.parameters}
    for kernel in plan.kernels:
        if any(block.number in found for block in reads(kernel)):
            found.add(kernel.out.number)
    reached = {plan.results[0].block.number}
    for kernel in reversed(plan.kernels):
        if kernel.out.number in reached:
            reached.update(block.number for block in hands_on(kernel, plan))
    return found & reached


def hands_on(kernel: Kernel, plan: Plan) -> list[Block]:
    """The blocks whose adjoints a kernel contributes to."""
    if not isinstance(kernel, Elementwise):
        return reads(kernel)
    found = elementwise_formulas(kernel, plan.constants).partials
    return [v.block for v, p in zip(kernel.operands, found, strict=True) if p is not False]


def reads(kernel: Kernel) -> list[Block]:
    """The blocks that a kernel reads."""
    if isinstance(kernel, Gather):
        return [piece.source for piece in kernel.pieces]
    if isinstance(kernel, Elementwise):
        return [view.block for view in kernel.operands]
    if isinstance(kernel, Reduce):
        return [kernel.operand.block]
    assert isinstance(kernel, Product)
    return [kernel.left.block, kernel.right.block]


def elementwise_formulas(kernel: Elementwise, constants: Any) -> partials.Formulas:
    """The partials of an elementwise kernel; an operand that is one constant enters as a number."""
    known = tuple(float(constants[v.box.offset]) if v.constant() else None for v in kernel.operands)
    return partials.formulas(kernel.op, known)


def read_again(kernel: Kernel, plan: Plan, needed: set[int]) -> set[int]:
    """The blocks whose numbers the reverse pass of a kernel reads."""
    if isinstance(kernel, Elementwise):
        found = elementwise_formulas(kernel, plan.constants)
        used = found.reads([v.block.number in needed for v in kernel.operands])
        blocks = [v.block for v in kernel.operands]
        pairs = [(found.y, kernel.out), *zip(found.x, blocks, strict=True)]
        return {block.number for v, block in pairs if v in used}
    if isinstance(kernel, Reduce) and kernel.op.name != "sum":
        return {kernel.out.number, kernel.operand.block.number}
    if isinstance(kernel, Product):
        left, right = kernel.left.block.number, kernel.right.block.number
        return {b for a, b in [(left, right), (right, left)] if a in needed}
    return set()
