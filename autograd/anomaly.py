"""Where a graph first went wrong: the node that became nan or inf from finite inputs, or that sent
such a gradient.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import graph
from .numbers.kinds import is_finite
from .value import Value


@dataclass(frozen=True)
class Anomaly:
    """The first node that is not finite, in the order of computation."""

    node: Value

    @property
    def operands(self) -> list[Any]:
        """The numbers that the operation read; a list for each bundle."""
        return [x.data for x in self.node.inputs]

    def __str__(self) -> str:
        node = self.node
        where = f" in {node.scope}" if node.scope else ""
        if node.op is None:
            return f"leaf {node.label or 'without a label'}{where} is {node.data}"
        arguments = ", ".join(f"{x!r:.120}" for x in self.operands)
        return f"{node.op.name}({arguments}) = {node.data}{where}"


@dataclass(frozen=True)
class GradientAnomaly(Anomaly):
    """The first node that sends what is not finite, in the order of the reverse pass.

    ∂root/∂node is `upstream`, ∂node/∂receiver is `partial`. Without a receiver, all that the node
    is sent is finite, and sums to an `upstream` that is not.
    """

    upstream: Any
    receiver: Any = None
    partial: Any = None

    def __str__(self) -> str:
        if self.receiver is None:
            return f"{super().__str__()}: the gradients that it is sent sum to {self.upstream}"
        product = f"{self.upstream} · {self.partial} = {self.upstream * self.partial}"
        x = self.receiver
        to = x.label or (x.op.name if x.op else "a leaf without a label")
        return f"{super().__str__()}: {product} is sent to {to}"


def trace_anomaly(
    root: Value, backward: bool = False, leaves: Iterable[Value] | None = None
) -> Anomaly | None:
    """Where nan or inf came up first behind a node: its scope, operation and input values, or None.

    That is the first nan, or the first infinite result of finite numbers. An infinite leaf, such as
    the padding of MaxPool, is blamed only where nothing else explains a root that is not finite.

    >>> print(trace_anomaly((Value(2.0) - 2.0).log() * 3.0))
    log(0.0) = -inf

    With `backward`, and a root that is finite, it is the first node of the reverse pass that sends
    a gradient that is not. Only what is sent towards the `leaves` counts: by default all leaves but
    bare exponents, as nobody asks for the gradient of the 2 in `x ** 2`, which is nan for x < 0.
    Every `grad` stays as it is.

    >>> print(trace_anomaly(Value(0.0, label="x").sqrt() * 3.0, backward=True))
    sqrt(0.0) = 0.0: 3.0 · inf = inf is sent to x
    """
    if not isinstance(root, Value):
        got = type(root).__name__
        raise TypeError(f"trace_anomaly(root): root must be a Value, got a {got}; sum it first")
    if backward and is_finite(root.data):
        return _first_sent(root, leaves)
    infinite = None
    for node in graph.nodes(root):
        if not is_finite(node.data):
            if _is_nan(node.data) or (node.inputs and all(map(is_finite, _operands(node)))):
                return Anomaly(node)
            infinite = infinite or Anomaly(node)
    return None if is_finite(root.data) else infinite


def _first_sent(root: Value, leaves: Iterable[Value] | None) -> Anomaly | None:
    ordered = graph.order(root)
    adjoint = graph.adjoints(ordered, {root: 1.0 if isinstance(root.data, float) else 1})
    counts = _towards(ordered, _leaves(ordered) if leaves is None else set(leaves))
    for node in reversed(ordered):
        if node.op is None or node not in counts or node not in adjoint:
            continue
        if not is_finite(upstream := adjoint[node]):
            return GradientAnomaly(node, upstream)
        for x, partial in _partials(node):
            if x in counts and not is_finite(upstream * partial):
                return GradientAnomaly(node, upstream, x, partial)
    summed = (x for x in adjoint if not x.inputs and x in counts and not is_finite(adjoint[x]))
    return next((GradientAnomaly(x, adjoint[x]) for x in summed), None)


def _leaves(ordered: Sequence[Any]) -> set[Any]:
    """The leaves, but for those without a label that are read as exponents only."""
    return {
        x
        for node in ordered
        for position, x in enumerate(node.inputs)
        if not x.inputs and (x.name or not (position and node.op and node.op.name == "pow"))
    }


def _towards(ordered: Sequence[Any], leaves: set[Any]) -> set[Any]:
    """The leaves, and all that depends on them."""
    found = set(leaves)
    for node in ordered:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found


def _partials(node: Any) -> Iterator[tuple[Any, Any]]:
    """Each scalar that an operation reads, and the partial to it."""
    rows = node.op.partials(node.data, *[x.data for x in node.inputs])
    for x, row in zip(node.inputs, rows, strict=True):
        yield from zip(x.inputs, row, strict=True) if graph.is_bundle(x) else [(x, row)]


def _operands(node: Value) -> list[Any]:
    """The numbers that an operation read, in one list."""
    numbers = [x.data if isinstance(x.data, tuple) else (x.data,) for x in node.inputs]
    return [number for several in numbers for number in several]


def _is_nan(x: Any) -> bool:
    return bool(x != x)
