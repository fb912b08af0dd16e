"""Which kernels compute in place: liveness of blocks, and whose array is an alias of which."""

from ..plan.kernels import Elementwise, Plan
from ..plan.views import Block
from .ufuncs import IN_PLACE, name_of


def aliases(plan: Plan, active: set[int]) -> dict[int, int]:
    """{block: the block whose array it is computed in}: an operand that nobody reads afterwards.

    In exp(x + 1) the sum is read once: the exponential is computed in its array.
    """
    last_reader = {b.number: k for k, kernel in enumerate(plan.kernels) for b in kernel.reads()}
    kept, found = _kept(plan, active), dict[int, int]()
    for k, kernel in enumerate(plan.kernels):
        if isinstance(kernel, Elementwise) and name_of(kernel.op) in IN_PLACE:
            dead = {b.number for b in kernel.reads() if last_reader[b.number] == k} - kept
            operand = _overwritten(kernel, dead, found)
            if operand is not None:
                found[kernel.out.number] = found.get(operand.number, operand.number)
    return found


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


def _overwritten(kernel: Elementwise, dead: set[int], found: dict[int, int]) -> Block | None:
    """An operand that may be overwritten: dead, whole, and read by whole views only."""
    arrays = [found.get(block.number, block.number) for block in kernel.reads()]
    for view, array in zip(kernel.operands, arrays, strict=True):
        block = view.block
        readers = [v for v, a in zip(kernel.operands, arrays, strict=True) if a == array]
        fits = block.batched == kernel.out.batched and not block.constant
        if fits and block.number in dead and all(v.is_whole() for v in readers):
            return block
    return None
