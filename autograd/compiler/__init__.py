"""Write scalars, run matrices: one sample's scalar graph becomes a program for whole batches."""

from .program import Program, compile
from .steps import TrainStep
from .trace.repeatable import unchanged

__all__ = ["Program", "TrainStep", "compile", "unchanged"]
