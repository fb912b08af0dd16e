"""The update rules."""

import math

from autograd import sqrt

from .. import validate
from ..annotations import AnyNumber
from .optimizer import Optimizer, Parameters


class SGD(Optimizer):
    """Stochastic gradient descent: v ← μ·v + g, p ← p - lr·v; with Nesterov, p ← p - lr·(g + μ·v).

    Weight decay adds λ·p to g (Sutskever et al. 2013, as in PyTorch).
    """

    slots = 1

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.momentum = self._within("momentum", momentum, 0, 1)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov needs a momentum")
        self.nesterov = nesterov

    def rule(self, p: AnyNumber, g: AnyNumber, *state: AnyNumber) -> tuple[AnyNumber, ...]:
        """p ← p - lr·v."""
        (velocity,) = state
        if self.weight_decay:
            g = g + self.weight_decay * p
        if not self.momentum:
            return p - self.lr * g, velocity
        velocity = self.momentum * velocity + g
        return p - self.lr * (g + self.momentum * velocity if self.nesterov else velocity), velocity


class RMSprop(Optimizer):
    """s ← α·s + (1 - α)·g², p ← p - lr·g / (√s + ε) (Hinton, lecture 6e, 2012)."""

    slots = 1

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.alpha = self._within("alpha", alpha, 0, 1)
        self.eps = validate.above_zero("RMSprop", "eps", eps)

    def rule(self, p: AnyNumber, g: AnyNumber, *state: AnyNumber) -> tuple[AnyNumber, ...]:
        """p ← p - lr·g / (√s + ε)."""
        g = g + self.weight_decay * p
        square = self.alpha * state[0] + (1 - self.alpha) * g * g
        return p - self.lr * g / (sqrt(square) + self.eps), square


class Adagrad(Optimizer):
    """s ← s + g², p ← p - lr·g / (√s + ε) (Duchi, Hazan, Singer 2011)."""

    slots = 1

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 0.01,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.eps = validate.above_zero("Adagrad", "eps", eps)

    def rule(self, p: AnyNumber, g: AnyNumber, *state: AnyNumber) -> tuple[AnyNumber, ...]:
        """p ← p - lr·g / (√s + ε)."""
        g = g + self.weight_decay * p
        square = state[0] + g * g
        return p - self.lr * g / (sqrt(square) + self.eps), square


class Adam(Optimizer):
    """m ← β₁·m + (1 - β₁)·g, s ← β₂·s + (1 - β₂)·g², p ← p - lr·m̂ / (√ŝ + ε).

    m̂ = m / (1 - β₁ᵗ) and ŝ = s / (1 - β₂ᵗ) at step t (Kingma, Ba 2014). Weight decay adds λ·p to g.
    """

    slots = 2

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise TypeError(f"{type(self).__name__}: betas must be a pair, got {betas!r}")
        self.betas = tuple(self._within("betas", beta, 0, 1) for beta in betas)
        self.eps = validate.above_zero(type(self).__name__, "eps", eps)

    def rule(self, p: AnyNumber, g: AnyNumber, *state: AnyNumber) -> tuple[AnyNumber, ...]:
        """p ← p - lr·m̂ / (√ŝ + ε)."""
        return self._moved(p, g + self.weight_decay * p, *state)

    def _moved(self, p: AnyNumber, g: AnyNumber, *state: AnyNumber) -> tuple[AnyNumber, ...]:
        (mean, square), (first, second) = state, self.betas
        mean = first * mean + (1 - first) * g
        square = second * square + (1 - second) * g * g
        rate = self.lr / (1 - first**self.steps)
        scale = sqrt(square) / math.sqrt(1 - second**self.steps) + self.eps
        return p - rate * mean / scale, mean, square


class AdamW(Adam):
    """Adam with decoupled weight decay: p ← p - lr·λ·p first (Loshchilov, Hutter 2017)."""

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def rule(self, p: AnyNumber, g: AnyNumber, *state: AnyNumber) -> tuple[AnyNumber, ...]:
        """p ← (1 - lr·λ)·p - lr·m̂ / (√ŝ + ε)."""
        return self._moved(p - self.lr * self.weight_decay * p, g, *state)
