"""Write scalars, run matrices: one sample's scalar graph becomes a program for whole batches.

record → tape → fold → packs → lower (boxes, kernels) → forward, reverse → machine → program
"""

from .program import Program, TrainStep, compile

__all__ = ["Program", "TrainStep", "compile"]
