"""Operations that a program makes by hand, as micrograd's and microgpt's programs do.

A Value is given its inputs, and a closure or local gradients say what it sends to them:

    out = Value(x.data**2, (x,), "sq")              out = Value(x.data**2, (x,), (2 * x.data,))
    def _backward():
        x.grad += 2 * x.data * out.grad
    out._backward = _backward

They know numbers alone. What needs more, such as the compiler, has an error with the lines that
make of them a row of the table.
"""

import copy
import pickle
from collections.abc import Callable, Mapping, Sequence
from keyword import iskeyword
from types import CellType, FunctionType
from typing import Any

from .graph import Node
from .numbers.kinds import AnyNumber
from .primitives import Primitive

Closure = Callable[[], object]


class Custom(Primitive):
    """The row of one node that was made by hand: a `number` of its inputs' `numbers`.

    Rows of one name are equal, so that drawings show them as one operation.
    """

    __slots__ = ("number", "numbers")
    number: AnyNumber
    numbers: tuple[AnyNumber, ...]

    def __init__(self, node: Any, name: str, symbol: str, **more: Any) -> None:
        numbers = tuple([x.data for x in node.inputs])
        fill(self, {"name": name, "symbol": symbol, "number": node.data, "numbers": numbers})
        fill(self, more)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        slots = [slot for kind in (Custom, type(self)) for slot in kind.__slots__]
        return _restored, (type(self), {s: getattr(self, s) for s in ("name", "symbol", *slots)})

    def forward(self, *numbers: AnyNumber) -> AnyNumber:
        """The number that was given; ValueError for others than it was computed from."""
        if numbers == self.numbers:
            return self.number
        was, now = (", ".join(f"{x!s:.20}" for x in xs) for xs in (self.numbers, numbers))
        raise ValueError(
            f"{self.name}({was}) was computed by hand, and only its program can compute "
            f"{self.name}({now}) anew; {self.as_row()}"
        )

    def partials(self, _: AnyNumber, /, *xs: AnyNumber) -> tuple[AnyNumber, ...]:
        """For each input what stands for ∂y/∂x: ȳ times it is what the input is sent."""
        latest: list[Any] = []
        return tuple([Sent(self, k, xs, latest) for k in range(len(xs))])

    def sent(self, upstream: AnyNumber) -> Sequence[AnyNumber]:
        """What the inputs are sent, ȳ being `upstream`."""
        raise NotImplementedError

    def as_row(self) -> str:
        """The lines that make of it an operation which all else understands."""
        own = self.name.isidentifier() and not iskeyword(self.name)
        word = self.name if own else "mine"
        xs = ", ".join(f"x{k}" for k in range(len(self.numbers))) if self.numbers[1:] else "x"
        return (
            "a row of one's own can be compiled, and differentiated again:\n"
            f"    {word} = autograd.Primitive({self.name!r}, {self.symbol!r},\n"
            f"        lambda {xs}: ..., lambda y, {xs}: (...,))  # y, and ∂y/∂x of each\n"
            f"    out = autograd.apply({word}, {xs})"
        )


class LocalGradients(Custom):
    """A row whose partials are `grads`, numbers."""

    __slots__ = ("grads",)
    grads: tuple[AnyNumber, ...]

    def partials(self, y: AnyNumber, /, *xs: AnyNumber) -> tuple[AnyNumber, ...]:
        """The numbers; of Values what stands for them, as nobody knows their derivatives."""
        return super().partials(y, *xs) if isinstance(y, Node) else self.grads

    def sent(self, upstream: AnyNumber) -> Sequence[AnyNumber]:
        """ȳ·∂y/∂x for each input."""
        return [upstream * g for g in self.grads]


class ByClosure(Custom):
    """A row whose closure adds to the `grad` of the inputs of `out`."""

    __slots__ = ("closure", "out")
    closure: Closure
    out: Any

    def sent(self, upstream: AnyNumber) -> Sequence[AnyNumber]:
        """What the closure adds to the inputs' gradients; these are left as they were."""
        inputs = self.out.inputs
        before = {x: x.grad for x in (self.out, *inputs)}
        try:
            for x in inputs:
                x.grad = 0.0 if isinstance(upstream, float) else 0
            self.out.grad = upstream
            self.closure()
            found = {x: plain(x.grad) for x in inputs}
        finally:
            for x, gradient in before.items():
                x.grad = gradient
        return [found.pop(x, False) for x in inputs]  # of a twice, all goes to the first

    def __reduce__(self) -> tuple[Any, ...]:
        if "<locals>" in getattr(self.closure, "__qualname__", ""):
            raise pickle.PicklingError(
                f"{self.name}: its _backward is a function within a function, which pickle cannot "
                f"keep; {self.as_row()}"
            )
        return super().__reduce__()

    def __deepcopy__(self, memo: Any) -> "ByClosure":
        """The row of a copied node, with a closure that adds to the copies."""
        new = object.__new__(ByClosure)
        memo[id(self)] = new
        slots = {s: getattr(self, s) for s in ("name", "symbol", "number", "numbers")}
        fill(new, {**slots, "out": copy.deepcopy(self.out, memo)})
        fill(new, {"closure": _copied(self.closure, memo)})
        return new


class Sent:
    """What stands for a partial of a row that was made by hand: ȳ times it is what input `place` is
    sent. The `latest` run is shared with the other inputs.
    """

    __slots__ = ("inputs", "latest", "place", "row")
    __array_ufunc__ = None

    def __init__(self, row: Custom, place: int, inputs: tuple[Any, ...], latest: list[Any]) -> None:
        self.row, self.place, self.inputs, self.latest = row, place, inputs, latest

    def __rmul__(self, upstream: AnyNumber) -> AnyNumber:
        if isinstance(upstream, Node):
            return self._node(upstream)
        if not self.latest or self.latest[0] is not upstream:
            self.latest[:] = upstream, self.row.sent(upstream)
        return self.latest[1][self.place]

    __mul__ = __rmul__

    def __float__(self) -> float:
        """What is sent for each unit of ȳ, where ȳ is the node's gradient."""
        out = getattr(self.row, "out", None)
        upstream = 1.0 if out is None else out.grad or 1.0
        return float(upstream * self / upstream)

    def _node(self, upstream: Any) -> Any:
        """What is sent, as a node that cannot be differentiated again."""
        row = self.row

        def refuse(*_: AnyNumber) -> tuple[AnyNumber, ...]:
            raise ValueError(
                f"{row.name}: its gradient was computed by hand, and cannot be differentiated; "
                f"{row.as_row()}"
            )

        place = self.place
        op = Primitive(f"∂{row.name}", f"∂{row.symbol}", lambda g, *_: row.sent(g)[place], refuse)
        return upstream.reached_by(op, *self.inputs)


def fill(row: Custom, slots: Mapping[str, Any]) -> None:
    """Give a row its parts; rows are frozen to others."""
    for slot, x in slots.items():
        object.__setattr__(row, slot, x)


def _restored(kind: type[Custom], slots: Mapping[str, Any]) -> Custom:
    row = object.__new__(kind)
    fill(row, slots)
    return row


def plain(x: AnyNumber) -> AnyNumber:
    """A NumPy scalar as the Python number."""
    return x.item() if hasattr(x, "dtype") else x


def _copied(function: Any, memo: Any) -> Any:
    """A function that has copies of the nodes around it."""
    if not isinstance(function, FunctionType):
        return copy.deepcopy(function, memo)

    def copied(x: Any) -> Any:
        return copy.deepcopy(x, memo) if isinstance(x, Node | list | tuple | dict | set) else x

    cells = tuple([CellType(copied(x)) for x in around(function)])
    defaults = copied(function.__defaults__)
    new = FunctionType(
        function.__code__, function.__globals__, function.__name__, defaults, cells or None
    )
    new.__kwdefaults__ = copied(function.__kwdefaults__)
    return new


def around(function: Any) -> list[Any]:
    """What the variables around a function hold; of one that is empty, None."""
    found = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            found.append(None)
    return found
