"""The text of one C function: lines, loops, names, and what lies at an address."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...plan.views import Block
from .nests import Access, Store


class Printer:
    """Collects the lines of a function's body, and the blocks that it is called with.

    A block with samples is an array of vectors, one without an array of numbers; what a nest over
    samples adds to the latter is kept in vectors, a lane for each sample.
    """

    def __init__(self, dtype: str, registers: int, used: set[str], per_sample: bool) -> None:
        self.dtype, self.registers, self.per_sample = dtype, registers, per_sample
        self.used = used
        self.lines: list[str] = []
        self.names: dict[tuple[Block, bool], str] = {}
        self.depth = 1
        self._count = itertools.count(1)

    # --- text ------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Another line."""
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines in braces."""
        self.line(head + " {" if head else "{")
        self.depth += 1
        yield
        self.depth -= 1
        self.line("}")

    @contextmanager
    def loops(self, sizes: Sequence[int], names: Sequence[str], step: int = 1) -> Iterator[None]:
        """A loop for each dimension, from 0."""
        for n, i in zip(sizes, names, strict=True):
            forward = f"{i}++" if step == 1 else f"{i} += {step}"
            self.line(f"for (int {i} = 0; {i} < {n}; {forward}) {{")
            self.depth += 1
        yield
        for _ in sizes:
            self.depth -= 1
            self.line("}")

    def fresh(self) -> str:
        """A name for a vector."""
        return f"t{next(self._count)}"

    # --- addresses -------------------------------------------------------------------------------

    def pointer(self, block: Block, summed: bool = False) -> str:
        """The name of a block's pointer among the function's arguments."""
        return self.names.setdefault((block, summed), _letter(len(self.names)))

    def load(self, access: Access, at: str) -> str:
        """The vector at an address."""
        name = f"{self.pointer(access.block)}[{at}]"
        return name if access.block.batched else f"splat({name})"

    def store(self, store: Store, at: str, value: str) -> None:
        """Write or add a vector."""
        summed = self.per_sample and not store.access.block.batched
        name = f"{self.pointer(store.access.block, summed)}[{at}]"
        lane = "" if summed or store.access.block.batched else "[0]"
        value = f"({value}){lane}" if lane else value
        self.line(f"{name} {'+=' if store.adds else '='} {value};")


def address(access: Access, variables: list[str], shift: dict[int, int] | None = None) -> str:
    """The index of an access, for variables that may be shifted by constants."""
    fixed, terms = access.offset, []
    for d, (step, name) in enumerate(zip(access.steps, variables, strict=False)):
        if not step:
            continue
        fixed += step * (shift or {}).get(d, 0)
        if name.isdigit():
            fixed += step * int(name)
        else:
            terms.append(name if step == 1 else f"{step} * {name}")
    return " + ".join([*terms, *([str(fixed)] if fixed or not terms else [])])


def _letter(n: int) -> str:
    """a, b, ..., z, a1, b1, ..."""
    return "abcdefghlmnopqrsuvwxyz"[n % 22] + (str(n // 22) if n >= 22 else "")
