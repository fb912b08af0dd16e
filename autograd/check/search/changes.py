"""A change of one step of a reverse pass, and how the changes of a kind are written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..trace.nodes import Array, Node
from ..trace.record import Changes, Sends
from .steps import Step, Steps, formula, operand_of

Part = Callable[[Array], Array | None]  # what an edge hands on, where ∂L/∂y = g; None for nothing


@dataclass(frozen=True)
class Change:
    """A mistake that a backward pass may hold: what is done, and what a colleague says of it."""

    name: str  # a short key, such as `not carried`
    what: str
    remedy: str
    reads: Node  # whose gradient the changed step makes
    made: Callable[[], Changes]
    rank: int = 0  # how far-fetched it is
    instead: Mapping[str, Array] = field(default_factory=dict)  # gradients of inputs as a whole


Kind = Callable[[Steps], Iterator[Change]]


def edge(node: Node, k: int, part: Part) -> Sends:
    """A node that hands `part` to its k-th operand, and to the others what it should."""

    def sends(g: Array) -> list[tuple[Node, Array]]:
        found = []
        for j, x in enumerate(node.inputs):
            if x.varies:
                handed = part(g) if j == k else node.part(j, g)
                if handed is not None:
                    found.append((x, handed))
        return found

    return sends


def times(node: Node, k: int, factor: float) -> Part:
    """A multiple of what a node should hand to its k-th operand."""
    return lambda g: factor * node.part(k, g)


def each(nodes: Iterable[Node], k: int, part: Callable[[Node], Part]) -> Callable[[], Changes]:
    """The same change at several runs of a step, made when it is asked for."""
    return lambda: {node: edge(node, k, part(node)) for node in nodes}


def edges(steps: Steps) -> Iterator[tuple[Step, int]]:
    """Every step with each of its operands that has a gradient."""
    for step in steps.every:
        for k in range(len(step.first.inputs)):
            if any(node.inputs[k].varies for node in step.nodes):
                yield step, k


def reads(step: Step, k: int) -> Node:
    """The array whose gradient an edge makes, in the last run in which it varies."""
    return next(node.inputs[k] for node in reversed(step.nodes) if node.inputs[k].varies)


def mend(step: Step, k: int) -> str:
    """The line of algebra of an edge."""
    node = step.nodes[-1]
    return formula(node, k)


def operand(step: Step, k: int) -> str:
    """What the k-th operand of a step is called."""
    node = step.nodes[-1]
    return operand_of(node, k)


def at(step: Step) -> str:
    """A step as the user wrote it, and where."""
    return f"`{step.written}`" + (f" ({step.spot})" if step.spot else "")
