"""Tells who looks for `autograd.nn`, as micrograd's is called, what is here instead."""

from . import NOT_HERE

raise ImportError(f"no module autograd.nn: {NOT_HERE['nn']}")
