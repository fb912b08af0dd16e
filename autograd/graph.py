"""Walks over a computation graph: anything with `.op`, `.inputs` and `.data`.

They are loops, never recursion, so that a graph may be a million nodes deep; each visits a node
once, however many others use it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .numbers.choosing import Handed
from .numbers.kinds import UNKNOWN, AnyNumber
from .numbers.piecewise import combination

if TYPE_CHECKING:
    from .primitives import Primitive
    from .value import Value

AnyNode = Any  # a Value, a bundle of Values, a mirror of either: whoever walks knows which


class Node:
    """The least that the walks need: an operation, the nodes that it reads, and its number. A
    `Value` is one. In a reverse pass `grad` is what it has been sent so far.

    With `op=None` and inputs it is a *bundle*, a sequence that operations share: `inputs` are its
    entries and `data` their numbers. All positions of a convolution share the kernel's bundle.
    """

    __slots__ = ("data", "grad", "inputs", "op")
    grad: AnyNumber

    def __init__(
        self, op: "Primitive | None", inputs: tuple[AnyNode, ...], data: AnyNumber
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.data = data
        self.grad = UNREACHED


UNREACHED = object()
N = TypeVar("N", bound=Node)


def bundle(entries: Iterable[Node]) -> Node:
    """A sequence of nodes as one operand."""
    nodes = tuple(entries)
    return Node(None, nodes, tuple([node.data for node in nodes]))


def is_bundle(x: Node) -> bool:
    """Whether an operand is a sequence."""
    return x.op is None and len(x.inputs) > 0


def order(*roots: Node) -> list[AnyNode]:
    """The roots and every operation and bundle behind them, inputs first. Leaves are left out."""
    ordered: list[AnyNode] = []
    seen: set[AnyNode] = set()
    stack: list[AnyNode] = [*roots[::-1]]
    pop, push, see, emit = stack.pop, stack.append, seen.add, ordered.append
    while stack:
        node = pop()
        if node is None:
            emit(pop())
        elif node not in seen:
            see(node)
            push(node)
            push(None)
            if node.op is None:
                stack += [x for x in node.inputs if x.inputs]
                continue
            for x in node.inputs:
                if x.inputs:
                    push(x)
    return ordered


def nodes(*roots: Node) -> list["Value"]:
    """Every scalar node behind the roots, leaves too, inputs first: the graph as people see it."""
    return scalars(order(*roots))


def scalars(ordered: Iterable[Node]) -> list["Value"]:
    """The operations of an `order` and the leaves that they read, inputs first."""
    found: dict[Any, None] = {}
    for node in ordered:
        leaves = (x for x in node.inputs if not x.inputs and x.data.__class__ is not tuple)
        found.update(dict.fromkeys(leaves))
        if node.op is not None or not node.inputs:
            found[node] = None
    return list(found)


def marked(root: Node, unreached: AnyNumber) -> list[AnyNode]:
    """The `order` of a root that is no leaf, whose nodes all have the `grad` unreached after it: an
    object of this pass alone, which tells at the same time what was visited.
    """
    ordered: list[AnyNode] = []
    stack: list[AnyNode] = [root]
    pop, push, emit = stack.pop, stack.append, ordered.append
    opened = object()
    while stack:
        node = pop()
        grad = node.grad
        if grad is opened:
            node.grad = unreached
            emit(node)
        elif grad is not unreached:
            node.grad = opened
            push(node)
            for x in node.inputs:
                if x.inputs and x.grad is not unreached:
                    push(x)
    return ordered


def sweep(ordered: Sequence[AnyNode], unreached: AnyNumber = UNREACHED) -> None:
    """The chain rule, from the roots' `grad` on: of y = f(x₀, x₁, ...), x̄ᵢ += ȳ·∂y/∂xᵢ.

    `ordered` is the roots' order without leaves, and the partials are the table's. A node whose
    `grad` is the object `unreached` sends nothing. What operations send to a bundle waits there
    until all have sent, and then moves through it once, as one linear combination of sequences.
    """
    for node in reversed(ordered):
        upstream = node.grad
        if upstream is unreached:
            continue
        inputs, op = node.inputs, node.op
        if op is None:
            node.grad = unreached
            _pass(inputs, upstream, unreached)
            continue
        if len(inputs) == 2:  # one and two operands, nearly all nodes, are unrolled for speed
            a, b = inputs
            p, q = op.partials(node.data, a.data, b.data)
        elif len(inputs) == 1:
            (a,), b = inputs, None
            (p,), q = op.partials(node.data, a.data), False
        else:
            partials = op.partials(node.data, *[x.data for x in inputs])
            _spread(inputs, [upstream], [partials], unreached)
            continue
        if p.__class__ is tuple:
            _send(upstream, a, p, unreached)
            if q is not False:
                _send(upstream, b, q, unreached)
            continue
        if p is not False:
            c, sent = upstream if p is True else upstream * p, a.grad
            a.grad = c if sent is unreached else sent + c
        if q is not False:
            c, sent = upstream if q is True else upstream * q, b.grad
            b.grad = c if sent is unreached else sent + c


def adjoints(ordered: Sequence[AnyNode], seeds: Mapping[N, AnyNumber]) -> dict[N, AnyNumber]:
    """{node: ∂L/∂node} for every node behind the seeds, {root: ∂L/∂root}; `grad` is left alone.

    `ordered` is the roots' `order`. Bundles are left out.
    """
    mirrors = _Mirrors()
    mirror = mirrors.__getitem__
    for node in ordered:
        mirrors[node] = Node(node.op, tuple(map(mirror, node.inputs)), node.data)
    for root, seed in seeds.items():
        mirrors[root].grad = seed
    sweep([mirrors[node] for node in ordered if node.inputs])
    return {x: m.grad for x, m in mirrors.items() if m.grad is not UNREACHED}


class _Mirrors(dict[Any, Node]):
    """{node: a node that stands for it}; what is not there yet is a leaf."""

    def __missing__(self, x: Node) -> Node:
        self[x] = leaf = Node(None, (), x.data)
        return leaf


def refuse_changed(ordered: Iterable[Node]) -> None:
    """ValueError where a leaf has another number than it had when an operation read it: partials
    of the one with the result of the other would be wrong. Bundles keep the numbers that they read.
    """
    for node in ordered:
        inputs = node.inputs
        if len(inputs) == 2:  # nearly all: unrolled for speed
            a, b = inputs
            if (a.inputs and b.inputs) or node.op is None:
                continue
            again = node.op.forward(a.data, b.data)
        elif node.op is None or (inputs[0].inputs and all(x.inputs for x in inputs[1:])):
            continue
        else:
            again = node.op.forward(*[x.data for x in inputs])
        if again != node.data and again == again and _reads_numbers(node):
            raise ValueError(_changed(node))


def refuse_none(ordered: Iterable[Node]) -> None:
    """TypeError that names a leaf whose `grad` is None, as PyTorch's programs reset it."""
    for x in [x for node in ordered for x in node.inputs]:
        if x.grad is None:
            raise TypeError(f"{x!r}: gradients add up, so start from a number: x.grad = 0")


def _reads_numbers(node: AnyNode) -> bool:
    """Whether the partials depend on numbers: those of a sum do not."""
    try:
        partials = node.op.partials(UNKNOWN, *[UNKNOWN for _ in node.inputs])
    except (TypeError, ValueError):  # a row of one's own, which decides by numbers
        return True
    return not all(isinstance(p, int) for p in partials)


def _changed(node: AnyNode) -> str:
    leaves = list(dict.fromkeys(x for x in node.inputs if not x.inputs))
    names = [x.label for x in leaves if x.label] or [repr(x) for x in leaves]
    return (
        f"backward: {node.op.name}(...) = {node.data} was computed before {' or '.join(names)} got "
        "another number, so its derivative would be wrong; compute the loss anew after each update"
    )


def _send(
    upstream: AnyNumber, bundle: Node, partials: Sequence[AnyNumber], unreached: AnyNumber
) -> None:
    """Keep upstream·partials for the bundle until all its operations have sent theirs."""
    if not bundle.inputs:
        return
    if bundle.grad is unreached:
        bundle.grad = Handed({})
    bundle.grad.upstreams.append(upstream)
    bundle.grad.rows.append(partials)


def _pass(inputs: tuple[AnyNode, ...], sent: Handed, unreached: AnyNumber) -> None:
    """Hand what was sent to a bundle on to its entries: to all, and by gathers to some of them."""
    if sent.rows:
        _spread(inputs, sent.upstreams, sent.rows, unreached)
    for k, c in sent.parts.items():
        x = inputs[k]
        x.grad = c if x.grad is unreached else x.grad + c


def _spread(
    inputs: tuple[AnyNode, ...],
    upstreams: list[AnyNumber],
    rows: list[Sequence[AnyNumber]],
    unreached: AnyNumber,
) -> None:
    """Add Σ_d upstream_d·row_d to the gradients of the inputs.

    Of the partials, True hands the upstream adjoint on and False stops it.
    """
    if len(rows) > 1:
        for x, c in zip(inputs, combination(upstreams, rows), strict=True):
            sent = x.grad
            x.grad = c if sent is unreached else sent + c
        return
    upstream = upstreams[0]
    for x, p in zip(inputs, rows[0], strict=True):
        if p is not False:
            c, sent = upstream if p is True else upstream * p, x.grad
            x.grad = c if sent is unreached else sent + c
