"""Where the numbers of a model's parameters live that programs share with Values.

A leaf that becomes a program's parameter moves into a storage, and stays there. Its `data` and
`grad` are read and written in place, so that every program that uses it, every Value, and every
training step see the same numbers at once.
"""

import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakSet

from .columns import Column
from .numbers.kinds import STATISTICS, UNKNOWN, AnyNumber, UnknownNumberError
from .scopes import chance, current_scope
from .value import Value

_moving = threading.Lock()
_locks: "WeakSet[Any]" = WeakSet()


class Storage:
    """The numbers and the gradients of some leaves. Who runs or changes them holds the `lock`."""

    __slots__ = ("gradients", "lock", "numbers")

    def __init__(self, values: Sequence[Value], lock: Any) -> None:
        self.numbers = Column([v.data for v in values])
        self.gradients = Column([v.grad for v in values])
        self.lock = lock


class Stored(Value):
    """A leaf whose number and gradient live in a storage, at a place there.

    While a function is recorded, its parameters are unknown to whoever records, and to nobody else.
    """

    __slots__ = ()
    plain: type[Value] = Value

    @property
    def data(self) -> AnyNumber:
        """The number."""
        trace = current_scope().trace
        if trace is not None and self in trace.unknown:
            return UNKNOWN
        storage, place = self.home
        numbers = storage.numbers.listed
        return numbers[place] if numbers is not None else storage.numbers.list()[place]

    @data.setter
    def data(self, number: AnyNumber) -> None:
        trace = current_scope().trace
        if trace is not None and self in trace.unknown:
            name = self.label or "a parameter"
            raise UnknownNumberError(
                f"{name} is written while a function is recorded: {STATISTICS}"
            )
        storage, place = self.home
        storage.numbers.put(place, number)

    @property
    def grad(self) -> AnyNumber:
        """∂root/∂self of the last backward pass, or of the last training step of a program."""
        storage, place = self.home
        return storage.gradients.list()[place]

    @grad.setter
    def grad(self, number: AnyNumber) -> None:
        storage, place = self.home
        storage.gradients.put(place, number)

    def __reduce_ex__(self, _: Any) -> Any:
        """Copies, and what is unpickled, are leaves apart."""
        slots = {name: getattr(self, name) for name in _SLOTS if hasattr(self, name)}
        return object.__new__, (self.plain,), (getattr(self, "__dict__", None), slots)


_SLOTS = ("data", "grad", "inputs", "name", "op", "place", "scope")


def store(groups: Iterable[Sequence[Value]]) -> None:
    """Move leaves into storages, those of a group into one; what has a storage stays there."""
    with _moving:
        lock: Any = threading.RLock()
        _locks.add(lock)
        for group in groups:
            values = [v for v in group if not isinstance(v, Stored)]
            storage = Storage(values, lock)
            for place, v in enumerate(values):
                v.home = storage, place
                v.__class__ = Stored if type(v) is Value else _stored(type(v))


def _stored(plain: type[Value]) -> type[Value]:
    """`Stored`, with the methods of a user's kind of Value."""
    if plain not in _kinds:
        slots = {"__slots__": (), "plain": plain}
        _kinds[plain] = type(plain.__name__, (plain, Stored), slots)
    return _kinds[plain]


_kinds: dict[type[Value], type[Value]] = {Value: Stored}


class Locks:
    """Several locks as one, always taken in the same order."""

    def __init__(self, locks: Iterable[Any]) -> None:
        self.locks = sorted(set(locks), key=id)

    def __enter__(self) -> None:
        taken: list[Any] = []
        try:
            for lock in self.locks:
                lock.acquire()
                taken.append(lock)
        except BaseException:  # an interrupt, while one was waited for
            _release(taken)
            raise

    def __exit__(self, *_: object) -> None:
        _release(self.locks)


def _release(locks: Sequence[Any]) -> None:
    for lock in reversed(locks):
        lock.release()


def _hold() -> None:
    """Before a fork: wait until no thread is within a step, which the child could never end."""
    with _moving:
        locks = Locks(_locks)
    locks.__enter__()
    chance.acquire()  # after these, as by whoever compiles within a step
    _moving.acquire()
    _held.append(locks)


def _let_go() -> None:
    _moving.release()
    chance.release()
    _held.pop().__exit__()


_held: list[Locks] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go)
