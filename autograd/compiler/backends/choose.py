"""Which backend runs a program, and in which precision."""

from typing import Any, NamedTuple

import numpy as np

from ...dialects.expressions import InexpressibleError
from ...shapes.indexing import whole
from ..plan.plan import Plan
from . import Array, Backend
from .jax import Jax
from .native.build import NativeError
from .native.executable import Native
from .numpy import NumPy

BACKENDS = ("auto", "native", "numpy", "jax")
FLOATS = ("float32", "float64")


class Choice(NamedTuple):
    """A backend by name, and what it is told: the dtype of numbers and that to which operands of
    products are rounded, how many threads, which devices.
    """

    name: str
    dtype: Any
    operands: str
    threads: int | None = None
    devices: Any = None


def choice(name: str, dtype: Any, threads: Any = None, devices: Any = None) -> Choice:
    """What somebody asks for; ValueError where there is no such thing, or not together."""
    if name not in BACKENDS:
        known = ", ".join(f'"{each}"' for each in BACKENDS)
        raise ValueError(f"compile: backend must be one of {known}, got {name!r}")
    threads = None if threads is None else whole(threads, "compile: threads")
    if threads is not None and threads < 1:
        raise ValueError(f"compile: threads must be at least 1, got {threads}")
    if devices is not None and name != "jax":
        raise ValueError(f'compile: devices are those of backend="jax", not of {name!r}')
    if isinstance(dtype, str) and dtype == "bfloat16":
        if name != "jax":
            raise ValueError(f'compile: "bfloat16" needs backend="jax", not {name!r}')
        return Choice(name, np.dtype("float32"), dtype, threads, devices)
    for each in FLOATS:
        if dtype is not None and (dtype == each or dtype == np.dtype(each)):
            return Choice(name, np.dtype(each), each, threads, devices)
    known = '"float32", "float64" or "bfloat16"' if name == "jax" else '"float32" or "float64"'
    raise ValueError(f"compile: dtype must be {known}, got {dtype!r}")


def backend(plan: Plan, weights: Array, asked: Choice) -> Backend:
    """The backend that is asked for; "auto" is native where a compiler is found, else NumPy.

    RuntimeError where it cannot be had, ImportError where a package is missing.
    """
    if asked.name == "numpy":
        return NumPy(plan, weights, asked.threads)
    try:
        if asked.name == "jax":
            return Jax(plan, weights, asked.devices, asked.operands)
        return Native(plan, weights, asked.threads)
    except (NativeError, InexpressibleError) as error:
        if asked.name != "auto":
            raise RuntimeError(f"compile: {error}") from error
    return NumPy(plan, weights, asked.threads)
