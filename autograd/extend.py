"""Tells who looks for `autograd.extend`, which HIPS's package has, what is here instead."""

from . import NOT_HERE

raise ImportError(f"no module autograd.extend: {NOT_HERE['extend']}")
