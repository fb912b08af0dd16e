"""Layers, losses, optimisers and training, composed from scalars that you can look at."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import autograd

from . import data, export, init, plots
from .functional import functional_call
from .layers import (
    GELU,
    AvgPool,
    BatchNorm2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    LayerNorm,
    LeakyReLU,
    MaxPool,
    ReLU,
    Reshape,
    Residual,
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
    "EMA",
    "GELU",
    "SGD",
    "SWA",
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
    "CosineRestartsLR",
    "CrossEntropyLoss",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Epoch",
    "Epochs",
    "Evaluation",
    "Flatten",
    "GlobalAvgPool",
    "GroupNorm",
    "HingeLoss",
    "History",
    "HuberLoss",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Loss",
    "MSELoss",
    "MaxPool",
    "Module",
    "NLLLoss",
    "OneCycleLR",
    "Optimizer",
    "Parameter",
    "RMSprop",
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
    "functional_call",
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
    "AveragedModel": "EMA",
    "CosineAnnealingLR": "CosineLR",
    "CosineAnnealingWarmRestarts": "CosineRestartsLR",
    "Conv2d": "Conv2D",
    "Dropout2d": "Dropout",
    "GlobalAveragePooling2D": "GlobalAvgPool",
    "GroupNormalization": "GroupNorm",
    "LayerNormalization": "LayerNorm",
    "Linear": "Dense",
    "MaxPool2D": "MaxPool",
    "MaxPool2d": "MaxPool",
    "MaxPooling2D": "MaxPool",
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
