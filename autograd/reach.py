"""What a function reaches: what it may change in place, and the generators that it may draw from.

Its variables are followed, those of the users' functions that it calls, and the parts of what they
hold: of modules and other objects of users, of lists and dicts. Libraries are not looked into.
"""

import functools
import pickle
import random
import sys
from collections.abc import Callable, Container, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import BuiltinMethodType, CodeType, FunctionType, MethodType
from typing import Any

from .scopes import chance
from .tensor import Tensor
from .value import Value

MOST = 10_000  # objects in all, numbers in one: what is larger is data, and no layer's memory
LONGEST = 256  # list or dict
LIBRARIES = frozenset({*sys.stdlib_module_names, "autograd", "nn"})
CALLERS = (MethodType, BuiltinMethodType, functools.partial, staticmethod, classmethod, property)
Parts = dict[Any, Any]
Named = tuple[str, Any]
Maker = Callable[[str, Any], "Holder"]


@dataclass
class Holder:
    """Something whose parts may be others after a call: what they were before, by key.

    `word` is what a part is called. `inside` are the objects that are to be looked at further.
    """

    read: Callable[[], Parts]
    write: Callable[[Parts], object]
    word: Callable[[Any], str]
    is_generator: bool = False
    classes: Sequence[type] = ()
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        self.parts = self.read()

    def restore(self) -> None:
        """Put the parts back."""
        self.write(self.parts)

    def inside(self) -> Iterator[Named]:
        """(name, part) of parts that may have parts themselves."""
        for key, part in self.parts.items():
            if not isinstance(part, int | float | str | bytes | None):
                yield self.word(key), part
        yield from ((cls.__qualname__, cls) for cls in self.classes)


def holders(function: Any, skipped: Container[int] = ()) -> Iterator[Holder]:
    """All that a function reaches and that has parts, but not the objects of these ids."""
    yield _generator("`random`", random)
    if numpy := _numpy():
        yield _generator("`numpy.random`", numpy.random)
    yield from (holder for _, holder in reached(function, skipped) if holder)


@contextmanager
def unchanged(x: Any, parameters: Iterable[Any] = ()) -> Iterator[None]:
    """Leave the objects that a function or a model reaches, but not the parameters, after a block
    as they were before it.
    """
    with chance:
        before = list(holders(x, {id(p) for p in parameters}))
        try:
            yield
        finally:
            for holder in before:
                holder.restore()


def reached(x: Any, skipped: Container[int] = ()) -> Iterator[tuple[Any, Holder | None]]:
    """An object and all that it reaches, nearest first, each with what holds its parts."""
    queue: list[Named] = [("the function", x)]
    seen: set[int] = set()
    for name, x in queue:
        if id(x) not in seen and id(x) not in skipped and len(seen) < MOST:
            seen.add(id(x))
            kind = _kind(x, is_root=len(seen) == 1)
            holder = kind(name, x) if kind else None
            yield x, holder
            queue += holder.inside() if holder else ()


def _kind(x: Any, is_root: bool) -> Maker | None:
    """What makes the holder of an object's parts; None where there are none, or too many."""
    if isinstance(x, Value | Tensor):
        return _numbers if isinstance(x, Value) or x.size <= MOST else None
    if (numpy := _numpy()) and isinstance(x, numpy.ndarray):
        return _array if x.size <= MOST and x.dtype.kind in "biufc" else None
    if isinstance(x, list | tuple | set | frozenset | dict):
        kind: Maker = _items if isinstance(x, dict) else _entries
        return kind if len(x) <= LONGEST else None
    if isinstance(x, random.Random) and not isinstance(x, random.SystemRandom):
        return _generator
    if numpy and isinstance(x, numpy.random.Generator | numpy.random.RandomState):
        return _generator
    if isinstance(x, CALLERS):
        return _caller
    if isinstance(x, FunctionType | type):
        kind = _variables if isinstance(x, FunctionType) else _class_attributes
        return kind if is_root or _is_users(x) else None
    is_watched = _is_module(x) or _is_users(type(x))
    kind = _attributes if is_watched else _modules
    return kind if hasattr(x, "__dict__") and (is_watched or _is_ours(x)) else None


# --- the kinds of holders -------------------------------------------------------------------------


def _items(name: str, x: Any) -> Holder:
    return Holder(lambda: dict(x), functools.partial(_put, x), lambda k: f"{name}[{k!r:.60}]")


def _entries(name: str, x: Any) -> Holder:
    def write(parts: Parts) -> None:
        if isinstance(x, list):
            x[:] = parts.values()

    return Holder(lambda: dict(enumerate(x)), write, lambda k: f"{name}[{k}]")


def _attributes(name: str, x: Any) -> Holder:
    """Modules are called by their paths or classes, others by how they are reached."""

    def word(key: str) -> str:
        return f"{(x.path or type(x).__name__) if _is_module(x) else name}.{key}"

    put = functools.partial(_put, vars(x))
    return Holder(lambda: dict(vars(x)), put, word, classes=type(x).__mro__)


def _modules(_: str, x: Any) -> Holder:
    """Those that a trainer holds; what else it remembers is its own affair."""

    def read() -> Parts:
        return {k: part for k, part in vars(x).items() if _is_module(part) or _is_ours(part)}

    return Holder(read, lambda _: None, str)


def _class_attributes(name: str, x: Any) -> Holder:
    def write(parts: Parts) -> None:
        for key, part in parts.items():
            if vars(x).get(key) is not part:
                setattr(x, key, part)

    return Holder(lambda: dict(vars(x)), write, lambda key: f"{name}.{key}")


def _variables(_: str, x: Any) -> Holder:
    """Those that outlive a call: global ones, those around the function, its defaults."""
    code, outside = x.__code__, x.__globals__
    cells = dict(zip(code.co_freevars, x.__closure__ or (), strict=True))
    names = {name for inner in _codes(code) for name in inner.co_names}
    arguments = code.co_varnames[: code.co_argcount][::-1]
    defaults = dict(zip(arguments, (x.__defaults__ or ())[::-1], strict=False))

    def read() -> Parts:
        around = {name: cell.cell_contents for name, cell in cells.items() if _is_full(cell)}
        globals_ = {name: outside[name] for name in names & outside.keys()}
        return {**globals_, **defaults, **(x.__kwdefaults__ or {}), **around}

    def write(parts: Parts) -> None:
        for name, part in parts.items():
            if name in cells:
                cells[name].cell_contents = part
            elif name in outside:
                outside[name] = part

    return Holder(read, write, str)


def _caller(name: str, x: Any) -> Holder:
    """A method, a property or a partial function: what it calls, and with what."""
    names = ("__self__", "__func__", "fget", "func", "args", "keywords")
    found = {attribute: getattr(x, attribute) for attribute in names if hasattr(x, attribute)}
    return Holder(lambda: found, lambda _: None, lambda _: name)


def _numbers(name: str, x: Any) -> Holder:
    values = values_of(x)

    def write(parts: Parts) -> None:
        for v, number in zip(values, parts.values(), strict=True):
            v.data = number

    return Holder(lambda: dict(enumerate(v.data for v in values)), write, lambda _: name)


def _array(name: str, x: Any) -> Holder:
    def write(parts: Parts) -> None:
        x.flat = _numpy().frombuffer(parts[""], x.dtype)

    return Holder(lambda: {"": x.tobytes()}, write, lambda _: name)


def _generator(name: str, x: Any) -> Holder:
    """The state of a generator, or of a module that has one, such that states can be compared."""

    def read() -> Parts:
        if hasattr(x, "getstate"):
            return {"": pickle.dumps(x.getstate())}
        if hasattr(x, "get_state"):
            return {"": pickle.dumps(x.get_state(legacy=False))}
        return {"": pickle.dumps(x.bit_generator.state)}

    def write(parts: Parts) -> None:
        state: Any = pickle.loads(parts[""])
        if hasattr(x, "setstate"):
            x.setstate(state)
        elif hasattr(x, "set_state"):
            x.set_state(state)
        else:
            x.bit_generator.state = state

    return Holder(read, write, lambda _: name, is_generator=True)


# --- their parts ----------------------------------------------------------------------------------


def values_of(x: Value | Tensor) -> list[Value]:
    """The entries of a Tensor; a Value is its own."""
    return [x] if isinstance(x, Value) else list(x.values)


def _is_users(x: Any) -> bool:
    """Whether a function or a class is no library's."""
    return not _is_library(_package(x))


def _is_module(x: Any) -> bool:
    return hasattr(type(x), "named_parts")


def _is_ours(x: Any) -> bool:
    return _package(type(x)) == "nn"


def _package(x: Any) -> str:
    """Whose a function or a class is."""
    return str(x.__module__).partition(".")[0]


def _numpy() -> Any:
    """NumPy, if anybody has imported it: else there are no arrays."""
    return sys.modules.get("numpy")


@functools.cache
def _is_library(package: str) -> bool:
    file = getattr(sys.modules.get(package), "__file__", None) or ""
    return package in LIBRARIES or "site-packages" in file


def _put(held: MutableMapping[Any, Any], parts: Parts) -> None:
    """Let a mapping hold these parts; what it holds already is not touched."""
    for key in held.keys() - parts.keys():
        del held[key]
    for key, part in parts.items():
        if key not in held or held[key] is not part:
            held[key] = part


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of the functions in it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


def _is_full(cell: Any) -> bool:
    """Whether a variable around a function has been given anything."""
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
