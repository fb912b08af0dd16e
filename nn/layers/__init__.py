"""Layers, composed from the primitives: each `forward` is the layer's equation, and no derivative.

Layers act on the trailing axes; all leading axes are batch. Images are (..., C, H, W), convolution
weights (out, in, kh, kw), Dense weights (out, in).
"""

from .activations import GELU, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from .basic import Dense, Dropout, Flatten, Reshape, Residual
from .image import AvgPool, Conv2D, GlobalAvgPool, MaxPool
from .norms import BatchNorm2D, GroupNorm, LayerNorm

__all__ = [
    "GELU",
    "AvgPool",
    "BatchNorm2D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "GroupNorm",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool",
    "ReLU",
    "Reshape",
    "Residual",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
