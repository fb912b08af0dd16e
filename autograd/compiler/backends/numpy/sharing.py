"""Which blocks are computed in place: liveness of blocks, and whose array serves which."""

from ...plan.maps import Map
from ...plan.plan import Plan
from ...plan.views import Block


def sharing(plan: Plan) -> dict[int, int]:
    """{block: the block in whose array it is computed}: an operand that nobody reads afterwards.

    The bias is added where the product is, relu overwrites the sum, and x̄ = ȳ costs nothing. One
    target of a kernel does so, which it must write last.
    """
    kernels = [*plan.forward, *plan.reverse]
    last = {view.block: k for k, kernel in enumerate(kernels) for view in kernel.reads()}
    kept = {*plan.parameters, *plan.arguments, *plan.draws, *[v.block for v in plan.results]}
    kept |= {plan.part} if plan.part else set()
    found: dict[int, int] = {}
    for k, kernel in enumerate(kernels):
        if isinstance(kernel, Map):
            dead = [v.block for v in kernel.reads() if last[v.block] == k and v.block not in kept]
            pair = _pair(kernel, [block for block in dead if block.initial is None])
            if pair is not None:
                target, operand = pair
                found[target.number] = found.get(operand.number, operand.number)
    return found


def _pair(kernel: Map, dead: list[Block]) -> tuple[Block, Block] | None:
    """A target and an operand of which it may take the array: both whole, and alike."""
    for term in kernel.terms:
        to = term.target.view
        if to.block.batched and not term.target.adds and to.is_whole():
            for operand in dead:
                views = [view for view in kernel.reads() if view.block is operand]
                if operand.batched and all(view.is_whole() for view in views):
                    return to.block, operand
    return None
