"""Tells who looks for `autograd.scipy`, which HIPS's package has, what is here instead."""

from . import NOT_HERE

raise ImportError(f"no module autograd.scipy: {NOT_HERE['scipy']}")
