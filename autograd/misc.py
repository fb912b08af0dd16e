"""Tells who looks for `autograd.misc`, which HIPS's package has, what is here instead."""

from . import NOT_HERE

raise ImportError(f"no module autograd.misc: {NOT_HERE['misc']}")
