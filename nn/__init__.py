"""Layers, losses, optimisers and training, composed from scalars that you can look at."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import autograd

from . import data, export, init, plots
from .layers import (
    GELU,
    GRU,
    LSTM,
    RNN,
    AvgPool,
    BatchNorm2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    GRUCell,
    LayerNorm,
    LeakyReLU,
    LSTMCell,
    MaxPool,
    MultiHeadAttention,
    PositionalEncoding,
    ReLU,
    Reshape,
    Residual,
    RNNCell,
    Sigmoid,
    Softmax,
    Tanh,
)
from .losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HingeLoss,
    HuberLoss,
    L1Loss,
    Loss,
    MSELoss,
    NLLLoss,
)
from .module import Buffer, Module, Parameter
from .optim import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    clip_grad_norm,
)
from .saving.model_file import load, save
from .schedules import CosineLR, Schedule, StepLR, WarmupLR
from .sequential import Sequential
from .summary import Summary
from .training.epochs import Epochs
from .training.history import EarlyStopping, Epoch, History
from .training.tally import Evaluation, confusion_matrix
from .training.trainer import Trainer

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "AvgPool",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm2D",
    "Buffer",
    "Conv2D",
    "CosineLR",
    "CrossEntropyLoss",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Epoch",
    "Epochs",
    "Evaluation",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool",
    "GroupNorm",
    "HingeLoss",
    "History",
    "HuberLoss",
    "L1Loss",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "Loss",
    "MSELoss",
    "MaxPool",
    "Module",
    "MultiHeadAttention",
    "NLLLoss",
    "Optimizer",
    "Parameter",
    "PositionalEncoding",
    "RMSprop",
    "RNNCell",
    "ReLU",
    "Reshape",
    "Residual",
    "Schedule",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "StepLR",
    "Summary",
    "Tanh",
    "Trainer",
    "WarmupLR",
    "__version__",
    "clip_grad_norm",
    "confusion_matrix",
    "data",
    "export",
    "init",
    "load",
    "plots",
    "save",
]

_OURS = {
    "AvgPool2d": "AvgPool",
    "AveragePooling2D": "AvgPool",
    "BatchNorm2d": "BatchNorm2D",
    "BatchNormalization": "BatchNorm2D",
    "CosineAnnealingLR": "CosineLR",
    "Conv2d": "Conv2D",
    "Dropout2d": "Dropout",
    "GlobalAveragePooling2D": "GlobalAvgPool",
    "GroupNormalization": "GroupNorm",
    "LayerNormalization": "LayerNorm",
    "Linear": "Dense",
    "MaxPool2D": "MaxPool",
    "MaxPool2d": "MaxPool",
    "MaxPooling2D": "MaxPool",
    "MultiheadAttention": "MultiHeadAttention",
    "SimpleRNN": "RNN",
    "SimpleRNNCell": "RNNCell",
    "SmoothL1Loss": "HuberLoss",
}

if TYPE_CHECKING:
    from .training.classifier import Classifier

    __version__: str
else:  # for tools, a name that is not there is a mistake

    def __getattr__(name):
        """`Classifier`, whose base classes are scikit-learn's, when it is first asked for."""
        if name == "Classifier":
            from .training.classifier import Classifier

            return Classifier
        if name == "__version__":
            return autograd.__version__
        hint = f"; use nn.{_OURS[name]}" if name in _OURS else ""
        raise AttributeError(f"module 'nn' has no attribute {name!r}{hint}")


if find_spec("sklearn"):  # `from nn import *` asks for all that is listed
    __all__ += ["Classifier"]


def __dir__() -> list[str]:
    return __all__
