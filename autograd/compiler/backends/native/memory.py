"""Where blocks lie: rows of samples that are alive at the same time lie side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...plan.plan import Plan
from ...plan.views import Block
from .nests import AnyNest

LINE = 16  # vectors: blocks start at multiples of it, so that rows share no cache line


@dataclass
class Memory:
    """The first row of each block with samples, and how many rows there are; the first number of
    each other block among all numbers that no sample has, and how many those are; the first vector
    of each block that samples are summed into.
    """

    rows: dict[Block, int] = field(default_factory=dict)
    height: int = 0
    shared: dict[Block, int] = field(default_factory=dict)
    numbers: int = 0
    sums: dict[Block, int] = field(default_factory=dict)
    vectors: int = 0


def placed(plan: Plan, forward: Sequence[AnyNest], reverse: Sequence[AnyNest]) -> Memory:
    """Places for all blocks that some nest over samples uses, forward nests first."""
    memory = Memory()
    lives = _lives(plan, forward, reverse)
    taken: list[tuple[int, int, int, int]] = []  # first row, end, first nest, last nest
    for block, (born, dies) in sorted(lives.items(), key=lambda item: -item[0].size):
        size = -(-block.size // LINE) * LINE
        rivals = sorted(t for t in taken if t[2] <= dies and born <= t[3])
        at = 0
        for start, end, _, _ in rivals:
            if at + size <= start:
                break
            at = max(at, end)
        memory.rows[block] = at
        taken.append((at, at + size, born, dies))
        memory.height = max(memory.height, at + size)
    return memory


def _lives(
    plan: Plan, forward: Sequence[AnyNest], reverse: Sequence[AnyNest]
) -> dict[Block, tuple[int, int]]:
    """The first and the last nest that needs a block of rows."""
    lives: dict[Block, tuple[int, int]] = {}

    def use(block: Block, at: int) -> None:
        if block.batched:
            born, dies = lives.get(block, (at, at))
            lives[block] = min(born, at), max(dies, at)

    for block in [*plan.arguments, *plan.draws]:
        use(block, -1)
    end = len(forward) + len(reverse)
    for at, nest in enumerate([*forward, *reverse]):
        for access in nest.memory_reads():
            use(access.block, at)
        for store in nest.stores():
            if store.live:
                use(store.access.block, at)
    for view in plan.results:
        use(view.block, len(forward))
    if plan.seed is not None:
        use(plan.seed, -1)
    for block in list(lives):
        if block.initial is not None:
            use(block, -1)
            use(block, end)
    return lives
