"""Which kernels run for each tile of samples, and which once for all: the stages of a program.

What no sample changes is computed once. A kernel that sums over samples (a batch's mean) makes a
number that all samples wait for: there a new stage begins. Most programs have one stage, in which a
tile of samples goes forward and in reverse through the whole net while its rows are in the cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...plan.kernels import Kernel
from ...plan.views import Block


@dataclass
class Stage:
    """Kernels that run once, and then those that run for every tile: forward, and in reverse."""

    once: list[tuple[Kernel, bool]] = field(default_factory=list)
    forward: list[Kernel] = field(default_factory=list)
    reverse: list[Kernel] = field(default_factory=list)


def over_samples(kernel: Kernel) -> bool:
    """Whether a kernel runs for every sample."""
    views = [*kernel.reads(), *(target.view for target in kernel.targets())]
    return any(view.block.batched for view in views)


def stages(forward: Sequence[Kernel], reverse: Sequence[Kernel]) -> list[Stage]:
    """The kernels of both passes, in order, by the first stage in which they can run; those of the
    reverse pass not before the last stage of the forward pass.
    """
    ready: dict[Block, int] = {}  # the stage in which a block without samples has its numbers
    floor: dict[Block, int] = {}  # the stage that a block with samples is made in
    found: list[Stage] = []
    last = 0  # stage of the forward pass
    for kernel, backward in [*((k, False) for k in forward), *((k, True) for k in reverse)]:
        sampled = over_samples(kernel)
        at = max([last * backward, *(_from(view.block, ready, floor) for view in kernel.reads())])
        last = max(last, at * (not backward))
        targets = [target.view.block for target in kernel.targets()]
        at = max([at, *(floor.get(b, 0) for b in targets if b.batched)])
        for block in targets:
            if block.batched:
                floor[block] = at
            else:
                ready[block] = max(ready.get(block, 0), at + sampled)
        while len(found) <= at:
            found.append(Stage())
        if sampled:
            (found[at].reverse if backward else found[at].forward).append(kernel)
        else:
            found[at].once.append((kernel, backward))
    return found


def _from(block: Block, ready: dict[Block, int], floor: dict[Block, int]) -> int:
    return floor.get(block, 0) if block.batched else ready.get(block, 0)
