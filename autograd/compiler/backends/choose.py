"""Which backend runs a program."""

from ...dialects.expressions import InexpressibleError
from ..plan.plan import Plan
from . import Array, Backend
from .native.build import NativeError
from .native.executable import Native
from .numpy import NumPy

BACKENDS = ("auto", "native", "numpy")


def backend(plan: Plan, weights: Array, threads: int | None, name: str) -> Backend:
    """The backend of this name; "auto" is native where a compiler is found, else NumPy.

    RuntimeError where "native" is asked for and cannot be had.
    """
    if name != "numpy":
        try:
            return Native(plan, weights, threads)
        except (NativeError, InexpressibleError) as error:
            if name == "native":
                raise RuntimeError(f"compile: {error}") from error
    return NumPy(plan, weights, threads)
