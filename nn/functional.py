"""A model as a function of its numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import autograd
from autograd import Tensor

from .annotations import Numbers
from .module import Module, Parameter


def functional_call(
    model: Module, numbers: Mapping[str, Numbers] | Sequence[Numbers], *inputs: Any, **options: Any
) -> Any:
    """model(*inputs, **options) with other numbers in the place of its parameters.

    `numbers` are {path: Tensor or array} of parameters and buffers, the others stay; or a list in
    the order of `model.parameters()`. Values keep their past, so gradients flow on into what they
    were computed of, as through the updates of MAML (Finn, Abbeel, Levine 2017). The model has its
    own numbers again afterwards. ValueError names what is unknown, missing, or of another shape.

    >>> import nn
    >>> from autograd import grad
    >>> model, x = nn.Dense(1, 1), [2.0]
    >>> weight, bias = grad(model(x)[0], model.parameters())
    >>> w, b = model.parameters()
    >>> y = functional_call(model, [w - 0.1 * weight, b - 0.1 * bias], x)
    >>> round(y[0].data - model(x)[0].data, 9)
    -0.5
    """
    if not isinstance(model, Module):
        raise TypeError(f"functional_call: the model comes first, a Module; got {model!r:.60}")
    tensors = _tensors(model, numbers)
    own = [(part, part.values) for part in tensors]
    try:
        for part, tensor in tensors.items():
            part.values = tensor.values
        return model(*inputs, **options)
    finally:
        for part, values in own:
            part.values = values


def _tensors(model: Module, numbers: Any) -> dict[Parameter, Tensor]:
    """What takes the place of each parameter."""
    named = dict(model.named_parameters())  # which also gives the parts their names
    if not isinstance(numbers, Mapping):
        given = list(numbers)
        if len(given) != len(named):
            needed = f"the model has {len(named)} parameters"
            raise ValueError(f"functional_call: {needed}, got numbers for {len(given)}")
        numbers = dict(zip(named, given, strict=True))
    tensors = {}
    for path, given in numbers.items():
        part = model._parameter_at(path)
        if part is None:
            raise ValueError(f"functional_call: the model has no parameter {path!r}")
        tensors[part] = tensor = Tensor(given)
        if tensor.shape != part.shape:
            needed = f"the model needs {part.shape}"
            raise ValueError(f"functional_call: {path} has shape {tensor.shape}, {needed}")
    return tensors


def in_engine(name: str) -> str:
    """Where a function is that PyTorch has in `nn.functional`, for an error."""
    ours = f"autograd.{name}" if name in autograd.__all__ else autograd.NAMES.get(name)
    return f"; write {ours}" if ours else ""


if not TYPE_CHECKING:  # for type checkers, a name that is not there is a mistake

    def __getattr__(name):
        """The error for a name that is not here, which says where it is."""
        raise autograd.absent(__name__, name, in_engine(name))
