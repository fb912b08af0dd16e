"""Write scalars, run matrices: one sample's scalar graph becomes a program for whole batches."""

from .program import Program, compile
from .steps import TrainStep

__all__ = ["Program", "TrainStep", "compile"]
