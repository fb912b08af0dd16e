"""Losses: one number to make small, composed from the primitives.

Predictions and targets must have equal shapes; nothing broadcasts here. `reduction` is "mean" (over
all entries, or all samples for losses of class scores), "sum" or "none".

`loss(prediction, target, weights)` weighs samples: weights (N,) multiply the losses (N, ...), and a
mean is Σ weight·loss / Σ weight; in a compiled program, too, over the samples of the batch.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from autograd import Tensor, Value, is_compiling, log_softmax, maximum, where

from . import validate
from .annotations import Numbers, Shape
from .module import Module
from .targets import alike, classes, tensor
from .weighting import reduced, weighted

Reduced = Value | Any  # a Value; a Tensor with reduction="none"


class Loss(Module):
    """A loss: loss(prediction, target) -> Value."""

    def __new__(cls, *arguments: object, **options: object) -> Self:
        """Refuse a prediction and its target here, where other libraries have functions."""
        if cls.__module__ == __name__ and any(map(_holds_numbers, arguments)):
            name = cls.__name__
            raise TypeError(f"{name}: make the loss, then call it: nn.{name}()(prediction, target)")
        return super().__new__(cls, *arguments, **options)

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            name = type(self).__name__
            raise ValueError(
                f'{name}: reduction must be "mean", "sum" or "none", got {reduction!r}'
            )
        self.reduction = reduction

    if TYPE_CHECKING:

        def __call__(
            self, prediction: Numbers, target: Numbers, weights: Numbers | None = None
        ) -> Reduced:
            """The loss: of each entry, reduced."""

    def forward(
        self, prediction: Numbers, target: Numbers, weights: Numbers | None = None
    ) -> Reduced:
        """The loss of each entry, reduced."""
        losses = self.each(*alike(self, prediction, target))
        return reduced(self, self.reduction, losses, weights)

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The loss of each entry, for a prediction and a target of one shape."""
        raise TypeError(f"{type(self).__name__} has no method each")


class MSELoss(Loss):
    """(y - t)²."""

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        return (prediction - target) ** 2


class L1Loss(Loss):
    """|y - t|; derivative 0 at y = t."""

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        return abs(prediction - target)


class HuberLoss(Loss):
    """e² / 2 for |e| <= δ, else δ·(|e| - δ/2), with e = y - t (Huber 1964)."""

    def __init__(self, delta: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.delta = validate.above_zero("HuberLoss", "delta", delta)

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        error = prediction - target
        near = error.clip(-self.delta, self.delta)
        return near * (error - near / 2)  # e²/2 and both tangents in one


class BCELoss(Loss):
    """-(t·log y + (1 - t)·log(1 - y)) of probabilities y; each log is at least -100.

    Where that floor is reached, at y = 0 or 1, the log has no slope. From logits,
    BCEWithLogitsLoss is exact there. With label smoothing ε, the target is (1 - ε)·t + ε/2.
    """

    def __init__(self, reduction: str = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(reduction)
        self.label_smoothing = _smoothing(self, label_smoothing)

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        for y in [] if is_compiling() else prediction.values:
            if y.data < 0 or y.data > 1:
                raise ValueError(f"BCELoss: predictions are probabilities, got {y.data}")
        yes, no = (maximum(p.log(), -100.0) for p in (prediction, 1 - prediction))
        target = _smoothed(target, self.label_smoothing)
        return -(target * yes + (1 - target) * no)


class BCEWithLogitsLoss(Loss):
    """t·softplus(-x) + (1 - t)·softplus(x): BCELoss of sigmoid(x), finite for every finite logit.

    A logit of -inf for t = 0, or of inf for t = 1, is certain and right: its loss is 0. Where
    `pos_weight` is given, a number or one for each entry of a sample, it multiplies the first part.
    With label smoothing ε, the target is (1 - ε)·t + ε/2.
    """

    def __init__(
        self,
        reduction: str = "mean",
        pos_weight: Numbers | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.pos_weight = validate.weights("BCEWithLogitsLoss", "pos_weight", pos_weight)
        self.label_smoothing = _smoothing(self, label_smoothing)

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        target = _smoothed(target, self.label_smoothing)
        yes, no = (-prediction).softplus(), prediction.softplus()
        positive = target if self.pos_weight is None else target * self.pos_weight
        losses: Tensor = weighted(yes, positive) + weighted(no, 1 - target)
        return losses


class HingeLoss(Loss):
    """max(0, 1 - t·y), with t = -1 or 1."""

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        return (1 - prediction * target).relu()


class NLLLoss(Loss):
    """-Σ_k w[k]·t[k]·log p[k] of log-probabilities (..., K) and targets (..., K), or classes (...).

    Targets are classes, one-hot, or probabilities. A class whose target is 0 contributes 0,
    whatever its log-probability: it may be -inf. `weight` are the weights w of the K classes, by
    default 1; a mean is Σ loss / Σ weight of the targets. With label smoothing ε, the target is
    (1 - ε)·t + ε/K (Szegedy et al. 2016). Samples of the class `ignore_index`, or of a row of
    zeros where one is given, do not count.
    """

    def __init__(
        self,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        weight: Sequence[float] | None = None,
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        name = type(self).__name__
        self.label_smoothing = _smoothing(self, label_smoothing)
        self.weight = validate.weights(name, "weight", weight)
        given = ignore_index is not None
        self.ignore_index = validate.whole(name, "ignore_index", ignore_index) if given else None

    def forward(
        self, prediction: Numbers, target: Numbers, weights: Numbers | None = None
    ) -> Reduced:
        """The loss of each sample, reduced."""
        scores = tensor(self, "prediction", prediction)
        found = classes(self, scores, target)
        losses = self.each(scores, found)
        return reduced(self, self.reduction, losses, weights, self._counts(found, scores.shape))

    def each(self, prediction: Tensor, target: Any) -> Any:
        """-Σ_k w[k]·t[k]·log p[k] for each sample; for a class t, -w[t]·log p[t]."""
        if isinstance(target, Tensor):
            losses = -weighted(prediction, self._weighted(target)).sum(-1)
        else:
            losses = self._chosen(prediction, target)
        share, n = self.label_smoothing, prediction.shape[-1]
        if not share:
            return losses
        even = self._weighted(prediction).mean(-1)
        if self.ignore_index is not None:
            even = weighted(even, self._sums(target, prediction.shape, [1.0] * n))
        return (1 - share) * losses - share * even

    def _chosen(self, scores: Tensor, target: Any) -> Any:
        """-w[t]·log p[t] for a class t, or for a flat list of classes."""
        if isinstance(target, int | Value):
            return self._chosen(scores.reshape(1, -1), [target])[0]
        flat = scores.reshape(-1, scores.shape[-1])
        kept = [self._unless_ignored(t, t) for t in target]
        chosen = flat[list(range(len(target))), kept]
        if isinstance(target[0], Value):  # of a program; below 0 it would be counted from the end
            chosen = where(Tensor(kept) >= 0, chosen, math.nan)
        losses = -chosen.reshape(scores.shape[:-1])
        counts = self._counts(target, scores.shape)
        return losses if counts is None else weighted(losses, counts)

    def _unless_ignored(self, label: Any, x: Any) -> Any:
        """A number, but 0 for the class that does not count."""
        if self.ignore_index is None:
            return x
        if isinstance(label, Value):
            return where(label.equals(self.ignore_index), 0, x)
        return 0 if label == self.ignore_index else x

    def _weighted(self, x: Tensor) -> Tensor:
        """w[k]·x[k]."""
        return x if self.weight is None else x * self.weight

    def _counts(self, target: Any, shape: Shape) -> Any:
        """Σ_k w[k]·t[k] for each sample, 0 where it is ignored; None where each counts 1."""
        if self.weight is None and self.ignore_index is None:
            return None
        return self._sums(target, shape, self.weight or [1.0] * shape[-1])

    def _sums(self, target: Any, shape: Shape, factors: Sequence[float]) -> Any:
        """Σ_k factors[k]·t[k] for each sample of scores of this shape."""
        if isinstance(target, Tensor):
            return (target * factors).sum(-1)
        labels = [target] if isinstance(target, int | Value) else target
        table: Any = Tensor(factors) if isinstance(labels[0], Value) else factors
        found = [table[self._unless_ignored(t, t)] for t in labels]
        counts = [self._unless_ignored(*pair) for pair in zip(labels, found, strict=True)]
        return Tensor(counts).reshape(shape[:-1]) if shape[1:] else counts[0]


class CrossEntropyLoss(NLLLoss):
    """log Σ_k exp(x[k]) - x[t] of logits (..., K) and classes (...), or targets (..., K).

    Targets of the logits' shape are one-hot or probabilities: -Σ_k t[k]·log softmax(x)[k]. The
    shift by the largest logit keeps all finite and adds no derivative. A logit of -inf masks its
    class: the loss is inf where that is the target, and nan where all are masked. Weights, label
    smoothing and what is ignored are NLLLoss's.
    """

    def each(self, prediction: Tensor, target: Any) -> Any:
        return super().each(log_softmax(prediction), target)


def _smoothing(loss: Loss, share: object) -> float:
    found: float = validate.within(type(loss).__name__, "label_smoothing", share, 0, 1)
    return found


def _smoothed(target: Tensor, share: float) -> Tensor:
    """Targets 0 and 1, a share of each moved to both."""
    return target * (1 - share) + share / 2 if share else target


def _holds_numbers(x: object) -> bool:
    return isinstance(x, Tensor | Value | list | tuple) or bool(getattr(x, "shape", ()))
