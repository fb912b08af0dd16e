"""Which backend runs a program."""

from ..plan.plan import Plan
from . import Array, Backend
from .numpy import NumPy

BACKENDS = ("auto", "native", "numpy")


def backend(plan: Plan, weights: Array, threads: int | None, name: str) -> Backend:
    """The backend of this name; RuntimeError where "native" is asked for and cannot be had."""
    if name == "native":
        raise RuntimeError('compile: no native backend is installed; use backend="auto"')
    return NumPy(plan, weights, threads)
