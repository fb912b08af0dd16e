"""What `backward()` left on a graph, and what each operation sends to its operands."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ..outline import Arrow, Chain
from .survey import Survey
from .words import size


def swept(gradient: Any) -> bool:
    """Whether `backward()` left this gradient: it makes floats even of those that are 0."""
    return gradient.__class__ is not int or gradient != 0


def partials(node: Any) -> Sequence[Any]:
    """∂y/∂x of each operand, or None where the table has nothing to say of such numbers."""
    try:
        found: Sequence[Any] = node.op.partials(node.data, *[x.data for x in node.inputs])
        return found
    except (TypeError, ValueError, ArithmeticError):
        return [None] * len(node.inputs)


def chain(upstream: Any, partial: Any) -> Chain | None:
    """The chain rule as the sweep applies it."""
    if partial is None:
        return None
    if isinstance(partial, bool):
        return Chain(upstream, int(partial), upstream if partial else 0)
    try:
        return Chain(upstream, partial, upstream * partial)
    except (TypeError, ValueError, ArithmeticError):
        return None


class Gradients:
    """Which gradients of a graph are there to be shown.

    A leaf without a label may be a number of the formula, as the 2 of `x ** 2`, or a Value that
    somebody made; nothing tells them apart. So its gradient is shown, except where it is read as
    an exponent only or is not finite: log(x) of the base is nan for every base below 0.
    """

    def __init__(self, survey: Survey, wanted: bool = True) -> None:
        self.nodes = survey.nodes
        self.wanted = wanted
        self.ran = wanted and any(swept(self.nodes[k].grad) for k in survey.operations)
        self.exponents = _exponents(survey)

    def known(self, numbers: Iterable[int]) -> bool:
        """Whether there are gradients of these nodes; leaves keep theirs from other graphs."""
        return self.wanted and (self.ran or any(swept(self.nodes[k].grad) for k in numbers))

    def told(self, k: int) -> bool:
        """Whether the gradient of a node says something to people."""
        node = self.nodes[k]
        return bool(node.op or node.name or (k not in self.exponents and _finite(node.grad)))

    def chain(self, k: int, node: Any, partial: Any) -> Chain | None:
        """The chain rule from an operation to its operand, where that is to be shown."""
        found = chain(node.grad, partial)
        return found if found and self.told(k) else None


def _finite(x: Any) -> bool:
    return size(x) < float("inf")


def _exponents(survey: Survey) -> set[int]:
    """Leaves without a label that are read as exponents, and nowhere else."""
    number = survey.number
    found: set[int] = set()
    others: set[int] = set()
    for k in survey.operations:
        node: Any = survey.nodes[k]
        power = node.op.name == "pow"
        for position, x in enumerate(node.inputs):
            if x.op is None and x in number and not x.name:
                (found if power and position else others).add(number[x])
    return found - others


def accumulated(survey: Survey, arrows: Iterable[Arrow]) -> list[int]:
    """Leaves whose gradient is more than what all their readers send: `backward()` adds to it.

    Nothing is said of graphs in which the last pass began elsewhere, and of operands that have
    changed since.
    """
    if not all(size(root.grad) == 1 for root in survey.roots):
        return []
    sent: dict[int, list[Arrow]] = {}
    for arrow in arrows:
        n = int(arrow.tail[1:]) if arrow.chain and arrow.tail[1:].isdigit() else -1
        if n >= 0 and arrow.tail[0] == "n" and survey.nodes[n].op is None:
            sent.setdefault(n, []).append(arrow)
    times = _readings(survey, sent.keys()) if sent else {}
    return [n for n, several in sent.items() if times[n] == len(several) and _more(survey, n, sent)]


def _readings(survey: Survey, leaves: Any) -> dict[int, int]:
    """How often leaves are read."""
    inside: dict[Any, list[int]] = {}
    found: Counter[int] = Counter()
    for k in survey.operations:
        for x in survey.nodes[k].inputs:
            if x not in inside:
                entries = [x] if x in survey.number else x.inputs
                inside[x] = [n for v in entries if (n := survey.number[v]) in leaves]
            found.update(inside[x])
    return found


def _more(survey: Survey, n: int, sent: dict[int, list[Arrow]]) -> bool:
    """Whether contributions fall short of the gradient by more than rounding."""
    gradient = survey.nodes[n].grad
    chains = [arrow.chain for arrow in sent[n] if arrow.chain]
    heads = [survey.nodes[int(arrow.head[1:])] for arrow in sent[n]]
    try:
        total = sum(c.contribution for c in chains)
        around = sum(abs(c.contribution) for c in chains) + abs(gradient)
        short = abs(total - gradient) > 1e-6 * around
        return bool(short) and all(_as_made(node) for node in heads)
    except (TypeError, ValueError, ArithmeticError):
        return False


def _as_made(node: Any) -> bool:
    """Whether an operation's number still is that of its operands."""
    return bool(node.op.forward(*[x.data for x in node.inputs]) == node.data)
