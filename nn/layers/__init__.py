"""Layers, composed from the primitives: each `forward` is the layer's equation, and no derivative.

Layers act on the trailing axes; all leading axes are batch. Images are (..., C, H, W), signals
(..., C, L), convolution weights (out, in, kh, kw), Dense weights (out, in).
"""

from .activations import (
    ELU,
    GELU,
    Hardtanh,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .attention import MultiHeadAttention, PositionalEncoding
from .basic import Dense, Dropout, Dropout2D, Flatten, Identity, Reshape, Residual
from .cells import GRUCell, LSTMCell, RNNCell
from .convolutions import Conv1D, Conv2D, ConvTranspose2D
from .embedding import Embedding
from .mlp import MLP
from .norms import BatchNorm1D, BatchNorm2D, GroupNorm, LayerNorm, RMSNorm
from .pools import AvgPool, AvgPool1D, GlobalAvgPool, GlobalAvgPool1D, MaxPool, MaxPool1D
from .recurrent import GRU, LSTM, RNN
from .upsampling import Upsample

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "AvgPool",
    "AvgPool1D",
    "BatchNorm1D",
    "BatchNorm2D",
    "Conv1D",
    "Conv2D",
    "ConvTranspose2D",
    "Dense",
    "Dropout",
    "Dropout2D",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool",
    "GlobalAvgPool1D",
    "GroupNorm",
    "Hardtanh",
    "Identity",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "LogSoftmax",
    "MaxPool",
    "MaxPool1D",
    "MultiHeadAttention",
    "PositionalEncoding",
    "RMSNorm",
    "RNNCell",
    "ReLU",
    "Reshape",
    "Residual",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "Upsample",
]
