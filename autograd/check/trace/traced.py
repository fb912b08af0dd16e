"""What rules work on: the nodes of operands, and how entries that move are found."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy import arange, array, zeros  # as they are: np's may be exchanged

from .nodes import Gather, Node, constant
from .recording import CURRENT, Recording

Rule = Callable[..., Node | None]
CALLS: dict[str, Callable[..., Any]] = {}  # what answers NumPy: `function`, `ufunc`


class Traced:
    """What is recorded: a node, and the numbers themselves."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        return CALLS["ufunc"](ufunc, method, inputs, named)

    def __array_function__(self, function: Any, types: Any, args: Any, named: Any) -> Any:
        return CALLS["function"](function, args, named)

    @property
    def node(self) -> Node:
        """The node of its entries, as they are now; a constant outside of its recording."""
        raise NotImplementedError

    @property
    def plain(self) -> Any:
        """Its numbers, without the record."""
        raise NotImplementedError

    @property
    def varies(self) -> bool:
        """Whether an entry depends on an input of the recording."""
        raise NotImplementedError


def current() -> Recording:
    """The recording of this thread, which is one while a rule runs."""
    recording = CURRENT.get()
    if recording is None:
        raise RuntimeError("nothing is being recorded")
    return recording


def plain(x: Any) -> Any:
    """The same without the record, also within lists, tuples and slices."""
    if isinstance(x, Traced):
        return x.plain
    if type(x) in (list, tuple):
        return type(x)(map(plain, x))
    return x


def leaves(x: Any) -> Iterator[Any]:
    """The arrays and numbers in nested lists."""
    if isinstance(x, list | tuple):
        for part in x:
            yield from leaves(part)
    else:
        yield x


def is_recorded(x: Any) -> bool:
    """Whether something that it is, or holds, depends on an input."""
    if isinstance(x, Traced):
        return x.varies
    return isinstance(x, list | tuple) and any(map(is_recorded, x))


def node_of(x: Any) -> Node:
    """The node of an operand: recorded, or a constant."""
    if isinstance(x, Node):
        return x
    if isinstance(x, Traced):
        return x.node
    if isinstance(x, list | tuple) and is_recorded(x):
        return joined("stack", np.array, (x,), {}, (0,))
    return constant(x)


def joined(
    what: str, function: Callable[..., Any], args: Sequence[Any], named: dict[str, Any],
    positions: Sequence[int],
) -> Node:  # fmt: skip
    """The node of function(*args), which only moves entries of the arguments at some positions.

    It is called with numbers in the place of entries, counted from 1 on: what is 0 afterwards
    comes from nowhere, as a margin does.
    """
    nodes: list[Node] = []
    starts = [1]

    def numbered(x: Any) -> Any:
        if isinstance(x, list | tuple):
            return [numbered(part) for part in x]
        nodes.append(node_of(x))
        value, start = nodes[-1].value, starts[-1]
        starts.append(start + value.size)
        return arange(start, start + value.size).reshape(value.shape)

    given = [numbered(x) if k in positions else plain(x) for k, x in enumerate(args)]
    numbers = array(function(*given, **{k: plain(v) for k, v in named.items()}), np.intp)
    source = np.searchsorted(starts, numbers, "right") - 1
    at = np.where(source < 0, 0, numbers - array(starts)[source])
    return current().add(Gather(what, source, at), *nodes)


def move(arrange: Callable[..., Any], *operands: Any, what: str = "part") -> Node:
    """The node of arrange(*operands), which only moves entries."""
    return joined(what, arrange, operands, {}, range(len(operands)))


def spread(x: Any, shape: tuple[int, ...]) -> Node:
    """An operand at a shape: its node, or one that repeats its entries."""
    node = node_of(x)
    if node.value.shape == shape:
        return node
    if not node.varies:
        return constant(np.broadcast_to(node.value, shape))
    places = arange(math.prod(node.value.shape)).reshape(node.value.shape)
    at = array(np.broadcast_to(places, shape))
    return current().add(Gather("broadcast", zeros(shape, np.intp), at), node)
