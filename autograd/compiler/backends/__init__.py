"""Backends: each spells the kernels of a plan in its own vocabulary, and runs them."""
