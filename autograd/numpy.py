"""Tells who looks for `autograd.numpy`, which HIPS's package has, where they are."""

from . import NOT_HERE

raise ImportError(f"no module autograd.numpy: {NOT_HERE['numpy']}")
