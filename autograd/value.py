"""A number that remembers how it was made: `Value`; and `node` and `nodes`, where all are made."""

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from itertools import repeat
from typing import Any, TypeVar, Union

from . import graph
from .byhand import make, making
from .custom import plain
from .numbers.kinds import HIDDEN, UNKNOWN, AnyNumber, Number, UnknownNumberError
from .primitives import PRIMITIVES, Primitive
from .scalar import ScalarNode, is_number
from .scopes import current_scope

Scalar = Union["Value", Number]
Unary = Callable[["Value"], "Value"]
Binary = Callable[["Value", Scalar], "Value"]
Comparison = Callable[["Value", Scalar], bool]
A = TypeVar("A")
B = TypeVar("B")

_COPY = Primitive("copy", "=", operator.pos, lambda *_: (True,))
_DOT, _WHERE, _STOP = (PRIMITIVES[name] for name in ["dot", "where", "stop"])
CONDITIONS = frozenset(PRIMITIVES[name] for name in ["greater", "at_least", "equal"])  # 1 or 0
_new = object.__new__


def node(op: Primitive, data: AnyNumber, inputs: tuple[graph.Node, ...]) -> "Value":
    """Make a node that knows how it was made; under `no_grad`, a leaf."""
    new = _new(Value)
    scope = current_scope()
    new.data = data
    new.grad = 0
    new.name = ""
    new.scope = scope.path
    if scope.recording:
        new.op = op
        new.inputs = inputs
    else:
        new.op = None
        new.inputs = ()
    if scope.trace is not None:
        scope.trace.append(new)
    return new


def nodes(op: Primitive, operands: Sequence[Sequence[graph.Node]]) -> list["Value"]:
    """Make the node op(*inputs) for each tuple of inputs: `node` for many, the scope read once."""
    made = []
    forward = op.forward
    scope = current_scope()
    path, recording, trace = scope.path, scope.recording, scope.trace
    numbers: Iterable[AnyNumber]
    if trace is None:
        numbers = map(forward, *[[x.data for x in column] for column in operands])
    else:
        numbers = repeat(UNKNOWN, len(operands[0]))
    for data, inputs in zip(numbers, zip(*operands, strict=True), strict=True):
        new = _new(Value)
        new.data = data
        new.grad = 0
        new.name = ""
        new.scope = path
        new.op = op if recording else None
        new.inputs = inputs if recording else ()
        made.append(new)
    if trace is not None:
        trace.extend(made)
    return made


def unknown() -> "Value":
    """A leaf whose number is known when the program runs that is being recorded."""
    leaf = Value(0.0)
    leaf.data = UNKNOWN
    return leaf


def apply(op: Primitive, *inputs: graph.Node) -> "Value":
    """The node y = op(*inputs) of Values and bundles (`graph.bundle`)."""
    return node(op, op.forward(*[x.data for x in inputs]), inputs)


def lift(x: object) -> "Value":
    """A Value as it is and a number as a constant, or NotImplemented."""
    if isinstance(x, Value):
        return x
    return Value(x) if is_number(x) else NotImplemented


def _factor(x: object) -> "Value":
    """`lift`; TypeError for a sequence, as Python would repeat it: [1.0] * Value(2.0)."""
    if isinstance(x, Sequence):
        kind = type(x).__name__
        raise TypeError(f"Value * {kind}: a Tensor multiplies entry by entry, got {x!r:.60}")
    return lift(x)


def _lifts(name: str) -> Callable[[Any], Any]:
    return _factor if name == "mul" else lift


def _unary(name: str) -> Unary:
    op = PRIMITIVES[name]
    forward = op.forward

    def method(self: "Value") -> "Value":
        return node(op, forward(self.data), (self,))

    method.__name__, method.__qualname__ = name, f"Value.{name}"
    method.__doc__ = f"The node {name}(self)."
    return method


def _binary(name: str) -> Binary:
    op, lifted = PRIMITIVES[name], _lifts(name)
    forward = op.forward

    def method(self: "Value", other: Any) -> Any:  # a Value or NotImplemented
        if other.__class__ is not Value:
            other = lifted(other)
            if other is NotImplemented:
                return NotImplemented
        return node(op, forward(self.data, other.data), (self, other))

    method.__name__, method.__qualname__ = name, f"Value.{name}"
    method.__doc__ = f"The node {name}(self, other), for a Value or a number."
    return method


def reflected(method: Callable[[A, B], A], lift: Callable[[B], Any]) -> Callable[[A, B], A]:
    """An operator with the operand on the left, which `lift` makes one of ours."""

    def operator(self: Any, other: B) -> Any:  # what the method gives, or NotImplemented
        left = lift(other)
        return left if left is NotImplemented else method(left, self)

    return operator


def strict(method: Callable[[A, B], A]) -> Callable[[A, B], A]:
    """A binary method that is no operator: nobody else can take over from it."""

    @wraps(method)
    def named(self: A, other: B) -> A:
        result = method(self, other)
        if result is NotImplemented:
            kind = type(other).__name__
            raise TypeError(f"{method.__qualname__}(other): other must be numbers, got a {kind}")
        return result

    return named


def _operator(name: str) -> tuple[Binary, Binary]:
    """A Python operator, and its form for a number on the left."""
    method = _binary(name)
    return method, reflected(method, _lifts(name))


def _comparison(
    compare: Callable[[AnyNumber, AnyNumber], AnyNumber], name: str, swapped: bool = False
) -> Comparison:
    """A comparison of data; of unknown data, the node that will compare."""
    op = PRIMITIVES[name]

    def method(self: "Value", other: Scalar) -> AnyNumber:
        right = lift(other)
        if right is NotImplemented:
            return right
        result = compare(self.data, right.data)
        if result is UNKNOWN:
            return apply(op, right, self) if swapped else apply(op, self, right)
        return result

    return method


class Value(ScalarNode):
    """A scalar node of the computation graph.

    `data` is any number (a NumPy scalar becomes the Python number); `grad` is ∂root/∂self after
    `root.backward()`, and 0 before; `op` is the primitive that made it (None for a leaf) and
    `inputs` are its operands; `label` is for people, and `scope` is the path of the layer. An entry
    of a named tensor keeps the tensor's `name` and its own `place` there, and is labelled by both.

    `==` of Values and `hash` are identity, and `==` of a Value and a number raises; `<`, `>`, `<=`
    and `>=` compare data.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> c = (a * b + 10).relu()
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (4.0, -3.0, 2.0)

    `Value(value)` is that value. An operation of a program's own is made as micrograd's and
    microgpt's programs do, with a closure or with numbers, `Value(data, (a, b), "name")` and
    `Value(data, (a, b), (∂/∂a, ∂/∂b))` (see `custom.py`).

    Raises TypeError for what is not a number: a string, None, a list; and for a label that is not
    text.
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, *_: Any, **__: Any) -> "Value":
        """A new Value; of a Value that Value itself, as `Tensor(tensor)` has the same Values."""
        return data if isinstance(data, cls) else _new(cls)

    def __init__(self, data: "Number | Value", *given: Any, label: str = "", **named: Any) -> None:
        children: tuple[Any, ...] = ()
        if given or named or label.__class__ is not str:
            label, children, op, grads = making(given, label, named)
        if data is self:
            self.name = label or self.name
            return
        number: AnyNumber = data.data if isinstance(data, Value) else data
        if not is_number(number):
            hint = "; a Tensor holds several" if isinstance(data, list | tuple) else ""
            raise TypeError(f"Value(data): data must be one number, got {data!r:.60}{hint}")
        self.data = plain(number)
        self.grad = 0
        self.op = None
        self.inputs = ()
        self.name = label
        scope = current_scope()
        self.scope = scope.path
        if children:
            make(self, children, op, grads)
        elif data is not number and scope.recording:
            self.op, self.inputs = _COPY, (data,)
        elif number is UNKNOWN:
            raise UnknownNumberError(HIDDEN)
        if scope.trace is not None:
            scope.trace.append(self)

    __add__, __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("sub")
    __mul__, __rmul__ = _operator("mul")
    __truediv__, __rtruediv__ = _operator("div")
    __pow__, __rpow__ = _operator("pow")
    __neg__ = _unary("neg")
    __abs__ = abs = _unary("abs")
    __lt__ = _comparison(operator.lt, "greater", swapped=True)
    __le__ = _comparison(operator.le, "at_least", swapped=True)
    __gt__ = _comparison(operator.gt, "greater")
    __ge__ = _comparison(operator.ge, "at_least")

    floor = _unary("floor")
    ceil = _unary("ceil")
    round = _unary("round")
    exp = _unary("exp")
    log = _unary("log")
    sqrt = _unary("sqrt")
    sin = _unary("sin")
    cos = _unary("cos")
    tanh = _unary("tanh")
    sigmoid = _unary("sigmoid")
    softplus = _unary("softplus")
    erf = _unary("erf")
    relu = _unary("relu")
    stop = _unary("stop")
    maximum = strict(_binary("maximum"))
    minimum = strict(_binary("minimum"))
    _leaky_relu = strict(_binary("leaky_relu"))

    def leaky_relu(self, slope: Scalar = 0.01) -> "Value":
        """The node x for x > 0, else slope·x; the slope may be a Value too."""
        return self._leaky_relu(slope)

    pow = strict(__pow__)

    def clip(self, low: Scalar | None = None, high: Scalar | None = None) -> "Value":
        """The number, but at least `low` and at most `high`; outside the gradient is 0."""
        raised = self if low is None else self.maximum(low)
        return raised if high is None else raised.minimum(high)

    def backward(self) -> None:
        """Fill `grad` of every node behind this one by the chain rule.

        Leaves add up over calls (call twice, get twice); the others show this call's adjoint, and
        are where it is added up: threads that share more than leaves take turns.
        """
        if self.unknown:
            raise UnknownNumberError("backward() in a compiled function: use autograd.grad there")
        seed = 1.0 if isinstance(self.data, float) else 1
        if not self.inputs:
            self.grad = self.grad + seed
            return
        unreached = 0.0 * seed  # drawings tell a gradient of 0.0 from one that nobody asked for
        ordered = graph.marked(self, unreached)
        graph.refuse_changed(ordered)
        self.grad = seed
        try:
            graph.sweep(ordered, unreached)
        except TypeError:
            graph.refuse_none(ordered)
            raise

    def detach(self) -> "Value":
        """A leaf with the same number: no gradient flows through it, and its past is let go.

        While a function is recorded its number is not known, so there it is a `stop` node.
        """
        return apply(_STOP, self) if self.unknown else Value(self.data, label=self.label)

    def select(self, a: Scalar, b: Scalar) -> "Value":
        """The node `a` where this number is true (not 0), else `b`."""
        if a is True and b is False and self.op in CONDITIONS:
            return self
        return apply(_WHERE, self, lift(a), lift(b))

    def equals(self, other: Scalar) -> "Value":
        """The node 1 where the numbers are equal, else 0."""
        return apply(PRIMITIVES["equal"], self, lift(other))

    @staticmethod
    def combination(factors: Sequence["Value"], rows: Sequence[Sequence["Value"]]) -> list["Value"]:
        """Σ_d factors[d]·rows[d] of Values, entry by entry: dots that share the factors."""
        shared = graph.bundle(factors)
        return [apply(_DOT, shared, graph.bundle(column)) for column in zip(*rows, strict=True)]

    def reached_by(self, op: Primitive, *inputs: graph.Node) -> "Value":
        """The node op(self, *inputs), for what multiplies this one from the right."""
        return apply(op, self, *inputs)

    def __pos__(self) -> "Value":
        return self
