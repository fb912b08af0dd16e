"""Kernels: what a program does, as data that a back end carries out and that people can read.

A kernel writes views of blocks from views of others. It knows its adjoint (the kernels of the
reverse pass, which are of the same few kinds) and the words for itself; nothing here knows how
large a batch is, or what computes it. Where a target has no samples and what is read has, the
samples are summed; so are the repeated entries of a target.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .views import Block, View

Words = tuple[str, str]  # what is computed, and what it was recognised as
Bar = Callable[[View], View]  # the same rows of a block's adjoints


def plural(n: int, what: str) -> str:
    """`1 dot`, `4,608 dots`."""
    return f"{n:,} {what}" + "s" * (n != 1)


@dataclass(eq=False)
class Kernel(ABC):
    """Part of a pass; `count` is how many scalars of the graph it computes, or whose adjoints."""

    scope: str
    count: int

    @property
    def multiply_adds(self) -> int:
        """Of its matrix products, for one sample."""
        return 0

    @abstractmethod
    def reads(self) -> list[View]:
        """What it reads, besides what it adds to."""

    @abstractmethod
    def targets(self) -> list["Target"]:
        """What it writes."""

    @property
    def out(self) -> Block:
        """The one block that a kernel of the forward pass fills."""
        return self.targets()[0].view.block

    def differentiated(self) -> list[Block]:
        """The blocks whose adjoints its reverse pass adds to."""
        return [view.block for view in self.reads()]

    @abstractmethod
    def adjoint(self, bar: Bar, active: set[int]) -> Iterator["Kernel"]:
        """The kernels that hand its adjoints on to the blocks that are active (by number)."""

    def stops(self) -> bool:
        """Whether it may hand on 0 because of a choice, its own or one before it."""
        return any(view.block.stopped for view in self.reads())

    @abstractmethod
    def describe(self) -> Words:
        """What it does in words."""


@dataclass(eq=False)
class Target:
    """What a kernel writes: rows, which it fills, or to which it `adds`, or of which it adds to
    `some` that it finds as it runs.
    """

    view: View
    adds: bool = False
    some: bool = False


@dataclass(eq=False)
class Zero(Kernel):
    """rows = 0: adjoints that will be added to."""

    target: View

    def reads(self) -> list[View]:
        """Nothing."""
        return []

    def targets(self) -> list[Target]:
        """The rows."""
        return [Target(self.target)]

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """There is none."""
        yield from ()

    def describe(self) -> Words:
        """`100 adjoints`, `start at 0`."""
        return plural(self.target.size, "adjoint"), "start at 0"


@dataclass(eq=False)
class Copy(Kernel):
    """target[i] = source[i]: rows brought together, or handed back."""

    target: Target
    source: View
    note: str = ""

    def reads(self) -> list[View]:
        """The source."""
        return [self.source]

    def targets(self) -> list[Target]:
        """The target."""
        return [self.target]

    def adjoint(self, bar: Bar, active: set[int]) -> Iterator[Kernel]:
        """The adjoint of a copy is a scatter that adds."""
        if self.source.block.number in active:
            target, source = Target(bar(self.source)), bar(self.target.view)
            yield Copy(self.scope, 0, target, source, "handed back to where they were copied from")

    def describe(self) -> Words:
        """`1,152 rows copied`, `into an image with margins of 0`."""
        return f"{plural(self.source.size, 'row')} copied", self.note
