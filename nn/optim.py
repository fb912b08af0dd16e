"""Optimisers and gradient clipping.

An update rule is written once, generic in the number: `rule(p, g, *state) -> (p, *state)` serves a
float as well as an array of a whole parameter.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Self, TypeVar

from autograd import Column, Tensor, Value, sqrt

from . import validate
from .annotations import AnyNumber, Plain
from .arguments import written

Parameters = Iterable[Tensor | Value]
T = TypeVar("T")


def values_of(parameters: Parameters) -> list[Value]:
    """The Values of Tensors and Values, in order, each once; TypeError for anything else."""
    found: dict[Value, None] = {}
    for p in validate.parameters(parameters):
        if not isinstance(p, Tensor | Value):
            raise TypeError(f"parameters must be Tensors or Values, got {p!r:.60}")
        found.update(dict.fromkeys(p.values if isinstance(p, Tensor) else [p]))
    return list(found)


def _spoilt(values: Iterable[Value]) -> Value | None:
    """The first whose gradient is inf or nan."""
    return next((v for v in values if v.grad - v.grad != 0), None)


def clip_grad_norm(parameters: Parameters, max_norm: float) -> float:
    """Scale the gradients to a joint Euclidean norm of at most `max_norm`; return the norm before.

    (Pascanu, Mikolov, Bengio 2013). FloatingPointError where a gradient is inf or nan.
    """
    max_norm = validate.above_zero("clip_grad_norm", "max_norm", max_norm)
    values = values_of(parameters)
    norm = math.hypot(*[v.grad for v in values])
    if not math.isfinite(norm):
        v = _spoilt(values)
        which = "" if v is None else f", that of {v.label or repr(v)} is {v.grad}"
        raise FloatingPointError(f"clip_grad_norm: the norm of the gradients is {norm}{which}")
    if norm > max_norm:
        for v in values:
            v.grad *= max_norm / norm
    return norm


class Optimizer:
    """Changes parameters (Tensors or Values) along their gradients, at learning rate `lr`."""

    slots = 0  # how many numbers of state a parameter has, each 0 at the start

    def __new__(cls, *_: object, **options: object) -> Self:
        """Say what a keyword of another library is called here."""
        validate.foreign_keywords(cls, options)
        return super().__new__(cls)

    def __init__(self, parameters: Parameters, lr: float, weight_decay: float = 0.0) -> None:
        self.values = values_of(parameters)
        if not self.values:
            raise ValueError(f"{type(self).__name__}: no parameters to train")
        self.lr = self._within("lr", lr, 0, math.inf)
        self.weight_decay = self._within("weight_decay", weight_decay, 0, math.inf)
        self.steps = 0
        self.state = [Column([0] * len(self.values)) for _ in range(self.slots)]

    def __repr__(self) -> str:
        return written(self, f"{len(self.values):,} parameters, lr={self.lr:.6g}", apart="lr")

    def _within(self, name: str, value: float, least: float, below: float) -> float:
        found: float = validate.within(type(self).__name__, name, value, least, below)
        return found

    def step(self) -> None:
        """Update every parameter from its gradient.

        FloatingPointError where a gradient is inf or nan, ValueError where none has been computed
        for any parameter; then nothing is changed.
        """
        values, gradients = self.values, [v.grad for v in self.values]
        self._refuse(gradients)

        def computed() -> list[tuple[AnyNumber, ...]]:
            numbers = [v.data for v in values]
            rows = map(self.rule, numbers, gradients, *[column.list() for column in self.state])
            return list(zip(*rows, strict=True))

        def write(columns: list[tuple[AnyNumber, ...]]) -> None:
            numbers, *state = columns
            for v, number in zip(values, numbers, strict=True):
                v.data = number
            for column, row in zip(self.state, state, strict=True):
                column.take(list(row))

        self.advance(computed, write)

    def advance(self, computed: Callable[[], T], write: Callable[[T], None]) -> None:
        """Take a step whole or not at all, even where an interrupt comes in between.

        What `computed` gives, `write` writes, and it may do so twice.
        """
        before, new = self.steps, None
        try:
            self.steps = before + 1
            new = computed()
            write(new)
        except BaseException:
            if new is None:
                self.steps = before
            else:
                write(new)
            raise

    def _refuse(self, gradients: Sequence[AnyNumber]) -> None:
        """Errors for gradients that would spoil the parameters, or change nothing at all."""
        total = sum(gradients)
        if total - total != 0 and (v := _spoilt(self.values)) is not None:
            raise FloatingPointError(f"the gradient of {v.label or repr(v)} is {v.grad}")
        if total.__class__ is int and not any(gradients):
            raise ValueError(
                f"{self!r}: no gradient has reached any of its parameters; call backward() first, "
                "and make the optimiser of the model's parameters after its last layer was made"
            )

    def zero_grad(self) -> None:
        """Set all gradients to 0."""
        for v in self.values:
            v.grad = 0

    def rule(self, p: AnyNumber, g: AnyNumber, *state: AnyNumber) -> tuple[AnyNumber, ...]:
        """The new parameter and state; each optimiser writes its own."""
        raise TypeError(f"{type(self).__name__} has no update rule")

    def state_dict(self) -> dict[str, Plain]:
        """What a continued run needs: learning rate, number of steps, state of each number."""
        kind = type(self).__name__
        return {
            "kind": kind, "lr": self.lr, "steps": self.steps, "state": [*map(list, self._rows())]
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Plain]) -> None:
        """Take up a `state_dict` of the same optimiser; ValueError for another kind or size."""
        if state.get("kind", type(self).__name__) != type(self).__name__:
            raise ValueError(f"{type(self).__name__}: the state of {state['kind']} does not fit")
        rows = [tuple(row) for row in state["state"]]
        if len(rows) != len(self.values) or any(len(row) != self.slots for row in rows):
            needed = f"{len(self.values)} parameters with {self.slots} numbers each"
            raise ValueError(f"{type(self).__name__}: the state does not fit {needed}")
        self.lr, self.steps = state["lr"], state["steps"]
        self.state = [Column([row[k] for row in rows]) for k in range(self.slots)]

    def _rows(self) -> Iterable[tuple[AnyNumber, ...]]:
        """The numbers of state of each parameter."""
        columns = [column.list() for column in self.state]
        return zip(*columns, strict=True) if columns else [()] * len(self.values)


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
