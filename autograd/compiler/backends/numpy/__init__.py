"""Kernels as NumPy calls: the reference, and what runs where there is no compiler."""

from .backend import NumPy

__all__ = ["NumPy"]
