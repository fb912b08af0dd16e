"""Write scalars, run matrices: one sample's scalar graph becomes a program for whole batches."""

from .program import Program, TrainStep, compile

__all__ = ["Program", "TrainStep", "compile"]
