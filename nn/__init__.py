"""Layers, losses, optimisers and training, composed from scalars that you can look at."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import autograd

from . import data, export, init, plots
from .containers import ModuleDict, ModuleList
from .functional import functional_call, in_engine
from .layers import (
    ELU,
    GELU,
    GRU,
    LSTM,
    MLP,
    RNN,
    AvgPool,
    AvgPool1D,
    BatchNorm1D,
    BatchNorm2D,
    Conv1D,
    Conv2D,
    ConvTranspose2D,
    Dense,
    Dropout,
    Dropout2D,
    Embedding,
    Flatten,
    GlobalAvgPool,
    GlobalAvgPool1D,
    GroupNorm,
    GRUCell,
    Hardtanh,
    Identity,
    LayerNorm,
    LeakyReLU,
    LogSoftmax,
    LSTMCell,
    MaxPool,
    MaxPool1D,
    MultiHeadAttention,
    PositionalEncoding,
    ReLU,
    Reshape,
    Residual,
    RMSNorm,
    RNNCell,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    Upsample,
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
    EMA,
    SGD,
    SWA,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    clip_grad_norm,
)
from .saving.model_file import load, save
from .schedules import CosineLR, CosineRestartsLR, OneCycleLR, Schedule, StepLR, WarmupLR
from .sequential import Sequential
from .summary import Summary
from .training.epochs import Epochs
from .training.history import EarlyStopping, Epoch, History
from .training.tally import Evaluation, confusion_matrix
from .training.trainer import Trainer

__all__ = [
    "ELU",
    "EMA",
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "SGD",
    "SWA",
    "Adagrad",
    "Adam",
    "AdamW",
    "AvgPool",
    "AvgPool1D",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1D",
    "BatchNorm2D",
    "Buffer",
    "Conv1D",
    "Conv2D",
    "ConvTranspose2D",
    "CosineLR",
    "CosineRestartsLR",
    "CrossEntropyLoss",
    "Dense",
    "Dropout",
    "Dropout2D",
    "EarlyStopping",
    "Embedding",
    "Epoch",
    "Epochs",
    "Evaluation",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool",
    "GlobalAvgPool1D",
    "GroupNorm",
    "Hardtanh",
    "HingeLoss",
    "History",
    "HuberLoss",
    "Identity",
    "L1Loss",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "MaxPool",
    "MaxPool1D",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiHeadAttention",
    "NLLLoss",
    "OneCycleLR",
    "Optimizer",
    "Parameter",
    "PositionalEncoding",
    "RMSNorm",
    "RMSprop",
    "RNNCell",
    "ReLU",
    "Reshape",
    "Residual",
    "Schedule",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "StepLR",
    "Summary",
    "Tanh",
    "Trainer",
    "Upsample",
    "WarmupLR",
    "__version__",
    "clip_grad_norm",
    "confusion_matrix",
    "data",
    "export",
    "functional_call",
    "init",
    "load",
    "plots",
    "save",
]

_OURS = {
    "AdaptiveAvgPool1d": "GlobalAvgPool1D",
    "AdaptiveAvgPool2d": "GlobalAvgPool",
    "AveragedModel": "EMA",
    "AveragePooling1D": "AvgPool1D",
    "AveragePooling2D": "AvgPool",
    "AvgPool1d": "AvgPool1D",
    "AvgPool2d": "AvgPool",
    "BatchNorm1d": "BatchNorm1D",
    "BatchNorm2d": "BatchNorm2D",
    "BatchNormalization": "BatchNorm2D, of images, or nn.BatchNorm1D",
    "Conv1d": "Conv1D",
    "Conv2d": "Conv2D",
    "Conv2DTranspose": "ConvTranspose2D",
    "ConvTranspose2d": "ConvTranspose2D",
    "CosineAnnealingLR": "CosineLR",
    "CosineAnnealingWarmRestarts": "CosineRestartsLR",
    "Dropout2d": "Dropout2D",
    "GlobalAveragePooling1D": "GlobalAvgPool1D",
    "GlobalAveragePooling2D": "GlobalAvgPool",
    "GroupNormalization": "GroupNorm",
    "LayerNormalization": "LayerNorm",
    "Linear": "Dense",
    "MaxPool1d": "MaxPool1D",
    "MaxPool2D": "MaxPool",
    "MaxPool2d": "MaxPool",
    "MaxPooling1D": "MaxPool1D",
    "MaxPooling2D": "MaxPool",
    "MultiheadAttention": "MultiHeadAttention",
    "ReLU6": "Hardtanh(0, 6)",
    "RMSNormalization": "RMSNorm",
    "SimpleRNN": "RNN",
    "SimpleRNNCell": "RNNCell",
    "SmoothL1Loss": "HuberLoss",
    "SpatialDropout2D": "Dropout2D",
    "Swish": "SiLU",
    "Unflatten": "Reshape",
    "UpSampling2D": "Upsample(scale_factor=2)",
    "UpsamplingBilinear2d": 'Upsample(scale_factor=2, mode="bilinear", align_corners=True)',
    "UpsamplingNearest2d": "Upsample(scale_factor=2)",
    "ZeroPad2d": "Conv2D(..., padding=1), or x.pad(1, 1)",
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
        if name in _OURS:
            raise autograd.absent("nn", name, f"; use nn.{_OURS[name]}")
        raise autograd.absent("nn", name, in_engine(name))


if find_spec("sklearn"):  # `from nn import *` asks for all that is listed
    __all__ += ["Classifier"]


def __dir__() -> list[str]:
    return __all__
