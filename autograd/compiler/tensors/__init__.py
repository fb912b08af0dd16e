"""Kernels become operations on whole tensors, as other libraries have them: convolutions, products,
pools, and what rearranges.
"""
