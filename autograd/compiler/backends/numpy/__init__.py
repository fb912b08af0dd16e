"""Kernels become NumPy calls, forward and in reverse."""
