"""Models for others: ONNX files, and PyTorch's modules out and in.

What a module does is known by its `forward`: that of nn's layers, `Sequential` and `Residual`.
"""

from .onnx_file import to_onnx
from .torch_in import from_torch
from .torch_out import to_torch

__all__ = ["from_torch", "to_onnx", "to_torch"]
