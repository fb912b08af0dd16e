"""Optimisers: their rules, averages of what they find, and gradient clipping."""

from .averages import EMA, SWA, Averaged
from .optimizer import Optimizer, Parameters, clip_grad_norm, values_of
from .rules import SGD, Adagrad, Adam, AdamW, RMSprop

__all__ = [
    "EMA",
    "SGD",
    "SWA",
    "Adagrad",
    "Adam",
    "AdamW",
    "Averaged",
    "Optimizer",
    "Parameters",
    "RMSprop",
    "clip_grad_norm",
    "values_of",
]
