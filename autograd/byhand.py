"""How a Value is made by hand: in what manners programs say it, and what they call its parts."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from . import graph
from .custom import ByClosure, Closure, Custom, LocalGradients, around, fill, plain
from .graph import Node
from .numbers.kinds import AnyNumber, UnknownNumberError
from .scopes import current_scope


class Making(NamedTuple):
    """What a Value is given besides its number."""

    label: Any = ""
    children: tuple[Any, ...] = ()
    op: str = ""
    grads: tuple[AnyNumber, ...] | None = None


_MEANT = {"op": "op", "children": "children", "prev": "children"}
_MEANT |= {"inputs": "children", "local_grads": "grads", "grads": "grads"}
_MEANT |= {"parents": "children", "operation": "op", "name": "label"}


def making(given: Sequence[Any], label: Any, named: Mapping[str, Any]) -> Making:
    """The arguments of Value(data, children, op or local_grads, label), in either manner and by
    either name: micrograd's `_children` and `_op`, microgpt's `children` and `local_grads`.
    """
    if not all(isinstance(x, str | Iterable) for x in (*given[:1], label)):
        got = next(x for x in (*given, label) if not isinstance(x, str))
        raise TypeError(f"Value(data, label): label must be text, got {got!r:.60}")
    found: dict[str, Any] = {"label": label} if label != "" else {}
    for x in given:
        text = ["op", "label"] if "children" in found and "grads" not in found else ["label"]
        slots = text if isinstance(x, str) else ["children", "grads"]
        slot = next((s for s in slots if s not in found), None)
        if slot is None:
            raise TypeError(_MAKING.format(f"{x!r:.60}"))
        found[slot] = x
    for name, x in named.items():
        slot = _MEANT.get(name.lstrip("_"))
        if slot is None or slot in found or (slot == "label" and not isinstance(x, str)):
            raise TypeError(_MAKING.format(f"{name}={x!r:.60}"))
        found[slot] = x
    for slot in ("children", "grads"):
        if slot in found:
            found[slot] = _entries(slot, found[slot])
    return Making(**found)


_MAKING = (
    "Value(data, label), Value(data, children, op) or Value(data, children, local_grads): "
    "what is {}?"
)


def _entries(slot: str, several: Any) -> tuple[Any, ...]:
    if not isinstance(several, Iterable):
        raise TypeError(_MAKING.format(f"{slot}={several!r:.60}"))
    entries = tuple(several)
    for x in entries:
        if isinstance(x, Node) != (slot == "children") or isinstance(x, str):
            must = "children: Values" if slot == "children" else "local_grads: numbers"
            raise TypeError(f"Value(data, children, ...) takes {must}, got {x!r:.60}")
    return entries


def make(node: Any, children: tuple[Any, ...], op: str, grads: tuple[Any, ...] | None) -> None:
    """Let a node have these inputs; of a closure that is not there yet nothing is sent."""
    if not children or not current_scope().recording:
        return
    node.inputs = children
    if grads is not None and len(grads) != len(children):
        raise ValueError(f"Value(data, children, local_grads): {len(grads)} for {len(children)}")
    name = op or _caller()
    if grads is None:
        node.op = ByClosure(node, name, name, out=node, closure=_nothing)
    else:
        node.op = LocalGradients(node, name, name, grads=tuple(map(plain, grads)))
    _refuse_compiled(node.op)


def _refuse_compiled(row: Custom) -> None:
    if current_scope().trace is not None:
        raise UnknownNumberError(
            f"compile: {row.name} is computed by hand, from numbers that are known only when the "
            f"program runs; {row.as_row()}"
        )


def _nothing() -> None:
    """What a node sends to its inputs that nobody has given a closure."""


def _caller() -> str:
    """What the function is called that makes a Value."""
    frame = sys._getframe(2)
    while frame.f_code.co_name == "__init__" and frame.f_back:
        frame = frame.f_back
    return _named(frame.f_code.co_name)


def _named(name: str) -> str:
    return "custom" if "<" in name else name.strip("_")


class ByHand(Node):
    """What micrograd's and microgpt's programs call the parts of a node."""

    __slots__ = ()

    @property
    def _children(self) -> tuple[Any, ...]:
        """The operands, entries of bundles too, in order."""
        entries = (x.inputs if graph.is_bundle(x) else (x,) for x in self.inputs)
        return tuple([x for several in entries for x in several])

    @property
    def _prev(self) -> set[Any]:
        """The operands, each once."""
        return set(self._children)

    @_prev.setter
    def _prev(self, children: Iterable[Any]) -> None:
        make(self, tuple(children), "", None)

    @property
    def _op(self) -> str:
        """The symbol of the operation."""
        return self.op.symbol if self.op else ""

    @_op.setter
    def _op(self, symbol: str) -> None:
        if isinstance(self.op, Custom):
            fill(self.op, {"name": symbol, "symbol": symbol})
        elif symbol:
            raise AttributeError(f"_op = {symbol!r}: a Value is told its operation when it is made")

    @property
    def _local_grads(self) -> tuple[AnyNumber, ...]:
        """∂self/∂x of each of the operands."""
        partials = self.op.partials(self.data, *[x.data for x in self.inputs]) if self.op else ()
        rows = (p if p.__class__ is tuple else (p,) for p in partials)
        return tuple([int(p) if p.__class__ is bool else p for row in rows for p in row])

    @property
    def _backward(self) -> Closure:
        """What adds this node's part of the chain rule to the `grad` of its operands."""
        return (
            self.op.closure
            if isinstance(self.op, ByClosure)
            else partial(_send, self, self.op, self.inputs)
        )

    @_backward.setter
    def _backward(self, closure: Closure) -> None:
        op: Any = getattr(self, "op", None)
        children = self._children if op else _held(closure, self)
        of_init = op and op.name == "copy" and not getattr(closure, "__closure__", None)
        if not children or of_init or not current_scope().recording:
            return  # what a kind of Value of one's own begins with, `self._backward = lambda: None`
        name = op.name if op else _named(closure.__qualname__.split(".<locals>")[-2].split(".")[-1])
        self.inputs = children
        self.op = ByClosure(self, name, op.symbol if op else name, out=self, closure=closure)
        _refuse_compiled(self.op)


def _held(closure: Any, out: Any) -> tuple[Any, ...]:
    """The other nodes that a closure knows: of a node that was given no inputs these are meant."""
    code = getattr(closure, "__code__", None)
    called = [closure.__globals__.get(name) for name in code.co_names] if code else []
    known = dict.fromkeys(x for x in (*around(closure), *called) if isinstance(x, Node))
    return tuple([x for x in known if x is not out])


def _send(node: Any, op: Any, inputs: tuple[Any, ...]) -> None:
    """Add ȳ·∂y/∂x to the `grad` of each operand, ȳ being the `grad` of the node y = op(*inputs)."""
    bundles = dict.fromkeys(filter(graph.is_bundle, inputs))
    x: Any
    y = Node(op, inputs, node.data)
    for x, gradient in graph.adjoints([*bundles, y], {y: node.grad}).items():
        if x is not y:
            x.grad = x.grad + gradient
