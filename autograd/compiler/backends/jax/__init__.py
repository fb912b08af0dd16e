"""Kernels as calls of JAX, which XLA compiles as one program: for GPUs, and for many devices."""

from .backend import Jax

__all__ = ["Jax"]
