"""Walks over a computation graph: anything with `.op`, `.inputs` and `.data`.

They are loops, never recursion, so that a graph may be a million nodes deep; each visits a node
once, however many others use it.
"""

from .elementary import combination


class Node:
    """The least that the walks need: an operation, the nodes that it reads, and its number.

    With `op=None` and inputs it is a *bundle*, a sequence that operations share: `inputs` are its
    entries and `data` their numbers. All positions of a convolution share the kernel's bundle.
    """

    __slots__ = ("data", "inputs", "op")

    def __init__(self, op, inputs, data):
        self.op = op
        self.inputs = inputs
        self.data = data


def bundle(nodes):
    """A sequence of nodes as one operand."""
    return Node(None, nodes, [node.data for node in nodes])


def order(*roots):
    """The roots and every operation and bundle behind them, inputs first. Leaves are left out."""
    ordered, seen, stack = [], set(), [*roots[::-1]]
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


def nodes(*roots):
    """Every scalar node behind the roots, leaves too, inputs first: the graph as a drawing sees it."""
    found = {}
    for node in order(*roots):
        found.update(dict.fromkeys(x for x in node.inputs if not x.inputs))
        if node.op is not None or not node.inputs:
            found[node] = None
    return list(found)


def adjoints(ordered, seeds):
    """The chain rule: {node: ∂L/∂node} for every node behind the seeds, {root: ∂L/∂root}.

    `ordered` is the roots' `order`. For y = f(x₀, x₁, ...): x̄ᵢ += ȳ·∂y/∂xᵢ, the partials from the
    table. What operations send to a bundle waits until all of them have sent, and then moves
    through it once, as one linear combination of sequences.
    """
    adjoint = dict(seeds)
    sent = {}
    for node in reversed(ordered):
        inputs = node.inputs
        if node in sent:
            _accumulate(adjoint, inputs, _combine(*sent.pop(node)))
        elif node in adjoint and inputs:
            upstream = adjoint[node]
            if len(inputs) != 2:
                _pull(node, upstream, adjoint, sent)
                continue
            a, b = inputs  # most nodes: the same as _pull, unrolled for speed
            p, q = node.op.partials(node.data, a.data, b.data)
            if p.__class__ is list:
                _send(sent, a, upstream, p)
                _send(sent, b, upstream, q)
                continue
            if p is not False:
                c = upstream if p is True else upstream * p
                adjoint[a] = adjoint[a] + c if a in adjoint else c
            if q is not False:
                c = upstream if q is True else upstream * q
                adjoint[b] = adjoint[b] + c if b in adjoint else c
    return adjoint


def _pull(node, upstream, adjoint, sent):
    """Move one operation's adjoint to its inputs, scalars or bundles."""
    partials = node.op.partials(node.data, *[x.data for x in node.inputs])
    if partials[0].__class__ is list:
        for x, p in zip(node.inputs, partials, strict=True):
            _send(sent, x, upstream, p)
    else:
        _accumulate(adjoint, node.inputs, _scaled(upstream, partials))


def _send(sent, bundle, upstream, partials):
    """Keep upstream·partials for the bundle until all its operations have sent theirs."""
    if bundle in sent:
        upstreams, rows = sent[bundle]
        upstreams.append(upstream)
        rows.append(partials)
    else:
        sent[bundle] = [upstream], [partials]


def _accumulate(adjoint, nodes, contributions):
    for x, c in zip(nodes, contributions, strict=True):
        if c is not False:
            adjoint[x] = adjoint[x] + c if x in adjoint else c


def _scaled(upstream, partials):
    """upstream·p for each partial, where True hands the upstream on and False stops it."""
    return [p and upstream if p.__class__ is bool else upstream * p for p in partials]


def _combine(upstreams, rows):
    """Σ_d upstream_d·row_d: what all operations on a bundle send to each of its entries."""
    if len(rows) == 1:
        return _scaled(upstreams[0], rows[0])
    return combination(upstreams, rows)
