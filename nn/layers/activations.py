"""Functions of each entry, or along an axis, as layers."""

import math

from autograd import Tensor, softmax

from .. import validate
from ..module import Layer


class ReLU(Layer):
    """max(x, 0) of each entry."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class LeakyReLU(Layer):
    """x for x > 0, else slope·x, of each entry."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = validate.number("LeakyReLU", "slope", slope)

    def forward(self, x: Tensor) -> Tensor:
        return x.leaky_relu(self.slope)


class Sigmoid(Layer):
    """1 / (1 + exp(-x)) of each entry."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sigmoid()


class Tanh(Layer):
    """tanh(x) of each entry."""

    def forward(self, x: Tensor) -> Tensor:
        return x.tanh()


class Softmax(Layer):
    """exp(x) / Σ exp(x) over an axis. CrossEntropyLoss takes logits: leave this out before it."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = validate.whole("Softmax", "axis", axis)

    def forward(self, x: Tensor) -> Tensor:
        return softmax(x, self.axis)


class GELU(Layer):
    """x · Φ(x) of each entry, Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks, Gimpel 2016).

    With approximate="tanh", Φ(x) ≈ (1 + tanh(√(2/π)·(x + 0.044715·x³))) / 2.
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f'GELU: approximate must be "none" or "tanh", got {approximate!r}')
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        if self.approximate == "tanh":
            return x * (1 + (math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)).tanh()) / 2
        return x * (1 + (x / math.sqrt(2)).erf()) / 2
