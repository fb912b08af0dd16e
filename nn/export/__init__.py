"""Models for others: C99 and ONNX files, and PyTorch's modules out and in.

For ONNX and PyTorch, what a module does is known by its `forward`: that of nn's layers,
`Sequential` and `Residual`; another is recorded, as the compiler does.
"""

from .c import to_c
from .onnx_file import to_onnx
from .torch_in import from_torch
from .torch_out import to_torch

__all__ = ["from_torch", "to_c", "to_onnx", "to_torch"]
