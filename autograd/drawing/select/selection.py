"""A selection: in which box each scalar of a graph is shown, and what is in a box of several."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...names import Name
from ..read.graph import NamedTensor
from ..read.stages import Stage

LEGIBLE = 100  # boxes: beyond them nobody follows the arrows
OPENED = 24  # entries of a shared operand that are drawn one by one
WRITTEN = 200  # entries of a shared operand that are written in a grid


@dataclass
class Group:
    """Several scalars in one box, by their numbers."""

    id: str
    nodes: list[int] = field(default_factory=list)

    @property
    def tensors(self) -> list[NamedTensor]:
        """The named tensors that others may read whole."""
        return []


@dataclass
class OperationGroup(Group):
    """Equal operations, such as the 4,096 squares of `((a @ b) ** 2).mean()`."""


@dataclass
class TensorGroup(Group):
    """The leaves of one named tensor."""

    tensor: NamedTensor = field(kw_only=True)

    @property
    def tensors(self) -> list[NamedTensor]:
        """The one."""
        return [self.tensor]


@dataclass
class LayerGroup(Group):
    """One call of a layer, or several; `enclosing` are the calls around it, the outermost first.

    `rest` says that parts of it have boxes of their own. `parameters` are those that belong to the
    layer, and not others that it reads.
    """

    stages: list[Stage] = field(default_factory=list)
    enclosing: Sequence[Any] = ()
    call: Any = None
    rest: bool = False
    parameters: list[NamedTensor] = field(default_factory=list)

    @property
    def tensors(self) -> list[NamedTensor]:
        """What the layer makes."""
        return [tensor for stage in self.stages for tensor in stage.outputs]


@dataclass
class ChannelGroup(LayerGroup):
    """One channel of what a layer makes; `large` says that its picture may be."""

    tensor: NamedTensor = field(kw_only=True)
    channel: int = field(kw_only=True)
    large: bool = False


def scalar_id(k: int) -> str:
    """The id of the box of one scalar, by its number."""
    return f"n{k}"


@dataclass
class Selection:
    """`box_of` a node is the id of its box: its own or a group's; hidden nodes have none.

    `folded` nodes are drawn, and what is behind them is not: how many nodes that are. `edges` are
    the (input, operation) that get arrows, where not all of them do. Without `grids`, a shared
    operand whose entries are in one group is an arrow from there, and no box of numbers.
    """

    box_of: dict[int, str] = field(default_factory=dict)
    folded: dict[int, int] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    edges: set[tuple[int, int]] | None = None
    grids: bool = True

    def show(self, numbers: Iterable[int]) -> None:
        """Give nodes boxes of their own."""
        self.box_of.update((k, scalar_id(k)) for k in numbers)

    def add(self, group: Group, numbers: Iterable[int]) -> None:
        """Show nodes in the box of a group."""
        self.groups[group.id] = group
        self.box_of.update(dict.fromkeys(numbers, group.id))

    def alone(self, k: int) -> bool:
        """Whether a node has a box of its own."""
        return self.box_of.get(k) == scalar_id(k)

    def opened(self, k: int) -> bool:
        """Whether an operation has a box of its own, and its operands are drawn behind it."""
        return self.alone(k) and k not in self.folded

    def group_of(self, k: int) -> Group | None:
        """The group that shows a node."""
        return self.groups.get(self.box_of.get(k, ""))


def single_leaves(bundle: Any) -> list[Any]:
    """The leaves of a shared operand that are drawn one by one, and not as cells of its grid.

    Of few entries, those with a label of their own: `Tensor([a, b]) @ weights` shows a and b.
    """
    entries = bundle.inputs
    leaves = [v for v in entries if v.op is None]
    labelled = any(v.name and not isinstance(v.name, Name) for v in leaves)
    mixed = len(leaves) < len(entries)
    few = len(entries) == 1 or (len(leaves) <= OPENED and (labelled or mixed))
    return leaves if few else []
