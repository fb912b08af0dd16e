"""Tells who looks for `autograd.test_util`, which HIPS's package has, what is here instead."""

from . import NOT_HERE

raise ImportError(f"no module autograd.test_util: {NOT_HERE['test_util']}")
