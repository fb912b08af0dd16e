"""Loss, accuracy and predicted classes over the batches of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..annotations import Lists
from ..data.dataset import flat, shape_of
from ..losses import Loss, NLLLoss
from .history import percent


@dataclass(frozen=True)
class Evaluation:
    """A model on a data set: mean loss, accuracy (None without classes), predicted classes.

    A prediction is an int, or nested ints for a sample that has a class at every position.
    """

    loss: float
    accuracy: float | None
    predictions: list[Any] = field(repr=False)


class Tally:
    """Sums over the samples seen so far; accuracy is counted position by position."""

    def __init__(self, loss: Any) -> None:
        self.measure = loss
        self.samples, self.summed, self.positions, self.correct = 0, 0.0, 0, 0
        self.predictions: list[Any] = []

    def add(self, labels: Sequence[Any], outputs: Any, loss: float) -> None:
        """Count a batch: labels (N, ...), outputs (N, ...) or None, and their mean loss."""
        self.samples += len(labels)
        self.summed += loss * len(labels)
        counted = hasattr(outputs, "shape") and isinstance(labels, list)
        true = _classes(self.measure, labels, outputs.shape) if counted else None
        if true is not None:
            predicted = outputs.argmax(-1)
            predicted = predicted if isinstance(predicted, list) else predicted.tolist()
            self.predictions += predicted
            pairs = list(zip(flat(predicted), flat(true), strict=True))
            self.positions += len(pairs)
            self.correct += sum(p == t for p, t in pairs)

    @property
    def loss(self) -> float:
        """The mean over the samples."""
        return self.summed / self.samples

    @property
    def accuracy(self) -> float | None:
        """The share of positions whose class was the one predicted."""
        return self.correct / self.positions if self.positions else None

    def evaluation(self) -> Evaluation:
        """What was found."""
        return Evaluation(self.loss, self.accuracy, self.predictions)

    def text(self) -> str:
        """Loss and accuracy in a line."""
        return "  ".join(
            filter(None, [f"loss {self.loss:.4f}", percent("accuracy", self.accuracy)])
        )


def confusion_matrix(
    labels: Sequence[int], predictions: Sequence[int], classes: int
) -> list[list[int]]:
    """counts[t][p]: how many samples of class t were taken for class p.

    ValueError for a label or a prediction that is no class.
    """
    counts = [[0] * classes for _ in range(classes)]
    for pair in zip(labels, predictions, strict=True):
        for k in pair:
            if k not in range(classes):
                raise ValueError(f"confusion_matrix: {k!r} is not one of the {classes} classes")
        t, p = map(int, pair)
        counts[t][p] += 1
    return counts


def _classes(loss: Loss, labels: Sequence[Any], scores: tuple[int, ...]) -> Any:
    """The true classes (N, ...) where outputs (N, ..., K) are scores of K classes, else None.

    For a loss of classes, labels are their numbers, of whatever type, or rows (N, ..., K), whose
    class is the largest entry. For other losses, ints are class numbers.
    """
    shape, of_classes = shape_of(labels), isinstance(loss, NLLLoss)
    if shape and shape == scores[:-1] and scores[-1] > 1:
        whole = of_classes or all(isinstance(label, int) for label in flat(labels))
        return labels if whole else None
    return _largest(labels) if of_classes and shape == scores else None


def _largest(rows: Any) -> Lists:
    """The place of the largest entry of each row, the first in a tie."""
    if isinstance(rows[0][0], list | tuple):
        return [_largest(row) for row in rows]
    return [row.index(max(row)) for row in rows]
