"""What is trained: a model's outputs against targets, or a loss of the whole model."""

import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd import Tensor, Value, stack

from ..annotations import Shape
from ..data import Dataset
from ..data.columns import Columns
from ..losses import Loss, NLLLoss
from ..module import Module
from ..nests import formed
from ..targets import class_numbers, classes_for, equal_shapes
from .forward import Forward, tried_out

ONE_HOT = 256  # scores of a sample, up to which one-hot rows are faster than looking classes up
Step = tuple[Any, Value]  # outputs (None where there are none to be counted) and the mean loss


class Prediction:
    """loss(outputs, targets) of what the model gives: each sample by itself, or a batch whole.

    Samples of several parts are handed over as arguments: model(*sample); of a dict
    model(**sample), or model(sample) where `forward` does not know its names.
    """

    def __init__(self, model: Module, loss: Callable[..., Any]) -> None:
        self.model, self.loss = model, loss
        self.forward = Forward(model)
        self._structured: bool | None = None  # whether outputs have parts
        self._shape: Shape | None = None  # of one sample's outputs

    def eager(self, batch: Dataset) -> Step:
        """Outputs and mean loss of a batch."""
        weights = [] if batch.weights is None else [batch.weights]
        outputs = self._outputs(batch.images)
        if outputs is not None and not isinstance(batch.labels, Columns):
            return outputs, self.loss(outputs, batch.labels, *weights)
        rows = zip(batch.images, batch.labels, *weights, strict=True)
        return outputs, stack([self.one(x, t, *w)[0] for x, t, *w in rows]).mean()

    def each(self, batch: Dataset) -> Iterable[Value]:
        """The losses of samples one by one, whose graphs are small; or of the batch as a whole,
        where they depend on it.
        """
        if self._by_sample(batch.images) or self.forward.normaliser:
            yield self.eager(batch)[1]
            return
        for x, t in batch:
            yield self.loss(stack([self.forward.one(Tensor(x))]), [t])

    def one(self, x: Any, target: Any, *weight: Any) -> tuple[Value, Any]:
        """The loss of one sample, and the outputs."""
        if isinstance(x, tuple | dict):
            outputs = called(self.model, x)
        else:
            outputs = self.model(x) if self._structured else self.forward.one(Tensor(x))
        return self.loss(outputs, target, *weight), outputs

    def check_training(self, batch: Dataset) -> None:
        """TypeError for a module that would not be in a program what it is in eager mode."""
        if not self._by_sample(batch.images):
            self.forward.check_training(batch.images)

    def arrays(self, batch: Dataset) -> list[Any]:
        """Inputs, targets and weights as arrays; few classes as one-hot rows, where the loss
        takes both.
        """
        import numpy as np

        inputs, labels = _arrays(batch.images), _arrays(batch.labels)
        if not isinstance(batch.labels, Columns) and isinstance(self.loss, Loss):
            labels = [self._targets(batch.images, inputs, labels[0])]
        return [*inputs, *labels, *([] if batch.weights is None else [np.array(batch.weights)])]

    def function(self, batch: Dataset) -> Callable[..., Any]:
        """What is compiled: loss and outputs of one sample, of arguments such as `arrays`."""
        images, labels = batch.images, batch.labels
        self._by_sample(images)
        count = len(images.parts) if isinstance(images, Columns) else 1
        targets = len(labels.parts) if isinstance(labels, Columns) else 1

        def function(*parts: Any) -> Any:
            x = images.like(parts[:count]) if isinstance(images, Columns) else parts[0]
            t = parts[count : count + targets]
            t = labels.like(t) if isinstance(labels, Columns) else t[0]
            return self.one(x, t, *parts[count + targets :])

        return function

    def _outputs(self, images: Any) -> Any:
        """The outputs (N, ...); None for those that are no Tensors."""
        if not self._by_sample(images):
            return self.forward.all(images)
        self.forward.check_one_by_one()
        if self._structured:
            return None
        outputs = [called(self.model, x) for x in images]
        return stack(outputs) if all(isinstance(y, Tensor | Value) for y in outputs) else None

    def _by_sample(self, images: Any) -> bool:
        """Whether samples or outputs have several parts; losses of our own take none of those."""
        if isinstance(images, Columns) or isinstance(self.loss, Loss):
            return isinstance(images, Columns)
        if self._structured is None:
            self._structured = gives_parts(self.model, images[0])
        return self._structured

    def _targets(self, images: Any, inputs: Sequence[Any], targets: Any) -> Any:
        import numpy as np

        if self._shape is None:
            self._shape = self._found_shape(images, inputs)
        scores = (len(targets), *self._shape)
        if not isinstance(self.loss, NLLLoss):
            if isinstance(self.loss, Loss) and type(self.loss).forward is Loss.forward:
                equal_shapes(self.loss, scores, targets.shape)
            return targets
        if targets.shape == scores:
            return targets
        classes_for(self.loss, scores, targets.shape)
        n, ignored = scores[-1], targets == self.loss.ignore_index
        right = (targets >= 0) & (targets < n) & (targets == np.trunc(targets)) | ignored
        class_numbers(self.loss, targets[~right].tolist(), n)  # which names the first
        if math.prod(scores[1:]) > ONE_HOT:
            return targets
        return (targets[..., None] == np.arange(n)) & ~np.array(ignored)[..., None]

    def _found_shape(self, images: Any, inputs: Sequence[Any]) -> Shape:
        if not isinstance(images, Columns):
            self.forward.look(inputs[0])
            return self.forward.shape
        with tried_out(self.model, [part for _, part in self.model.named_state()]):
            shape: Shape = getattr(called(self.model, images[0]), "shape", ())
            return shape


class Whole:
    """A loss of the model and a sample: loss(model, *sample), or of a dict loss(model, **sample) or
    loss(model, sample), as its arguments are called.
    """

    def __init__(self, model: Module, loss: Callable[..., Any]) -> None:
        self.model, self.loss = model, loss
        self.forward = Forward(model)

    def eager(self, batch: Dataset) -> Step:
        """No outputs, and the mean loss of a batch."""
        self.forward.check_one_by_one()
        return None, stack(list(self.each(batch))).mean()

    def each(self, batch: Dataset) -> Iterable[Value]:
        """The losses of samples one by one."""
        return (self._loss(x) for x in batch.images)

    def check_training(self, batch: Dataset) -> None:
        """Nothing: the loss is one of a sample, as in eager mode."""

    def arrays(self, batch: Dataset) -> list[Any]:
        """The parts of samples as arrays."""
        return _arrays(batch.images)

    def function(self, batch: Dataset) -> Callable[..., Any]:
        """What is compiled: the loss of one sample, of arguments such as `arrays`."""
        return lambda *parts: (self._loss(batch.images.like(parts)),)

    def _loss(self, x: Any) -> Value:
        own = () if _is_of(self.loss, self.model) else (self.model,)
        named = isinstance(x, dict)
        parts = {k: _tensor(v) for k, v in x.items()} if named else tuple(map(_tensor, x))
        found = _handed(self.loss, self.loss, own, parts)
        if not isinstance(found, Value):
            got = "None" if found is None else f"a {type(found).__name__}"
            raise TypeError(f"Trainer: the loss must give a single Value, got {got}")
        return found


Task = Prediction | Whole


def called(model: Module, x: Any) -> Any:
    """What a model gives for a sample of several parts."""
    return _handed(model, model.forward, (), x)


def _handed(function: Any, signed: Any, first: tuple[Any, ...], x: Any) -> Any:
    """function(*first, *x) of a tuple; of a dict function(*first, **x), or where it does not know
    its names by the signature of `signed`, function(*first, x).
    """
    if not isinstance(x, dict):
        return function(*first, *x)
    try:
        inspect.signature(signed).bind(*first, **x)
    except TypeError:
        return function(*first, x)
    return function(*first, **x)


def gives_parts(model: Module, x: Any) -> bool:
    """Whether a model's outputs for a sample are a tuple or a dict; it stays as it is."""
    with tried_out(model, [part for _, part in model.named_state()]):
        try:
            return isinstance(model(Tensor(x)), tuple | dict)
        except Exception:  # which the training will raise
            return False


def plain(outputs: Any) -> Any:
    """Outputs as numbers and nested lists, in their tuples and dicts."""
    return formed(outputs, lambda y: y.tolist() if isinstance(y, Tensor) else y.data)


def task_of(model: Module, loss: Callable[..., Any]) -> Task:
    """A loss of the whole model is one whose first argument is called `model`, or its method."""
    return Whole(model, loss) if is_whole(model, loss) else Prediction(model, loss)


def is_whole(model: Module, loss: Any) -> bool:
    """Whether a loss is one of the whole model."""
    if isinstance(loss, Loss):
        return False
    if _is_of(loss, model):
        return True
    try:
        return next(iter(inspect.signature(loss).parameters), "") == "model"
    except (TypeError, ValueError):  # of what does not tell
        return False


def _is_of(loss: Any, model: Module) -> bool:
    return getattr(loss, "__self__", None) is model


def _tensor(x: Any) -> Any:
    return x if isinstance(x, Tensor | Value | int | float) else Tensor(x)


def _arrays(x: Any) -> list[Any]:
    """Columns, or what is one, as arrays of numbers."""
    import numpy as np

    if isinstance(x, Columns):
        return [array for part in x.parts for array in _arrays(part)]
    array = np.asarray(x)
    return [array.astype(float) if array.dtype == object else array]  # exact fractions
