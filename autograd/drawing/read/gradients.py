"""What `backward()` left on a graph, and what each operation sends to its operands."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ...custom import Sent
from ..outline import ChainRule
from .graph import Graph
from .words import size

NOT_RUN = "backward() has not run: gradients are —"
OTHER_ROOT = "backward() was called from another root: its gradients are not shown, but —"
BEYOND = "backward() was called from a root beyond this one: gradients are that root's"


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
        contribution = upstream * partial
        return ChainRule(
            upstream, float(partial) if isinstance(partial, Sent) else partial, contribution
        )
    except (TypeError, ValueError, ArithmeticError):
        return None


class Gradients:
    """Which gradients of a graph are there to be shown; none where they are not `asked` for.

    They are `computed` where `backward()` came through the roots, and `note` says in words what is
    not as it seems: that it has not run, or that it was called from another root.

    A leaf without a label may be a number of the formula, as the 2 of `x ** 2`, or a Value that
    somebody made; nothing tells them apart. So its gradient is shown, except where it is read as
    an exponent only or is not finite: log(x) of the base is nan for every base below 0.
    """

    def __init__(self, graph: Graph, asked: bool = True) -> None:
        self.nodes = graph.nodes
        self.asked = asked
        self.note = _told(graph) if asked and graph.operations else ""
        reached = any(map(has_gradient, graph.roots))
        self.computed = asked and reached and self.note != OTHER_ROOT
        self.exponents = _exponents(graph)

    @property
    def spoilt(self) -> bool:
        """Whether one that is shown is nan or inf."""
        shown = (node for k, node in enumerate(self.nodes) if self.shows(k))
        return self.computed and not all(_finite(node.grad) for node in shown)

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


def _told(graph: Graph) -> str:
    """What is to be said of where gradients come from; nothing where `backward()` began here."""
    if any(map(has_gradient, graph.roots)):
        if not all(size(root.grad) == 1 for root in graph.roots):
            return BEYOND
        return OTHER_ROOT if _overwritten(graph) else ""
    return OTHER_ROOT if any(map(has_gradient, graph.nodes)) else NOT_RUN


def _overwritten(graph: Graph) -> bool:
    """Whether a later pass, of another root, left its gradients on operations behind this one.

    Numbers that have changed since, as in a step of training, are no such sign.
    """
    operations = [graph.nodes[k] for k in graph.operations]
    other = any(_differs(graph.adjoints.get(node, 0), node.grad) for node in operations)
    return other and all(map(as_made, operations))


def _differs(a: Any, b: Any) -> bool:
    """Whether numbers are apart by more than rounding; nan is like nan."""
    try:
        return bool(a != b) and (a == a or b == b) and abs(a - b) > 1e-6 * (abs(a) + abs(b))
    except (TypeError, ValueError, ArithmeticError):
        return False


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


def uses(graph: Graph, nodes: Iterable[int]) -> Counter[int]:
    """How often operations read each of these nodes."""
    wanted = set(nodes)
    inside: dict[Any, list[int]] = {}
    found: Counter[int] = Counter()
    for k in graph.operations:
        for x in graph.nodes[k].inputs:
            if x not in inside:
                inside[x] = [n for n in graph.entries(x) if n in wanted]
            found.update(inside[x])
    return found


def falls_short(node: Any, rules: Sequence[ChainRule]) -> bool:
    """Whether these contributions do not sum to the gradient of a node, by more than rounding."""
    try:
        total = sum(rule.contribution for rule in rules)
        around = sum(abs(rule.contribution) for rule in rules) + abs(node.grad)
        return bool(abs(total - node.grad) > 1e-6 * around)
    except (TypeError, ValueError, ArithmeticError):
        return False


def as_made(node: Any) -> bool:
    """Whether an operation's number still is that of its operands."""
    try:
        return not _differs(node.op.forward(*[x.data for x in node.inputs]), node.data)
    except (TypeError, ValueError, ArithmeticError):
        return False
