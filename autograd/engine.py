"""Tells who looks for `autograd.engine`, as micrograd's is called, what is here instead."""

from . import NOT_HERE

raise ImportError(f"no module autograd.engine: {NOT_HERE['engine']}")
