"""Walks over a computation graph: anything with `.op`, `.inputs` and `.data`.

They are loops, never recursion, so that a graph may be a million nodes deep; each visits a node
once, however many others use it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .numbers.kinds import UNKNOWN, AnyNumber
from .numbers.piecewise import combination

if TYPE_CHECKING:
    from .primitives import Primitive
    from .value import Value

AnyNode = Any  # a Value, a bundle of Values, a mirror of either: whoever walks knows which


class Node:
    """The least that the walks need: an operation, the nodes that it reads, and its number. A
    `Value` is one.

    With `op=None` and inputs it is a *bundle*, a sequence that operations share: `inputs` are its
    entries and `data` their numbers. All positions of a convolution share the kernel's bundle.
    """

    __slots__ = ("data", "inputs", "op")

    def __init__(
        self, op: "Primitive | None", inputs: tuple[AnyNode, ...], data: AnyNumber
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.data = data


N = TypeVar("N", bound=Node)
Sent = dict[Node, tuple[list[AnyNumber], list[Sequence[AnyNumber]]]]


def bundle(entries: Iterable[Node]) -> Node:
    """A sequence of nodes as one operand."""
    nodes = tuple(entries)
    return Node(None, nodes, tuple([node.data for node in nodes]))


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


def adjoints(ordered: Sequence[Node], seeds: Mapping[N, AnyNumber]) -> dict[N, AnyNumber]:
    """The chain rule: {node: ∂L/∂node} for every node behind the seeds, {root: ∂L/∂root}.

    `ordered` is the roots' `order`. For y = f(x₀, x₁, ...): x̄ᵢ += ȳ·∂y/∂xᵢ, the partials from the
    table. What operations send to a bundle waits until all of them have sent, and then moves
    through it once, as one linear combination of sequences.
    """
    adjoint: dict[Any, AnyNumber] = dict(seeds)
    sent: Sent = {}
    a: Node
    b: Node | None
    for node in reversed(ordered):
        inputs, op = node.inputs, node.op
        if op is None:
            _pass(node, sent, adjoint)
        elif node in adjoint:
            upstream = adjoint[node]
            if len(inputs) == 2:  # one and two operands, nearly all nodes, are unrolled for speed
                a, b = inputs
                p, q = op.partials(node.data, a.data, b.data)
            elif len(inputs) == 1:
                (a,), b = inputs, None
                (p,), q = op.partials(node.data, a.data), False
            else:
                partials = op.partials(node.data, *[x.data for x in inputs])
                _spread(inputs, [upstream], [partials], adjoint)
                continue
            if p.__class__ is tuple:
                _send(upstream, a, p, sent)
                if q is not False:
                    assert b is not None
                    _send(upstream, b, q, sent)
                continue
            if p is not False:
                c = upstream if p is True else upstream * p
                adjoint[a] = adjoint[a] + c if a in adjoint else c
            if q is not False:
                c = upstream if q is True else upstream * q
                adjoint[b] = adjoint[b] + c if b in adjoint else c
    return adjoint


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
        elif node.op is None or all(x.inputs for x in inputs):
            continue
        else:
            again = node.op.forward(*[x.data for x in inputs])
        if again != node.data and again == again and _reads_numbers(node):
            raise ValueError(_changed(node))


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


def _send(upstream: AnyNumber, bundle: Node, partials: Sequence[AnyNumber], sent: Sent) -> None:
    """Keep upstream·partials for the bundle until all its operations have sent theirs."""
    if bundle in sent:
        upstreams, rows = sent[bundle]
        upstreams.append(upstream)
        rows.append(partials)
    else:
        sent[bundle] = [upstream], [partials]


def _pass(bundle: Node, sent: Sent, adjoint: dict[Any, AnyNumber]) -> None:
    """Hand what was sent to a bundle on to its entries: to all, and by gathers to some of them."""
    inputs = bundle.inputs
    if bundle in sent:
        _spread(inputs, *sent.pop(bundle), adjoint)
    if inputs and bundle in adjoint:
        for k, c in adjoint.pop(bundle).parts.items():
            x = inputs[k]
            adjoint[x] = adjoint[x] + c if x in adjoint else c


def _spread(
    inputs: tuple[Node, ...],
    upstreams: list[AnyNumber],
    rows: list[Sequence[AnyNumber]],
    adjoint: dict[Any, AnyNumber],
) -> None:
    """Add Σ_d upstream_d·row_d to the adjoints of the inputs.

    Of the partials, True hands the upstream adjoint on and False stops it.
    """
    if len(rows) > 1:
        for x, c in zip(inputs, combination(upstreams, rows), strict=True):
            adjoint[x] = adjoint[x] + c if x in adjoint else c
        return
    upstream = upstreams[0]
    for x, p in zip(inputs, rows[0], strict=True):
        if p is not False:
            c = upstream if p is True else upstream * p
            adjoint[x] = adjoint[x] + c if x in adjoint else c
