"""What losses take: predictions and targets of one shape, and classes that there are."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from autograd import Tensor, Value, stack

from .annotations import Shape

if TYPE_CHECKING:
    from .losses import Loss, NLLLoss


def tensor(loss: "Loss", name: str, x: Any) -> Tensor:
    """A Tensor with entries; a single Value as a Tensor of one."""
    made = stack([x]) if isinstance(x, Value | int | float) else Tensor(x)
    if not made.size:
        raise ValueError(f"{loss!r}: {name} of shape {made.shape} is empty")
    return made


def alike(loss: "Loss", prediction: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors of one shape; ValueError for two."""
    y, t = tensor(loss, "prediction", prediction), tensor(loss, "target", target)
    equal_shapes(loss, y.shape, t.shape)
    return y, t


def equal_shapes(loss: "Loss", prediction: Shape, target: Shape) -> None:
    """ValueError where a prediction and its target differ in shape."""
    if prediction != target:
        raise ValueError(
            f"{loss!r}: prediction has shape {prediction}, target {target}; make them equal"
        )


def classes(loss: "NLLLoss", scores: Tensor, target: Any) -> Any:
    """The target as a class, a flat list of classes, or a Tensor of the scores' shape; classes are
    Values where a program will know them.
    """
    if isinstance(target, bool | str):
        raise TypeError(f"{loss!r}: a target is a class number or a row of numbers, got {target!r}")
    lead, n = scores.shape[:-1], scores.shape[-1]
    if loss.weight is not None and len(loss.weight) != n:
        raise ValueError(f"{loss!r}: weight has {len(loss.weight)} numbers, for {n} classes")
    if isinstance(target, Value) and not lead:
        return target if target.unknown else class_numbers(loss, [target.data], n)[0]
    if not isinstance(target, int):
        target = tensor(loss, "target", target)
        if target.shape == scores.shape:
            return target
        classes_for(loss, scores.shape, target.shape)
        if any(v.unknown for v in target.values):
            return list(target.values)
    elif lead:
        raise ValueError(f"{loss!r}: one target for {lead} samples")
    labels = [v.data for v in target.values] if isinstance(target, Tensor) else [target]
    numbers = class_numbers(loss, labels, n)
    return numbers if isinstance(target, Tensor) else target


def classes_for(loss: "Loss", scores: Shape, target: Shape) -> None:
    """ValueError where a target that is not one-hot is not one class for each row of scores."""
    if target != scores[:-1]:
        needed = f"classes {scores[:-1]} or one-hot {scores}"
        if len(scores) > 2 and target == (*scores[:-3], *scores[-2:]):
            needed += "; .transpose(-3, -2).transpose(-2, -1) moves channels to the end of scores"
        raise ValueError(f"{loss!r}: target has shape {target}, needs {needed}")


def class_numbers(loss: "NLLLoss", labels: Iterable[Any], n: int) -> list[int]:
    """Labels as ints; ValueError for one that is none of n classes."""
    numbers = []
    for label in labels:
        ignored = loss.ignore_index is not None and label == loss.ignore_index
        if not ignored and (not 0 <= label < n or label != int(label)):
            raise ValueError(f"{loss!r}: label {label} is not one of the {n} classes 0 to {n - 1}")
        numbers.append(int(label))
    return numbers
