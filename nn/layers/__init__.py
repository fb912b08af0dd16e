"""Layers, composed from the primitives: each `forward` is the layer's equation, and no derivative.

Layers act on the trailing axes; all leading axes are batch. Images are (..., C, H, W), convolution
weights (out, in, kh, kw), Dense weights (out, in).
"""

from .activations import GELU, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from .attention import MultiHeadAttention, PositionalEncoding
from .basic import Dense, Dropout, Flatten, Reshape, Residual
from .image import AvgPool, Conv2D, GlobalAvgPool, MaxPool
from .norms import BatchNorm2D, GroupNorm, LayerNorm
from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AvgPool",
    "BatchNorm2D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool",
    "GroupNorm",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool",
    "MultiHeadAttention",
    "PositionalEncoding",
    "RNNCell",
    "ReLU",
    "Reshape",
    "Residual",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
