"""What `backward()` left on a graph, and what each operation sends to its operands."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..outline import ChainRule
from .graph import Graph
from .words import size


class Read(NamedTuple):
    """One reading of a scalar by an operation: through which operand, and which entry of a bundle.

    Of `w @ x`, the dot reads w[1] as entry 1 of its operand 0; of `a + b`, the sum reads b as its
    operand 1, which has no entries.
    """

    node: int
    reader: int
    operand: int
    entry: int | None = None


def has_gradient(node: Any) -> bool:
    """Whether `backward()` reached this node: it leaves floats even where they are 0."""
    return node.grad.__class__ is not int or node.grad != 0


def partials(node: Any) -> Sequence[Any]:
    """∂y/∂x of each operand, or None where the table has nothing to say of such numbers."""
    try:
        found: Sequence[Any] = node.op.partials(node.data, *[x.data for x in node.inputs])
        return found
    except (TypeError, ValueError, ArithmeticError):
        return [None] * len(node.inputs)


def chain_rule(upstream: Any, partial: Any) -> ChainRule | None:
    """upstream · partial; a partial of True hands the gradient on, and one of False stops it."""
    if partial is None:
        return None
    if isinstance(partial, bool):
        return ChainRule(upstream, int(partial), upstream if partial else 0)
    try:
        return ChainRule(upstream, partial, upstream * partial)
    except (TypeError, ValueError, ArithmeticError):
        return None


class Gradients:
    """Which gradients of a graph are there to be shown; none where they are not `asked` for.

    A leaf without a label may be a number of the formula, as the 2 of `x ** 2`, or a Value that
    somebody made; nothing tells them apart. So its gradient is shown, except where it is read as
    an exponent only or is not finite: log(x) of the base is nan for every base below 0.
    """

    def __init__(self, graph: Graph, asked: bool = True) -> None:
        self.nodes = graph.nodes
        self.asked = asked
        self.computed = asked and any(has_gradient(self.nodes[k]) for k in graph.operations)
        self.exponents = _exponents(graph)

    @property
    def spoilt(self) -> bool:
        """Whether one that is shown is nan or inf."""
        shown = (node for k, node in enumerate(self.nodes) if self.shows(k))
        return self.computed and not all(_finite(node.grad) for node in shown)

    def known(self, numbers: Iterable[int]) -> bool:
        """Whether there are gradients of these nodes; leaves keep theirs from other graphs."""
        return self.asked and (self.computed or any(has_gradient(self.nodes[k]) for k in numbers))

    def shows(self, k: int) -> bool:
        """Whether a node's gradient is shown: that of `x` in `x ** 2` is, that of the 2 is not."""
        node = self.nodes[k]
        return bool(node.op or node.name or (k not in self.exponents and _finite(node.grad)))

    def chain_rule(self, read: Read, rows: Sequence[Any]) -> ChainRule | None:
        """The chain rule of one reading, from the partials of its reader, where it is shown."""
        partial = rows[read.operand] if rows else None
        if partial is not None and read.entry is not None:
            partial = partial[read.entry]
        return chain_rule(self.nodes[read.reader].grad, partial) if self.shows(read.node) else None


def _finite(x: Any) -> bool:
    return size(x) < float("inf")


def _exponents(graph: Graph) -> set[int]:
    """Leaves without a label that are read as exponents, and nowhere else."""
    found: set[int] = set()
    others: set[int] = set()
    for k in graph.operations:
        node = graph.nodes[k]
        power = node.op.name == "pow"
        for position, x in enumerate(node.inputs):
            if x.op is None and x in graph.number and not x.name:
                (found if power and position else others).add(graph.number[x])
    return found - others


def accumulated(graph: Graph, rules: dict[Read, ChainRule | None]) -> list[int]:
    """Leaves whose gradient is more than what all their readers send: `backward()` adds to it.

    After two passes through a·a with a = 2, the gradient of a is 8, and its readers send 2 + 2.
    Nothing is said of graphs in which the last pass began elsewhere, and of operands that have
    changed since.
    """
    if not all(size(root.grad) == 1 for root in graph.roots):
        return []
    sent: dict[int, list[tuple[int, ChainRule]]] = {}
    for read, rule in rules.items():
        if rule and graph.nodes[read.node].op is None:
            sent.setdefault(read.node, []).append((read.reader, rule))
    times = _readings(graph, sent) if sent else {}
    return [n for n, rules in sent.items() if times[n] == len(rules) and _more(graph, n, rules)]


def _readings(graph: Graph, leaves: Iterable[int]) -> Counter[int]:
    """How often leaves are read."""
    leaves = set(leaves)
    inside: dict[Any, list[int]] = {}
    found: Counter[int] = Counter()
    for k in graph.operations:
        for x in graph.nodes[k].inputs:
            if x not in inside:
                inside[x] = [n for n in graph.entries(x) if n in leaves]
            found.update(inside[x])
    return found


def _more(graph: Graph, n: int, sent: list[tuple[int, ChainRule]]) -> bool:
    """Whether contributions fall short of the gradient by more than rounding."""
    gradient = graph.nodes[n].grad
    try:
        total = sum(rule.contribution for _, rule in sent)
        around = sum(abs(rule.contribution) for _, rule in sent) + abs(gradient)
        short = abs(total - gradient) > 1e-6 * around
        return bool(short) and all(_as_made(graph.nodes[reader]) for reader, _ in sent)
    except (TypeError, ValueError, ArithmeticError):
        return False


def _as_made(node: Any) -> bool:
    """Whether an operation's number still is that of its operands."""
    return bool(node.op.forward(*[x.data for x in node.inputs]) == node.data)
