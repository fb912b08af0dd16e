"""`Recorded`: an array that remembers what it was computed from.

It is an ndarray to whoever asks, and its numbers are in plain sight: views share memory as NumPy's
do. What a view reads is an address in its buffer, so that writing to one changes what all others
of that buffer read from then on.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .nodes import Addresses, Array, Gather, Node, Operation, constant
from .source import here


UFUNCS: dict[tuple[str, str], Callable[..., Any]] = {}  # by name and method
FUNCTIONS: dict[Any, Callable[..., Any]] = {}
PIECEWISE = set(  # constant but for jumps: no derivative is lost
    "greater greater_equal less less_equal equal not_equal sign floor ceil rint trunc round isnan "
    "isfinite isinf logical_and logical_or logical_not argmax argmin argsort any all shape ndim "
    "size zeros_like ones_like empty_like full_like allclose array_equal isclose count_nonzero "
    "nonzero heaviside signbit unique result_type can_cast may_share_memory shares_memory around "
    "array_repr array_str array2string iscomplexobj isrealobj flatnonzero argwhere".split()
)


class Recording:
    """The nodes of one run of a forward, in the order in which they were made."""

    def __init__(self, outermost: Any = None) -> None:
        self.nodes: list[Node] = []
        self.outermost = outermost  # the frame from which the user's code is called
        self.lost: list[str] = []  # operations that are not recorded
        self.numbers: dict[float, Node] = {}  # that left as Python numbers

    def add(self, operation: Operation, *inputs: Node, value: Array | None = None) -> Node:
        """The node of an operation; a constant where none of its inputs varies."""
        if value is None:
            value = operation.forward(*(x.value for x in inputs))
        if not any(x.varies for x in inputs):
            return constant(value)
        return self.keep(Node(operation, inputs, value, here(self.outermost)))

    def unknown(self, function: Any, name: str, args: Any, named: Any) -> Any:
        """The plain result of what has no rule here: its derivative is lost, and that is noted."""
        if name.partition(".")[2] not in PIECEWISE:
            self.lost.append(name)
        return function(*plain(args), **{k: plain(v) for k, v in named.items()})

    def keep(self, node: Node) -> Node:
        """A node in its place."""
        node.order = len(self.nodes)
        self.nodes.append(node)
        for k, x in enumerate(node.inputs):
            x.uses.append((node, k))
        return node


class Buffer:
    """Memory that several views share, and the node that computes all of it."""

    def __init__(self, node: Node, recording: Recording) -> None:
        self.node, self.recording = node, recording
        self.read: dict[bytes, Node] = {}  # by the addresses

    def write(self, node: Node) -> None:
        """From now on the memory holds the numbers of another node."""
        self.node, self.read = node, {}


class Recorded(np.ndarray[Any, np.dtype[np.float64]]):
    """An array of a recording; see the module."""

    buffer: Buffer
    addresses: Addresses | None  # in the flat buffer; None: all of it, in order

    @classmethod
    def of(cls, node: Node, recording: Recording) -> "Recorded":
        """The array of a node, in memory of its own."""
        made = np.array(node.value, np.float64, order="C").view(cls)
        made.buffer, made.addresses = Buffer(node, recording), None
        return made

    # --- what was read, and what is written ------------------------------------------------------

    @property
    def plain(self) -> Array:
        """Its numbers, without the record."""
        return np.asarray(self.view(np.ndarray))

    @property
    def places(self) -> Addresses:
        """The address of each entry in its buffer."""
        if self.addresses is None:
            return np.arange(self.size).reshape(self.shape)
        return self.addresses

    @property
    def node(self) -> Node:
        """The node of these entries, as they are now."""
        whole, at = self.buffer.node, self.addresses
        if at is None:
            return whole
        key = repr(at.shape).encode() + at.tobytes()
        if key not in self.buffer.read:
            gather = Gather("part", np.zeros(at.shape, np.intp), at)
            self.buffer.read[key] = self.buffer.recording.add(gather, whole)
        return self.buffer.read[key]

    def __array_finalize__(self, other: Any) -> None:
        """Whatever NumPy makes of it by itself is not recorded; `arranged` mends that."""

    def arranged(self, function: Callable[[Any], Any], what: str) -> Any:
        """function(self), where function only moves entries: a view of it, or a new array.

        Entries that come from nowhere, as a margin, are 0.
        """
        places = np.asarray(function(self.places + 1)) - 1
        moved = function(self.plain)
        if isinstance(moved, np.ndarray) and np.shares_memory(moved, self.plain):
            view = moved.view(Recorded)
            view.buffer, view.addresses = self.buffer, places
            if self.buffer.node.varies:
                view.node  # noqa: B018 (read now: its place in the source is here)
            return view
        gather = Gather(what, np.where(places < 0, -1, 0), places)
        recording = self.buffer.recording
        return Recorded.of(recording.add(gather, self.buffer.node), recording)

    def store(self, key: Any, value: Any) -> None:
        """self[key] = value."""
        recording, whole = self.buffer.recording, self.buffer.node
        at = np.asarray(self.places[key])
        new = node_of(value)
        spread = np.broadcast_to(np.arange(new.value.size).reshape(new.value.shape), at.shape)
        np.ndarray.__setitem__(self.plain, key, np.broadcast_to(new.value, at.shape))
        source = np.zeros(whole.value.size, np.intp)
        places = np.arange(whole.value.size)
        source[at], places[at] = 1, spread
        if (source == 1).all() and at.size == source.size:
            gather = Gather("assignment", source * 0, places)
            inputs: tuple[Node, ...] = (new,)
        else:
            gather, inputs = Gather("assignment", source, places), (whole, new)
        shaped = Gather(
            "assignment",
            gather.source.reshape(whole.value.shape),
            gather.at.reshape(whole.value.shape),
        )
        self.buffer.write(recording.add(shaped, *inputs))

    # --- NumPy asks ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **named: Any
                        ) -> Any:  # fmt: skip
        recording = recording_of(inputs, out)
        rule = UFUNCS.get((ufunc.__name__, method))
        where = named.pop("where", True)
        if rule is None or (where is not True and out is None):
            return recording.unknown(getattr(ufunc, method), f"np.{ufunc.__name__}", inputs, named)
        result = rule(*inputs, **named)
        return result if out is None else _into(out[0], result, where)

    def __array_function__(self, function: Any, types: Any, args: Any, named: Any) -> Any:
        rule = FUNCTIONS.get(function)
        if rule is not None:
            return rule(*args, **named)
        recording = recording_of(_flat((args, tuple(named.values()))))
        return recording.unknown(function, f"np.{function.__name__}", args, named)

    def __getitem__(self, key: Any) -> Any:
        key = plain(key)
        return self.arranged(lambda x: x[key], "part")

    def __setitem__(self, key: Any, value: Any) -> None:
        self.store(plain(key), value)

    def __float__(self) -> float:
        number = float(self.plain)
        self.buffer.recording.numbers[number] = self.node
        return number

    def item(self, *at: Any) -> Any:
        """A number that goes on being recorded."""
        return self.reshape(-1)[at[0] if at else 0] if len(at) < 2 else self[at]

    def tolist(self) -> Any:
        """Nested lists of numbers that go on being recorded."""
        return [row.tolist() for row in self] if self.ndim else self

    def astype(self, dtype: Any, *args: Any, **named: Any) -> Any:
        """A copy in double precision; of integers and truths, a plain one."""
        if np.dtype(dtype).kind != "f":
            return self.plain.astype(dtype)
        return Recorded.of(self.node, self.buffer.recording)

    def copy(self, order: Any = "C") -> Any:
        """A copy, in memory of its own."""
        return Recorded.of(self.node, self.buffer.recording)

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __copy__(self) -> Any:
        return self.copy()

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """The transpose."""
        return self.arranged(lambda x: x.T, "transpose")


def _into(out: Any, result: Any, where: Any) -> Any:
    """What `out=` receives, where a mask allows it."""
    if not isinstance(out, Recorded):
        np.copyto(out, plain(result), where=where)
        return result
    if where is not True:
        mask = np.broadcast_to(where, out.shape)
        out.store(mask, node_value(np.broadcast_to, result, out.shape)[mask])
    else:
        out.store(..., result)
    return out


def _flat(x: Any) -> list[Any]:
    if isinstance(x, list | tuple):
        return [leaf for part in x for leaf in _flat(part)]
    return [x]


def recording_of(*operands: Any) -> Recording:
    """The recording that the first recorded operand belongs to."""
    found = next(x for x in _flat(operands) if isinstance(x, Recorded))
    return found.buffer.recording


def plain(x: Any) -> Any:
    """The same without the record, also within lists and tuples."""
    if isinstance(x, Recorded):
        return x.plain
    if type(x) in (list, tuple):
        return type(x)(map(plain, x))
    return x


def node_of(x: Any) -> Node:
    """The node of an operand: recorded, or a constant."""
    return x.node if isinstance(x, Recorded) else constant(x)
