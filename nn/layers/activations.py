"""Functions of each entry, or along an axis, as layers."""

import math

from autograd import Tensor, log_softmax, maximum, minimum, softmax

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


class ELU(Layer):
    """x for x > 0, else α·(exp(x) - 1), of each entry (Clevert, Unterthiner, Hochreiter 2015)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = validate.number("ELU", "alpha", alpha)

    def forward(self, x: Tensor) -> Tensor:
        below = x.minimum(0.0).exp() - 1
        return x.relu() + (below if self.alpha == 1 else self.alpha * below)


class SiLU(Layer):
    """x · σ(x) of each entry, also called swish (Elfwing, Uchibe, Doya 2017)."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x.sigmoid()


class Softplus(Layer):
    """log(1 + exp(β·x)) / β of each entry, a smooth max(x, 0); without overflow."""

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = validate.above_zero("Softplus", "beta", beta)

    def forward(self, x: Tensor) -> Tensor:
        return x.softplus() if self.beta == 1 else (self.beta * x).softplus() / self.beta


class Hardtanh(Layer):
    """Each entry, but at least `low` and at most `high`, where the derivative is 0.

    Hardtanh(0, 6) is what is called ReLU6.
    """

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.low = validate.number("Hardtanh", "low", low)
        self.high = validate.number("Hardtanh", "high", high)
        if low >= high:
            raise ValueError(f"Hardtanh: low must be less than high, got {low} and {high}")

    def forward(self, x: Tensor) -> Tensor:
        return minimum(self.high, maximum(self.low, x))  # in a tie the bound's


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


class LogSoftmax(Layer):
    """x - log Σ exp(x) over an axis, what NLLLoss takes. CrossEntropyLoss takes logits."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = validate.whole("LogSoftmax", "axis", axis)

    def forward(self, x: Tensor) -> Tensor:
        return log_softmax(x, self.axis)


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
