"""Where blocks lie: rows of samples that are alive at the same time lie side by side."""

from collections.abc import Iterable, Sequence

from ...plan.plan import Plan
from ...plan.views import Block
from .nests import AnyNest, Lookup
from .widths import dense

LINE = 16  # rows: blocks start at multiples of it


class Places:
    """The place of each block that some nest uses.

    `rows` are first rows among the `height` rows of a tile (blocks with samples), `shared` first
    numbers of what no sample has, `sums` first vectors of what samples are summed into, one for
    each number or, of the gradients in `narrow`, a lane for each.
    """

    def __init__(
        self, plan: Plan, forward: Sequence[AnyNest], reverse: Sequence[AnyNest], lanes: int
    ) -> None:
        self.rows, self.height = stacked(_lives(plan, forward, reverse))
        self.parameters, self.total = _one_by_one(plan.parameters)
        self.gradients = {
            gradient: self.parameters[plan.blocks[number]]
            for number, gradient in plan.gradients.items()
        }
        own = {*self.parameters, *self.gradients}
        others = [b for b in plan.blocks if not (b.batched or b.constant or b in own)]
        self.shared, self.numbers = _one_by_one(others)
        writers = _writers([*forward, *reverse])
        self.narrow = {
            b
            for b, nests in writers.items()
            if all(isinstance(n, Lookup) for n in nests)
            or (
                all(isinstance(n, Lookup) or dense(n, lanes) for n in nests)
                and self.gradients.get(b, 1) % lanes == 0
            )
        }
        sizes = {b: -(-b.size // lanes) if b in self.narrow else b.size for b in writers}
        self.sums: dict[Block, int] = {}
        self.vectors = 0
        for block, size in sizes.items():
            self.sums[block] = self.vectors
            self.vectors += size

    def numbers_of(self, block: Block) -> str:
        """C for the first number of a block without samples."""
        if block in self.parameters:
            return f"c->weights + {self.parameters[block]}"
        if block in self.gradients:
            return f"c->gradient + {self.gradients[block]}"
        return "constants" if block.constant else f"c->shared + {self.shared[block]}"

    def rows_of(self, block: Block) -> str:
        """C for the first vector of a block with samples."""
        return f"rows + {self.rows[block]} * PARTS"

    def argument(self, block: Block, summed: bool) -> str:
        """C for where a nest finds a block, or its sums over samples."""
        if block in self.narrow and summed:
            return f"(share ? sums + {self.sums[block]} : (vector *)({self.numbers_of(block)}))"
        if summed:
            return f"sums + {self.sums[block]}"
        return self.rows_of(block) if block.batched else self.numbers_of(block)


def _one_by_one(blocks: Iterable[Block]) -> tuple[dict[Block, int], int]:
    """Blocks one after the other, and where the last one ends."""
    found: dict[Block, int] = {}
    end = 0
    for block in blocks:
        found[block] = end
        end += block.size
    return found, end


def _writers(nests: Iterable[AnyNest]) -> dict[Block, list[AnyNest]]:
    """The nests over samples that add to each block without samples."""
    found: dict[Block, list[AnyNest]] = {}
    for nest in nests:
        for store in nest.stores():
            if store.live and not store.access.block.batched:
                found.setdefault(store.access.block, []).append(nest)
    return found


def stacked(lives: dict[Block, tuple[int, int]], line: int = LINE) -> tuple[dict[Block, int], int]:
    """First rows, and how many there are: the largest blocks first, each where nothing lies that
    lives at the same time.
    """
    places: dict[Block, int] = {}
    taken: list[tuple[int, int, int, int]] = []  # first row, end, first nest, last nest
    for block, (born, dies) in sorted(lives.items(), key=lambda item: -item[0].size):
        size = -(-block.size // line) * line
        at = 0
        for start, end, first, last in sorted(taken):
            if first <= dies and born <= last:
                if at + size <= start:
                    break
                at = max(at, end)
        places[block] = at
        taken.append((at, at + size, born, dies))
    return places, max((end for _, end, _, _ in taken), default=0)


def _lives(
    plan: Plan, forward: Sequence[AnyNest], reverse: Sequence[AnyNest]
) -> dict[Block, tuple[int, int]]:
    """The first and the last nest that needs the rows of a block."""
    uses: list[tuple[Block, int]] = [(b, -1) for b in [*plan.arguments, *plan.draws]]
    for at, nest in enumerate([*forward, *reverse]):
        uses += [(access.block, at) for access in nest.memory_reads()]
        uses += [(store.access.block, at) for store in nest.stores() if store.live]
    uses += [(view.block, len(forward)) for view in plan.results]
    uses += [(block, -1) for block in (plan.seed, plan.part) if block]
    used = {block for block, _ in uses}
    kept = [b for b in plan.blocks if b.initial is not None and b in used]
    uses += [(b, at) for b in kept for at in (-1, len(forward) + len(reverse))]
    lives: dict[Block, tuple[int, int]] = {}
    for block, at in uses:
        if block.batched:
            born, dies = lives.get(block, (at, at))
            lives[block] = min(born, at), max(dies, at)
    return lives
