"""Losses: one number to make small, composed from the primitives.

Predictions and targets must have equal shapes; nothing broadcasts here. `reduction` is "mean" (over
all entries, or all samples for losses of class scores), "sum" or "none".
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from autograd import Tensor, Value, is_compiling, log_softmax, maximum, stack, where

from . import validate
from .annotations import Numbers, Shape
from .module import Module

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

        def __call__(self, prediction: Numbers, target: Numbers) -> Reduced:
            """The loss: of each entry, reduced."""

    def forward(self, prediction: Numbers, target: Numbers) -> Reduced:
        """The loss of each entry, reduced."""
        return self._reduced(self.each(*_alike(self, prediction, target)))

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The loss of each entry, for a prediction and a target of one shape."""
        raise TypeError(f"{type(self).__name__} has no method each")

    def _reduced(self, losses: Tensor) -> Reduced:
        if self.reduction == "none":
            return losses
        return losses.mean() if self.reduction == "mean" else losses.sum()


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
    BCEWithLogitsLoss is exact there.
    """

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        for y in [] if is_compiling() else prediction.values:
            if y.data < 0 or y.data > 1:
                raise ValueError(f"BCELoss: predictions are probabilities, got {y.data}")
        yes, no = (maximum(p.log(), -100.0) for p in (prediction, 1 - prediction))
        return -(target * yes + (1 - target) * no)


class BCEWithLogitsLoss(Loss):
    """t·softplus(-x) + (1 - t)·softplus(x): BCELoss of sigmoid(x), finite for every finite logit.

    A logit of -inf for t = 0, or of inf for t = 1, is certain and right: its loss is 0.
    """

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        yes, no = (-prediction).softplus(), prediction.softplus()
        return _weighted(yes, target) + _weighted(no, 1 - target)


class HingeLoss(Loss):
    """max(0, 1 - t·y), with t = -1 or 1."""

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        return (1 - prediction * target).relu()


class NLLLoss(Loss):
    """-log p[t] of log-probabilities (..., K) and classes (...), or one-hot targets (..., K).

    A class whose target is 0 contributes 0, whatever its log-probability: it may be -inf.
    """

    def forward(self, prediction: Numbers, target: Numbers) -> Reduced:
        """The loss of each sample, reduced."""
        scores = _tensor(self, "prediction", prediction)
        losses = self.each(scores, _classes(self, scores, target))
        return self._reduced(losses) if isinstance(losses, Tensor) else losses

    def each(self, prediction: Tensor, target: Any) -> Any:
        """-Σ_k t[k]·log p[k] for each sample; for a class t, -log p[t]."""
        if isinstance(target, Tensor):
            return -_weighted(prediction, target).sum(-1)
        if isinstance(target, int):
            return -prediction[target]
        flat = prediction.reshape(-1, prediction.shape[-1])
        chosen = flat[list(range(len(target))), target]
        return -chosen.reshape(prediction.shape[:-1])


class CrossEntropyLoss(NLLLoss):
    """log Σ_k exp(x[k]) - x[t] of logits (..., K) and classes (...), or targets (..., K).

    Targets of the logits' shape are one-hot or probabilities: -Σ_k t[k]·log softmax(x)[k]. The
    shift by the largest logit keeps all finite and adds no derivative. With label smoothing ε, the
    target is (1 - ε)·t + ε/K (Szegedy et al. 2016). A logit of -inf masks its class: the loss is
    inf where that is the target, and nan where all are masked.
    """

    def __init__(self, reduction: str = "mean", label_smoothing: float = 0.0) -> None:
        super().__init__(reduction)
        name = type(self).__name__
        self.label_smoothing = validate.within(name, "label_smoothing", label_smoothing, 0, 1)

    def each(self, prediction: Tensor, target: Any) -> Any:
        scores, share = log_softmax(prediction), self.label_smoothing
        losses = super().each(scores, target)
        return (1 - share) * losses - share * scores.mean(-1) if share else losses


def _weighted(losses: Tensor, weights: Tensor) -> Tensor:
    """loss·weight of each pair; 0 where the weight is 0, whatever the loss: no 0·inf, no 0·nan."""
    products = losses * weights
    if not is_compiling() and all(v.data == v.data for v in products.values):
        return products
    return where(weights, products, where(products >= products, products, 0.0))


def _holds_numbers(x: object) -> bool:
    return isinstance(x, Tensor | Value | list | tuple) or bool(getattr(x, "shape", ()))


def _tensor(loss: Loss, name: str, x: Any) -> Tensor:
    """A Tensor with entries; a single Value as a Tensor of one."""
    tensor = stack([x]) if isinstance(x, Value | int | float) else Tensor(x)
    if not tensor.size:
        raise ValueError(f"{loss!r}: {name} of shape {tensor.shape} is empty")
    return tensor


def _alike(loss: Loss, prediction: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors of one shape; ValueError for two."""
    y, t = _tensor(loss, "prediction", prediction), _tensor(loss, "target", target)
    equal_shapes(loss, y.shape, t.shape)
    return y, t


def equal_shapes(loss: Loss, prediction: Shape, target: Shape) -> None:
    """ValueError where a prediction and its target differ in shape."""
    if prediction != target:
        raise ValueError(
            f"{loss!r}: prediction has shape {prediction}, target {target}; make them equal"
        )


def _classes(loss: Loss, scores: Tensor, target: Any) -> Any:
    """The target as a class, a flat list of classes, or a Tensor of the scores' shape."""
    if isinstance(target, bool | str):
        raise TypeError(f"{loss!r}: a target is a class number or a row of numbers, got {target!r}")
    lead, n = scores.shape[:-1], scores.shape[-1]
    if not isinstance(target, int):
        target = _tensor(loss, "target", target)
        if target.shape == scores.shape:
            return target
        if is_compiling():
            raise TypeError(f"{loss!r}: in a compiled function, targets are one-hot {scores.shape}")
        classes_for(loss, scores.shape, target.shape)
    elif lead:
        raise ValueError(f"{loss!r}: one target for {lead} samples")
    labels = [v.data for v in target.values] if isinstance(target, Tensor) else [target]
    numbers = class_numbers(loss, labels, n)
    return numbers if isinstance(target, Tensor) else target


def classes_for(loss: Loss, scores: Shape, target: Shape) -> None:
    """ValueError where a target that is not one-hot is not one class for each row of scores."""
    if target != scores[:-1]:
        needed = f"classes {scores[:-1]} or one-hot {scores}"
        if len(scores) > 2 and target == (*scores[:-3], *scores[-2:]):
            needed += "; .transpose(-3, -2).transpose(-2, -1) moves channels to the end of scores"
        raise ValueError(f"{loss!r}: target has shape {target}, needs {needed}")


def class_numbers(loss: Loss, labels: Iterable[Any], n: int) -> list[int]:
    """Labels as ints; ValueError for one that is none of n classes."""
    numbers = []
    for label in labels:
        if not 0 <= label < n or label != int(label):
            raise ValueError(f"{loss!r}: label {label} is not one of the {n} classes 0 to {n - 1}")
        numbers.append(int(label))
    return numbers
