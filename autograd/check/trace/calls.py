"""Every call of NumPy on what is recorded: NumPy's own result, and the node that a rule gives."""

import inspect
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np
from numpy import asarray  # as they are: np's may be exchanged

from .nodes import Node
from .recorded import Recorded, own
from .recording import CURRENT, Recording
from .traced import CALLS, Rule, Traced, is_recorded, leaves, move, plain

UFUNCS: dict[tuple[str, str], Rule] = {}  # by name and method
FUNCTIONS: dict[Any, Rule] = {}
WRITERS: set[Any] = set()  # whose rule is about their first argument, which they overwrite
FLAT = {  # constant but for jumps: no derivative is lost
    "sign", "floor", "ceil", "rint", "trunc", "round", "around", "fix", "heaviside",
    "floor_divide", "zeros_like", "ones_like", "empty_like", "result_type",
    "spacing", "nextafter", "unique",
}  # fmt: skip
MANNERS = {"out", "dtype", "casting", "order", "subok", "signature"}  # not what is computed


def ruled(rule: Rule | None, args: Sequence[Any], named: Mapping[str, Any]) -> Node | None:
    """The node of a call; None where its rule does not know an option: the plain result stands."""
    try:
        return rule(*args, **named) if rule is not None else None
    except Exception:
        return None


def call_ufunc(ufunc: Any, method: str, inputs: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """A universal function, or a method of one, on what is recorded."""
    recording, out = CURRENT.get(), named.get("out")
    options = {k: plain(v) for k, v in named.items()}
    node, varies = None, recording is not None and any(map(is_recorded, inputs))
    where = options.get("where", True) if method == "__call__" else True
    if varies:  # before the call, which may overwrite an operand
        given = {k: v for k, v in named.items() if k not in MANNERS
                 and (k != "where" or method != "__call__")}  # fmt: skip
        node = ruled(_rule(ufunc.__name__, method), inputs, given)
    result = getattr(ufunc, method)(*plain(tuple(inputs)), **options)
    if recording is None:
        return result
    if varies and node is None:
        lose(recording, f"np.{ufunc.__name__}", result)
    if method == "at":
        return received(inputs[0], node, recording, name=f"np.{ufunc.__name__}.at")
    if out:
        return received(out[0], node, recording, where)
    if where is True or node is None:
        return own(result, node, recording)
    return received(own(result, None, recording), node, recording, where)


def _rule(name: str, method: str) -> Rule | None:
    """The rule of a universal function; its outer product is itself, with axes apart."""
    rule = UFUNCS.get((name, method))
    if rule is not None or method != "outer" or (name, "__call__") not in UFUNCS:
        return rule
    each = UFUNCS[(name, "__call__")]
    return lambda a, b: each(move(lambda v: v.reshape(*v.shape, *(1,) * np.ndim(b)), a), b)


def received(
    target: Any, node: Node | None, recording: Recording, where: Any = True, name: str = ""
) -> Any:
    """An array after it was written, where a mask allows it.

    A plain one is recorded from now on if it is returned: not by what has a name here.
    """
    if isinstance(target, Recorded):
        target.receive(..., node, where)
    elif isinstance(target, np.ndarray) and target.dtype.kind == "f" and node is not None:
        if name or target.base is not None:
            recording.lose(f"{name or 'what is written'} to a plain array")
        made = Recorded.over(target, recording)  # as which `a += b` goes on
        made.receive(..., node, where)
        return made
    return target


def lose(recording: Recording, name: str, result: Any) -> None:
    """Note that a derivative is lost, if the result has one."""
    kinds = {asarray(x).dtype.kind for x in leaves(result)}
    if kinds - set("biuSUT") and name.rpartition(".")[2] not in FLAT:
        recording.lose(name)


def call(function: Any, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """A function of NumPy, or of a library, on what is recorded."""
    recording = CURRENT.get()
    options = {k: plain(v) for k, v in named.items()}
    if recording is None:
        return function(*plain(tuple(args)), **options)
    if not args:
        args, named = _by_position(function, named)
        options = {k: v for k, v in options.items() if k in named}
    out, rule = named.get("out"), FUNCTIONS.get(function) or _decomposed(function)
    given = {k: v for k, v in named.items() if k not in ("out", "dtype", "like")}
    operands = [x for x in leaves([*args, *named.values()]) if isinstance(x, Traced)]
    varies, writes = is_recorded(operands), out is not None or function in WRITERS
    node = ruled(rule, args, given) if varies and writes else None
    before = [x.plain.copy() for x in operands] if function not in FUNCTIONS else []
    result = function(*plain(tuple(args)), **options)
    if not _are_equal([x.plain for x in operands[: len(before)]], before):
        _overwritten(operands, recording, function)
    if writes:
        target = args[0] if out is None else out
        made = received(target, node, recording, name=called(function) if out is None else "")
        return made if out is not None else result
    seen = _views(result, operands, function.__name__)
    if seen is not None:
        return seen
    node = ruled(rule, args, given) if varies else None
    if varies and node is None:
        lose(recording, called(function), result)
    return own(result, node, recording)


def _by_position(function: Any, named: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The first argument of a call that names all of them."""
    try:
        first = next(iter(inspect.signature(function).parameters))
    except (ValueError, StopIteration):
        first = ""
    args = [named[first]] if first in named else []
    return args, {k: v for k, v in named.items() if k != first}


def _decomposed(function: Any) -> Rule | None:
    """The rule of a function of NumPy that is made of others: what these record."""
    written = getattr(function, "_implementation", None)
    if not isinstance(written, FunctionType):
        return None

    def rule(*args: Any, **named: Any) -> Node | None:
        found = written(*args, **named)
        is_known = isinstance(found, Traced) and getattr(found, "places", ...) is not None
        return found.node if is_known else None

    return rule


def called(function: Any) -> str:
    """`np.linalg.inv`."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np')}.{function.__name__}"


def _are_equal(now: Sequence[Any], before: Sequence[Any]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(now, before, strict=True))


def _overwritten(operands: Sequence[Any], recording: Recording, function: Any) -> None:
    """What an unknown function has written depends on nothing that is known."""
    recording.lose(called(function))
    for x in operands:
        if isinstance(x, Recorded):
            x.receive(..., None)


def _views(result: Any, operands: Sequence[Any], what: str) -> Any:
    """A result, or a list of some, that shares the memory of an operand; None if it does not."""
    if isinstance(result, list | tuple):
        found = [_views(x, operands, what) for x in result]
        if any(x is not None for x in found):
            return type(result)(x if v is None else v for x, v in zip(result, found, strict=True))
        return None
    if not isinstance(result, np.ndarray) or result.base is None or result.dtype.kind != "f":
        return None
    for x in operands:
        if (
            isinstance(x, Recorded)
            and x.buffer is not None
            and x.buffer.located(result) is not None
        ):
            view: Any = result.view(Recorded)
            view.buffer = x.buffer
            view.read(what)  # now: its place in the source is here
            return view
    return None


CALLS.update({"ufunc": call_ufunc, "function": call})
