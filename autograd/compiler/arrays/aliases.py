"""Which kernels compute in place: liveness of blocks, and whose array is an alias of which."""

from ..plan.kernels import Elementwise, Plan
from ..plan.views import Block
from .ufuncs import IN_PLACE, name_of

Aliases = dict[int, int]  # {block: the block whose array it is computed in}, by number


def aliases(plan: Plan, active: set[int]) -> Aliases:
    """Let elementwise kernels overwrite an operand that nobody reads afterwards.

    In exp(x + 1) the sum is read once: the exponential is computed in its array.
    """
    last, kept = _last_readers(plan), _kept(plan, active)
    found: Aliases = {}
    for k, kernel in enumerate(plan.kernels):
        if isinstance(kernel, Elementwise) and name_of(kernel.op) in IN_PLACE:
            dead = {b.number for b in kernel.reads() if last[b.number] == k} - kept
            operand = _overwritten(kernel, dead, found)
            if operand is not None:
                found[kernel.out.number] = _array_of(operand, found)
    return found


def _last_readers(plan: Plan) -> dict[int, int]:
    """{block: the index of the last kernel that reads it}."""
    return {block.number: k for k, kernel in enumerate(plan.kernels) for block in kernel.reads()}


def _kept(plan: Plan, active: set[int]) -> set[int]:
    """Blocks that must stay as they are: what goes in and comes out, and what is read again."""
    kept = {b.number for b in plan.parameters + plan.arguments + plan.draws}
    kept |= {view.block.number for view in plan.results}
    for kernel in plan.kernels:
        if kernel.out.number in active:
            kept |= kernel.saved(active)
        if kernel.holds_constants:
            kept.add(kernel.out.number)
    return kept


def _array_of(block: Block, found: Aliases) -> int:
    """The block whose array this one lives in."""
    return found.get(block.number, block.number)


def _overwritten(kernel: Elementwise, dead: set[int], found: Aliases) -> Block | None:
    """An operand that may be overwritten: dead, whole, and read by whole views only."""
    for view in kernel.operands:
        block = view.block
        fits = block.batched == kernel.out.batched and not block.constant and view.is_whole()
        array = _array_of(block, found)
        others = [v for v in kernel.operands if _array_of(v.block, found) == array]
        if fits and block.number in dead and all(v.is_whole() for v in others):
            return block
    return None
