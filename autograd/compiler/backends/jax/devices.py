"""The devices on which JAX runs a program: one, or several that share each batch."""

import importlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....shapes.indexing import whole


class Devices:
    """Devices in a row, a mesh with one axis, "batch".

    `asked` is how many of JAX's there shall be, or a list of them; by default it is the first, and
    all where several processes have some. For `jax.jit` there are shardings: `sharded` of what has
    the samples in front, each device has as many of them; `replicated` of what each device has
    whole; and `fetchable` of results (N, ...), which each process reads whole: that is `sharded` in
    a single one.

    TypeError and ValueError for devices that are not there, ImportError where JAX is missing.
    """

    def __init__(self, asked: int | Iterable[Any] | None = None) -> None:
        jax = library()
        self.several = jax.process_count() > 1  # processes
        self.leads = jax.process_index() == 0  # this one, which writes files and prints
        self.row = _row(jax, asked)
        self.count = len(self.row)
        self._refuse_idle(jax)
        self.mesh = jax.sharding.Mesh(np.array(self.row), ("batch",))
        self.sharded = jax.sharding.NamedSharding(self.mesh, jax.P("batch"))
        self.replicated = jax.sharding.NamedSharding(self.mesh, jax.P())
        self.fetchable = self.replicated if self.several else self.sharded

    def __repr__(self) -> str:
        return f"Devices({_named(self.row)})"

    @staticmethod
    def precision(dtype: Any) -> AbstractContextManager[None]:
        """JAX makes arrays of float64 in here, where `dtype` is that, and else none."""
        context: AbstractContextManager[None] = library().enable_x64(str(dtype) == "float64")
        return context

    def split(self, array: ArrayLike) -> Any:
        """A host's array (N, ...) in equal parts, N a multiple of `count`.

        Each process has the whole of it, and gives its devices their parts. JAX may read the
        array's memory until what is computed of it is there: do not write to it before.
        """
        return self._placed(np.asarray(array), self.sharded)

    def shared(self, array: ArrayLike) -> Any:
        """A host's array, whole on each device; the host may write to its own at once."""
        return self._placed(np.array(array), self.replicated)

    def fetched(self, array: Any) -> NDArray[Any]:
        """A device's array on the host, to be read: one that is `fetchable` or `replicated`."""
        return np.asarray(array)

    def _placed(self, array: NDArray[Any], sharding: Any) -> Any:
        return library().make_array_from_callback(array.shape, sharding, array.__getitem__)

    def _refuse_idle(self, jax: Any) -> None:
        """ValueError where a process would have nothing to do."""
        idle = {d.process_index for d in jax.devices()} - {d.process_index for d in self.row}
        if idle:
            raise ValueError(
                f"devices: process {min(idle)} has none of the {self.count} that are asked for; "
                f"each of {jax.process_count()} processes must have some"
            )


def library() -> Any:
    """JAX; ImportError with the command that installs it, where it is missing."""
    try:
        return importlib.import_module("jax")
    except ImportError as error:
        needed = 'backend="jax" needs jax: pip install "glassgrad[jax]"'
        raise ImportError(needed, name="jax") from error


def _row(jax: Any, asked: int | Iterable[Any] | None) -> list[Any]:
    """The devices that are asked for."""
    there = jax.devices()
    if asked is None:
        return list(there) if jax.process_count() > 1 else there[:1]
    if isinstance(asked, Iterable) and not isinstance(asked, str):
        return _own(jax, list(asked))
    count = whole(asked, "devices")
    if count < 1:
        raise ValueError(f"devices must be at least 1, got {count}")
    if count > len(there):
        raise ValueError(f"devices: {count} are asked for, {_there(there)}{_more(there, count)}")
    return list(there[:count])


def _own(jax: Any, row: list[Any]) -> list[Any]:
    """The same devices; TypeError and ValueError where some are none, none are given, or twice."""
    for device in row:
        if not isinstance(device, jax.Device):
            raise TypeError(f"devices: take a number, or some of jax.devices(); got {device!r:.60}")
    if not row or len(set(row)) < len(row):
        raise ValueError(f"devices: take at least one, and each once; got [{_named(row)}]")
    return row


def _there(devices: list[Any]) -> str:
    are = "there is 1" if len(devices) == 1 else f"there are {len(devices)}"
    return f"{are}: {_named(devices)}"


def _named(devices: list[Any]) -> str:
    """The first few by name."""
    names = [f"{device.platform}:{device.id}" for device in devices]
    return ", ".join(names if len(names) <= 8 else [*names[:8], "…"])


def _more(devices: list[Any], count: int) -> str:
    """How a CPU is made to stand for several devices."""
    if devices[0].platform != "cpu":
        return ""
    flag = f"XLA_FLAGS=--xla_force_host_platform_device_count={count}"
    return f" (for a trial, a CPU may stand for {count}: set {flag} before Python starts)"
